//! Tasks that a child may do a limited number of times in a day or week, or once ever.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::{
    DAY, Family, HOUR, Hand, PASSWORD, Parent, Settings, TestServer, activate_path, assert_error,
    log_in, reverse_path, task_path, text,
};

async fn limited(parent: &Parent, task: &str, count: i64, per: &str) {
    let limit = json!({"limit": {"count": count, "per": per}});
    let task = parent.patch(&format!("/tasks/{task}"), limit.clone()).await.expect(200);
    assert_eq!(task["task"]["limit"], limit["limit"]);
}

/// The task's `available` and `available_at` for the child.
async fn availability(family: &Family) -> (Value, Value) {
    let path = format!("/children/{}/tasks", family.child);
    let page = family.parent.get(&path).await.expect(200);
    let tasks = page["tasks"].as_array().unwrap();
    let task = tasks.iter().find(|it| it["id"] == family.task.as_str()).unwrap();
    (task["available"].clone(), task["available_at"].clone())
}

async fn on_a_calendar() -> (TestServer, Hand) {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    (server, clock)
}

#[tokio::test]
async fn a_task_is_done_as_often_as_its_limit_allows() {
    let (mut server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    limited(parent, &family.task, 2, "day").await;
    assert_eq!(availability(&family).await, (true.into(), Value::Null));
    let first = text(&family.event().await["id"]);
    family.event().await;
    server.restart().await;
    let refused = parent.activate(child, &family.task).await;
    assert_error(&refused, 409, "LIMIT_REACHED");
    // The clock of the test starts on 2026-02-09 at 18:42 UTC.
    let midnight = json!("2026-02-10T00:00:00.000000Z");
    assert_eq!(refused.body["details"]["available_at"], midnight);
    assert_eq!(availability(&family).await, (false.into(), midnight));
    let asked = parent.act(&task_path(child, &family.task, "request")).await;
    assert_error(&asked, 409, "LIMIT_REACHED");
    // Another child has a limit of its own, and other tasks have none.
    let sibling = parent.child("Tom", 0).await;
    parent.activate(&sibling, &family.task).await.expect(200);
    parent.activate(child, &family.penalty).await.expect(200);
    // A reversal frees the task, and a parent can exceed the limit.
    parent.act(&reverse_path(child, &first)).await.expect(200);
    family.event().await;
    assert_error(&parent.activate(child, &family.task).await, 409, "LIMIT_REACHED");
    let forced = json!({"force": true});
    parent.post(&activate_path(child, &family.task), forced).await.expect(200);
    assert_error(&parent.activate(child, &family.task).await, 409, "LIMIT_REACHED");
    // A new day begins.
    clock.forward(6 * HOUR);
    log_in(parent, &parent.email, PASSWORD).await.expect(200);
    family.event().await;
    parent.patch(&format!("/tasks/{}", family.task), json!({"limit": null})).await.expect(200);
    for _ in 0..3 {
        family.event().await;
    }
}

#[tokio::test]
async fn a_request_counts_from_the_day_on_which_the_child_made_it() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    limited(parent, &family.task, 1, "day").await;
    let request = task_path(child, &family.task, "request");
    parent.act(&request).await.expect(200);
    assert_eq!(availability(&family).await.0, false);
    // A withdrawal frees the task.
    parent.act(&task_path(child, &family.task, "cancel")).await.expect(200);
    parent.act(&request).await.expect(200);
    clock.forward(DAY);
    log_in(parent, &parent.email, PASSWORD).await.expect(200);
    // The approval belongs to the day before, so the task can be done today, too.
    parent.activate(child, &family.task).await.expect(200);
    assert_eq!(availability(&family).await, (true.into(), Value::Null));
    parent.act(&request).await.expect(200);
    parent.activate(child, &family.task).await.expect(200);
    assert_error(&parent.act(&request).await, 409, "LIMIT_REACHED");
}

#[tokio::test]
async fn limits_count_in_the_familys_weeks_or_for_ever() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    // 2026-02-09 is a Monday.
    let settings = json!({"time_zone": "Europe/Berlin", "week_start": "wednesday"});
    parent.put("/family/settings", settings).await.expect(200);
    limited(parent, &family.task, 1, "week").await;
    family.event().await;
    let wednesday = json!("2026-02-10T23:00:00.000000Z");
    assert_eq!(availability(&family).await, (false.into(), wednesday));
    clock.forward(2 * DAY);
    log_in(parent, &parent.email, PASSWORD).await.expect(200);
    family.event().await;
    limited(parent, &family.task, 2, "ever").await;
    let refused = parent.activate(child, &family.task).await;
    assert_error(&refused, 409, "LIMIT_REACHED");
    assert_eq!(refused.body["details"]["available_at"], Value::Null);
    assert_eq!(availability(&family).await, (false.into(), Value::Null));
}

#[tokio::test]
async fn simultaneous_activations_stay_within_the_limit() {
    let server = TestServer::start().await;
    let family = server.family().await;
    limited(&family.parent, &family.task, 3, "week").await;
    let activations = (0..64).map(|_| family.parent.activate(&family.child, &family.task));
    let answers = join_all(activations).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 3);
    for refused in answers.iter().filter(|answer| answer.status != 200) {
        assert_error(refused, 409, "LIMIT_REACHED");
    }
    assert_eq!(family.parent.points(&family.child).await, 50 + 3 * 5);
}

#[tokio::test]
async fn only_a_parent_exceeds_a_limit_and_only_valid_limits_are_stored() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let (parent, path) = (&family.parent, format!("/tasks/{}", family.task));
    for bad in [
        json!(5),
        json!({"count": 0, "per": "day"}),
        json!({"count": 101, "per": "day"}),
        json!({"count": 1.5, "per": "day"}),
        json!({"count": 1, "per": "month"}),
        json!({"count": 1}),
        json!({"count": 1, "per": "day", "more": 1}),
    ] {
        let answer = parent.patch(&path, json!({"limit": bad})).await;
        assert_error(&answer, 400, "VALIDATION_FAILED");
    }
    assert_eq!(parent.get(&path).await.expect(200)["task"]["limit"], Value::Null);
    let whole = parent.patch(&path, json!({"limit": {"count": 2.0, "per": "day"}})).await;
    assert_eq!(whole.expect(200)["task"]["limit"]["count"], 2);
    limited(parent, &family.task, 1, "day").await;
    family.event().await;
    let child = parent.hand_over(server.nobody(), &family.child).await;
    let request = task_path(&family.child, &family.task, "request");
    // In a request the field is ignored, as others are.
    assert_error(&child.post(&request, json!({"force": true})).await, 409, "LIMIT_REACHED");
    let shared =
        parent.post(&activate_path(&family.child, &family.task), json!({"force": 1})).await;
    assert_error(&shared, 400, "VALIDATION_FAILED");
}
