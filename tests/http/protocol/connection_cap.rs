//! The cap on connections.

use std::time::Duration;

use futures_util::future::join_all;
use goldstar::config::Config;

use crate::harness::person::{Session, head};
use crate::harness::wire::{Wire, assert_turned_away};
use crate::harness::{Settings, TestServer, eventually};

const CAP: usize = 5;

async fn with_cap() -> TestServer {
    let configure = |config: &mut Config| config.http.limits.max_connections = CAP;
    TestServer::with(Settings { configure, ..Settings::default() }).await
}

/// A connection that the server has let in, kept open. The place of a client that has just gone may
/// take a moment to be free.
async fn let_in(server: &TestServer) -> Wire {
    eventually("a place", async || {
        let mut wire = Wire::connect(server).await;
        let answer = ask(&mut wire).await?;
        (answer == 200).then_some(wire)
    })
    .await
}

/// The status for one more request; none where the connection has ended.
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
async fn one_connection_too_many_is_refused() {
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

/// Whether it has sent nothing, or more than fits, when it is turned away.
#[tokio::test]
async fn whoever_is_turned_away_reads_why() {
    let server = with_cap().await;
    let session = Session::new(&server).await;
    let _wires = fill(&server).await;
    for _ in 0..20 {
        assert_full(&server).await;
    }
    let child = serde_json::json!({"name": "x".repeat(50 << 10)});
    for _ in 0..20 {
        let mut wire = Wire::connect(&server).await;
        wire.try_send(session.post("/children", &child)).await.unwrap_or_default();
        assert_turned_away(&wire.answer().await, 503, "TOO_MANY_CONNECTIONS");
        wire.assert_end().await;
    }
}

/// Those that are turned away must not cost more than those that are let in.
#[tokio::test]
async fn a_crowd_that_is_turned_away_and_does_not_leave_harms_nobody() {
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
    // None of them says a word: each is told why and let go, or let go once its time is up.
    join_all(crowd.iter_mut().map(Wire::drain)).await;
    drop(crowd);
    ask(&mut first).await;
    let mut wire = let_in(&server).await;
    assert_eq!(ask(&mut wire).await, Some(200));
}

#[tokio::test]
async fn a_thousand_connections_leave_no_trace() {
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
        // A place may not be free yet: then this one is turned away, which must leave no trace either.
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

/// A stream is a connection as others are.
#[tokio::test]
async fn streams_count() {
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
