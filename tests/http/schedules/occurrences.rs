//! The states of occurrences, and who sees them.

use serde_json::json;

use super::{again, daily, day, on_a_calendar, schedule_task, state, states};
use crate::harness::{DAY, HOUR, activate_path, assert_error, reverse_path, task_path, text};

#[tokio::test]
async fn an_occurrence_is_due_late_done_and_missed() {
    let (mut server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    assert_eq!(day(parent, child, None).await, Vec::<serde_json::Value>::new());
    daily(&family, json!({"due_time": "20:00"})).await;
    let today = day(parent, child, None).await;
    let expected = json!([{
        "task_id": family.task, "task_name": "Make the bed", "points": 5, "child_id": child,
        "day": "2026-02-09", "last_day": "2026-02-09", "state": "due",
        "due_at": "2026-02-09T20:00:00.000000Z", "ends_at": "2026-02-10T00:00:00.000000Z",
        "allowed": true, "note": null,
    }]);
    assert_eq!(json!(today), expected);
    clock.forward(2 * HOUR);
    assert_eq!(state(parent, child, "2026-02-09").await, "late");
    let event = text(&family.event().await["id"]);
    server.restart().await;
    assert_eq!(state(parent, child, "2026-02-09").await, "done");
    assert_eq!(day(parent, child, None).await[0]["allowed"], false);
    parent.act(&reverse_path(child, &event)).await.expect(200);
    assert_eq!(state(parent, child, "2026-02-09").await, "late");
    clock.forward(DAY);
    again(parent).await;
    let week = states(parent, child, "2026-02-08", "2026-02-11").await;
    assert_eq!(week, ["2026-02-09 missed", "2026-02-10 late", "2026-02-11 upcoming"]);
}

#[tokio::test]
async fn a_request_belongs_to_its_own_day() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    daily(&family, json!({})).await;
    let request = task_path(child, &family.task, "request");
    parent.act(&request).await.expect(200);
    assert_eq!(state(parent, child, "2026-02-09").await, "requested");
    clock.forward(DAY);
    again(parent).await;
    // It waits for the parent, and is not missed. The approval belongs to the day of the request.
    assert_eq!(state(parent, child, "2026-02-09").await, "requested");
    parent.activate(child, &family.task).await.expect(200);
    let days = states(parent, child, "2026-02-09", "2026-02-10").await;
    assert_eq!(days, ["2026-02-09 done", "2026-02-10 due"]);
    // A rejection on the next day leaves nothing done.
    parent.act(&request).await.expect(200);
    clock.forward(DAY);
    again(parent).await;
    parent.act(&task_path(child, &family.task, "cancel")).await.expect(200);
    let days = states(parent, child, "2026-02-10", "2026-02-11").await;
    assert_eq!(days, ["2026-02-10 missed", "2026-02-11 due"]);
}

#[tokio::test]
async fn days_of_grace_end_before_the_next_occurrence() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let weekly =
        json!({"who": "all", "every": "week", "on": ["monday", "wednesday"], "grace_days": 5});
    schedule_task(parent, &family.task, weekly).await;
    clock.forward(DAY);
    again(parent).await;
    let today = day(parent, child, None).await;
    assert_eq!(
        (today.len(), &today[0]["day"], &today[0]["state"]),
        (1, &json!("2026-02-09"), &json!("late"))
    );
    assert_eq!(today[0]["last_day"], "2026-02-10");
    family.event().await;
    assert!(day(parent, child, None).await.is_empty(), "yesterday's is done");
    let days = states(parent, child, "2026-02-09", "2026-02-16").await;
    assert_eq!(days, ["2026-02-09 done", "2026-02-11 upcoming", "2026-02-16 upcoming"]);
}

#[tokio::test]
async fn a_parent_skips_an_occurrence_and_the_family_pauses() {
    let (mut server, _) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    daily(&family, json!({})).await;
    let mut stream = parent.events("/events").await;
    let path = task_path(child, &family.task, "skip");
    let skipped = parent.post(&path, json!({"date": "2026-02-10", "note": "At grandma's"})).await;
    let skipped = skipped.expect(200)["occurrence"].clone();
    assert_eq!((&skipped["state"], &skipped["note"]), (&json!("skipped"), &json!("At grandma's")));
    let message = stream.next().await;
    assert_eq!(message.data["payload"], json!({"kind": "occurrence", "id": family.task}));
    drop(stream);
    server.restart().await;
    assert_eq!(state(parent, child, "2026-02-10").await, "skipped");
    let undo = parent.delete(&format!("{path}?date=2026-02-10")).await.expect(200);
    assert_eq!(undo["occurrence"]["state"], "upcoming");
    parent.delete(&format!("{path}?date=2026-02-10")).await.expect(200);
    let pauses =
        json!({"pauses": [{"from": "2026-02-10", "to": "2026-02-11"}], "rest_days": ["monday"]});
    parent.put("/family/settings", pauses).await.expect(200);
    let days = states(parent, child, "2026-02-09", "2026-02-12").await;
    let expected =
        ["2026-02-09 paused", "2026-02-10 paused", "2026-02-11 paused", "2026-02-12 upcoming"];
    assert_eq!(days, expected);
    // What was done counts nevertheless.
    family.event().await;
    assert_eq!(state(parent, child, "2026-02-09").await, "done");
    let not_a_day = json!({"date": "2026-02-01"});
    assert_error(&parent.post(&path, not_a_day).await, 400, "VALIDATION_FAILED");
    assert_error(&parent.post(&path, json!({"date": "soon"})).await, 400, "VALIDATION_FAILED");
}

#[tokio::test]
async fn a_child_sees_its_own_occurrences_and_decides_nothing() {
    let (server, _) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let sibling = parent.child("Tom", 0).await;
    daily(&family, json!({})).await;
    let session = parent.hand_over(server.nobody(), child).await;
    let own = session.get(&format!("/children/{child}/today")).await.expect(200);
    assert_eq!(own["occurrences"].as_array().unwrap().len(), 1);
    let other = session.get(&format!("/children/{sibling}/today")).await;
    assert_error(&other, 404, "NOT_FOUND");
    assert_error(&session.get("/family/schedule").await, 403, "PARENT_REQUIRED");
    let skip =
        session.post(&task_path(child, &family.task, "skip"), json!({"date": "2026-02-09"})).await;
    assert_error(&skip, 403, "PARENT_REQUIRED");
    let all = parent.get("/family/schedule?from=2026-02-09&to=2026-02-10").await.expect(200);
    assert_eq!(all["occurrences"].as_array().unwrap().len(), 4);
    let stranger = server.family().await;
    let path = format!("/children/{child}/schedule");
    assert_error(&stranger.parent.get(&path).await, 404, "NOT_FOUND");
    let path = task_path(child, &family.task, "skip");
    let skip = stranger.parent.post(&path, json!({"date": "2026-02-09"})).await;
    assert_error(&skip, 404, "NOT_FOUND");
}

#[tokio::test]
async fn periods_are_bounded() {
    let (server, _) = on_a_calendar().await;
    let family = server.family().await;
    for (query, name) in [
        ("from=2026-02-10&to=2026-02-09", "from"),
        ("from=2026-01-01&to=2026-03-04", "from"),
        ("from=today", "from"),
        ("to=2026-13-01", "to"),
        ("days=3", "days"),
    ] {
        let path = format!("/children/{}/schedule?{query}", family.child);
        let error = family.parent.get(&path).await;
        assert_eq!(error.status, 400, "{query}");
        assert!(
            error.body["error"].as_str().unwrap().contains(&format!("`{name}`")),
            "{}",
            error.body
        );
    }
    let whole = format!("/children/{}/schedule?from=2026-01-01&to=2026-03-03", family.child);
    family.parent.get(&whole).await.expect(200);
    // Dates at the ends of the calendar take no longer.
    daily(&family, json!({"interval": 99, "from": "2000-01-01"})).await;
    for date in ["0000-01-01", "2199-12-31", "9999-12-31"] {
        day(&family.parent, &family.child, Some(date)).await;
    }
}

#[tokio::test]
async fn a_deleted_task_or_child_has_no_occurrences() {
    let (server, _) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let sibling = parent.child("Tom", 0).await;
    let rotation = json!({"who": {"rotation": [child, sibling]}, "every": "day"});
    schedule_task(parent, &family.task, rotation).await;
    let days = states(parent, &sibling, "2026-02-09", "2026-02-12").await;
    assert_eq!(days, ["2026-02-10 upcoming", "2026-02-12 upcoming"]);
    parent.delete(&format!("/children/{child}")).await.expect(204);
    let days = states(parent, &sibling, "2026-02-09", "2026-02-12").await;
    assert_eq!(
        days,
        ["2026-02-09 due", "2026-02-10 upcoming", "2026-02-11 upcoming", "2026-02-12 upcoming"]
    );
    let task = parent.get(&format!("/tasks/{}", family.task)).await.expect(200);
    assert_eq!(
        task["task"]["schedule"]["who"],
        json!({"rotation": [sibling], "each": "occurrence"})
    );
    parent.delete(&format!("/tasks/{}", family.task)).await.expect(204);
    assert!(states(parent, &sibling, "2026-02-09", "2026-02-12").await.is_empty());
    parent.post(&activate_path(&sibling, &family.task), json!({})).await.expect(404);
}
