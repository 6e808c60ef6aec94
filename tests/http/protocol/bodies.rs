//! The largest accepted body, and larger ones.

use serde_json::{Value, json};

use crate::harness::person::Session;
use crate::harness::wire::{Wire, assert_refusal};
use crate::harness::{Answer, Settings, TestServer, activate_path, assert_error, text};

const LIMIT: usize = 64 << 10;
const JSON: &str = "Content-Type: application/json";

/// The body of a child, of that length.
fn child_of(bytes: usize) -> String {
    let child = json!({"name": "Mía"}).to_string();
    let spaces = " ".repeat(bytes - child.len());
    child.replace('{', &format!("{{{spaces}"))
}

fn with_length(session: &Session, body: &str) -> String {
    let length = format!("Content-Length: {}", body.len());
    session.head("POST", "/children", &[JSON, &length]) + body
}

/// The body in chunks of this size.
fn in_chunks(session: &Session, body: &str, size: usize) -> String {
    let chunks = body.as_bytes().chunks(size).map(|chunk| {
        let text = std::str::from_utf8(chunk).unwrap();
        format!("{:x}\r\n{text}\r\n", chunk.len())
    });
    let chunks: String = chunks.collect();
    session.head("POST", "/children", &[JSON, "Transfer-Encoding: chunked"]) + &chunks + "0\r\n\r\n"
}

async fn send(server: &TestServer, request: &str) -> Answer {
    let mut wire = Wire::connect(server).await;
    wire.answer_while_sending(request.as_bytes()).await.expect("an answer")
}

async fn children(server: &TestServer, session: &Session) -> Value {
    let mut wire = Wire::connect(server).await;
    wire.exchange(session.head("GET", "/children", &[])).await.expect(200)["total"].take()
}

#[tokio::test]
async fn a_body_of_64_kib_is_accepted() {
    let server = TestServer::start().await;
    let session = Session::new(&server).await;
    let body = child_of(LIMIT);
    assert_eq!(send(&server, &with_length(&session, &body)).await.status, 201);
    for size in [LIMIT, 1000, 77] {
        assert_eq!(send(&server, &in_chunks(&session, &body, size)).await.status, 201);
    }
    assert_eq!(children(&server, &session).await, 4);
}

#[tokio::test]
async fn a_body_of_one_byte_more_is_rejected() {
    let server = TestServer::start().await;
    let session = Session::new(&server).await;
    let body = child_of(LIMIT + 1);
    let answer = send(&server, &with_length(&session, &body)).await;
    assert_refusal(&answer, 413, "PAYLOAD_TOO_LARGE");
    for size in [LIMIT + 1, 1000, 77] {
        let answer = send(&server, &in_chunks(&session, &body, size)).await;
        assert_refusal(&answer, 413, "PAYLOAD_TOO_LARGE");
    }
    assert_eq!(children(&server, &session).await, 0);
}

#[tokio::test]
async fn the_limit_can_be_configured() {
    let configure = |config: &mut goldstar::config::Config| {
        config.http.limits.max_body_bytes = 1024;
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let session = Session::new(&server).await;
    assert_eq!(send(&server, &with_length(&session, &child_of(1024))).await.status, 201);
    let answer = send(&server, &with_length(&session, &child_of(1025))).await;
    assert_refusal(&answer, 413, "PAYLOAD_TOO_LARGE");
    assert!(answer.text.contains("1024"), "{}", answer.text);
    let answer = send(&server, &in_chunks(&session, &child_of(1025), 100)).await;
    assert_refusal(&answer, 413, "PAYLOAD_TOO_LARGE");
}

/// The client must be able to read the error, although the connection is reset when more bytes
/// arrive.
#[tokio::test]
async fn a_client_that_is_still_sending_can_read_the_error() {
    let server = TestServer::start().await;
    let session = Session::new(&server).await;
    let large = child_of(8 << 20);
    for _ in 0..10 {
        let answer = send(&server, &with_length(&session, &large)).await;
        assert_refusal(&answer, 413, "PAYLOAD_TOO_LARGE");
        let answer = send(&server, &in_chunks(&session, &large, 64 << 10)).await;
        assert_refusal(&answer, 413, "PAYLOAD_TOO_LARGE");
    }
    assert_eq!(children(&server, &session).await, 0);
}

#[tokio::test]
async fn a_client_that_sends_everything_first_can_read_the_error() {
    let server = TestServer::start().await;
    let session = Session::new(&server).await;
    let request = with_length(&session, &child_of(100 << 10));
    for _ in 0..10 {
        let mut wire = Wire::connect(&server).await;
        wire.send(&request).await;
        assert_refusal(&wire.answer().await, 413, "PAYLOAD_TOO_LARGE");
    }
}

#[tokio::test]
async fn a_client_that_expects_100_gets_the_error_instead() {
    let server = TestServer::start().await;
    let session = Session::new(&server).await;
    let mut wire = Wire::connect(&server).await;
    let lines = [JSON, "Content-Length: 1000000", "Expect: 100-continue"];
    let answer = wire.exchange(session.head("POST", "/children", &lines)).await;
    assert_refusal(&answer, 413, "PAYLOAD_TOO_LARGE");
    assert!(answer.text.contains("65536"), "{}", answer.text);
    assert_eq!(answer.header("connection"), "close");
    wire.assert_end().await;
}

#[tokio::test]
async fn a_client_that_expects_100_receives_it() {
    let server = TestServer::start().await;
    let session = Session::new(&server).await;
    let body = child_of(100);
    let mut wire = Wire::connect(&server).await;
    let lines = [JSON, "Content-Length: 100", "Expect: 100-continue"];
    let answer = wire.exchange(session.head("POST", "/children", &lines)).await;
    assert_eq!(answer.status, 100);
    assert_eq!(wire.exchange(&body).await.status, 201);
}

/// A request that takes no body is executed once or not at all, whatever body is sent, and the
/// connection does not stay open for the rest of it.
#[tokio::test]
async fn a_large_unneeded_body_does_not_affect_the_request() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let session = Session::of(&server, &family.parent).await;
    let path = activate_path(&family.child, &family.task);
    let body = child_of(1 << 20);
    let length = format!("Content-Length: {}", body.len());
    let mut done = 0;
    for _ in 0..5 {
        let request = session.head("POST", &path, &[JSON, &length]) + &body;
        let answer = send(&server, &request).await;
        if answer.status == 200 {
            assert_eq!(text(&answer.body["child"]["id"]), family.child);
            done += 1;
        } else {
            assert_refusal(&answer, 413, "PAYLOAD_TOO_LARGE");
        }
    }
    assert_eq!(family.parent.points(&family.child).await, 50 + 5 * done);
}

#[tokio::test]
async fn a_client_that_sends_an_unread_body_can_read_the_error() {
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
