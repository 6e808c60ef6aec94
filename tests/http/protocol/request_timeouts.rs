//! A request that takes too long, and streams, which may.

use std::time::Duration;

use goldstar::app::Machine;
use goldstar::config::Config;

use crate::harness::person::Session;
use crate::harness::stuck_disk::StuckDisk;
use crate::harness::wire::{Wire, assert_refusal};
use crate::harness::{
    Family, PASSWORD, Settings, TestServer, activate_path, assert_error, eventually, log_in,
};

/// Enough for what a test does on a busy machine, and less than the fifteen seconds of a heartbeat.
const SHORT: Duration = Duration::from_secs(5);

fn hurried(config: &mut Config) {
    config.http.limits.head_timeout = SHORT;
    config.http.limits.body_timeout = SHORT;
    config.http.limits.write_timeout = SHORT;
    config.http.limits.request_timeout = SHORT;
}

async fn on_stuck_disk() -> (TestServer, StuckDisk) {
    let disk = StuckDisk::default();
    let machine = Machine { disk: disk.disk(), ..Machine::default() };
    let configure = |config: &mut Config| config.http.limits.request_timeout = SHORT;
    let settings = Settings { machine, configure, ..Settings::default() };
    (TestServer::with(settings).await, disk)
}

/// Waits until the points are these.
async fn points_become(family: &Family, points: i64) {
    eventually("the points to change", async || {
        (family.parent.points(&family.child).await == points).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_answered_and_the_streams_live() {
    let (server, disk) = on_stuck_disk().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    disk.hang();
    let path = activate_path(&family.child, &family.task);
    let late = family.parent.act_once(&path, "click-1").await;
    assert_refusal(&late, 503, "TIMED_OUT");
    // Nothing that needs no disk waits for it.
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
async fn a_login_that_takes_too_long_is_answered() {
    let (server, disk) = on_stuck_disk().await;
    let parent = server.parent().await;
    disk.hang();
    let late = log_in(&server.nobody(), &parent.email, PASSWORD).await;
    assert_error(&late, 503, "TIMED_OUT");
    assert_eq!(late.header("set-cookie"), "");
    disk.let_go();
    log_in(&server.nobody(), &parent.email, PASSWORD).await.expect(200);
}

/// The first heartbeat comes after fifteen seconds, when every limit has passed, also those of the
/// request before it on the same connection.
#[tokio::test]
async fn an_idle_stream_outlives_every_limit() {
    let settings = Settings { configure: hurried, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let family = server.family().await;
    let session = Session::of(&server, &family.parent).await;
    let mut stream = Wire::connect(&server).await;
    let me = stream.exchange(session.head("GET", "/auth/me", &[])).await;
    assert_eq!(me.status, 200);
    stream.send(session.head("GET", "/events?last_event_id=0", &[])).await;
    assert_eq!(stream.head().await.status, 200);
    stream.chunk_with(": heartbeat").await;
    let event = family.event().await;
    stream.chunk_with(event["id"].as_str().unwrap()).await;
}
