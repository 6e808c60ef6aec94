//! Schedules: what children are to do on which days, and what becomes of it. The rules are tested in
//! `domain::schedule`.

mod calendar_feeds;
mod edits;
pub(crate) mod kills;
mod limits;
mod messages;
mod naive;
mod occurrences;
pub(crate) mod penalties;
mod properties;
mod statistics;

use serde_json::{Value, json};

use crate::harness::{Family, Hand, PASSWORD, Parent, Settings, TestServer, log_in};

/// The clock starts on Monday, 2026-02-09, at 18:42:15 UTC.
pub(crate) async fn on_a_calendar() -> (TestServer, Hand) {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    (server, clock)
}

/// Schedules the family's task. `fields` are those besides `who` and `every`.
pub(crate) async fn daily(family: &Family, fields: Value) -> Value {
    let mut schedule = json!({"who": "all", "every": "day"});
    schedule.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    schedule_task(&family.parent, &family.task, schedule).await
}

pub(crate) async fn schedule_task(parent: &Parent, task: &str, schedule: Value) -> Value {
    let path = format!("/tasks/{task}");
    parent.patch(&path, json!({"schedule": schedule})).await.expect(200)["task"]["schedule"].clone()
}

/// The occurrences of a child on a day, or today.
pub(crate) async fn day(parent: &Parent, child: &str, date: Option<&str>) -> Vec<Value> {
    let query = date.map(|date| format!("?date={date}")).unwrap_or_default();
    let page = parent.get(&format!("/children/{child}/today{query}")).await.expect(200);
    page["occurrences"].as_array().unwrap().clone()
}

/// The day and the state of each occurrence of a child from one date to another.
pub(crate) async fn states(parent: &Parent, child: &str, from: &str, to: &str) -> Vec<String> {
    let path = format!("/children/{child}/schedule?from={from}&to={to}");
    let page = parent.get(&path).await.expect(200);
    let all = page["occurrences"].as_array().unwrap().iter();
    all.map(|it| format!("{} {}", it["day"].as_str().unwrap(), it["state"].as_str().unwrap()))
        .collect()
}

/// The state of the only occurrence of a child on a day.
pub(crate) async fn state(parent: &Parent, child: &str, date: &str) -> Value {
    let found = states(parent, child, date, date).await;
    assert_eq!(found.len(), 1, "{found:?}");
    found[0][date.len() + 1..].into()
}

/// Sessions end after some days.
pub(crate) async fn again(parent: &Parent) {
    log_in(parent, &parent.email, PASSWORD).await.expect(200);
}
