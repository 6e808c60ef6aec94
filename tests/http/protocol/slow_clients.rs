//! Clients that send very slowly, so that each byte comes in time but the request never does.

use std::iter::repeat_n;
use std::time::Duration;

use futures_util::future::join_all;

use crate::harness::person::{Session, head};
use crate::harness::wire::{Wire, assert_hygiene, assert_refusal, assert_turned_away};
use crate::harness::{Settings, TestServer};

/// More bytes than a client sends during a test, and fewer than the limit of a head.
const ENDLESS: usize = 16 << 10;

async fn impatient() -> TestServer {
    let configure = |config: &mut goldstar::config::Config| {
        config.http.limits.head_timeout = Duration::from_secs(1);
        config.http.limits.body_timeout = Duration::from_secs(1);
    };
    TestServer::with(Settings { configure, ..Settings::default() }).await
}

/// A head without an end, byte by byte.
fn endless_head() -> impl Iterator<Item = [u8; 1]> {
    let start = b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Endless: ";
    start.iter().copied().chain(repeat_n(b'a', ENDLESS)).map(|byte| [byte])
}

fn endless_body() -> impl Iterator<Item = &'static [u8]> {
    repeat_n(&b" "[..], ENDLESS)
}

/// Sends a head byte by byte on this connection, which must get an error and end.
async fn assert_cut_off(mut wire: Wire, head: impl Iterator<Item = [u8; 1]>) {
    let answer = wire.dribble(head).await.expect("an answer");
    assert_turned_away(&answer, 408, "REQUEST_TIMEOUT");
    wire.assert_end().await;
}

/// A connection after one request.
async fn kept(server: &TestServer) -> Wire {
    let mut wire = Wire::connect(server).await;
    assert_eq!(wire.exchange(head("GET", "/health", &[])).await.status, 200);
    wire
}

#[tokio::test]
async fn a_slow_head_is_cut_off() {
    let server = impatient().await;
    let endless_line = b"GET /".iter().chain(repeat_n(&b'a', ENDLESS)).map(|byte| [*byte]);
    let silent = b"GET /health HTT".iter().map(|byte| [*byte]);
    tokio::join!(
        assert_cut_off(Wire::connect(&server).await, endless_head()),
        assert_cut_off(Wire::connect(&server).await, endless_line),
        assert_cut_off(Wire::connect(&server).await, silent),
        assert_cut_off(kept(&server).await, endless_head()),
    );
}

#[tokio::test]
async fn a_silent_connection_ends_without_a_response() {
    let server = impatient().await;
    let (mut fresh, mut kept) = (Wire::connect(&server).await, kept(&server).await);
    tokio::join!(fresh.assert_end(), kept.assert_end());
}

#[tokio::test]
async fn a_slow_body_is_cut_off() {
    let server = impatient().await;
    let session = Session::new(&server).await;
    let json = "Content-Type: application/json";
    let pieces = |is_chunked: bool| {
        let piece = if is_chunked { &b"1\r\n \r\n"[..] } else { b" " };
        repeat_n(piece, ENDLESS)
    };
    let slow = [
        ("/auth/login", "Content-Length: 60000"),
        ("/auth/signup", "Content-Length: 60000"),
        ("/children", "Content-Length: 60000"),
        ("/children", "Transfer-Encoding: chunked"),
    ];
    join_all(slow.map(async |(path, framing)| {
        let is_chunked = framing.starts_with('T');
        let mut wire = Wire::connect(&server).await;
        wire.send(session.head("POST", path, &[json, framing])).await;
        let answer = wire.dribble(pieces(is_chunked)).await.expect("an answer");
        assert_refusal(&answer, 408, "REQUEST_TIMEOUT");
        wire.dribble_to_the_end(pieces(is_chunked)).await;
    }))
    .await;
}

/// No handler reads these bodies. The connections must end anyway.
#[tokio::test]
async fn an_unread_body_is_cut_off() {
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
async fn other_clients_are_served_meanwhile() {
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
