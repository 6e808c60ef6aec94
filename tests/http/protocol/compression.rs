//! Which responses are compressed; responses to `HEAD`.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::Method;
use reqwest::header::HeaderMap;

use crate::harness::person::Session;
use crate::harness::wire::{Wire, assert_hygiene, assert_refusal};
use crate::harness::{Client, Family, TestServer, send};

/// A family with a list that is long enough to be compressed.
async fn family(server: &TestServer) -> Family {
    let family = server.family().await;
    for n in 0..40 {
        family.parent.task(&format!("A task with the rather long name {n}"), 5).await;
    }
    family
}

/// The headers and the bytes of the task list, for this `Accept-Encoding`.
async fn tasks(client: &Client, accepted: Option<&str>) -> (HeaderMap, Vec<u8>) {
    let mut request = client.request(Method::GET, "/tasks");
    if let Some(accepted) = accepted {
        request = request.header("Accept-Encoding", accepted);
    }
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    (response.headers().clone(), response.bytes().await.unwrap().to_vec())
}

fn unzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut plain).unwrap();
    plain
}

#[tokio::test]
async fn a_large_response_is_compressed_on_request() {
    let server = TestServer::start().await;
    let family = family(&server).await;
    let (plain_headers, plain) = tasks(&family.parent, None).await;
    assert_eq!(plain_headers.get("content-encoding"), None);
    assert_eq!(plain_headers["vary"], "accept-encoding");
    for accepted in [
        "gzip",
        "gzip, deflate, br, zstd",
        "br, gzip",
        "deflate;q=0.1, gzip;q=0.9",
        "gzip, identity;q=0.5",
        "deflate, gzip;q=1.0, *;q=0.5",
        "GZIP",
        "*",
    ] {
        let (headers, packed) = tasks(&family.parent, Some(accepted)).await;
        assert_eq!(headers["content-encoding"], "gzip", "{accepted}");
        assert!(packed.len() < plain.len() / 2, "{} of {}", packed.len(), plain.len());
        assert_eq!(unzip(&packed), plain);
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(headers["cache-control"], "no-store");
        assert_eq!(headers["vary"], "accept-encoding");
    }
}

#[tokio::test]
async fn nothing_is_compressed_without_a_request() {
    let server = TestServer::start().await;
    let family = family(&server).await;
    let (_, plain) = tasks(&family.parent, None).await;
    for accepted in [
        "identity",
        "gzip;q=0",
        "gzip;q=0.0, identity",
        "",
        "zip",
        "br",
        "*;q=0",
        "identity;q=0",
        "Identity;q=0, *;q=0",
        "nonsense;;;",
    ] {
        let (headers, bytes) = tasks(&family.parent, Some(accepted)).await;
        assert_eq!(headers.get("content-encoding"), None, "{accepted}");
        assert_eq!(bytes, plain, "{accepted}");
    }
}

#[tokio::test]
async fn errors_and_small_or_empty_responses_are_not_compressed() {
    let server = TestServer::start().await;
    let family = family(&server).await;
    let nowhere = family.parent.request(Method::GET, "/nowhere").header("Accept-Encoding", "gzip");
    assert_refusal(&send(nowhere).await, 404, "NOT_FOUND");
    let health = family.parent.request(Method::GET, "/health").header("Accept-Encoding", "gzip");
    let small = send(health).await;
    assert_eq!((small.header("content-encoding"), small.header("vary")), ("", ""));
    let logout = family.parent.request(Method::POST, "/auth/logout");
    let answer = send(logout.header("Accept-Encoding", "gzip")).await;
    assert_eq!((answer.status, answer.header("content-encoding"), &*answer.text), (204, "", ""));
}

#[tokio::test]
async fn a_stream_is_never_compressed() {
    let server = TestServer::start().await;
    let family = family(&server).await;
    let session = Session::of(&server, &family.parent).await;
    let mut stream = Wire::connect(&server).await;
    stream.send(session.head("GET", "/events", &["Accept-Encoding: gzip"])).await;
    let head = stream.head().await;
    assert_eq!((head.status, head.header("content-encoding")), (200, ""));
    assert_eq!(head.header("x-accel-buffering"), "no");
    assert_hygiene(&head);
    let event = family.event().await;
    stream.chunk_with(event["id"].as_str().unwrap()).await;
}

/// The response to `HEAD` has no body, compressed or not: the next bytes are the next response.
#[tokio::test]
async fn a_response_to_head_is_that_to_get_without_the_body() {
    let server = TestServer::start().await;
    let family = family(&server).await;
    let session = Session::of(&server, &family.parent).await;
    let mut wire = Wire::connect(&server).await;
    for lines in [&[][..], &["Accept-Encoding: gzip"]] {
        for path in ["/tasks", "/health", "/nowhere", "/auth/me"] {
            wire.send(session.head("HEAD", path, lines)).await;
            let head = wire.bodiless_answer().await;
            assert_hygiene(&head);
            let get = wire.exchange(session.head("GET", path, &[])).await;
            assert_eq!(head.status, get.status, "{path}");
            for name in ["content-type", "cache-control"] {
                assert_eq!(head.header(name), get.header(name), "{path}: {name}");
            }
            if lines.is_empty() {
                assert_eq!(head.header("vary"), get.header("vary"), "{path}");
            }
            let length = head.header("content-length");
            // An error may have no length.
            if lines.is_empty() && (head.status == 200 || !length.is_empty()) {
                assert_eq!(length, get.text.len().to_string(), "{path}");
            }
        }
    }
}
