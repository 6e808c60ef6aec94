//! Adjustments change points without a task, and say why.

use serde_json::{Value, json};

use super::requests::metadata;
use crate::harness::{Answer, Client, TestServer, adjust_path, assert_error, reverse_path, text};

async fn adjust(client: &Client, child: &str, body: Value) -> Answer {
    client.post(&adjust_path(child), body).await
}

#[tokio::test]
async fn an_adjustment_is_an_event_with_a_note() {
    let server = TestServer::start().await;
    let family = server.family().await;
    for (delta, kind, after) in [(7, "task", 57), (-9, "penalty", 48)] {
        let body = json!({"delta": delta, "note": " Counted twice ", "unknown": 1});
        let done = adjust(&family.parent, &family.child, body).await.expect(200);
        let event = &done["tracking_event"];
        assert_eq!((&event["entity_type"], &event["action"]), (&json!(kind), &json!("activated")));
        assert_eq!((&event["entity_id"], &event["delta"]), (&json!("adjustment"), &json!(delta)));
        assert_eq!(done["child"]["points"], after);
        assert_eq!(
            metadata(&done),
            &json!({
                "name": "Adjustment", "points": i64::abs(delta), "actor": "parent",
                "adjustment": true, "note": "Counted twice",
            })
        );
    }
    let page = family.parent.get("/family/tracking?entity_id=adjustment").await.expect(200);
    assert_eq!(page["total"], 2);
}

#[tokio::test]
async fn an_adjustment_takes_no_more_than_the_child_has() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let refused = adjust(parent, &family.child, json!({"delta": -60, "note": "x"})).await;
    assert_eq!(assert_error(&refused, 409, "INSUFFICIENT_POINTS")["points_needed"], 10);
    let body = json!({"delta": -60, "note": "x", "partial": true});
    let taken = adjust(parent, &family.child, body).await.expect(200);
    assert_eq!(
        (&taken["tracking_event"]["delta"], &taken["child"]["points"]),
        (&json!(-50), &json!(0))
    );
    assert_eq!(
        (&metadata(&taken)["points"], &metadata(&taken)["requested_delta"]),
        (&json!(60), &json!(-60))
    );
    let id = text(&taken["tracking_event"]["id"]);
    let back = parent.act(&reverse_path(&family.child, &id)).await.expect(200);
    assert_eq!(
        (&back["tracking_event"]["delta"], &metadata(&back)["name"]),
        (&json!(50), &json!("Adjustment"))
    );
}

#[tokio::test]
async fn only_a_parent_adjusts_points_and_says_why() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let other = server.parent().await;
    let right = json!({"delta": 5, "note": "x"});
    for (field, value) in [
        ("delta", json!(0)),
        ("delta", json!(1_000_001)),
        ("delta", json!(-1_000_001)),
        ("delta", json!(1.5)),
        ("delta", Value::Null),
        ("note", json!("")),
        ("note", json!("line\nbreak")),
        ("note", json!("x".repeat(501))),
        ("note", Value::Null),
        ("partial", Value::Null),
    ] {
        let mut body = right.clone();
        body[field] = value.clone();
        let answer = adjust(&family.parent, &family.child, body).await;
        assert_eq!(assert_error(&answer, 400, "VALIDATION_FAILED")["field"], field, "{value}");
    }
    let missing = assert_error(
        &family.parent.act(&adjust_path(&family.child)).await,
        400,
        "VALIDATION_FAILED",
    )
    .clone();
    assert!(missing["fields"]["delta"].is_object() && missing["fields"]["note"].is_object());
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    assert_error(&adjust(&child, &family.child, right.clone()).await, 403, "PARENT_REQUIRED");
    assert_error(&adjust(&other, &family.child, right.clone()).await, 404, "NOT_FOUND");
    assert_eq!(server.folders.events().len(), 0);
    let longest = json!({"delta": 5, "note": "x".repeat(500)});
    adjust(&family.parent, &family.child, longest).await.expect(200);
}
