//! How many connections may be open at once.

use goldstar::config::Config;
use serde_json::json;

use crate::harness::{Raw, Settings, TestServer, assert_error, eventually};

/// A server that takes two connections, and both of them: kept, and idle.
async fn full_server() -> (TestServer, [Raw; 2]) {
    let configure = |config: &mut Config| config.http.limits.max_connections = 2;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let open = [server.admitted().await, server.admitted().await];
    (server, open)
}

#[tokio::test]
async fn one_connection_too_many_is_told_so_at_once() {
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

#[tokio::test]
async fn a_refused_client_reads_the_answer_though_it_has_sent_a_lot() {
    let (server, _open) = full_server().await;
    let mut raw = server.connect().await;
    let body = "x".repeat(1 << 20);
    raw.send(format!("POST / HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
    assert_error(&raw.answer().await, 503, "TOO_MANY_CONNECTIONS");
    raw.assert_end().await;
}

#[tokio::test]
async fn a_connection_that_ends_makes_room() {
    let (server, open) = full_server().await;
    let [kept, ended] = open;
    drop(ended);
    server.admitted().await;
    drop(kept);
}

#[tokio::test]
async fn refused_clients_that_stay_are_bounded_too() {
    let (server, mut open) = full_server().await;
    let mut refused = Vec::new();
    for _ in 0..32 {
        let mut raw = server.connect().await;
        assert_error(&raw.answer().await, 503, "TOO_MANY_CONNECTIONS");
        refused.push(raw);
    }
    // The first of them may be gone by now, but not all.
    let dropped = eventually("a connection that is dropped", async || {
        let mut raw = server.connect().await;
        let answer = raw.try_answer().await;
        let is_dropped = answer.is_none();
        refused.push(raw);
        is_dropped.then_some(())
    });
    dropped.await;
    open[0].get("/health").await.expect(200);
}
