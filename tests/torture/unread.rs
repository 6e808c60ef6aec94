//! A thousand clients, from many addresses, that request large responses and read only the head:
//! the memory that they use in the server.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::interval;

use crate::budget::{Rounds, Run};
use crate::harness::person::{Session, log_in};
use crate::harness::{Folders, Settings, TestServer, within};

const ROUNDS: Rounds = Rounds { short: 1, long: 1 };
/// The number of clients in both forms.
const READERS: usize = 1000;
/// The number of concurrent connection attempts.
const AT_ONCE: usize = 50;
/// The memory that all clients together may take, in KiB.
const ROOM: u64 = 64 << 10;
/// The size of the records in older files; there is a fixed number of each kind.
const BYTES: usize = 60_000;
const RECORDS: usize = 20;

/// The paths and encodings of the requests. The short form uses them in turn.
const REQUESTS: [(&str, &str); 12] = [
    ("/admin/tracking?limit=500", "identity"),
    ("/admin/tracking?limit=500", "gzip"),
    ("/children/child-1/tracking?limit=500&to=2026-01-02", "identity"),
    ("/children?limit=500", "identity"),
    ("/children?limit=500", "gzip"),
    ("/children/child-1", "identity"),
    ("/docs/swagger-ui-bundle.js", "identity"),
    ("/docs/swagger-ui-bundle.js", "gzip"),
    ("/openapi.json", "identity"),
    ("/metrics", "identity"),
    ("/metrics", "gzip"),
    ("/events?last_event_id=0", "identity"),
];

/// Large children and events, as a front end may have created them, and many small events.
fn put_records(folders: &Folders) {
    let rows = |rows: Vec<Value>| -> String {
        let rows = rows.into_iter().zip(1..).map(|(row, n)| (n.to_string(), row));
        json!({"_default": rows.collect::<Map<_, _>>()}).to_string()
    };
    // The texts differ, because equal texts would compress to almost nothing.
    let text = |n: usize| -> String {
        (0..BYTES)
            .map(|at| char::from(b'a' + u8::try_from((at * at + n * at) % 89 % 26).unwrap()))
            .collect()
    };
    let child = |n: usize| {
        json!({
            "id": format!("child-{n}"), "user_id": "admin-1", "name": format!("Child {n}"), "age": 7,
            "points": 5, "tasks": [], "rewards": [], "image_id": null, "avatar": text(n),
        })
    };
    let event = |n: usize, day: u32, metadata: Value| {
        json!({
            "id": format!("event-{n}"), "user_id": "admin-1", "child_id": "child-1",
            "entity_type": "task", "entity_id": "task-1", "action": "activated",
            "points_before": n, "points_after": n + 1, "delta": 1,
            "occurred_at": format!("2026-01-{day:02}T18:42:15.123456Z"),
            "created_at": format!("2026-01-{day:02}T18:42:15.123456Z"), "metadata": metadata,
        })
    };
    let small = (1..=2000).map(|n| event(n, 1, json!({"name": "A task", "points": 1})));
    let large = (2001..2001 + RECORDS).map(|n| event(n, 2, json!({"note": text(n)})));
    folders.put("children.json", &rows((1..=RECORDS).map(child).collect()));
    folders.put("tracking_events.json", &rows(small.chain(large).collect()));
}

/// The anonymous memory of a process, in KiB.
fn memory(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:"));
    line.unwrap().trim_end_matches("kB").trim().parse().unwrap()
}

/// The memory once it no longer grows.
async fn settled(pid: u32) -> u64 {
    let mut looks = interval(Duration::from_millis(50));
    let (mut most, mut unchanged) = (0, 0);
    while unchanged < 10 {
        looks.tick().await;
        let now = memory(pid);
        unchanged = if now > most { 0 } else { unchanged + 1 };
        most = most.max(now);
    }
    most
}

/// A server with the longest timeouts.
async fn start() -> (TestServer, Session) {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    put_records(&folders);
    let flags = ["--streams-per-session=1000", "--write-timeout=600", "--min-transfer-rate=0"];
    let flags = flags.map(str::to_owned).into();
    let server = TestServer::on(folders, Settings { binary: true, flags, ..Settings::default() });
    let server = server.await;
    let login = log_in(&server.nobody(), "admin@example.org", "correct horse 0").await;
    (server, Session::in_answer(&login))
}

/// Sends three requests from an address of its own, and reads the start of the first response.
async fn ask(
    server: &TestServer,
    session: &Session,
    number: usize,
    request: (&str, &str),
) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let [high, low] = u16::try_from(number).unwrap().to_be_bytes();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 1, high, low), 0))).unwrap();
    let address = server.socket_address();
    let mut stream = within("a connection", socket.connect(address)).await.unwrap();
    let (path, encoding) = request;
    let encoding = format!("Accept-Encoding: {encoding}");
    let asked = session.head("GET", path, &[&encoding]).repeat(3);
    stream.write_all(asked.as_bytes()).await.unwrap();
    let mut begin = [0; 12];
    within("an answer", stream.read_exact(&mut begin)).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200", "{path}");
    stream
}

/// The memory that the clients use in a new server for these requests in turn, in KiB.
async fn cost(requests: &[(&str, &str)]) -> u64 {
    let (server, session) = start().await;
    // Memory that is allocated once, and not per client, is allocated before.
    for (number, request) in requests.iter().enumerate() {
        drop(ask(&server, &session, number, *request).await);
    }
    let before = settled(server.pid()).await;
    let in_turns = requests.iter().cycle().take(READERS).enumerate();
    let asking = in_turns.map(|(number, request)| ask(&server, &session, number, *request));
    let readers: Vec<TcpStream> = stream::iter(asking).buffer_unordered(AT_ONCE).collect().await;
    let with = settled(server.pid()).await;
    let beside = within("an answer beside them", server.nobody().get("/health")).await;
    assert_eq!(beside.status, 200);
    drop(readers);
    with.saturating_sub(before)
}

#[tokio::test]
async fn clients_that_read_nothing_take_little_memory() {
    let files = rlimit::increase_nofile_limit(READERS as u64 + 500).unwrap();
    assert!(files > READERS as u64 + 100, "the system lets a process open {files} files");
    let mut run = Run::of("unread", &ROUNDS);
    let mut report = String::new();
    while run.next().is_some() {
        let mut costs = vec![("all in turns".to_owned(), cost(&REQUESTS).await)];
        if !run.is_short {
            for request in REQUESTS {
                let name = format!("{} ({})", request.0, request.1);
                costs.push((name, cost(&[request]).await));
            }
        }
        let (_, most) = costs.iter().max_by_key(|(_, cost)| *cost).unwrap();
        assert!(*most < ROOM, "{costs:?}, in KiB");
        let each = costs.iter().map(|(what, cost)| format!("{what}: {} MiB", cost >> 10));
        let each: Vec<String> = each.collect();
        report = format!("{READERS} readers cost {} MiB at most ({})", most >> 10, each.join("; "));
    }
    run.report(&report);
}
