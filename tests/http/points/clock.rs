//! Everything that depends on time: events, sessions and idempotency keys, also while the clock is
//! wrong.

use goldstar::domain::Timestamp;
use serde_json::Value;

use crate::harness::{
    DAY, Folders, HOUR, Hand, PASSWORD, Settings, TestServer, activate_path, assert_error,
    event_ids, eventually, text,
};
use crate::protocol::request_ids::Lines;

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
        // The use is written in the background; a stop waits for it.
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

/// The error of the clock in `/health`; `None` if there is none.
async fn clock_health(server: &TestServer) -> Option<String> {
    let health = server.nobody().get("/health").await.expect(200);
    let projections = health["projections"].as_array().unwrap();
    let clock = projections.iter().find(|one| one["name"] == "clock").unwrap();
    clock["last_error"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn an_event_far_ahead_does_not_hold_back_later_ones() {
    let (mut server, clock) = with_clock_by_hand().await;
    let (family, other) = (server.family().await, server.family().await);
    let first = family.event().await;
    clock.jump(20 * DAY);
    let ahead = family.event().await;
    clock.jump(-20 * DAY);
    let at = |event: &Value| Timestamp::parse_iso(&text(&event["occurred_at"])).unwrap();
    let start = at(&first).as_micros();
    let mut after = Vec::new();
    for is_restarted in [false, true] {
        if is_restarted {
            server.restart().await;
        }
        for family in [&family, &other] {
            for _ in 0..2 {
                after.push(at(&family.event().await).as_micros() - start);
            }
        }
    }
    // An event moves after the family's own last event only if that is at most five minutes ahead.
    assert_eq!(after, [0, 1, 0, 1, 2, 3, 2, 3]);
    let child = family.parent.get(&format!("/children/{}", family.child)).await.expect(200);
    assert_eq!(child["child"]["updated_at"], first["occurred_at"]);
    let newest = format!("/children/{}/tracking?limit=1", family.child);
    let newest = family.parent.get(&newest).await.expect(200);
    assert_eq!(newest["tracking_events"], serde_json::json!([ahead]), "until its time has come");
}

#[tokio::test]
async fn streams_and_logs_follow_the_order_of_writing() {
    let (server, clock) = with_clock_by_hand().await;
    let family = server.family().await;
    let mut written = Vec::new();
    for jump in [0, 20 * DAY, -20 * DAY, -DAY, 0] {
        clock.jump(jump);
        written.push(text(&family.event().await["id"]));
    }
    assert_eq!(event_ids(&server.folders.log_lines(&family.parent.id)), written);
    let frames = family.parent.events_after("1").await.take(written.len() - 1).await;
    let ids: Vec<_> = frames.iter().map(|frame| frame.event_id().to_owned()).collect();
    assert_eq!(ids, written[1..]);
}

#[tokio::test]
async fn a_jump_of_the_clock_is_in_the_health_until_it_is_corrected() {
    let (server, clock) = with_clock_by_hand().await;
    assert_eq!(clock_health(&server).await, None);
    clock.forward(400 * DAY);
    clock.jump(59_000_000);
    assert_eq!(clock_health(&server).await, None, "clocks are set by seconds all the time");
    for (jump, said) in [(DAY, "jumped ahead by 86400 seconds"), (-DAY, "was set back by 86400")] {
        clock.jump(jump);
        let found = clock_health(&server).await;
        assert!(found.as_deref().is_some_and(|found| found.contains(said)), "{found:?}");
        clock.forward(HOUR);
        assert!(clock_health(&server).await.is_some());
        clock.jump(-jump);
        assert_eq!(clock_health(&server).await, None);
    }
    clock.jump(DAY);
    assert!(clock_health(&server).await.is_some());
    clock.forward(DAY);
    assert_eq!(clock_health(&server).await, None, "a day later");
}

#[tokio::test]
async fn a_jump_of_the_clock_is_logged_once() {
    let (lines, _guard) = Lines::collect();
    let (server, clock) = with_clock_by_hand().await;
    let family = server.family().await;
    // Another test without a log may have reached the same line of the program first; `tracing`
    // then treats it as disabled.
    clock.jump(-DAY);
    clock_health(&server).await;
    tracing::callsite::rebuild_interest_cache();
    clock.jump(-2 * DAY);
    for _ in 0..3 {
        family.event().await;
        clock_health(&server).await;
    }
    let text = lines.text();
    let is_about_it =
        |line: &&str| line.contains("clock was set back") && line.contains("seconds=172800");
    let found: Vec<_> = text.lines().filter(is_about_it).collect();
    assert!(found.len() == 1 && found[0].contains("WARN"), "{text}");
}

#[tokio::test]
async fn a_start_warns_of_rows_ahead_of_the_clock() {
    let row = serde_json::json!({
        "id": "c", "user_id": "admin-1", "points": 1, "created_at": "2199-01-01T00:00:00Z",
    });
    for (file, row) in [
        ("children.json", row.clone()),
        ("tracking_events.json", {
            let mut event = row;
            event["occurred_at"] = event["created_at"].clone();
            event
        }),
    ] {
        let folders = Folders::new();
        TestServer::put_admin(&folders);
        let table = serde_json::json!({"_default": {"1": row}});
        folders.put(file, &table.to_string());
        let settings = Settings { binary: true, ..Settings::default() };
        let mut server = TestServer::on(folders, settings).await;
        let said = clock_health(&server).await.unwrap();
        assert!(said.contains("2199-01-01T00:00:00.000000Z"), "{said}");
        let (_, log) = server.stop_by("TERM");
        let is_warning = |line: &&str| line.contains("the newest row is ahead of the clock");
        let warnings: Vec<_> = log.lines().filter(is_warning).collect();
        assert_eq!(warnings.len(), 1, "{file}: {log}");
        assert!(warnings[0].contains("WARN"), "{log}");
    }
}

#[tokio::test]
async fn a_key_is_valid_for_a_day_whatever_the_clock_shows() {
    let (mut server, clock) = with_clock_by_hand().await;
    let family = server.family().await;
    let path = activate_path(&family.child, &family.task);
    let mut keys = Vec::new();
    for (key, jump) in [("right", 0), ("ahead", 20 * DAY), ("behind", -40 * DAY)] {
        clock.jump(jump);
        crate::harness::log_in(&family.parent, &family.parent.email, PASSWORD).await.expect(200);
        let first = family.parent.act_once(&path, key).await.expect(200);
        keys.push((key, first["tracking_event"].clone()));
    }
    clock.jump(20 * DAY);
    clock.forward(23 * HOUR);
    for (key, event) in &keys {
        let repeat = family.parent.act_once(&path, key).await;
        assert_eq!(repeat.expect(200)["tracking_event"], *event, "{key}");
    }
    clock.forward(HOUR);
    for (key, event) in &keys {
        let new = family.parent.act_once(&path, key).await;
        assert_ne!(new.expect(200)["tracking_event"], *event, "{key}");
    }
    // A key from a clock that was ahead is valid for a day after the next start.
    clock.jump(20 * DAY);
    crate::harness::log_in(&family.parent, &family.parent.email, PASSWORD).await.expect(200);
    let ahead = family.parent.act_once(&path, "again").await.expect(200)["tracking_event"].clone();
    clock.jump(-20 * DAY);
    server.restart().await;
    let repeat = family.parent.act_once(&path, "again").await.expect(200);
    assert_eq!(repeat["tracking_event"], ahead);
    clock.forward(DAY);
    let new = family.parent.act_once(&path, "again").await.expect(200);
    assert_ne!(new["tracking_event"], ahead);
}

#[tokio::test]
async fn the_last_time_of_a_task_is_known_for_90_days() {
    let (server, clock) = with_clock_by_hand().await;
    let family = server.family().await;
    let path = format!("/children/{}/tasks", family.child);
    let done = family.event().await["occurred_at"].clone();
    for (days, last) in [(89, &done), (2, &Value::Null)] {
        clock.forward(days * DAY);
        crate::harness::log_in(&family.parent, &family.parent.email, PASSWORD).await.expect(200);
        let states = family.parent.get(&path).await.expect(200);
        assert_eq!(states["tasks"][0]["last_done_at"], *last, "after {days} more days");
    }
}

#[tokio::test]
async fn a_use_never_shortens_a_session() {
    let (mut server, clock) = with_clock_by_hand().await;
    let parent = server.parent().await;
    server.stop().await;
    let mut sessions = server.folders.json("sessions.json");
    let row = &mut sessions["_default"]["1"];
    // Created and used while the clock was right, and used again while it is 20 days behind.
    row["last_used_at"] = (row["created_at"].as_f64().unwrap() - 25.0 * 86_400.0).into();
    let expires_at = row["expires_at"].clone();
    server.folders.put("sessions.json", &sessions.to_string());
    clock.jump(-20 * DAY);
    server.start_again().await;
    parent.get("/auth/me").await.expect(200);
    server.stop().await;
    let row = server.folders.rows("sessions.json")[0].1.clone();
    assert_eq!(row["expires_at"], expires_at);
    assert_ne!(row["last_used_at"], sessions["_default"]["1"]["last_used_at"]);
}

#[tokio::test]
async fn a_start_with_a_wrong_clock_ends_no_session() {
    for wrong in [-3650 * DAY, 3650 * DAY] {
        let (mut server, clock) = with_clock_by_hand().await;
        let parent = server.parent().await;
        clock.jump(wrong);
        server.restart().await;
        clock.forward(HOUR / 2);
        // The first removal of expired sessions is complete when a session created before it can be
        // used.
        server.admin().await;
        clock.jump(-wrong);
        parent.get("/auth/me").await.expect(200);
        server.restart().await;
        parent.get("/auth/me").await.expect(200);
    }
}

#[tokio::test]
async fn a_clock_set_back_by_years_does_not_prolong_sessions_by_years() {
    let (mut server, clock) = with_clock_by_hand().await;
    let (parent, family) = (server.parent().await, server.family().await);
    let other = family.parent.clone();
    clock.jump(-3650 * DAY);
    server.restart().await;
    clock.forward(HOUR);
    let ends_in_2016 = |row: &(u64, Value)| row.1["expires_at"].as_f64().unwrap() < 1.5e9;
    let shortened = async || {
        let rows = server.folders.rows("sessions.json");
        rows.iter().all(ends_in_2016).then_some(())
    };
    eventually("an earlier end of all sessions", shortened).await;
    for _ in 0..2 {
        clock.forward(29 * DAY);
        parent.get("/auth/me").await.expect(200);
        // The use is written in the background; a stop waits for it.
        server.restart().await;
    }
    assert_error(&other.get("/auth/me").await, 401, "UNAUTHENTICATED");
    parent.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn a_row_far_ahead_does_not_stop_the_clock() {
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
    let at = |event: &Value| Timestamp::parse_iso(&text(&event["occurred_at"])).unwrap();
    assert_eq!(
        at(&next),
        at(&event),
        "by the order of writing, the row from far ahead is the last"
    );
}
