//! Heads of requests that are larger than any honest one.

use crate::harness::TestServer;
use crate::harness::person::{Session, head};
use crate::harness::wire::{Wire, assert_hygiene, assert_refusal, assert_turned_away};

async fn assert_lives(server: &TestServer) {
    let family = server.family().await;
    family.event().await;
}

/// Sends it on a connection of its own, and checks the refusal and that the connection ends.
async fn assert_refused(server: &TestServer, request: &str, codes: &[(u16, &str)]) {
    let mut wire = Wire::connect(server).await;
    let answer = wire.answer_while_sending(request.as_bytes()).await;
    let answer = answer.expect("the connection ended without an answer");
    let fits = |(status, _): &&(u16, &str)| *status == answer.status;
    let (status, code) = codes.iter().find(fits).unwrap_or_else(|| panic!("{answer:?}"));
    assert_turned_away(&answer, *status, code);
    wire.assert_end().await;
}

const TOO_LARGE: &[(u16, &str)] = &[(431, "HEAD_TOO_LARGE")];

#[tokio::test]
async fn a_head_of_40_kib_is_refused() {
    let server = TestServer::start().await;
    let lines: Vec<String> = (0..40).map(|n| format!("X-{n}: {}", "a".repeat(1 << 10))).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    for _ in 0..10 {
        assert_refused(&server, &head("GET", "/health", &lines), TOO_LARGE).await;
    }
    assert_lives(&server).await;
}

#[tokio::test]
async fn a_header_of_33_kib_is_refused() {
    let server = TestServer::start().await;
    let line = format!("X-Large: {}", "a".repeat(33 << 10));
    for _ in 0..10 {
        assert_refused(&server, &head("GET", "/health", &[&line]), TOO_LARGE).await;
    }
    let cookie = format!("Cookie: session={}", "a".repeat(33 << 10));
    assert_refused(&server, &head("GET", "/auth/me", &[&cookie]), TOO_LARGE).await;
    assert_lives(&server).await;
}

#[tokio::test]
async fn a_head_of_a_megabyte_is_refused() {
    let server = TestServer::start().await;
    let line = format!("X-Large: {}", "a".repeat(1 << 20));
    assert_refused(&server, &head("GET", "/health", &[&line]), TOO_LARGE).await;
    assert_lives(&server).await;
}

#[tokio::test]
async fn five_hundred_headers_are_refused() {
    let server = TestServer::start().await;
    let lines: Vec<String> = (0..500).map(|n| format!("X-{n}: a")).collect();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    assert_refused(&server, &head("GET", "/health", &lines), TOO_LARGE).await;
    assert_lives(&server).await;
}

#[tokio::test]
async fn an_address_of_70_kib_is_refused() {
    let server = TestServer::start().await;
    let either = [(414, "URI_TOO_LONG"), (431, "HEAD_TOO_LARGE")];
    for path in [format!("/{}", "a".repeat(70 << 10)), format!("/tasks?a={}", "a".repeat(70 << 10))]
    {
        assert_refused(&server, &head("GET", &path, &[]), &either).await;
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
