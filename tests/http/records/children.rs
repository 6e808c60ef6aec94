//! The children of a family.

use serde_json::{Value, json};

use crate::harness::{TestServer, assert_error, text};

#[tokio::test]
async fn a_child_is_created_read_updated_and_deleted() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let wanted = json!({
        "name": " Mía ", "age": 6, "points": 12, "image_id": "girl02", "tasks": ["t"],
        "rewards": [],
    });
    let made = parent.post("/children", wanted).await.expect(201)["child"].take();
    for (field, value) in [
        ("name", json!("Mía")),
        ("age", json!(6)),
        ("points", json!(12)),
        ("image_id", json!("girl02")),
        ("tasks", json!(["t"])),
        ("user_id", json!(parent.id)),
    ] {
        assert_eq!(made[field], value, "{field}");
    }
    assert!(text(&made["created_at"]).ends_with('Z'), "ISO in the API");
    let path = format!("/children/{}", text(&made["id"]));
    assert_eq!(parent.get(&path).await.expect(200)["child"], made);

    let change = json!({"name": "Mia", "age": null});
    let changed = parent.patch(&path, change).await.expect(200)["child"].take();
    assert_eq!((&changed["name"], &changed["age"]), (&json!("Mia"), &Value::Null));
    assert_eq!((&changed["points"], &changed["image_id"]), (&json!(12), &json!("girl02")));
    let list = parent.get("/children").await.expect(200);
    assert_eq!(list["children"], json!([changed]));

    let answer = parent.delete(&path).await;
    assert_eq!((answer.status, &*answer.text), (204, ""));
    assert_eq!(parent.get(&path).await.status, 404);
    assert_eq!(parent.delete(&path).await.status, 404);
}

#[tokio::test]
async fn points_are_set_at_creation_and_by_events_only() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let path = format!("/children/{}", family.child);
    for (field, value) in [
        ("points", json!(1000)),
        ("user_id", json!("other")),
        ("id", json!("other")),
        ("created_at", json!("2026-01-01T00:00:00Z")),
    ] {
        let answer = family.parent.patch(&path, json!({field: value})).await;
        assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
        assert!(answer.text.contains(field), "{}", answer.text);
    }
    assert_eq!(family.parent.points(&family.child).await, 50);
}

#[tokio::test]
async fn a_child_is_checked_field_by_field() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(101))),
        ("name", json!("tab\tin it")),
        ("name", json!("Mía\u{200b}")),
        ("name", json!("\u{202e}aíM")),
        ("name", Value::Null),
        ("age", json!(-1)),
        ("age", json!("six")),
        ("age", json!(6.5)),
        ("points", json!(-1)),
        ("points", json!(1_000_001)),
        ("points", json!(1.5)),
        ("points", json!("12")),
        ("tasks", json!("t")),
        ("image_id", json!("x".repeat(201))),
        ("image_id", json!("girl\u{feff}02")),
    ] {
        let mut wanted = json!({"name": "Mía"});
        wanted[field] = value.clone();
        let answer = parent.post("/children", wanted).await;
        let details = assert_error(&answer, 400, "VALIDATION_FAILED");
        assert_eq!(details["field"], field, "{field}={value}");
    }
    let children = parent.get("/children").await.expect(200);
    assert_eq!(children["children"], json!([]));
}

#[tokio::test]
async fn lists_come_in_pages() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for n in 0..5 {
        parent.child(&format!("Child {n}"), 0).await;
    }
    let query = [("limit", "2"), ("offset", "1")];
    let page = parent.get_with("/children", &query).await.expect(200);
    let names: Vec<String> =
        page["children"].as_array().unwrap().iter().map(|child| text(&child["name"])).collect();
    assert_eq!(names, ["Child 1", "Child 2"], "in the order of making");
    assert_eq!(page["total"], 5);
    for bad in [("limit", "0"), ("offset", "-1"), ("limit", "x")] {
        let answer = parent.get_with("/children", &[bad]).await;
        assert_eq!(answer.status, 400, "{bad:?}");
        assert!(answer.text.contains(bad.0), "{}", answer.text);
    }
}

#[tokio::test]
async fn deleting_a_child_ends_its_requests_without_an_event() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let sibling = family.parent.child("Aarav", 50).await;
    family.parent.ask_for(&family.child, &family.reward).await.expect(200);
    family.parent.ask_for(&sibling, &family.reward).await.expect(200);
    family.parent.delete(&format!("/children/{}", family.child)).await;
    let pending = family.parent.get("/rewards/pending").await.expect(200);
    let pending = pending["pending_rewards"].as_array().unwrap();
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0]["child_id"], *sibling);
    assert_eq!(server.folders.events().len(), 2, "the two requests");
}
