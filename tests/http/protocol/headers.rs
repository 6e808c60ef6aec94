//! What every answer says beside its body, and how it is packed.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Parent, TestServer, send, within};

#[tokio::test]
async fn every_answer_says_how_it_may_be_used() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let answers = [
        parent.get("/children").await,
        parent.get("/nowhere").await,
        parent.delete("/children").await,
        parent.post("/children", json!({"name": "Mía"})).await,
        parent.post("/children", json!({"name": 1})).await,
        send(parent.request(Method::OPTIONS, "/children")).await,
        send(parent.request(Method::HEAD, "/health")).await,
        server.nobody().get("/auth/me").await,
    ];
    let events = parent.events("/events").await;
    for headers in answers.iter().map(|answer| &answer.headers).chain([&events.headers]) {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            assert_eq!(headers[name], value, "{name}: {headers:?}");
        }
    }
}

#[tokio::test]
async fn head_answers_as_get_does_without_the_body() {
    let server = TestServer::start().await;
    let parent = parent_with_much(&server).await;
    for path in ["/health", "/children", "/rewards"] {
        let get = parent.get(path).await;
        let head = send(parent.request(Method::HEAD, path)).await;
        assert_eq!((head.status, &*head.text), (200, ""), "{path}");
        assert_eq!(head.header("content-length"), get.text.len().to_string(), "{path}");
        for name in ["content-type", "vary", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
}

/// A parent with so many rewards that their list is worth packing.
async fn parent_with_much(server: &TestServer) -> Parent {
    let parent = server.parent().await;
    for name in ["Ice cream", "Cinema"] {
        let reward = json!({"name": name, "cost": 5, "description": "so good! ".repeat(100)});
        parent.post("/rewards", reward).await.expect(201);
    }
    parent
}

#[tokio::test]
async fn a_large_answer_is_compressed_where_the_client_reads_that() {
    let server = TestServer::start().await;
    let parent = parent_with_much(&server).await;
    let plain = parent.get("/rewards").await;
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "accept-encoding"));
    for accepted in ["gzip, identity;q=0.5", "*", "deflate, gzip;q=1.0, *;q=0.5"] {
        let request = parent.request(Method::GET, "/rewards");
        let response = request.header("accept-encoding", accepted).send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip", "{accepted}");
    }
    let request = parent.request(Method::GET, "/rewards");
    let response = request.header("accept-encoding", "br, gzip").send().await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert_eq!(response.headers()["vary"], "accept-encoding");
    let packed = response.bytes().await.unwrap();
    assert!(packed.len() < plain.text.len() / 2);
    let mut text = String::new();
    GzDecoder::new(&*packed).read_to_string(&mut text).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), plain.expect(200));
}

#[tokio::test]
async fn a_client_that_takes_no_compression_gets_none() {
    let server = TestServer::start().await;
    let parent = parent_with_much(&server).await;
    for accepted in ["br", "identity", "gzip;q=0", "*;q=0", "identity;q=0", "Identity;q=0, *;q=0"] {
        let request = parent.request(Method::GET, "/rewards");
        let answer = send(request.header("accept-encoding", accepted)).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, ""), "{accepted}");
        assert!(answer.body["rewards"].is_array(), "{accepted}");
    }
}

#[tokio::test]
async fn small_answers_and_streams_are_not_compressed() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let zipped = |path| family.parent.request(Method::GET, path).header("accept-encoding", "gzip");
    let small = send(zipped("/health")).await;
    assert_eq!((small.header("content-encoding"), small.header("vary")), ("", ""));
    let mut events = crate::harness::Events::open(zipped("/events")).await;
    assert!(events.headers.get("content-encoding").is_none(), "{:?}", events.headers);
    let event = family.event().await;
    let frame = within("the frame", events.next()).await;
    assert_eq!(frame.event_id(), event["id"].as_str().unwrap());
}
