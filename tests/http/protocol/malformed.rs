//! What isn't a request, or is too large to be one, is answered in the form of every error, and the
//! client can read the answer while it is still sending.

use reqwest::Method;
use serde_json::json;

use crate::harness::{Answer, Settings, TestServer, assert_error, send};

/// The headers that every answer has.
#[track_caller]
fn assert_closing_error(answer: &Answer, status: u16, code: &str) {
    assert_error(answer, status, code);
    assert_eq!(answer.header("connection"), "close");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn what_is_no_request_is_answered_and_the_connection_closed() {
    let server = TestServer::start().await;
    for garbage in [
        "\u{1}\u{2}\u{3}\r\n\r\n",
        "hello\r\n\r\n",
        "GET\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET / HTTP/1.1\r\nno colon\r\n\r\n",
        "GET / HTTP/1.1\r\nna me: x\r\n\r\n",
        "GET / HTTP/1.1\r\nname: \u{0}\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
        "POST /auth/login HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        "POST /auth/login HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "POST /auth/login HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "GET /health HTTP/1.1\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n",
        "GET /health HTTP/1.1\r\nHost: a@b\r\n\r\n",
    ] {
        let mut raw = server.connect().await;
        raw.send(garbage).await;
        assert_closing_error(&raw.answer().await, 400, "MALFORMED_REQUEST");
        raw.assert_end().await;
    }
}

#[tokio::test]
async fn a_host_may_be_empty_and_older_clients_name_none() {
    let server = TestServer::start().await;
    for head in ["GET /health HTTP/1.1\r\nHost:\r\n\r\n", "GET /health HTTP/1.0\r\n\r\n"] {
        let mut raw = server.connect().await;
        raw.send(head).await;
        raw.answer().await.expect(200);
    }
}

#[tokio::test]
async fn garbage_after_a_request_is_answered_after_its_answer() {
    let server = TestServer::start().await;
    let mut raw = server.connect().await;
    raw.get("/health").await.expect(200);
    raw.send("GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\nrubbish\r\n\r\n").await;
    assert_error(&raw.answer().await, 404, "NOT_FOUND");
    assert_closing_error(&raw.answer().await, 400, "MALFORMED_REQUEST");
    raw.assert_end().await;
}

#[tokio::test]
async fn a_too_large_head_is_answered_while_it_is_being_sent() {
    let server = TestServer::start().await;
    let head = |field: &str| format!("GET /health HTTP/1.1\r\nHost: test\r\n{field}");
    let (huge, long) = ("x".repeat(1 << 20), "y".repeat(40 << 10));
    for head in [head(&format!("X-Field: {huge}")), head(&format!("X-Field: {long}\r\n\r\n")), {
        let fields = ["X-Field: x\r\n"; 101].concat();
        head(&format!("{fields}\r\n"))
    }] {
        let mut raw = server.connect().await;
        raw.send(head).await;
        assert_closing_error(&raw.answer().await, 431, "HEAD_TOO_LARGE");
        raw.assert_end().await;
    }
}

#[tokio::test]
async fn a_too_long_address_is_answered_while_it_is_being_sent() {
    let server = TestServer::start().await;
    for length in [40 << 10, 1 << 20] {
        let mut raw = server.connect().await;
        raw.send(format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(length))).await;
        assert_closing_error(&raw.answer().await, 414, "URI_TOO_LONG");
        raw.assert_end().await;
    }
    let path = format!("/children/{}", "a".repeat(20 << 10));
    assert_error(&server.nobody().get(&path).await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn chunks_that_are_none_are_answered() {
    let server = TestServer::start().await;
    let mut raw = server.connect().await;
    raw.send(
        "POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
         Transfer-Encoding: chunked\r\n\r\nrubbish\r\n\r\n",
    )
    .await;
    assert_closing_error(&raw.answer().await, 400, "MALFORMED_REQUEST");
    raw.assert_end().await;
}

#[tokio::test]
async fn a_post_without_a_length_has_an_empty_body() {
    let server = TestServer::start().await;
    let mut raw = server.connect().await;
    raw.send("POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\r\n")
        .await;
    assert_error(&raw.answer().await, 400, "INVALID_JSON");
    raw.get("/health").await.expect(200);
}

/// The head of a request to log in, whose body has such a length.
fn login_head(length: &str) -> String {
    format!(
        "POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n{length}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_too_large_body_is_refused_before_it_is_sent() {
    let server = TestServer::start().await;
    let mut raw = server.connect().await;
    raw.send(login_head("Content-Length: 70000\r\nExpect: 100-continue")).await;
    let answer = raw.answer().await;
    assert_closing_error(&answer, 413, "PAYLOAD_TOO_LARGE");
    assert!(answer.text.contains("65536"), "{}", answer.text);
    raw.assert_end().await;
}

#[tokio::test]
async fn a_client_that_sends_all_of_a_too_large_body_reads_the_answer() {
    let server = TestServer::start().await;
    let body = "x".repeat(3 << 20);
    let chunked = format!("{:x}\r\n{body}\r\n0\r\n\r\n", body.len());
    for request in [
        format!("{}{body}", login_head(&format!("Content-Length: {}", body.len()))),
        format!("{}{chunked}", login_head("Transfer-Encoding: chunked")),
    ] {
        let mut raw = server.connect().await;
        raw.send(request).await;
        assert_closing_error(&raw.answer().await, 413, "PAYLOAD_TOO_LARGE");
        raw.assert_end().await;
    }
}

#[tokio::test]
async fn a_body_that_nobody_reads_takes_no_answer_away() {
    let server = TestServer::start().await;
    let mut raw = server.connect().await;
    let (body, path) = ("x".repeat(1 << 20), "/children");
    let length = body.len();
    raw.send(format!(
        "POST {path} HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n{body}"
    ))
    .await;
    assert_error(&raw.answer().await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn the_operator_sets_how_large_a_body_may_be() {
    let configure = |config: &mut goldstar::config::Config| {
        config.http.limits.max_body_bytes = 1024;
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let parent = server.parent().await;
    let body = |length: usize| {
        let frame = json!({"name": ""}).to_string();
        json!({"name": "x".repeat(length - frame.len())}).to_string()
    };
    for (length, status, code) in
        [(1024, 400, "VALIDATION_FAILED"), (1025, 413, "PAYLOAD_TOO_LARGE")]
    {
        let request = parent.request(Method::POST, "/children").body(body(length));
        let answer = send(request.header("content-type", "application/json")).await;
        assert_error(&answer, status, code);
        assert_eq!(answer.text.contains("1024"), status == 413, "{}", answer.text);
    }
}
