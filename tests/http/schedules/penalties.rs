//! Penalties for missed occurrences.

use serde_json::{Value, json};

use super::{again, daily, on_a_calendar, state};
use crate::harness::{DAY, Family, HOUR, Parent, eventually, reverse_path, task_path, text};

/// The events that the server has caused, the oldest first.
pub(crate) async fn penalties(parent: &Parent, child: &str) -> Vec<Value> {
    let path = format!("/children/{child}/tracking?order=asc&limit=500");
    let events = parent.get(&path).await.expect(200);
    let all = events["tracking_events"].as_array().unwrap().iter();
    all.filter(|it| it["metadata"]["actor"] == "schedule").cloned().collect()
}

async fn wait_for(family: &Family, dates: &[&str]) -> Vec<Value> {
    eventually(&format!("penalties of {dates:?}"), async || {
        let found = penalties(&family.parent, &family.child).await;
        let of = |it: &Value| text(&it["metadata"]["occurrence"]["date"]);
        (found.iter().map(of).collect::<Vec<_>>() == dates).then_some(found)
    })
    .await
}

/// Waits until the job has processed the start of a day.
async fn processed(family: &Family, day: &str) {
    eventually("the job", async || {
        let export = family.parent.get("/account/export").await.expect(200);
        let all = export["messages"].as_array().unwrap();
        let is_it = |it: &&Value| match it["type"].as_str() {
            Some("task_due") => it["payload"]["date"] == day,
            Some("tasks_summary") => text(&it["payload"]["to"]).starts_with(day),
            _ => false,
        };
        all.iter().find(is_it).map(|_| ())
    })
    .await;
}

#[tokio::test]
async fn a_missed_occurrence_activates_its_penalty_once() {
    let (mut server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    parent
        .post(&format!("/children/{child}/points/adjust"), json!({"delta": 50, "note": "A gift"}))
        .await
        .expect(200);
    let points = parent.points(child).await;
    daily(&family, json!({"on_missed": family.penalty})).await;
    clock.forward(6 * HOUR);
    again(parent).await;
    let found = wait_for(&family, &["2026-02-09"]).await;
    let (event, delta) = (&found[0], found[0]["delta"].as_i64().unwrap());
    assert_eq!(
        (&event["entity_type"], &event["entity_id"]),
        (&json!("penalty"), &json!(family.penalty))
    );
    let occurrence = json!({"task_id": family.task, "date": "2026-02-09"});
    assert_eq!(event["metadata"]["occurrence"], occurrence);
    assert!(delta < 0);
    assert_eq!(parent.points(child).await, points + delta);
    server.restart().await;
    // It is like any other penalty.
    parent.act(&reverse_path(child, &text(&event["id"]))).await.expect(200);
    assert_eq!(parent.points(child).await, points);
    family.event().await;
    clock.forward(DAY);
    again(parent).await;
    processed(&family, "2026-02-11").await;
    wait_for(&family, &["2026-02-09"]).await;
    clock.forward(DAY);
    again(parent).await;
    wait_for(&family, &["2026-02-09", "2026-02-11"]).await;
}

#[tokio::test]
async fn what_was_requested_skipped_or_corrected_late_is_no_reason() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    daily(&family, json!({"on_missed": family.penalty})).await;
    // Monday: requested, and rejected on Tuesday. Tuesday: done, and reversed on Wednesday.
    parent.act(&task_path(child, &family.task, "request")).await.expect(200);
    clock.forward(DAY);
    again(parent).await;
    processed(&family, "2026-02-10").await;
    parent.act(&task_path(child, &family.task, "cancel")).await.expect(200);
    let event = text(&family.event().await["id"]);
    clock.forward(DAY);
    again(parent).await;
    processed(&family, "2026-02-11").await;
    parent.act(&reverse_path(child, &event)).await.expect(200);
    assert_eq!(state(parent, child, "2026-02-09").await, "missed");
    assert_eq!(state(parent, child, "2026-02-10").await, "missed");
    // Wednesday is skipped, and Thursday missed.
    let skip = json!({"date": "2026-02-11"});
    parent.post(&task_path(child, &family.task, "skip"), skip).await.expect(200);
    for day in ["2026-02-12", "2026-02-13"] {
        clock.forward(DAY);
        again(parent).await;
        processed(&family, day).await;
    }
    wait_for(&family, &["2026-02-12"]).await;
}

#[tokio::test]
async fn an_occurrence_that_ended_a_day_before_is_no_reason() {
    let (mut server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    daily(&family, json!({"on_missed": family.penalty})).await;
    parent.act(&task_path(child, &family.task, "request")).await.expect(200);
    server.stop().await;
    // To Thursday, 18:42: Wednesday has ended within a day.
    clock.forward(3 * DAY);
    server.start_again().await;
    again(parent).await;
    wait_for(&family, &["2026-02-11"]).await;
}

#[tokio::test]
async fn a_penalty_that_was_deleted_has_no_effect() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let parent = &family.parent;
    daily(&family, json!({"on_missed": family.penalty})).await;
    parent.delete(&format!("/tasks/{}", family.penalty)).await.expect(204);
    clock.forward(6 * HOUR);
    again(parent).await;
    processed(&family, "2026-02-10").await;
    wait_for(&family, &[]).await;
}
