//! Clients and handlers that take too long.

use std::time::Duration;

use goldstar::config::Config;

use crate::harness::{
    Answer, MemoryServer, Raw, Settings, TestServer, activate_path, assert_error, eventually,
    within,
};

/// Short, for a test; and every test waits for what follows from it, however long that takes.
const SHORT: Duration = Duration::from_millis(200);

async fn server_with(configure: fn(&mut Config)) -> TestServer {
    TestServer::with(Settings { configure, ..Settings::default() }).await
}

/// The answer to a client that goes on sending one byte after the other.
async fn answer_while_dribbling(raw: &mut Raw) -> Answer {
    let mut ticks = tokio::time::interval(SHORT / 10);
    let dribbled = async {
        loop {
            ticks.tick().await;
            raw.stream.writable().await.unwrap();
            raw.stream.try_write(b"x").unwrap();
            if raw.has_received() {
                break;
            }
        }
    };
    within("an answer", dribbled).await;
    raw.answer().await
}

#[tokio::test]
async fn a_head_that_dribbles_in_is_cut_off() {
    let server = server_with(|config| config.http.limits.head_timeout = SHORT).await;
    let mut raw = server.connect().await;
    raw.send("GET /health HTTP/1.1\r\nHost: test\r\nX-Field: ").await;
    let answer = answer_while_dribbling(&mut raw).await;
    assert_error(&answer, 408, "REQUEST_TIMEOUT");
    assert_eq!(answer.header("connection"), "close");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_ends_without_a_word() {
    let server = server_with(|config| config.http.limits.head_timeout = SHORT).await;
    let mut fresh = server.connect().await;
    fresh.assert_end().await;
    let mut kept = server.connect().await;
    kept.get("/health").await.expect(200);
    kept.assert_end().await;
}

#[tokio::test]
async fn a_body_that_dribbles_in_is_cut_off() {
    let server = server_with(|config| config.http.limits.body_timeout = SHORT).await;
    for length in ["Content-Length: 60000", "Transfer-Encoding: chunked"] {
        let mut raw = server.connect().await;
        let head = "POST /auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n";
        // One chunk, which takes all the time that there is.
        let begin = if length.starts_with('T') { "ea60\r\n" } else { "" };
        raw.send(format!("{head}{length}\r\n\r\n{begin}")).await;
        let answer = answer_while_dribbling(&mut raw).await;
        assert_error(&answer, 408, "REQUEST_TIMEOUT");
        assert_eq!(answer.header("connection"), "close");
    }
}

#[tokio::test]
async fn a_client_that_takes_no_answer_loses_its_connection() {
    let server = server_with(|config| config.http.limits.write_timeout = SHORT).await;
    let mut raw = server.connect().await;
    within("the loss of the connection", raw.send_until_lost()).await;
    server.connect().await.get("/health").await.expect(200);
}

#[tokio::test]
async fn a_change_whose_answer_is_late_is_made_once_all_the_same() {
    let mut config = Config::default();
    // Long enough for the sign-up on a busy machine.
    config.http.limits.request_timeout = SHORT * 10;
    let server = MemoryServer::start(config).await;
    let family = server.family().await;
    server.set(|faults| &faults.results_are_lost, true);

    let path = activate_path(&family.child, &family.task);
    let answer = family.parent.act_once(&path, "once").await;
    assert_error(&answer, 503, "TIMED_OUT");
    assert!(answer.text.contains("Idempotency-Key"), "{}", answer.text);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    server.set(|faults| &faults.results_are_lost, false);
    let again = eventually("the answer", async || {
        let answer = family.parent.act_once(&path, "once").await;
        (answer.status == 200).then_some(answer)
    });
    let again = again.await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.body["child"]["points"], 55);
    server.stop().await;
}

#[tokio::test]
async fn a_stream_outlives_the_time_that_a_request_may_take() {
    let server = server_with(|config| config.http.limits.request_timeout = SHORT * 20).await;
    let family = server.family().await;
    let mut events = family.parent.events("/events").await;
    tokio::time::timeout(SHORT * 25, events.next()).await.expect_err("nothing has happened");
    let event = family.event().await;
    assert_eq!(events.next().await.event_id(), event["id"].as_str().unwrap());
}
