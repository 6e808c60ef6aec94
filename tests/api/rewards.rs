//! Rewards, what a child can afford of them, and what waits for the parent.

use serde_json::{Value, json};

use crate::harness::{TestServer, assert_error, text};

#[tokio::test]
async fn a_reward_is_made_read_changed_and_deleted() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let wanted = json!({"name": "Kinoabend – 2 Stunden", "description": "Two\nlines", "cost": 60});
    let made = parent.post("/rewards", wanted).await.expect(201)["reward"].take();
    assert_eq!((&made["cost"], &made["description"]), (&json!(60), &json!("Two\nlines")));
    let path = format!("/rewards/{}", text(&made["id"]));
    assert_eq!(parent.get(&path).await.expect(200)["reward"], made);
    let change = json!({"cost": 35, "image_id": "cinema"});
    let changed = parent.patch(&path, change).await.expect(200)["reward"].take();
    assert_eq!((&changed["cost"], &changed["image_id"]), (&json!(35), &json!("cinema")));
    let list = parent.get("/rewards").await.expect(200);
    assert_eq!(list["rewards"], json!([changed]));
    assert_eq!(parent.delete(&path).await.status, 204);
    assert_eq!(parent.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_reward_is_checked_field_by_field() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let reward = parent.reward("Ice cream", 20).await;
    for (field, value) in [
        ("name", json!("")),
        ("cost", json!(0)),
        ("cost", json!(1_000_001)),
        ("cost", json!("20")),
        ("cost", Value::Null),
        ("description", json!("x".repeat(1001))),
    ] {
        let mut wanted = json!({"name": "Ice cream", "cost": 20});
        wanted[field] = value.clone();
        let made = parent.post("/rewards", wanted).await;
        let changed = parent.patch(&format!("/rewards/{reward}"), json!({field: value})).await;
        for answer in [made, changed] {
            let details = assert_error(&answer, 400, "VALIDATION_FAILED");
            assert_eq!(details["field"], field, "{field}={value}");
        }
    }
    let answer = parent.patch(&format!("/rewards/{reward}"), json!({"id": "x"})).await;
    assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
}

#[tokio::test]
async fn a_child_sees_what_it_can_afford_what_it_lacks_and_what_it_asked_for() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let dear = family.parent.reward("Bicycle", 80).await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    child.ask_for(&family.child, &family.reward).await.expect(200);
    let path = format!("/children/{}/rewards", family.child);
    for browser in [&*child, &*family.parent] {
        let offers = browser.get(&path).await.expect(200);
        let offers = offers["rewards"].as_array().unwrap();
        let of = |id: &str| offers.iter().find(|offer| offer["id"] == *id).unwrap();
        let (near, far) = (of(&family.reward), of(&dear));
        assert_eq!((&near["points_needed"], &far["points_needed"]), (&json!(0), &json!(30)));
        assert_eq!((&near["requested"], &far["requested"]), (&json!(true), &json!(false)));
        assert_eq!((&near["affordable"], &far["affordable"]), (&json!(true), &json!(false)));
    }
}

#[tokio::test]
async fn what_waits_says_who_asked_for_what() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let sibling = family.parent.child("Aarav", 50).await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    child.ask_for(&family.child, &family.reward).await.expect(200);
    family.parent.ask_for(&sibling, &family.reward).await.expect(200);
    let pending = family.parent.get("/rewards/pending").await.expect(200);
    let waiting = pending["pending_rewards"].as_array().unwrap();
    assert_eq!(waiting.len(), 2);
    assert_eq!(waiting[0]["child_name"], "Mía");
    assert_eq!(waiting[0]["reward_name"], "Ice cream");
    assert_eq!(waiting[1]["child_id"], *sibling);
    // The child sees its own.
    let own = child.get("/rewards/pending").await.expect(200);
    assert_eq!(own["pending_rewards"], json!([waiting[0]]));
}

#[tokio::test]
async fn deleting_a_reward_ends_its_requests_without_an_event() {
    let server = TestServer::start().await;
    let family = server.family().await;
    family.parent.ask_for(&family.child, &family.reward).await.expect(200);
    family.parent.delete(&format!("/rewards/{}", family.reward)).await;
    let pending = family.parent.get("/rewards/pending").await.expect(200);
    assert_eq!(pending["pending_rewards"], json!([]));
    assert_eq!(server.folders.events().len(), 1);
}
