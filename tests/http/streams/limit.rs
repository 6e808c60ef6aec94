//! The number of streams that a session can have open.

use crate::harness::person::{Session, log_in};
use crate::harness::wire::{Wire, assert_refusal};
use crate::harness::{PASSWORD, Settings, TestServer, eventually};

const LIMIT: usize = 10;

/// A stream that must open.
async fn open(server: &TestServer, session: &Session) -> Wire {
    let mut wire = Wire::connect(server).await;
    wire.send(session.head("GET", "/events", &[])).await;
    let head = wire.head().await;
    assert_eq!(head.status, 200, "{head:?}");
    wire
}

async fn open_all(server: &TestServer, session: &Session) -> Vec<Wire> {
    let mut streams = Vec::new();
    for _ in 0..LIMIT {
        streams.push(open(server, session).await);
    }
    streams
}

/// Opens a stream. Waits until the limit allows it.
async fn open_eventually(server: &TestServer, session: &Session) -> Wire {
    eventually("a place for a stream", async || {
        let mut wire = Wire::connect(server).await;
        wire.send(session.head("GET", "/events", &[])).await;
        (wire.head().await.status == 200).then_some(wire)
    })
    .await
}

async fn assert_full(server: &TestServer, session: &Session) {
    for path in ["/events", "/api/events", "/events?last_event_id=0", "/events?named=false"] {
        let mut wire = Wire::connect(server).await;
        let answer = wire.exchange(session.head("GET", path, &[])).await;
        assert_refusal(&answer, 429, "TOO_MANY_STREAMS");
    }
}

#[tokio::test]
async fn a_session_may_have_ten_streams() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let session = Session::of(&server, &family.parent).await;
    let mut streams = open_all(&server, &session).await;
    assert_full(&server, &session).await;
    let event = family.event().await;
    for stream in &mut streams {
        stream.chunk_with(event["id"].as_str().unwrap()).await;
    }
    // The account's other session has its own limit, and the full session can send other requests.
    let other = Session::of(&server, &family.parent).await;
    let _others = open_all(&server, &other).await;
    assert_full(&server, &other).await;
    let mut wire = Wire::connect(&server).await;
    assert_eq!(wire.exchange(session.head("GET", "/children", &[])).await.status, 200);
}

/// A token in a header is the same session as in a cookie.
#[tokio::test]
async fn a_token_and_a_cookie_count_as_one_session() {
    let server = TestServer::start().await;
    let session = Session::new(&server).await;
    let _streams = open_all(&server, &session).await;
    let mut wire = Wire::connect(&server).await;
    let bearer = format!("Authorization: Bearer {}", session.token);
    let answer = wire.exchange(crate::harness::person::head("GET", "/events", &[&bearer])).await;
    assert_refusal(&answer, 429, "TOO_MANY_STREAMS");
}

#[tokio::test]
async fn a_closed_stream_no_longer_counts() {
    let server = TestServer::start().await;
    let session = Session::new(&server).await;
    let mut streams = open_all(&server, &session).await;
    for _ in 0..3 {
        drop(streams.pop());
        streams.push(open_eventually(&server, &session).await);
        assert_full(&server, &session).await;
    }
}

#[tokio::test]
async fn the_stream_of_a_client_that_disappears_no_longer_counts() {
    let server = TestServer::start().await;
    let session = Session::new(&server).await;
    for _ in 0..3 {
        for stream in open_all_eventually(&server, &session).await {
            stream.vanish();
        }
    }
    let _streams = open_all_eventually(&server, &session).await;
    assert_full(&server, &session).await;
}

async fn open_all_eventually(server: &TestServer, session: &Session) -> Vec<Wire> {
    let mut streams = Vec::new();
    for _ in 0..LIMIT {
        streams.push(open_eventually(server, session).await);
    }
    streams
}

#[tokio::test]
async fn a_logout_ends_only_the_streams_of_its_session() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let session = Session::of(&server, &parent).await;
    let other = Session::of(&server, &parent).await;
    let streams = open_all(&server, &session).await;
    let mut others = open_all(&server, &other).await;
    let mut wire = Wire::connect(&server).await;
    let answer = wire.exchange(session.head("POST", "/auth/logout", &["Content-Length: 0"])).await;
    assert_eq!(answer.status, 204, "{}", answer.text);
    for mut stream in streams {
        while stream.chunk().await.is_some() {}
    }
    let answer = wire.exchange(session.head("GET", "/events", &[])).await;
    assert_refusal(&answer, 401, "UNAUTHENTICATED");
    assert_full(&server, &other).await;
    let again = Session::in_answer(&log_in(&server.nobody(), &parent.email, PASSWORD).await);
    let _streams = open_all(&server, &again).await;
    drop(others.pop());
    others.push(open_eventually(&server, &other).await);
}

#[tokio::test]
async fn head_requests_and_errors_do_not_count_as_streams() {
    let server = TestServer::start().await;
    let session = Session::new(&server).await;
    let mut wire = Wire::connect(&server).await;
    for _ in 0..2 * LIMIT {
        wire.send(session.head("HEAD", "/events", &[])).await;
        assert!(wire.bodiless_answer().await.status < 500);
        let answer = wire.exchange(session.head("GET", "/events?named=perhaps", &[])).await;
        assert_refusal(&answer, 400, "INVALID_PARAMETER");
    }
    let _streams = open_all(&server, &session).await;
}

#[tokio::test]
async fn the_limit_can_be_configured() {
    let configure = |config: &mut goldstar::config::Config| config.service.streams_per_session = 1;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let session = Session::new(&server).await;
    let stream = open(&server, &session).await;
    assert_full(&server, &session).await;
    drop(stream);
    open_eventually(&server, &session).await;
}

#[tokio::test]
async fn simultaneous_streams_are_all_counted() {
    let server = TestServer::start().await;
    let session = Session::new(&server).await;
    let opened = futures_util::future::join_all((0..3 * LIMIT).map(async |_| {
        let mut wire = Wire::connect(&server).await;
        wire.send(session.head("GET", "/events", &[])).await;
        (wire.head().await.status, wire)
    }))
    .await;
    let count = |wanted| opened.iter().filter(|(status, _)| *status == wanted).count();
    assert_eq!((count(200), count(429)), (LIMIT, 2 * LIMIT));
}
