//! The number of open connections.

use std::fs;
use std::time::Duration;

use futures_util::future::join_all;
use goldstar::config::Config;
use goldstar::http::MAX_REFUSALS;
use serde_json::json;
use tokio::net::TcpStream;

use crate::harness::person::{Session, head};
use crate::harness::wire::{Wire, assert_turned_away};
use crate::harness::{Raw, Settings, TestServer, assert_error, eventually, within};

const CAP: usize = 5;

async fn with_cap() -> TestServer {
    let configure = |config: &mut Config| config.http.limits.max_connections = CAP;
    TestServer::with(Settings { configure, ..Settings::default() }).await
}

/// A connection that the server has accepted, and that stays open. The connection of an earlier
/// client may count for a moment longer.
async fn let_in(server: &TestServer) -> Wire {
    eventually("a place", async || {
        let mut wire = Wire::connect(server).await;
        let answer = ask(&mut wire).await?;
        (answer == 200).then_some(wire)
    })
    .await
}

/// The status of one more request; `None` if the connection has ended.
async fn ask(wire: &mut Wire) -> Option<u16> {
    wire.try_send(head("GET", "/health", &[])).await.unwrap_or_default();
    Some(wire.answer_or_end().await?.status)
}

async fn fill(server: &TestServer) -> Vec<Wire> {
    let mut wires = Vec::new();
    for _ in 0..CAP {
        wires.push(let_in(server).await);
    }
    wires
}

async fn assert_full(server: &TestServer) {
    let mut wire = Wire::connect(server).await;
    let answer = wire.exchange(head("GET", "/health", &[])).await;
    assert_turned_away(&answer, 503, "TOO_MANY_CONNECTIONS");
    assert_eq!(answer.header("retry-after"), "1");
    wire.assert_end().await;
}

#[tokio::test]
async fn a_connection_beyond_the_limit_is_refused_until_another_ends() {
    let server = with_cap().await;
    let mut wires = fill(&server).await;
    assert_full(&server).await;
    for wire in &mut wires {
        assert_eq!(ask(wire).await, Some(200), "those that are in stay in");
    }
    drop(wires.pop());
    wires.push(let_in(&server).await);
    assert_full(&server).await;
}

/// Whether it has sent nothing, or more than fits.
#[tokio::test]
async fn a_refused_client_can_read_the_error_whatever_it_has_sent() {
    let server = with_cap().await;
    let session = Session::new(&server).await;
    let _wires = fill(&server).await;
    for _ in 0..20 {
        assert_full(&server).await;
    }
    let child = json!({"name": "x".repeat(1 << 20)});
    for _ in 0..20 {
        let mut wire = Wire::connect(&server).await;
        wire.try_send(session.post("/children", &child)).await.unwrap_or_default();
        assert_turned_away(&wire.answer().await, 503, "TOO_MANY_CONNECTIONS");
        wire.assert_end().await;
    }
}

/// As after an outage, when many devices connect before the server has accepted the first.
#[tokio::test]
async fn connections_that_come_together_wait_until_they_are_accepted() {
    let server = TestServer::process().await;
    server.signal("STOP");
    let address = server.socket_address();
    // Where the queue is too short, the system tries again in vain as long as the server is stopped.
    let connecting = join_all((0..400).map(|_| TcpStream::connect(address)));
    let connected = within("a place in the queue for each", connecting).await;
    server.signal("CONT");
    assert!(connected.iter().all(Result::is_ok));
}

/// Refused clients must not use more resources than accepted ones.
#[tokio::test]
async fn many_refused_clients_that_stay_do_not_affect_the_others() {
    let configure = |config: &mut Config| {
        config.http.limits.max_connections = CAP;
        config.http.limits.head_timeout = Duration::from_secs(2);
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let mut first = let_in(&server).await;
    let mut crowd = Vec::new();
    for _ in 0..200 {
        crowd.push(Wire::connect(&server).await);
    }
    // None of them sends anything: each gets an error and is closed after a time limit, or is
    // closed at once.
    join_all(crowd.iter_mut().map(Wire::drain)).await;
    drop(crowd);
    ask(&mut first).await;
    let mut wire = let_in(&server).await;
    assert_eq!(ask(&mut wire).await, Some(200));
}

#[tokio::test]
async fn a_thousand_connections_free_their_places() {
    let server = with_cap().await;
    let session = Session::new(&server).await;
    for n in 0..1000 {
        let mut wire = Wire::connect(&server).await;
        let request = match n % 8 {
            0 => continue,
            1 => "GET /hea".to_owned(),
            2 => "garbage\r\n\r\n".to_owned(),
            3 => head("GET", "/nowhere", &["Connection: close"]),
            4 => session.head("POST", "/children", &["Content-Length: 1000"]),
            5 => session.head("GET", "/events", &[]),
            6 => head("GET", "/health", &["Connection: upgrade", "Upgrade: websocket"]),
            _ => head("GET", "/health", &[]),
        };
        // The limit may still be reached. Then this connection is refused, which must have no
        // effect either.
        wire.try_send(request).await.unwrap_or_default();
        if n % 3 == 0 {
            wire.vanish();
        }
    }
    let mut wires = fill(&server).await;
    assert_full(&server).await;
    for wire in &mut wires {
        assert_eq!(ask(wire).await, Some(200));
    }
}

#[tokio::test]
async fn streams_count_as_connections() {
    let server = with_cap().await;
    let session = Session::new(&server).await;
    let mut streams = Vec::new();
    for _ in 0..CAP {
        streams.push(open_stream(&server, &session).await);
    }
    assert_full(&server).await;
    drop(streams.pop());
    let _wire = let_in(&server).await;
}

async fn open_stream(server: &TestServer, session: &Session) -> Wire {
    eventually("a place for a stream", async || {
        let mut wire = Wire::connect(server).await;
        wire.try_send(session.head("GET", "/events", &[])).await.unwrap_or_default();
        (wire.head().await.status == 200).then_some(wire)
    })
    .await
}

/// A server that allows two connections, and these two connections, idle.
async fn full_server() -> (TestServer, [Raw; 2]) {
    let configure = |config: &mut Config| config.http.limits.max_connections = 2;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let open = [server.admitted().await, server.admitted().await];
    (server, open)
}

#[tokio::test]
async fn a_refused_connection_gets_the_error_before_it_sends_anything() {
    let (server, mut open) = full_server().await;
    let mut raw = server.connect().await;
    let answer = raw.answer().await;
    assert_error(&answer, 503, "TOO_MANY_CONNECTIONS");
    assert_eq!(answer.body["details"], json!({"retry_after": 1}));
    for (name, value) in [
        ("retry-after", "1"),
        ("connection", "close"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    raw.assert_end().await;
    for raw in &mut open {
        raw.get("/health").await.expect(200);
    }
}

/// More than may be open at once.
const CROWD: usize = MAX_REFUSALS + 150;

#[tokio::test]
async fn every_client_of_a_crowd_is_refused_with_an_error() {
    let server = with_cap().await;
    let session = Session::new(&server).await;
    let _wires = fill(&server).await;
    let request = session.post("/children", &json!({"name": "Mía"}));
    let refused = join_all((0..CROWD).map(async |_| {
        let mut wire = Wire::connect(&server).await;
        // The error may come first.
        wire.try_send(&request).await.unwrap_or_default();
        let answer = wire.answer().await;
        assert_turned_away(&answer, 503, "TOO_MANY_CONNECTIONS");
        assert_eq!(answer.header("retry-after"), "1");
        wire
    }));
    // Each connection stays open until all have their errors.
    for mut wire in refused.await {
        wire.assert_end().await;
    }
}

#[tokio::test]
async fn refused_clients_that_stay_are_limited_too() {
    let flags = vec!["--max-connections".to_owned(), "2".to_owned()];
    let settings = Settings { binary: true, flags, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let mut open = [server.admitted().await, server.admitted().await];
    let files = || fs::read_dir(format!("/proc/{}/fd", server.pid())).unwrap().count();
    let others = files();
    let mut refused = Vec::new();
    for _ in 0..CROWD {
        let mut raw = server.connect().await;
        assert_error(&raw.answer().await, 503, "TOO_MANY_CONNECTIONS");
        assert!(files() <= others + MAX_REFUSALS + 1, "{} beside {others}", files());
        refused.push(raw);
    }
    open[0].get("/health").await.expect(200);
}
