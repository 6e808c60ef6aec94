//! Stopping a server: no response is cut off, and no confirmed change is lost.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::future::join_all;
use goldstar::app::Machine;
use goldstar::config::Config;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use crate::harness::person::{Session, head, log_in, login_request};
use crate::harness::stuck_disk::StuckDisk;
use crate::harness::wire::Wire;
use crate::harness::{
    Client, Family, FaultyDisk, Folders, PASSWORD, Parent, Process, Settings, TestServer,
    activate_path, eventually, names, python, text, try_send, within,
};

const JSON: &str = "Content-Type: application/json";
/// Only the stop ends an incomplete request.
const PATIENT: [&str; 3] = ["--head-timeout=600", "--body-timeout=600", "--request-timeout=601"];

/// A server in a process of its own.
struct Running {
    process: Process,
    folders: Folders,
    address: SocketAddr,
}

impl Running {
    fn start(folders: &Folders, flags: &[&str]) -> Self {
        let flags = flags.iter().chain(&PATIENT).map(|flag| (*flag).to_owned());
        let process = Process::start(folders, &flags.collect::<Vec<_>>()).expect("it starts");
        let address = process.address.trim_start_matches("http://").parse().unwrap();
        Self { process, folders: folders.clone(), address }
    }

    fn client(&self) -> Client {
        Client::new(Arc::new(Mutex::new(self.process.address.clone())))
    }

    async fn family(&self) -> Family {
        Family::of(Parent::sign_up(self.client()).await).await
    }

    async fn session(&self, family: &Family) -> Session {
        Session::in_answer(&log_in(&self.client(), &family.parent.email, PASSWORD).await)
    }

    async fn connect(&self) -> Wire {
        Wire::to(self.address).await.unwrap()
    }

    /// Waits until no connection is accepted any more.
    async fn closed(&self) {
        closed(self.address).await;
    }
}

async fn closed(address: SocketAddr) {
    eventually("new connections to be refused", async || {
        TcpStream::connect(address).await.is_err().then_some(())
    })
    .await;
}

/// A login that the server has started to process: it has requested the body.
async fn begun_login(running: &Running, email: &str) -> (Wire, String) {
    let (head, body) = login_request(email, PASSWORD, &["Expect: 100-continue"]);
    let mut wire = running.connect().await;
    assert_eq!(wire.exchange(head).await.status, 100);
    (wire, body)
}

/// Every record of every file, as TinyDB reads it.
fn read_by_tinydb(folders: &Folders) -> Value {
    let output = python("read_tables.py", &[&folders.data()], "");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Checks that a start would have nothing to replay.
fn assert_checkpointed(folders: &Folders) {
    let journal = names(&folders.data_file("journal"));
    assert_eq!(journal, ["checkpoint.json", "format.json"]);
}

/// The ids in the tracking table.
fn recorded(folders: &Folders) -> BTreeSet<String> {
    folders.events().iter().map(|event| text(&event["id"])).collect()
}

#[tokio::test]
async fn a_busy_server_stops_cleanly() {
    let folders = Folders::new();
    let running = Running::start(&folders, &["--streams-per-session=100"]);
    let family = running.family().await;
    let session = running.session(&family).await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        let mut wire = running.connect().await;
        wire.send(session.head("GET", "/events", &[])).await;
        assert_eq!(wire.head().await.status, 200);
        streams.push(wire);
    }
    let event = family.event().await;
    for stream in &mut streams {
        stream.chunk_with(event["id"].as_str().unwrap()).await;
    }
    let mut idle = Vec::new();
    for _ in 0..20 {
        let mut wire = running.connect().await;
        assert_eq!(wire.exchange(head("GET", "/health", &[])).await.status, 200);
        idle.push(wire);
    }
    // The limit for each of these is ten minutes, but a stop does not wait that long.
    let mut half = Vec::new();
    for begun in ["", "G", "GET /health HTTP/1.1\r\nHost: loc", "GET / HTTP/1.1\r\nHost: a\r\n"] {
        let mut wire = running.connect().await;
        wire.send(begun).await;
        half.push(wire);
        let mut wire = running.connect().await;
        let lines = [JSON, "Content-Length: 100", "Expect: 100-continue"];
        assert_eq!(wire.exchange(session.head("POST", "/children", &lines)).await.status, 100);
        wire.send("{\"name\":").await;
        half.push(wire);
    }
    let logins = join_all((0..3).map(|_| begun_login(&running, &family.parent.email))).await;

    running.process.signal("TERM");
    running.closed().await;
    let logged_in = logins.into_iter().map(async |(mut wire, body)| {
        let answer = wire.exchange(body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert!(answer.header("set-cookie").starts_with("session="));
        assert_eq!(answer.header("connection"), "close");
        wire.assert_end().await;
    });
    join_all(logged_in).await;
    for mut stream in streams {
        stream.assert_clean_end().await;
    }
    for mut wire in idle {
        wire.assert_end().await;
    }
    let status = running.process.ended().0;
    assert_eq!(status.code(), Some(0), "{status}");
    for mut wire in half {
        wire.drain().await;
    }

    assert_checkpointed(&folders);
    let tables = read_by_tinydb(&folders);
    assert_eq!(tables["tracking_events.json"]["_default"]["1"]["id"], event["id"]);
    assert_eq!(tables["children.json"]["_default"]["1"]["points"], 55);
    let sessions = tables["sessions.json"]["_default"].as_object().unwrap();
    assert_eq!(sessions.len(), 2 + 3, "the logins that were answered");
    let again = Running::start(&folders, &[]);
    let me = again.connect().await.exchange(session.head("GET", "/auth/me", &[])).await;
    assert_eq!(me.status, 200, "{}", me.text);
    assert_eq!(again.process.stop("INT").code(), Some(0));
}

/// A client that does not read its stream cannot notice the end. The server does not wait for it.
#[tokio::test]
async fn a_stuck_client_does_not_delay_the_stop() {
    let folders = Folders::new();
    let running = Running::start(&folders, &["--write-timeout=600", "--shutdown-timeout=2"]);
    let family = running.family().await;
    let session = running.session(&family).await;
    for _ in 0..40 {
        family.parent.reward(&"x".repeat(100), 5).await;
    }
    let mut stuck = running.connect().await;
    let request = session.head("GET", "/rewards", &[]);
    // Many more responses than fit into all buffers.
    let flood = request.repeat(5000);
    stuck.send(&flood[..request.len()]).await;
    let sender = tokio::spawn(async move {
        stuck.try_send(&flood).await.unwrap_or_default();
        stuck
    });
    family.event().await;
    let status = running.process.stop("TERM");
    assert_eq!(status.code(), Some(0), "{status}");
    sender.await.unwrap().drain().await;
    assert_checkpointed(&folders);
}

/// Clients that send requests until they are stopped, or the server stops responding.
#[tokio::test]
async fn no_confirmed_change_is_lost_under_load() {
    let folders = Folders::new();
    let running = Running::start(&folders, &[]);
    let family = running.family().await;
    let path = activate_path(&family.child, &family.task);
    let begun = tokio::sync::Semaphore::new(0);
    let load = join_all((0..8).map(async |_| {
        let mut answered = Vec::new();
        loop {
            let request = family.parent.request(Method::POST, &path);
            let Ok(answer) = try_send(request).await else { return answered };
            if answer.status == 200 {
                answered.push(text(&answer.body["tracking_event"]["id"]));
                begun.add_permits(1);
            } else {
                assert_eq!(answer.body["code"], "SHUTTING_DOWN", "{}", answer.text);
            }
        }
    }));
    let stop = async {
        begun.acquire_many(40).await.unwrap().forget();
        running.process.signal("TERM");
    };
    let (answered, ()) = tokio::join!(load, stop);
    let status = running.process.ended().0;
    assert_eq!(status.code(), Some(0), "{status}");
    let answered: BTreeSet<String> = answered.into_iter().flatten().collect();
    let recorded = recorded(&folders);
    assert!(answered.is_subset(&recorded), "{} of {}", answered.len(), recorded.len());
    assert_checkpointed(&folders);
    let points = read_by_tinydb(&folders)["children.json"]["_default"]["1"]["points"].take();
    assert_eq!(points, 50 + 5 * recorded.len());
}

/// A change that waits for the disk at the signal is completed, with a response.
#[tokio::test]
async fn a_change_in_progress_gets_its_response() {
    let disk = StuckDisk::default();
    let machine = Machine { disk: disk.disk(), ..Machine::default() };
    let mut server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let family = server.family().await;
    let session = Session::of(&server, &family.parent).await;
    let address = crate::harness::wire::address(&server);
    let folders = server.folders.clone();
    let mut wire = Wire::connect(&server).await;
    disk.hang();
    let path = activate_path(&family.child, &family.task);
    wire.send(session.head("POST", &path, &[])).await;
    disk.reached().await;
    let client = async {
        closed(address).await;
        disk.let_go();
        wire.answer().await
    };
    let ((), answer) = tokio::join!(server.stop(), client);
    let event = text(&answer.expect(200)["tracking_event"]["id"]);
    wire.assert_end().await;
    assert_eq!(recorded(&folders), BTreeSet::from([event]));
    assert_eq!(folders.record("children.json", &family.child)["points"], 55);
    assert_checkpointed(&folders);
}

/// A request on an open connection gets the response that the server is stopping.
#[tokio::test]
async fn a_request_after_the_signal_gets_a_response() {
    let running = Running::start(&Folders::new(), &[]);
    let family = running.family().await;
    let session = running.session(&family).await;
    let (mut wire, body) = begun_login(&running, &family.parent.email).await;
    running.process.signal("TERM");
    running.closed().await;
    // Pipelined: the first request was in progress, the second was not.
    let child = session.post("/children", &json!({"name": "Late"}));
    let answer = wire.exchange(body + &child).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let second = wire.answer_or_end().await;
    if let Some(second) = &second {
        assert!(second.status == 201 || second.body["code"] == "SHUTTING_DOWN", "{}", second.text);
    }
    let folders = running.folders.clone();
    assert_eq!(running.process.ended().0.code(), Some(0));
    let was_made = second.is_some_and(|answer| answer.status == 201);
    assert_eq!(folders.rows("children.json").len(), 1 + usize::from(was_made));
}

/// A server that would take an hour to stop if it waited for its clients.
async fn patient_server() -> TestServer {
    let configure = |config: &mut Config| {
        config.http.limits.shutdown_timeout = Duration::from_hours(1);
        config.http.limits.head_timeout = Duration::from_hours(1);
        config.service.streams_per_session = 1000;
    };
    TestServer::with(Settings { configure, ..Settings::default() }).await
}

#[tokio::test]
async fn streams_and_idle_connections_end_at_once() {
    let mut server = patient_server().await;
    let family = server.family().await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(family.parent.events("/events").await);
    }
    let (mut fresh, mut kept) = (server.connect().await, server.connect().await);
    kept.get("/health").await.expect(200);
    server.stop().await;
    for stream in &mut streams {
        stream.assert_end().await;
    }
    kept.assert_end().await;
    fresh.assert_end().await;
}

#[tokio::test]
async fn a_stuck_disk_does_not_delay_the_stop() {
    let disk = FaultyDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
    let configure = |config: &mut Config| {
        config.http.limits.shutdown_timeout = Duration::from_millis(200);
    };
    let mut server = TestServer::with(Settings { machine, configure, ..Settings::default() }).await;
    let family = server.family().await;
    disk.hold();
    let parent = family.parent.clone();
    let request = parent.request(Method::POST, &activate_path(&family.child, &family.task));
    let unanswered = tokio::spawn(try_send(request));
    let begun = async || disk.holds_something().then_some(());
    eventually("a change under way", begun).await;
    server.stop_broken().await;
    within("the end of the connection", unanswered).await.unwrap().unwrap_err();
    // The threads of the store end with it.
    disk.release();
}
