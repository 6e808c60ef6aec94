//! How parents set and change schedules.

use serde_json::{Value, json};

use super::{again, daily, on_a_calendar, schedule_task, states};
use crate::harness::{DAY, assert_error};

#[tokio::test]
async fn a_schedule_is_shown_with_every_default() {
    let (mut server, _) = on_a_calendar().await;
    let family = server.family().await;
    let parent = &family.parent;
    let path = format!("/tasks/{}", family.task);
    assert_eq!(parent.get(&path).await.expect(200)["task"]["schedule"], Value::Null);
    let shown = daily(&family, json!({})).await;
    let expected = json!({
        "who": "all", "every": "day", "interval": 1, "on": null, "day": null, "date": null,
        "week_start": null, "starts": "2026-02-09", "from": "2026-02-09", "until": null,
        "due_time": null, "grace_days": 0, "first_only": false, "on_missed": null,
    });
    assert_eq!(shown, expected);
    server.restart().await;
    assert_eq!(parent.get(&path).await.expect(200)["task"]["schedule"], expected);
    // What was shown can be sent.
    assert_eq!(schedule_task(parent, &family.task, expected.clone()).await, expected);
    let weekly =
        schedule_task(parent, &family.task, json!({"who": "all", "rrule": "FREQ=WEEKLY;BYDAY=TU"}))
            .await;
    assert_eq!((&weekly["every"], &weekly["on"]), (&json!("week"), &json!(["tuesday"])));
    parent.patch(&path, json!({"schedule": null})).await.expect(200);
    assert_eq!(parent.get(&path).await.expect(200)["task"]["schedule"], Value::Null);
    let new = json!({"name": "Water the plants", "points": 3, "schedule": {"who": [family.child], "date": "2026-02-10"}});
    let new = parent.post("/tasks", new).await.expect(201);
    assert_eq!(new["task"]["schedule"]["date"], "2026-02-10");
}

#[tokio::test]
async fn a_change_keeps_the_days_before_it() {
    let (mut server, clock) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    daily(&family, json!({})).await;
    clock.forward(2 * DAY);
    again(parent).await;
    let every_second = json!({"interval": 2, "starts": "2026-02-13"});
    daily(&family, every_second).await;
    server.restart().await;
    let days = states(parent, child, "2026-02-08", "2026-02-17").await;
    let expected = [
        "2026-02-09 missed",
        "2026-02-10 missed",
        "2026-02-11 due",
        "2026-02-12 upcoming",
        "2026-02-13 upcoming",
        "2026-02-15 upcoming",
        "2026-02-17 upcoming",
    ];
    assert_eq!(days, expected);
    parent.patch(&format!("/tasks/{}", family.task), json!({"schedule": null})).await.expect(200);
    let days = states(parent, child, "2026-02-08", "2026-02-17").await;
    assert_eq!(days, expected[..2], "it ends today");
}

#[tokio::test]
async fn a_schedule_that_breaks_a_rule_changes_nothing() {
    let (server, _) = on_a_calendar().await;
    let family = server.family().await;
    let (parent, path) = (&family.parent, format!("/tasks/{}", family.task));
    let before = daily(&family, json!({})).await;
    let stranger = server.family().await;
    for (schedule, part) in [
        (json!("daily"), "object"),
        (json!({"who": "all", "every": "year"}), "`every`"),
        (json!({"who": "all", "every": "day", "colour": "red"}), "unknown"),
        (json!({"who": "all", "rrule": "FREQ=DAILY;COUNT=3"}), "`COUNT=3`"),
        (json!({"who": [stranger.child], "every": "day"}), "children of the family"),
        (json!({"who": {"rotation": ["nobody"]}, "every": "day"}), "children of the family"),
        (json!({"who": "all", "every": "day", "on_missed": stranger.penalty}), "`on_missed`"),
        (json!({"who": "all", "every": "day", "on_missed": family.task}), "`on_missed`"),
        (json!({"who": "all", "every": "day", "until": "2026-02-08"}), "`until`"),
    ] {
        let answer = parent.patch(&path, json!({"schedule": schedule})).await;
        assert_eq!(answer.status, 400, "{schedule}");
        assert!(answer.body.to_string().contains(part), "{schedule}: {}", answer.body);
        assert_eq!(parent.get(&path).await.expect(200)["task"]["schedule"], before);
    }
    let session = parent.hand_over(server.nobody(), &family.child).await;
    assert_error(&session.patch(&path, json!({"schedule": null})).await, 403, "PARENT_REQUIRED");
}

#[tokio::test]
async fn a_family_has_at_most_200_tasks_with_a_schedule() {
    let (server, _) = on_a_calendar().await;
    let family = server.family().await;
    let parent = &family.parent;
    let new = json!({"name": "Chore", "points": 1, "schedule": {"who": "all", "every": "day"}});
    for _ in 0..200 {
        parent.post("/tasks", new.clone()).await.expect(201);
    }
    let refused = parent.post("/tasks", new).await;
    assert_error(&refused, 409, "FAMILY_LIMIT_REACHED");
    assert_eq!(refused.body["details"], json!({"limit": {"name": "scheduled_tasks", "most": 200}}));
    let first = parent.get("/tasks?limit=5").await.expect(200);
    let first = first["tasks"].as_array().unwrap().iter().find(|it| it["name"] == "Chore").unwrap();
    let path = format!("/tasks/{}", first["id"].as_str().unwrap());
    // One that has a schedule can get another one.
    parent
        .patch(&path, json!({"schedule": {"who": "all", "date": "2026-02-10"}}))
        .await
        .expect(200);
    parent.patch(&path, json!({"schedule": null})).await.expect(200);
    daily(&family, json!({})).await;
}
