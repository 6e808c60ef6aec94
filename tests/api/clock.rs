//! What depends on the time: sessions, idempotency keys, and moments that never run backwards.

use serde_json::Value;

use crate::harness::{
    DAY, HOUR, Hand, Settings, TestServer, activate_path, assert_error, eventually, text,
};

async fn with_clock_by_hand() -> (TestServer, Hand) {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, ..Settings::default() };
    (TestServer::with(settings).await, clock)
}

#[tokio::test]
async fn a_session_ends_thirty_days_after_its_last_use() {
    let (mut server, clock) = with_clock_by_hand().await;
    let parent = server.parent().await;
    for _ in 0..3 {
        clock.forward(29 * DAY);
        parent.get("/auth/me").await.expect(200);
        // The use is written down beside the answer; a stop waits for it.
        server.restart().await;
    }
    clock.forward(31 * DAY);
    assert_error(&parent.get("/auth/me").await, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_sessions_use_is_written_at_most_hourly() {
    let (mut server, clock) = with_clock_by_hand().await;
    let parent = server.parent().await;
    let mut written = Vec::new();
    for minutes in [1, 30, 40, 20] {
        clock.forward(minutes * HOUR / 60);
        parent.get("/auth/me").await.expect(200);
        server.restart().await;
        written.push(server.folders.rows("sessions.json")[0].1.clone());
    }
    assert_eq!(written[0], written[1], "31 minutes after the login");
    assert_ne!(written[1], written[2], "71 minutes after it");
    assert_eq!(written[2], written[3], "20 minutes after that");
}

#[tokio::test]
async fn an_idempotency_key_lives_for_a_day() {
    let (server, clock) = with_clock_by_hand().await;
    let family = server.family().await;
    let path = activate_path(&family.child, &family.task);
    let first = family.parent.act_once(&path, "k").await.expect(200);
    clock.forward(DAY - HOUR);
    let repeat = family.parent.act_once(&path, "k").await.expect(200);
    assert_eq!(repeat["tracking_event"], first["tracking_event"]);
    clock.forward(2 * HOUR);
    let new = family.parent.act_once(&path, "k").await;
    assert_eq!(new.header("idempotent-replayed"), "");
    assert_ne!(new.expect(200)["tracking_event"], first["tracking_event"]);
}

#[tokio::test]
async fn events_are_in_order_though_the_clock_is_set_back() {
    let (mut server, clock) = with_clock_by_hand().await;
    let family = server.family().await;
    let mut moments = Vec::new();
    for step in [0, 1, -DAY, 0, -HOUR, 5, 2 * DAY] {
        clock.jump(step);
        moments.push(text(&family.event().await["occurred_at"]));
        if step == 0 {
            server.restart().await;
        }
    }
    assert!(moments.is_sorted(), "{moments:?}");
    let path = format!("/children/{}/tracking?order=asc", family.child);
    let found = family.parent.get(&path).await.expect(200);
    assert_eq!(found["tracking_events"], serde_json::json!(server.folders.events()));
}

#[tokio::test]
async fn a_clock_that_was_far_ahead_for_a_while_ends_no_session() {
    let (server, clock) = with_clock_by_hand().await;
    let early = server.family().await;
    clock.jump(400 * DAY);
    let late = server.family().await;
    let ahead = late.event().await;
    clock.jump(-400 * DAY);
    // The history goes on behind the event from ahead; the session of before is live by the clock.
    let event = early.event().await;
    assert_eq!(event["occurred_at"], ahead["occurred_at"]);
}

#[tokio::test]
async fn a_clock_that_was_set_back_by_years_makes_no_session_live_for_years() {
    let (mut server, clock) = with_clock_by_hand().await;
    let (parent, family) = (server.parent().await, server.family().await);
    let other = family.parent.clone();
    // What happens from now on isn't earlier than that.
    family.event().await;
    clock.jump(-3650 * DAY);
    server.restart().await;
    let ends_in_2016 = |row: &(u64, Value)| row.1["expires_at"].as_f64().unwrap() < 1.5e9;
    let shortened = async || {
        let rows = server.folders.rows("sessions.json");
        rows.iter().all(ends_in_2016).then_some(())
    };
    eventually("an earlier end of all sessions", shortened).await;
    for _ in 0..2 {
        clock.forward(29 * DAY);
        parent.get("/auth/me").await.expect(200);
        // The use is written down beside the answer; a stop waits for it.
        server.restart().await;
    }
    assert_error(&other.get("/auth/me").await, 401, "UNAUTHENTICATED");
    parent.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn a_row_from_far_ahead_does_not_hold_the_clock() {
    let (mut server, _clock) = with_clock_by_hand().await;
    let family = server.family().await;
    let event = family.event().await;
    server.stop().await;
    let mut file = server.folders.json("tracking_events.json");
    let mut ahead = event.clone();
    for (field, value) in [
        ("id", "from-the-future"),
        ("occurred_at", "2199-01-01T00:00:00Z"),
        ("created_at", "2199-01-01T00:00:00Z"),
    ] {
        ahead[field] = value.into();
    }
    file["_default"]["2"] = ahead;
    server.folders.put("tracking_events.json", &file.to_string());
    server.start_again().await;
    let next = family.event().await;
    assert_eq!(next["occurred_at"], event["occurred_at"]);
}
