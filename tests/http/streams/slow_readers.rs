//! Clients that do not read their responses: they are disconnected, and others are not affected.

use std::thread;
use std::time::Duration;

use goldstar::config::Config;
use serde_json::{Map, Value, json};

use crate::harness::person::{Session, head};
use crate::harness::wire::Wire;
use crate::harness::{Folders, Settings, TestServer, eventually, within};

/// Half a megabyte of shared rewards.
fn put_rewards(folders: &Folders) {
    let rewards = (1..=500).map(|n| {
        let reward = json!({
            "id": format!("reward-{n}"), "user_id": null, "name": format!("Reward {n}"),
            "description": "x".repeat(1000), "cost": 5, "image_id": null,
            "created_at": 1_769_551_003.4, "updated_at": 1_769_551_003.4,
        });
        (n.to_string(), reward)
    });
    let rewards: Map<String, Value> = rewards.collect();
    folders.put("rewards.json", &json!({"_default": rewards}).to_string());
}

/// Twenty megabytes of the administrator's events.
fn put_events(folders: &Folders) {
    let events = (1..=5000).map(|n| {
        let event = json!({
            "id": format!("event-{n}"), "user_id": "admin-1", "child_id": "child-1",
            "entity_type": "task", "entity_id": "x".repeat(4000), "action": "activated",
            "points_before": n, "points_after": n + 1, "delta": 1,
            "occurred_at": "2026-02-09T18:42:15.123456Z",
            "created_at": "2026-02-09T18:42:15.123456Z", "metadata": null,
        });
        (n.to_string(), event)
    });
    let events: Map<String, Value> = events.collect();
    folders.put("tracking_events.json", &json!({"_default": events}).to_string());
}

/// A server that allows two connections, with a write timeout of one second.
async fn on(put: fn(&Folders)) -> TestServer {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    put(&folders);
    let configure = |config: &mut Config| {
        config.http.limits.write_timeout = Duration::from_secs(1);
        config.http.limits.max_connections = 2;
    };
    TestServer::on(folders, Settings { configure, ..Settings::default() }).await
}

/// A session, after the connection of its login has been closed.
async fn admin(server: &TestServer) -> Session {
    let client = server.nobody();
    let login = eventually("a login", async || {
        let answer = crate::harness::log_in(&client, "admin@example.org", "correct horse 0").await;
        (answer.status == 200).then_some(answer)
    });
    Session::in_answer(&login.await)
}

/// A connection that the server has let in.
async fn let_in(server: &TestServer) -> Wire {
    eventually("a place", async || {
        let mut wire = Wire::connect(server).await;
        wire.try_send(head("GET", "/health", &[])).await.unwrap_or_default();
        (wire.answer_or_end().await?.status == 200).then_some(wire)
    })
    .await
}

/// Checks that the connection of a client that reads nothing is closed while another one is served.
async fn assert_dropped(server: &TestServer, stuck: &mut Wire, other: &mut Wire) {
    let mut second = eventually("the place of one who reads nothing", async || {
        assert_eq!(other.exchange(head("GET", "/health", &[])).await.status, 200);
        let mut wire = Wire::connect(server).await;
        wire.try_send(head("GET", "/health", &[])).await.unwrap_or_default();
        (wire.answer_or_end().await?.status == 200).then_some(wire)
    })
    .await;
    assert_eq!(second.exchange(head("GET", "/health", &[])).await.status, 200);
    let unread = stuck.drain().await;
    assert!(!unread.is_empty(), "something was on its way");
}

#[tokio::test]
async fn a_client_that_reads_no_responses_is_dropped() {
    let server = on(put_rewards).await;
    let session = admin(&server).await;
    let mut other = let_in(&server).await;
    let mut stuck = eventually("a place", async || {
        let mut wire = Wire::with_small_window(&server).await;
        wire.try_send(head("GET", "/health", &[])).await.unwrap_or_default();
        (wire.answer_or_end().await?.status == 200).then_some(wire)
    })
    .await;
    let request = session.head("GET", "/rewards", &["Accept-Encoding: identity"]);
    stuck.send(request.repeat(40)).await;
    assert_dropped(&server, &mut stuck, &mut other).await;
}

#[tokio::test]
async fn a_client_that_does_not_read_its_stream_is_dropped() {
    let server = on(put_events).await;
    let session = admin(&server).await;
    let mut other = let_in(&server).await;
    let mut stuck = eventually("a place for a stream", async || {
        let mut wire = Wire::with_small_window(&server).await;
        let request = session.head("GET", "/events?last_event_id=0", &[]);
        wire.try_send(request).await.unwrap_or_default();
        (wire.head().await.status == 200).then_some(wire)
    })
    .await;
    assert_dropped(&server, &mut stuck, &mut other).await;
}

#[tokio::test]
async fn replays_that_nobody_reads_delay_no_other() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    put_events(&folders);
    // More than are read at the same time.
    let unread = 8 * thread::available_parallelism().map_or(1, usize::from);
    let configure = |config: &mut Config| config.service.streams_per_session = 1000;
    let server = TestServer::on(folders, Settings { configure, ..Settings::default() }).await;
    let session = admin(&server).await;
    let request = session.head("GET", "/events?last_event_id=0", &[]);
    let mut stuck = Vec::new();
    for _ in 0..unread {
        let mut wire = Wire::with_small_window(&server).await;
        wire.send(&request).await;
        assert_eq!(wire.head().await.status, 200);
        stuck.push(wire);
    }
    let mut other = Wire::connect(&server).await;
    other.send(&request).await;
    assert_eq!(other.head().await.status, 200);
    // Each of its reads would wait, but not for ever.
    within("the end of the replay", other.chunk_with("event-5000")).await;
}

/// A client that reads a little all the time gets the whole response.
#[tokio::test]
async fn a_slow_client_gets_everything() {
    let server = on(put_rewards).await;
    let session = admin(&server).await;
    let mut slow = eventually("a place", async || {
        let mut wire = Wire::with_small_window(&server).await;
        wire.try_send(head("GET", "/health", &[])).await.unwrap_or_default();
        (wire.answer_or_end().await?.status == 200).then_some(wire)
    })
    .await;
    let request = session.head("GET", "/rewards", &["Accept-Encoding: identity"]);
    for _ in 0..8 {
        slow.send(&request).await;
        let answer = slow.answer().await;
        assert_eq!(answer.expect(200)["rewards"].as_array().unwrap().len(), 500);
    }
}

/// How many bytes of a response a client gets that reads some hundred kilobytes per second, with
/// this minimum rate.
async fn sipped(min_rate: u64, path: &str, most: usize) -> usize {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    put_events(&folders);
    let flags = vec!["--write-timeout=1".to_owned(), format!("--min-transfer-rate={min_rate}")];
    let settings = Settings { binary: true, flags, ..Settings::default() };
    let server = TestServer::on(folders, settings).await;
    let session = admin(&server).await;
    let mut slow = Wire::with_small_window(&server).await;
    slow.send(session.head("GET", path, &["Accept-Encoding: identity"])).await;
    slow.sip(most).await
}

/// The page has 2 MB. The system's buffers take some hundred kilobytes of it.
#[tokio::test]
async fn a_client_that_reads_too_slowly_is_dropped() {
    let page = "/admin/tracking?limit=500";
    let (dropped, served, stream) = tokio::join!(
        sipped(1 << 30, page, 1 << 30),
        sipped(1024, page, 700_000),
        sipped(1 << 30, "/events?last_event_id=0", 700_000),
    );
    assert!(dropped < 1_500_000, "{dropped} bytes were sent");
    assert!(served >= 700_000, "{served} bytes, above the lowest rate");
    assert!(stream >= 700_000, "{stream} bytes of an event stream");
}
