//! How much of what was due was done.

use serde_json::json;

use super::{again, daily, on_a_calendar, schedule_task};
use crate::harness::{DAY, assert_error, task_path};

#[tokio::test]
async fn rates_of_a_family() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let sibling = parent.child("Tom", 0).await;
    daily(&family, json!({"who": [child]})).await;
    family.event().await;
    clock.forward(2 * DAY);
    again(parent).await;
    let skip = json!({"date": "2026-02-12"});
    parent.post(&task_path(child, &family.task, "skip"), skip).await.expect(200);
    clock.forward(2 * DAY);
    again(parent).await;
    // Done on Monday, missed on Tuesday and Wednesday, skipped on Thursday; Friday is today.
    let found = parent.get("/family/statistics").await.expect(200);
    let all = json!({"done": 1, "missed": 2, "open": 1, "skipped": 1, "rate": 1.0 / 3.0});
    let none = json!({"done": 0, "missed": 0, "open": 0, "skipped": 0, "rate": null});
    assert_eq!((&found["from"], &found["to"]), (&json!("2026-01-15"), &json!("2026-02-13")));
    assert_eq!(found["total"], all);
    let mut own = all.clone();
    own["child_id"] = json!(child);
    own["name"] = found["children"][0]["name"].clone();
    let mut other = none;
    other["child_id"] = json!(sibling);
    other["name"] = json!("Tom");
    assert_eq!(found["children"], json!([own, other]));
    let rates = found["weekdays"].as_array().unwrap().iter().map(|it| it["rate"].clone());
    assert_eq!(json!(rates.collect::<Vec<_>>()), json!([1.0, 0.0, 0.0, null, null, null, null]));
    assert_eq!(
        (&found["tasks"][0]["task_id"], &found["tasks"][0]["missed"]),
        (&json!(family.task), &json!(2))
    );
    assert_eq!(found["tasks"].as_array().unwrap().len(), 1);
    let too_long = parent.get("/family/statistics?from=2025-01-01&to=2026-01-01").await;
    assert_error(&too_long, 400, "INVALID_PARAMETER");
    let session = parent.hand_over(server.nobody(), child).await;
    assert_error(&session.get("/family/statistics").await, 403, "PARENT_REQUIRED");
}

#[tokio::test]
async fn a_streak_can_need_everything_that_was_due() {
    let (server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    daily(&family, json!({})).await;
    let weekly = json!({"who": "all", "every": "week", "on": ["wednesday"]});
    let other = parent.task("Water the plants", 3).await;
    schedule_task(parent, &other, weekly).await;
    let streak = async || {
        let path = format!("/children/{child}/progress");
        let streak = parent.get(&path).await.expect(200)["streak"].clone();
        (streak["current"].clone(), streak["longest"].clone())
    };
    // Monday, Tuesday, and on Wednesday one of two.
    for _ in 0..3 {
        family.event().await;
        clock.forward(DAY);
        again(parent).await;
    }
    assert_eq!(streak().await, (json!(3), json!(3)));
    parent.put("/family/settings", json!({"streak_rule": "all_due"})).await.expect(200);
    assert_eq!(streak().await, (json!(0), json!(2)));
    family.event().await;
    assert_eq!(streak().await, (json!(1), json!(2)));
    let skip = json!({"date": "2026-02-11"});
    parent.post(&task_path(child, &other, "skip"), skip).await.expect(200);
    assert_eq!(streak().await, (json!(4), json!(4)));
    let path = format!("/children/{child}/certificates/month/2026-02");
    let certificate = parent.get(&path).await;
    assert_eq!(certificate.status, 200);
}
