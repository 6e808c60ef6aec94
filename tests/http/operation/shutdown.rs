//! The end of a server: soon, in order, and whoever is connected.

use std::sync::Arc;
use std::time::Duration;

use goldstar::app::Machine;
use goldstar::config::Config;
use reqwest::Method;
use tokio::net::TcpStream;

use crate::harness::{
    FaultyDisk, Raw, Settings, TestServer, activate_path, assert_error, eventually, try_send,
    within,
};

/// The head of a request whose body is still to come.
const BODY: &str = "{\"email\":\"nobody@example.org\",\"password\":\"correct horse\"}";

async fn half_sent_login(mut raw: Raw) -> Raw {
    raw.send(format!(
        "POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        BODY.len()
    ))
    .await;
    // The request is under way once the server asks for its body.
    raw.expect("HTTP/1.1 100 Continue\r\n\r\n").await;
    raw.send(&BODY[..10]).await;
    raw
}

/// A server whose end would take an hour if it waited for anyone.
async fn patient_server() -> TestServer {
    let configure = |config: &mut Config| {
        config.http.limits.shutdown_timeout = Duration::from_hours(1);
        config.http.limits.head_timeout = Duration::from_hours(1);
        config.service.streams_per_session = 1000;
    };
    TestServer::with(Settings { configure, ..Settings::default() }).await
}

#[tokio::test]
async fn streams_and_idle_connections_end_at_once() {
    let mut server = patient_server().await;
    let family = server.family().await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(family.parent.events("/events").await);
    }
    let (mut fresh, mut kept) = (server.connect().await, server.connect().await);
    kept.get("/health").await.expect(200);
    server.stop().await;
    for stream in &mut streams {
        stream.assert_end().await;
    }
    kept.assert_end().await;
    fresh.assert_end().await;
}

#[tokio::test]
async fn a_request_under_way_is_answered_and_no_connection_taken() {
    let mut server = patient_server().await;
    let address = server.socket_address();
    let mut raw = half_sent_login(server.connect().await).await;
    let answered = async {
        eventually("a closed listener", async || TcpStream::connect(address).await.err()).await;
        raw.send(&BODY[10..]).await;
        let answer = raw.answer().await;
        assert_error(&answer, 401, "INVALID_CREDENTIALS");
        assert_eq!(answer.header("connection"), "close");
        raw.assert_end().await;
    };
    tokio::join!(server.stop(), answered);
}

/// Everyone who could hold a server up. Its time-outs are the usual ones, so that but for its own
/// haste it would wait for half a minute.
#[tokio::test]
async fn nobody_holds_the_end_up() {
    let flags = vec!["--streams-per-session=1000".to_owned()];
    let settings = Settings { binary: true, flags, ..Settings::default() };
    let mut server = TestServer::with(settings).await;
    let family = server.family().await;
    let mut streams = Vec::new();
    for _ in 0..100 {
        streams.push(family.parent.events("/events").await);
    }
    let _half_a_body = half_sent_login(server.connect().await).await;
    let mut half_a_head = server.connect().await;
    half_a_head.get("/health").await.expect(200);
    half_a_head.send("GET /health HTTP/1.1\r\nHost:").await;
    let mut deaf = server.connect().await;
    let deaf = tokio::spawn(async move { deaf.send_until_lost().await });
    let event = family.event().await;
    // Waits for the exit code, which must be 0.
    server.stop().await;
    deaf.await.unwrap();
    for stream in &mut streams {
        assert_eq!(stream.next().await.event_id(), event["id"].as_str().unwrap());
        stream.assert_end().await;
    }
    server.start_again().await;
    assert_eq!(family.parent.points(&family.child).await, 55);
}

#[tokio::test]
async fn a_disk_that_hangs_does_not_hold_the_end_up_either() {
    let disk = FaultyDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
    let configure = |config: &mut Config| {
        config.http.limits.shutdown_timeout = Duration::from_millis(200);
    };
    let mut server = TestServer::with(Settings { machine, configure, ..Settings::default() }).await;
    let family = server.family().await;
    disk.hold();
    let parent = family.parent.clone();
    let request = parent.request(Method::POST, &activate_path(&family.child, &family.task));
    let unanswered = tokio::spawn(try_send(request));
    let begun = async || disk.holds_something().then_some(());
    eventually("a change under way", begun).await;
    server.stop_broken().await;
    within("the end of the connection", unanswered).await.unwrap().unwrap_err();
    // The store's threads end with it.
    disk.release();
}
