//! The time limit of requests, which streams do not have.

use std::time::Duration;

use goldstar::app::Machine;
use goldstar::config::Config;

use crate::harness::person::Session;
use crate::harness::stuck_disk::StuckDisk;
use crate::harness::wire::{Wire, assert_refusal};
use crate::harness::{
    Family, MemoryServer, PASSWORD, Settings, TestServer, activate_path, assert_error, eventually,
    log_in,
};

/// Long enough for the requests of a test on a busy machine.
const SHORT: Duration = Duration::from_secs(2);

/// The headers of a request whose body never comes.
const BODY: [&str; 2] = ["Content-Type: application/json", "Content-Length: 100"];

async fn on_stuck_disk() -> (TestServer, StuckDisk) {
    let disk = StuckDisk::default();
    let machine = Machine { disk: disk.disk(), ..Machine::default() };
    let configure = |config: &mut Config| config.http.limits.request_timeout = SHORT;
    let settings = Settings { machine, configure, ..Settings::default() };
    (TestServer::with(settings).await, disk)
}

/// Waits until the points have this value.
async fn points_become(family: &Family, points: i64) {
    eventually("the points to change", async || {
        (family.parent.points(&family.child).await == points).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_request_that_takes_too_long_gets_an_error_and_streams_continue() {
    let (server, disk) = on_stuck_disk().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    disk.hang();
    let path = activate_path(&family.child, &family.task);
    let late = family.parent.act_once(&path, "click-1").await;
    assert_refusal(&late, 503, "TIMED_OUT");
    assert!(late.text.contains("Idempotency-Key"), "{}", late.text);
    // Requests that do not need the disk do not wait for it.
    family.parent.get("/children").await.expect(200);
    assert_eq!(family.parent.points(&family.child).await, 50);
    assert!(server.nobody().get("/health").await.status < 504);
    let second = family.parent.events("/events").await;
    assert_eq!(second.headers["content-type"], "text/event-stream");

    disk.let_go();
    points_become(&family, 55).await;
    let heard = stream.next().await;
    let again = family.parent.act_once(&path, "click-1").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(200)["tracking_event"]["id"], heard.event_id());
    assert_eq!(family.parent.points(&family.child).await, 55);
}

#[tokio::test]
async fn a_login_that_takes_too_long_gets_an_error() {
    let (server, disk) = on_stuck_disk().await;
    let parent = server.parent().await;
    disk.hang();
    let late = log_in(&server.nobody(), &parent.email, PASSWORD).await;
    assert_error(&late, 503, "TIMED_OUT");
    assert_eq!(late.header("set-cookie"), "");
    disk.let_go();
    log_in(&server.nobody(), &parent.email, PASSWORD).await.expect(200);
}

/// Later connections reach the limits, which shows that the stream is older than all of them. Four
/// short limits are longer than that of a request, which must be longer than that of a body.
#[tokio::test]
async fn an_idle_stream_outlives_every_limit() {
    let configure = |config: &mut Config| {
        config.http.limits.head_timeout = SHORT;
        config.http.limits.body_timeout = SHORT;
        config.http.limits.write_timeout = SHORT;
        config.http.limits.request_timeout = SHORT * 3;
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let family = server.family().await;
    let session = Session::of(&server, &family.parent).await;
    let mut stream = Wire::connect(&server).await;
    let me = stream.exchange(session.head("GET", "/auth/me", &[])).await;
    assert_eq!(me.status, 200);
    stream.send(session.head("GET", "/events?last_event_id=0", &[])).await;
    assert_eq!(stream.head().await.status, 200);
    for _ in 0..2 {
        for begun in ["GET /health HTT".to_owned(), session.head("POST", "/children", &BODY)] {
            let late = Wire::connect(&server).await.exchange(begun).await;
            assert_error(&late, 408, "REQUEST_TIMEOUT");
        }
    }
    let event = family.event().await;
    stream.chunk_with(event["id"].as_str().unwrap()).await;
}

#[tokio::test]
async fn a_change_whose_response_is_late_happens_once() {
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
