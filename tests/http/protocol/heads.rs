//! Request heads and addresses beyond the limit.

use crate::harness::TestServer;
use crate::harness::person::{Session, head};
use crate::harness::wire::{Wire, assert_hygiene, assert_refusal, assert_turned_away};

async fn assert_lives(server: &TestServer) {
    let family = server.family().await;
    family.event().await;
}

/// Sends the request on its own connection, and checks the error and that the connection ends.
async fn assert_rejected(server: &TestServer, request: &str, status: u16, code: &str) {
    let mut wire = Wire::connect(server).await;
    let answer = wire.answer_while_sending(request.as_bytes()).await;
    let answer = answer.expect("the connection ended without an answer");
    assert_turned_away(&answer, status, code);
    wire.assert_end().await;
}

#[tokio::test]
async fn a_head_beyond_32_kib_or_a_hundred_headers_is_rejected() {
    let server = TestServer::start().await;
    let many = |count: usize, size: usize| -> Vec<String> {
        (0..count).map(|n| format!("X-{n}: {}", "a".repeat(size))).collect()
    };
    let cookie = vec![format!("Cookie: session={}", "a".repeat(33 << 10))];
    for (lines, times) in [
        (many(40, 1 << 10), 10),
        (many(1, 33 << 10), 10),
        (many(1, 1 << 20), 1),
        (many(101, 1), 1),
        (many(500, 1), 1),
        (cookie, 1),
    ] {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        for _ in 0..times {
            assert_rejected(&server, &head("GET", "/auth/me", &lines), 431, "HEAD_TOO_LARGE").await;
        }
    }
    assert_lives(&server).await;
}

#[tokio::test]
async fn an_address_beyond_32_kib_is_rejected() {
    let server = TestServer::start().await;
    for length in [40 << 10, 70 << 10, 1 << 20] {
        for path in ["/", "/tasks?a="] {
            let path = path.to_owned() + &"a".repeat(length);
            assert_rejected(&server, &head("GET", &path, &[]), 414, "URI_TOO_LONG").await;
        }
    }
    assert_lives(&server).await;
}

#[tokio::test]
async fn a_large_head_within_the_limit_is_served() {
    let server = TestServer::start().await;
    let session = Session::new(&server).await;
    let line = format!("X-Large: {}", "a".repeat(20 << 10));
    let mut wire = Wire::connect(&server).await;
    let answer = wire.exchange(session.head("GET", "/auth/me", &[&line])).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_hygiene(&answer);
    let path = format!("/{}", "a".repeat(20 << 10));
    let answer = wire.exchange(session.head("GET", &path, &[])).await;
    assert_refusal(&answer, 404, "NOT_FOUND");
}
