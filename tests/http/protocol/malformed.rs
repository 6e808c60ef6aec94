//! Bytes that are not HTTP, and malformed HTTP: the server sends an error in the common form or closes
//! the connection. It never serves a request that was not sent, and never fails.

use std::time::Duration;

use crate::harness::person::{Session, head};
use crate::harness::wire::{Wire, address, assert_hygiene, assert_refusal, assert_turned_away};
use crate::harness::{Answer, Settings, TestServer, assert_error};

async fn server() -> TestServer {
    // Some requests are incomplete, and end with the time limit.
    let configure = |config: &mut goldstar::config::Config| {
        config.http.limits.head_timeout = Duration::from_secs(2);
        config.http.limits.body_timeout = Duration::from_secs(2);
    };
    TestServer::with(Settings { configure, ..Settings::default() }).await
}

/// Checks that the request gets an error of the usual form or no response, and that the connection
/// ends.
async fn assert_refused(server: &TestServer, request: impl AsRef<[u8]>) -> Option<Answer> {
    let request = request.as_ref();
    let about = String::from_utf8_lossy(&request[..request.len().min(200)]).into_owned();
    let mut wire = Wire::connect(server).await;
    let answer = wire.answer_while_sending(request).await;
    if let Some(answer) = &answer {
        assert!(
            (400..500).contains(&answer.status),
            "{about:?}: {} {}",
            answer.status,
            answer.text
        );
        assert_turned_away(answer, answer.status, answer.body["code"].as_str().unwrap_or_default());
        wire.assert_end().await;
    }
    answer
}

async fn assert_malformed(server: &TestServer, request: impl AsRef<[u8]>) {
    let answer = assert_refused(server, request.as_ref()).await;
    let about = String::from_utf8_lossy(request.as_ref());
    let answer = answer.unwrap_or_else(|| panic!("no answer to {about:?}"));
    assert_turned_away(&answer, 400, "MALFORMED_REQUEST");
}

async fn assert_lives(server: &TestServer) {
    server.family().await.event().await;
}

#[tokio::test]
async fn bytes_that_are_not_http_are_rejected() {
    let server = server().await;
    for garbage in [
        &b"garbage\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET /health\r\n\r\n",
        b"GET /health HTTP/9.9\r\n\r\n",
        b"GET /a b HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"{\"name\": \"M\"}\r\n\r\n",
        b"\x00\x00\x00\x00\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"\x01\x02\x03\r\n\r\n",
        b"GET  HTTP/1.1\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"POST /auth/login HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /auth/login HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /auth/login HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        b"GET /health HTTP/1.1\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a/b\r\n\r\n",
        b"GET /health HTTP/1.1\r\nHost: a@b\r\n\r\n",
    ] {
        assert_malformed(&server, garbage).await;
    }
    // These texts are incomplete.
    for beginning in [&b"\xff\xfe\xfd"[..], b"\x00", b"EHLO localhost\r\n", b"\r\n\r\n\r\n"] {
        assert_refused(&server, beginning).await;
    }
    assert_lives(&server).await;
}

#[tokio::test]
async fn an_http_2_preface_is_rejected() {
    let server = server().await;
    let mut preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    preface.extend([0, 0, 0, 4, 0, 0, 0, 0, 0]);
    assert_refused(&server, preface).await;
    assert_lives(&server).await;
}

#[tokio::test]
async fn an_upgrade_to_http_2_is_ignored() {
    let server = server().await;
    let lines = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk"];
    let answer = Wire::connect(&server).await.exchange(head("GET", "/health", &lines)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
}

#[tokio::test]
async fn a_tls_hello_is_rejected() {
    let server = server().await;
    let mut hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03".to_vec();
    hello.extend((0_u8..=255).cycle().take(507));
    assert_refused(&server, hello).await;
    assert_refused(&server, b"\x16\x03\x01\x02\x00").await;
    assert_lives(&server).await;
}

#[tokio::test]
async fn malformed_headers_are_rejected() {
    let server = server().await;
    for line in ["bad name: x", "no colon", ": no name", "X-Null: a\0b", "X-Control: a\x07b"] {
        assert_malformed(&server, head("GET", "/health", &[line])).await;
    }
    assert_refused(&server, head("GET", "/health", &["X-Folded: a\r\n b"])).await;
    assert_lives(&server).await;
}

/// A `POST` of `{}` with its own body, so that a request hidden in it would be noticed.
fn post(session: &Session, lines: &[&str], body: &str) -> String {
    let lines: Vec<&str> =
        ["Content-Type: application/json"].into_iter().chain(lines.iter().copied()).collect();
    session.head("POST", "/children", &lines) + body
}

#[tokio::test]
async fn malformed_lengths_and_encodings_are_rejected() {
    let server = server().await;
    let session = Session::new(&server).await;
    for lines in [
        &["Content-Length: 2", "Content-Length: 3"][..],
        &["Content-Length: 2, 3"],
        &["Content-Length: -1"],
        &["Content-Length: +2"],
        &["Content-Length: 0x2"],
        &["Content-Length: 2.0"],
        &["Content-Length: two"],
        &["Content-Length: "],
        &["Content-Length: 99999999999999999999999999"],
        &["Transfer-Encoding: gzip"],
        &["Transfer-Encoding: identity"],
        &["Transfer-Encoding: chunked, gzip"],
        &["Transfer-Encoding: \"chunked\""],
    ] {
        let answer = assert_refused(&server, post(&session, lines, "{}")).await;
        assert!(answer.is_some(), "no answer to {lines:?}");
    }
    assert_lives(&server).await;
}

/// A length beyond the limit, and one beyond the range of an integer.
#[tokio::test]
async fn an_excessive_length_is_rejected_before_the_body() {
    let server = server().await;
    let session = Session::new(&server).await;
    for length in ["65537", "4294967296", "9223372036854775807", "18446744073709551613"] {
        let line = format!("Content-Length: {length}");
        let answer = assert_refused(&server, post(&session, &[&line], "{}")).await;
        let answer = answer.unwrap_or_else(|| panic!("no answer to {line}"));
        assert!(matches!(answer.status, 400 | 413), "{line}: {}", answer.text);
    }
    assert_lives(&server).await;
}

/// If a proxy uses one of the two lengths and the server the other, a second request is hidden in
/// the first.
#[tokio::test]
async fn two_framings_do_not_smuggle_a_request() {
    let server = server().await;
    let session = Session::new(&server).await;
    let hidden = session.post("/children", &serde_json::json!({"name": "Hidden"}));
    for lines in [
        &["Content-Length: 2", "Transfer-Encoding: chunked"][..],
        &["Transfer-Encoding: chunked", "Content-Length: 2"],
        &["Transfer-Encoding: chunked", "Transfer-Encoding: identity"],
    ] {
        let mut wire = Wire::connect(&server).await;
        wire.send(post(&session, lines, &format!("0\r\n\r\n{hidden}"))).await;
        let answer = wire.answer_or_end().await;
        if let Some(answer) = answer {
            assert!((400..500).contains(&answer.status), "{lines:?}: {}", answer.text);
        }
        wire.drain().await;
    }
    let mut wire = Wire::connect(&server).await;
    let children = wire.exchange(session.head("GET", "/children", &[])).await;
    assert_eq!(children.expect(200)["total"], 0, "a hidden request was answered");
    assert_lives(&server).await;
}

#[tokio::test]
async fn malformed_chunks_are_rejected() {
    let server = server().await;
    let session = Session::new(&server).await;
    let long = format!("2;a={}\r\n{{}}\r\n0\r\n\r\n", "a".repeat(100 << 10));
    for body in [
        "zz\r\n{}\r\n0\r\n\r\n",
        "-2\r\n{}\r\n0\r\n\r\n",
        "+2\r\n{}\r\n0\r\n\r\n",
        "0x2\r\n{}\r\n0\r\n\r\n",
        "\r\n{}\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n",
        "FFFFFFFFFFFFFFFF\r\n{}\r\n0\r\n\r\n",
        "2\r\n{}0\r\n\r\n",
        "2\r\n{\"name\": \"M\"}\r\n0\r\n\r\n",
        &long,
    ] {
        let about: String = body.chars().take(40).collect();
        let request = post(&session, &["Transfer-Encoding: chunked"], body);
        let answer = assert_refused(&server, request).await;
        assert!(answer.is_some(), "no answer to {about:?}");
    }
    let rubbish = post(&session, &["Transfer-Encoding: chunked"], "rubbish\r\n\r\n");
    assert_malformed(&server, rubbish).await;
    let mut wire = Wire::connect(&server).await;
    let children = wire.exchange(session.head("GET", "/children", &[])).await;
    assert_eq!(children.expect(200)["total"], 0);
    assert_lives(&server).await;
}

#[tokio::test]
async fn an_incomplete_body_changes_nothing() {
    let server = server().await;
    let session = Session::new(&server).await;
    let whole = session.post("/children", &serde_json::json!({"name": "Broken off"}));
    for cut in [1, 5, whole.len() - whole.find("\r\n\r\n").unwrap() - 4] {
        let mut wire = Wire::connect(&server).await;
        wire.send(&whole[..whole.len() - cut]).await;
        wire.vanish();
    }
    let mut wire = Wire::connect(&server).await;
    let children = wire.exchange(session.head("GET", "/children", &[])).await;
    assert_eq!(children.expect(200)["total"], 0);
    assert_lives(&server).await;
}

#[tokio::test]
async fn unusual_requests_get_a_response_in_the_common_form() {
    let server = server().await;
    let session = Session::new(&server).await;
    for (method, path) in [
        ("BREW", "/children"),
        ("TRACE", "/children"),
        ("CONNECT", "localhost:80"),
        ("GET", "health"),
        ("OPTIONS", "*"),
        ("GET", "http://elsewhere.example/health"),
        ("GET", "/children/%00"),
        ("GET", "/children/%ff%fe"),
        ("GET", "/children/%zz"),
        ("GET", "/children/%"),
        ("GET", "//"),
        ("GET", "//health"),
        ("GET", "/../../etc/passwd"),
        ("GET", "/children?limit=%ff"),
        ("GET", "/children?%00"),
        ("GET", "/?"),
        ("GET", "/children/..%2f..%2fusers.json"),
        ("DELETE", "/"),
        ("POST", "/api"),
        ("GET", "/api/"),
    ] {
        let mut wire = Wire::connect(&server).await;
        let answer = wire.exchange(session.head(method, path, &[])).await;
        assert!(answer.status < 500, "{method} {path}: {} {}", answer.status, answer.text);
        assert_hygiene(&answer);
        if answer.status >= 400 {
            let code = answer.body["code"].as_str().unwrap_or_default().to_owned();
            assert_refusal(&answer, answer.status, &code);
        }
    }
    assert_lives(&server).await;
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = server().await;
    let session = Session::new(&server).await;
    let mut wire = Wire::to(address(&server)).await.unwrap();
    let paths = ["/health", "/nowhere", "/auth/me", "/children", "/health"];
    wire.send(paths.map(|path| session.head("GET", path, &[])).concat()).await;
    for status in [200, 404, 200, 200, 200] {
        let answer = wire.answer().await;
        assert_eq!(answer.status, status, "{}", answer.text);
        assert_hygiene(&answer);
    }
}

#[tokio::test]
async fn requests_of_http_1_0_and_with_an_empty_host_are_served() {
    let server = server().await;
    for request in ["GET /health HTTP/1.1\r\nHost:\r\n\r\n", "GET /health HTTP/1.0\r\n\r\n"] {
        let mut wire = Wire::connect(&server).await;
        let answer = wire.exchange(request).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_hygiene(&answer);
        if request.contains("1.0") {
            wire.assert_end().await;
        }
    }
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

#[tokio::test]
async fn bytes_after_a_request_are_rejected_after_its_response() {
    let server = TestServer::start().await;
    let mut raw = server.connect().await;
    raw.get("/health").await.expect(200);
    raw.send("GET /nowhere HTTP/1.1\r\nHost: test\r\n\r\nrubbish\r\n\r\n").await;
    assert_error(&raw.answer().await, 404, "NOT_FOUND");
    assert_turned_away(&raw.answer().await, 400, "MALFORMED_REQUEST");
    raw.assert_end().await;
}
