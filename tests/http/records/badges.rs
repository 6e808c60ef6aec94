//! Badges: the built-in ones, and those that a family creates.

use goldstar::domain::badges::{Badge, built_in};
use serde_json::{Value, json};

use crate::harness::{TestServer, assert_error, text};

fn bookworm() -> Value {
    json!({"name": "Bookworm", "icon": "book", "metric": "tasks_done", "thresholds": [5, 25, 100]})
}

#[tokio::test]
async fn every_family_has_the_built_in_badges() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let page = parent.get("/badges").await.expect(200);
    assert_eq!(page["total"], built_in().len());
    let expected = json!({
        "id": "first-steps", "user_id": null, "name": "First steps", "icon": "shoes",
        "metric": "tasks_done", "task_id": null, "thresholds": [1], "period": null, "hidden": false,
        "created_at": null, "updated_at": null,
    });
    assert_eq!(page["badges"][0], expected);
    assert_eq!(parent.get("/badges/first-steps").await.expect(200)["badge"], expected);
    for change in [json!({"name": "Walk"}), json!({"thresholds": [2], "hidden": true})] {
        let answer = parent.patch("/badges/first-steps", change).await;
        assert_error(&answer, 403, "SHARED_READ_ONLY");
    }
    assert_error(&parent.delete("/badges/first-steps").await, 403, "SHARED_READ_ONLY");
    assert_eq!(parent.get("/badges").await.expect(200), page);
}

#[tokio::test]
async fn a_family_hides_and_shows_badges() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let (parent, other) = (&family.parent, server.parent().await);
    let own = text(&parent.post("/badges", bookworm()).await.expect(201)["badge"]["id"]);
    for id in ["busy-week", &own] {
        let path = format!("/badges/{id}");
        for _ in 0..2 {
            let hidden = parent.patch(&path, json!({"hidden": true})).await.expect(200);
            assert_eq!(hidden["badge"]["hidden"], true);
        }
    }
    server.restart().await;
    let of_child = format!("/children/{}/badges", family.child);
    let hidden = async || {
        let page = parent.get("/badges").await.expect(200);
        let badges = page["badges"].as_array().unwrap().iter();
        badges.filter(|it| it["hidden"] == true).map(|it| text(&it["id"])).collect::<Vec<_>>()
    };
    assert_eq!(hidden().await, ["busy-week", &own]);
    let total = parent.get(&of_child).await.expect(200)["total"].clone();
    assert_eq!(total, built_in().len() - 1);
    assert_eq!(other.get("/badges/busy-week").await.expect(200)["badge"]["hidden"], false);
    parent.patch("/badges/busy-week", json!({"hidden": false})).await.expect(200);
    assert_eq!(parent.delete(&format!("/badges/{own}")).await.status, 204);
    assert!(hidden().await.is_empty());
    // The other settings stay.
    let settings =
        parent.put("/family/settings", json!({"week_start": "sunday"})).await.expect(200);
    parent.patch("/badges/busy-week", json!({"hidden": true})).await.expect(200);
    assert_eq!(parent.get("/family/settings").await.expect(200), settings);
    parent.put("/family/settings", json!({"daily_goal": 2})).await.expect(200);
    assert_eq!(hidden().await, ["busy-week"]);
}

#[tokio::test]
async fn a_family_has_badges_of_its_own() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let mut created = parent.post("/badges", bookworm()).await.expect(201)["badge"].take();
    let path = format!("/badges/{}", text(&created["id"]));
    assert_eq!(created["user_id"], json!(parent.id));
    assert_eq!(created["thresholds"], json!([5, 25, 100]));
    let change = json!({"metric": "task_done", "task_id": family.task, "period": "month"});
    let changed = parent.patch(&path, change).await.expect(200);
    created["metric"] = "task_done".into();
    created["task_id"] = family.task.clone().into();
    created["period"] = "month".into();
    created["updated_at"] = changed["badge"]["updated_at"].clone();
    assert_eq!(changed["badge"], created);
    // The task of a badge can be deleted; what it has counted stays.
    assert_eq!(parent.delete(&format!("/tasks/{}", family.task)).await.status, 204);
    parent.patch(&path, json!({"name": "Reader"})).await.expect(200);
    server.restart().await;
    let found = parent.get(&path).await.expect(200);
    assert_eq!(
        (&found["badge"]["name"], &found["badge"]["task_id"]),
        (&json!("Reader"), &created["task_id"])
    );
    let plain =
        parent.patch(&path, json!({"metric": "points_earned", "icon": null})).await.expect(200);
    assert_eq!((&plain["badge"]["task_id"], &plain["badge"]["icon"]), (&Value::Null, &Value::Null));
    let other = server.parent().await;
    assert_error(&other.get(&path).await, 404, "NOT_FOUND");
    assert_error(&other.patch(&path, json!({"hidden": true})).await, 404, "NOT_FOUND");
    assert_error(&other.delete(&path).await, 404, "NOT_FOUND");
    assert_eq!(parent.delete(&path).await.status, 204);
    assert_error(&parent.get(&path).await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn a_definition_that_makes_no_sense_is_refused() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let penalty = parent.post("/tasks", json!({"name": "Shouting", "points": 1, "is_good": false}));
    let penalty = penalty.await.expect(201)["task"]["id"].take();
    let with = |fields: &[(&str, Value)]| {
        let mut body = bookworm();
        for (name, value) in fields {
            body[*name] = value.clone();
        }
        body
    };
    for (field, body) in [
        ("thresholds", with(&[("thresholds", json!([]))])),
        ("thresholds", with(&[("thresholds", json!([0]))])),
        ("thresholds", with(&[("thresholds", json!([5, 5]))])),
        ("thresholds", with(&[("thresholds", json!([1, 2, 3, 4]))])),
        ("thresholds", with(&[("thresholds", json!(["5"]))])),
        ("metric", with(&[("metric", json!("kindness"))])),
        ("period", with(&[("period", json!("year"))])),
        ("period", with(&[("metric", json!("streak_days")), ("period", json!("week"))])),
        ("task_id", with(&[("metric", json!("task_done"))])),
        ("task_id", with(&[("task_id", json!(family.task))])),
        ("task_id", with(&[("metric", json!("task_done")), ("task_id", penalty)])),
    ] {
        let answer = parent.post("/badges", body.clone()).await;
        assert_eq!(assert_error(&answer, 400, "VALIDATION_FAILED")["field"], field, "{body}");
    }
    let lost = with(&[("metric", json!("task_done")), ("task_id", json!("nobody's"))]);
    assert_error(&parent.post("/badges", lost).await, 404, "NOT_FOUND");
    let own = parent.post("/badges", bookworm()).await.expect(201);
    let path = format!("/badges/{}", text(&own["badge"]["id"]));
    for change in [json!({"metric": "task_done"}), json!({"task_id": family.task})] {
        let answer = parent.patch(&path, change).await;
        assert_eq!(assert_error(&answer, 400, "VALIDATION_FAILED")["field"], "task_id");
    }
    assert_eq!(parent.get(&path).await.expect(200), own);
}

#[tokio::test]
async fn a_family_has_a_limited_number_of_badges() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for _ in 0..Badge::MOST {
        parent.post("/badges", bookworm()).await.expect(201);
    }
    let details =
        assert_error(&parent.post("/badges", bookworm()).await, 409, "FAMILY_LIMIT_REACHED");
    assert_eq!(details["limit"], json!({"name": "badges", "most": Badge::MOST}));
}

/// The awards of `awards.json`, which the evaluation of the history writes.
#[tokio::test]
async fn a_child_has_its_awards() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    server.stop().await;
    let award = |badge: &str, grade: u8, earned_at: f64, child: &str| {
        json!({
            "user_id": family.parent.id, "child_id": child, "badge_id": badge, "grade": grade,
            "period": null, "badge_name": badge, "metric": "tasks_done", "task_id": null,
            "threshold": 10, "earned_at": earned_at, "tracking_event_id": null, "revoked_at": null,
        })
    };
    let rows = json!({"_default": {
        "1": award("helping-hand", 1, 1_770_000_000.5, &family.child),
        "2": award("deleted", 1, 1_770_000_002.0, &family.child),
        "3": award("helping-hand", 2, 1_770_000_001.0, &family.child),
        "4": award("helping-hand", 2, 1_770_000_001.0, "another"),
    }});
    server.folders.put("awards.json", &rows.to_string());
    server.start_again().await;
    let path = format!("/children/{}", family.child);
    let badges = family.parent.get(&format!("{path}/badges")).await.expect(200);
    let badge = badges["badges"].as_array().unwrap().iter().find(|it| it["id"] == "helping-hand");
    let badge = badge.unwrap();
    assert_eq!((&badge["award_count"], &badge["thresholds"]), (&json!(2), &json!([10, 50, 100])));
    let grades: Vec<&Value> =
        badge["awards"].as_array().unwrap().iter().map(|it| &it["grade"]).collect();
    assert_eq!(grades, [2, 1]);
    assert_eq!(badge["awards"][1]["earned_at"], "2026-02-02T02:40:00.500000Z");
    let awards = family.parent.get(&format!("{path}/awards?limit=2")).await.expect(200);
    assert_eq!((&awards["total"], &awards["awards"][0]["id"]), (&json!(3), &json!("deleted.1")));
    assert_eq!(awards["awards"][1], badge["awards"][0]);
    // The award of a child that does not exist was removed at the start.
    server.stop().await;
    assert_eq!(server.folders.rows("awards.json").len(), 3);
    server.start_again().await;
    assert_eq!(family.parent.delete(&path).await.status, 204);
    server.stop().await;
    assert!(server.folders.rows("awards.json").is_empty());
}
