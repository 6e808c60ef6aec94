//! Clients that send so slowly that each byte comes in time and the request never does.

use std::iter::repeat_n;
use std::time::Duration;

use futures_util::future::join_all;

use crate::harness::person::{Session, head};
use crate::harness::wire::{Wire, assert_hygiene, assert_refusal, assert_turned_away};
use crate::harness::{Settings, TestServer};

/// More bytes than a client sends in the time that a test has, and less than a head may have.
const ENDLESS: usize = 16 << 10;

async fn impatient() -> TestServer {
    let configure = |config: &mut goldstar::config::Config| {
        config.http.limits.head_timeout = Duration::from_secs(1);
        config.http.limits.body_timeout = Duration::from_secs(1);
    };
    TestServer::with(Settings { configure, ..Settings::default() }).await
}

/// A head that goes on and on, byte by byte.
fn endless_head() -> impl Iterator<Item = [u8; 1]> {
    let start = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Endless: ";
    start.iter().copied().chain(repeat_n(b'a', ENDLESS)).map(|byte| [byte])
}

fn endless_body() -> impl Iterator<Item = &'static [u8]> {
    repeat_n(&b" "[..], ENDLESS)
}

fn endless_chunks() -> impl Iterator<Item = &'static [u8]> {
    repeat_n(&b"1\r\n \r\n"[..], ENDLESS)
}

#[tokio::test]
async fn a_dribbled_head_is_cut_off() {
    let server = impatient().await;
    let mut wire = Wire::connect(&server).await;
    let answer = wire.dribble(endless_head()).await.expect("an answer");
    assert_turned_away(&answer, 408, "REQUEST_TIMEOUT");
    wire.assert_end().await;
}

#[tokio::test]
async fn a_first_line_that_never_ends_is_cut_off() {
    let server = impatient().await;
    let mut wire = Wire::connect(&server).await;
    let answer = wire.dribble(b"GET /".iter().chain(repeat_n(&b'a', ENDLESS)).map(|b| [*b])).await;
    assert_turned_away(&answer.expect("an answer"), 408, "REQUEST_TIMEOUT");
    wire.assert_end().await;
}

#[tokio::test]
async fn a_client_that_begins_a_head_and_falls_silent_is_cut_off() {
    let server = impatient().await;
    let mut wire = Wire::connect(&server).await;
    let answer = wire.exchange("GET /health HTT").await;
    assert_turned_away(&answer, 408, "REQUEST_TIMEOUT");
    wire.assert_end().await;
}

#[tokio::test]
async fn a_client_that_says_nothing_is_sent_nothing() {
    let server = impatient().await;
    Wire::connect(&server).await.assert_end().await;
}

#[tokio::test]
async fn a_kept_connection_that_asks_for_nothing_more_is_sent_nothing_more() {
    let server = impatient().await;
    let mut wire = Wire::connect(&server).await;
    assert_eq!(wire.exchange(head("GET", "/health", &[])).await.status, 200);
    wire.assert_end().await;
}

#[tokio::test]
async fn the_second_head_of_a_connection_is_cut_off_too() {
    let server = impatient().await;
    let mut wire = Wire::connect(&server).await;
    assert_eq!(wire.exchange(head("GET", "/health", &[])).await.status, 200);
    let answer = wire.dribble(endless_head()).await.expect("an answer");
    assert_turned_away(&answer, 408, "REQUEST_TIMEOUT");
    wire.assert_end().await;
}

#[tokio::test]
async fn a_dribbled_body_is_cut_off() {
    let server = impatient().await;
    let session = Session::new(&server).await;
    let json = "Content-Type: application/json";
    for path in ["/auth/login", "/auth/signup", "/children"] {
        let mut wire = Wire::connect(&server).await;
        wire.send(session.head("POST", path, &[json, "Content-Length: 60000"])).await;
        let answer = wire.dribble(endless_body()).await.expect("an answer");
        assert_refusal(&answer, 408, "REQUEST_TIMEOUT");
        wire.dribble_to_the_end(endless_body()).await;
    }
}

#[tokio::test]
async fn a_body_dribbled_in_chunks_is_cut_off() {
    let server = impatient().await;
    let session = Session::new(&server).await;
    let mut wire = Wire::connect(&server).await;
    let lines = ["Content-Type: application/json", "Transfer-Encoding: chunked"];
    wire.send(session.head("POST", "/children", &lines)).await;
    let answer = wire.dribble(endless_chunks()).await.expect("an answer");
    assert_refusal(&answer, 408, "REQUEST_TIMEOUT");
    wire.dribble_to_the_end(endless_chunks()).await;
}

/// Nothing reads these bodies: that must not keep their connections.
#[tokio::test]
async fn a_body_that_nobody_wants_is_cut_off() {
    let server = impatient().await;
    let family = server.family().await;
    let session = Session::of(&server, &family.parent).await;
    let activate = crate::harness::activate_path(&family.child, &family.task);
    for (method, path) in [
        ("POST", activate.as_str()),
        ("POST", "/nowhere"),
        ("PATCH", "/auth/login"),
        ("GET", "/health"),
        ("GET", "/children"),
        ("DELETE", "/tasks/no-such-task"),
    ] {
        let json = "Content-Type: application/json";
        let mut wire = Wire::connect(&server).await;
        wire.send(session.head(method, path, &[json, "Content-Length: 60000"])).await;
        let answer =
            wire.dribble(endless_body()).await.unwrap_or_else(|| panic!("{method} {path}"));
        assert!(answer.status < 500, "{method} {path}: {}", answer.text);
        assert_hygiene(&answer);
        wire.dribble_to_the_end(endless_body()).await;
    }
}

#[tokio::test]
async fn the_others_are_served_meanwhile() {
    let server = impatient().await;
    let family = server.family().await;
    let session = Session::of(&server, &family.parent).await;
    let slow_heads = join_all((0..20).map(async |_| {
        let mut wire = Wire::connect(&server).await;
        wire.dribble(endless_head()).await.expect("an answer").status
    }));
    let slow_bodies = join_all((0..20).map(async |_| {
        let mut wire = Wire::connect(&server).await;
        let json = "Content-Type: application/json";
        wire.send(session.head("POST", "/children", &[json, "Content-Length: 60000"])).await;
        wire.dribble(endless_body()).await.expect("an answer").status
    }));
    let others = async {
        for _ in 0..20 {
            family.event().await;
            family.parent.get("/children").await.expect(200);
        }
    };
    let (heads, bodies, ()) = tokio::join!(slow_heads, slow_bodies, others);
    assert!(heads.iter().chain(&bodies).all(|status| *status == 408), "{heads:?} {bodies:?}");
    assert_eq!(family.parent.points(&family.child).await, 50 + 20 * 5);
}
