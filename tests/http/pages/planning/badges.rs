//! The forms of badges.

use serde_json::{Value, json};

use super::{assert_refused, assert_saved, between, field, open, show, submit};
use crate::harness::{Parent, TestServer, text};

/// The family's own badge.
async fn own(parent: &Parent) -> Value {
    let body = parent.get("/badges").await.expect(200);
    let mut badges = body["badges"].as_array().unwrap().iter();
    badges.find(|badge| !badge["user_id"].is_null()).unwrap().clone()
}

#[tokio::test]
async fn a_badge_is_created_edited_and_deleted() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let task = parent.task("Read", 5).await;
    let key = field(&show(&parent, "/app/badges/new").await, "key");
    let new = [
        ("key", key.as_str()),
        ("name", "Bookworm"),
        ("icon", "book"),
        ("metric", "task_done"),
        ("task_id", task.as_str()),
        ("thresholds", "5"),
        ("thresholds", "25"),
        ("thresholds", ""),
        ("period", "week"),
    ];
    for _ in 0..2 {
        let list = submit(&parent, "/app/badges/new", &new).await;
        assert_saved(&list);
        assert!(list.text.contains("Read in a week: 5 · 25"), "{}", list.text);
    }
    let badge = own(&parent).await;
    assert_eq!((&badge["thresholds"], &badge["period"]), (&json!([5, 25]), &"week".into()));
    let here = format!("/app/badges/{}", text(&badge["id"]));
    let page = show(&parent, &here).await;
    assert!(page.contains("value=\"task_done\" checked"), "{page}");
    // The field of the task is hidden, and is sent all the same.
    let update = [
        ("name", "Collector"),
        ("icon", ""),
        ("metric", "points_earned"),
        ("task_id", task.as_str()),
        ("thresholds", "7"),
        ("thresholds", ""),
        ("period", ""),
    ];
    assert_saved(&submit(&parent, &here, &update).await);
    let badge = own(&parent).await;
    assert_eq!((&badge["metric"], &badge["thresholds"]), (&"points_earned".into(), &json!([7])));
    assert!(badge["task_id"].is_null() && badge["period"].is_null(), "{badge}");
    assert_saved(&submit(&parent, &format!("{here}/delete"), &[]).await);
    assert_eq!(open(&parent, &here).await.status, 404);
}

#[tokio::test]
async fn wrong_badges_are_explained() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for (fields, text) in [
        (&[("metric", "tasks_done"), ("thresholds", "")][..], "Each grade needs more"),
        (&[("metric", "tasks_done"), ("thresholds", "5"), ("thresholds", "5")], "Each grade needs"),
        (
            &[("metric", "task_done"), ("task_id", ""), ("thresholds", "5")],
            "role=\"alert\">Choose a task",
        ),
        (
            &[("metric", "streak_days"), ("thresholds", "5"), ("period", "week")],
            "Days in a row can be",
        ),
    ] {
        let fields = [&[("name", "Own")], fields].concat();
        assert_refused(&submit(&parent, "/app/badges/new", &fields).await, &[text]);
    }
    let unnamed = [("name", ""), ("metric", "tasks_done"), ("thresholds", "5")];
    assert_refused(&submit(&parent, "/app/badges/new", &unnamed).await, &["This field is empty."]);
}

#[tokio::test]
async fn a_built_in_badge_is_hidden_and_used_again() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let hide = "/app/badges/warm-up/hidden";
    let page = submit(&parent, hide, &[("hidden", "true")]).await;
    assert_saved(&page);
    let row = between(&page.text, "id=\"badge-warm-up\"", "</li>");
    assert!(row.contains("(hidden)") && row.contains("value=\"false\""), "{row}");
    let badge = parent.get("/badges/warm-up").await.expect(200);
    assert_eq!(badge["badge"]["hidden"], true);
    assert_saved(&submit(&parent, hide, &[("hidden", "false")]).await);
    let badge = parent.get("/badges/warm-up").await.expect(200);
    assert_eq!(badge["badge"]["hidden"], false);
    // It cannot be edited.
    let list = show(&parent, "/app/badges/warm-up").await;
    assert!(list.contains("id=\"built-in\""), "{list}");
    let edit = submit(&parent, "/app/badges/warm-up", &[("name", "Mine")]).await;
    assert_eq!(edit.status, 403, "{}", edit.text);
}
