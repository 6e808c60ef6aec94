//! `Idempotency-Key` of the requests that create a child, a task, a reward or a badge.

use futures_util::future::join_all;
use goldstar::config::Config;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Client, DAY, HOUR, Hand, Settings, TestServer, activate_path, assert_error, text,
};

/// Each route with the field of its response, a body, and bodies that are different.
fn creations() -> [(&'static str, &'static str, Value, Vec<Value>); 4] {
    let child = json!({"name": "Mía", "age": 7, "points": 10});
    let task = json!({"name": "Homework", "points": 5});
    let reward = json!({"name": "Cinema", "cost": 40});
    let badge = json!({"name": "Bookworm", "metric": "tasks_done", "thresholds": [5, 25]});
    let with = |body: &Value, field: &str, value: Value| {
        let mut body = body.clone();
        body[field] = value;
        body
    };
    let children = vec![
        with(&child, "name", json!("Mia")),
        with(&child, "age", Value::Null),
        with(&child, "points", json!(11)),
        with(&child, "image_id", json!("cat")),
        with(&child, "tasks", json!(["t"])),
        with(&child, "rewards", json!(["t"])),
        with(&child, "colour", json!("blue")),
    ];
    let tasks = vec![
        with(&task, "name", json!("homework")),
        with(&task, "points", json!(6)),
        with(&task, "is_good", json!(false)),
        with(&task, "image_id", json!("cat")),
        with(&task, "requestable", json!(false)),
        with(&task, "icon", json!("homework")),
    ];
    let badges = vec![
        with(&badge, "name", json!("Reader")),
        with(&badge, "metric", json!("points_earned")),
        with(&badge, "thresholds", json!([5])),
        with(&badge, "period", json!("week")),
        with(&badge, "icon", json!("book")),
    ];
    let rewards = vec![
        with(&reward, "name", json!("Pizza")),
        with(&reward, "cost", json!(41)),
        with(&reward, "description", json!("On Friday")),
        with(&reward, "image_id", json!("cat")),
        with(&reward, "icon", json!("film")),
    ];
    [
        ("/children", "child", child, children),
        ("/tasks", "task", task, tasks),
        ("/rewards", "reward", reward, rewards),
        ("/badges", "badge", badge, badges),
    ]
}

fn is_replayed(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == "true"
}

/// The number of the family's own records.
async fn count(client: &Client, path: &str) -> usize {
    let page = client.get(path).await.expect(200);
    let records = page[&path[1..]].as_array().unwrap().iter();
    records.filter(|record| !record["user_id"].is_null()).count()
}

#[tokio::test]
async fn a_repeat_returns_the_first_record_again() {
    let mut server = TestServer::start().await;
    let parent = server.parent().await;
    let mut created = Vec::new();
    for (path, field, body, _) in creations() {
        let first = parent.post_once(path, body.clone(), path).await;
        assert!(!is_replayed(&first));
        created.push((path, field, body, first.expect(201)[field].take()));
    }
    for restarted in [false, true] {
        if restarted {
            server.restart().await;
        }
        for (path, field, body, first) in &created {
            let again = parent.post_once(path, body.clone(), path).await;
            assert!(is_replayed(&again), "{path}");
            assert_eq!(again.expect(201)[field], *first);
            assert_eq!(count(&parent, path).await, 1);
        }
    }
    for (path, field, body, first) in created {
        let other = parent.post_once(path, body, "another key").await;
        // The same key with another route.
        if path == "/children" {
            assert!(!is_replayed(&other));
            assert_ne!(other.expect(201)[field]["id"], first["id"]);
        } else {
            assert_error(&other, 422, "IDEMPOTENCY_KEY_REUSED");
        }
    }
}

#[tokio::test]
async fn bodies_are_equal_if_their_fields_are() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for (path, _, body, different) in creations() {
        parent.post_once(path, body.clone(), path).await.expect(201);
        for other in different {
            let answer = parent.post_once(path, other.clone(), path).await;
            assert_error(&answer, 422, "IDEMPOTENCY_KEY_REUSED");
        }
        let mut other = body.clone();
        other["x"] = json!(1);
        let answer = parent.post_once(path, other, path).await;
        assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
        assert_eq!(count(&parent, path).await, 1);
    }
    // The order of the fields, defaults and other forms of a number make no difference.
    for (path, body) in [
        ("/tasks", json!({"points": 5.0, "name": " Homework ", "is_good": true, "icon": null})),
        ("/rewards", json!({"cost": 40, "description": "", "name": "Cinema"})),
        ("/children", json!({"tasks": [], "points": 10, "age": 7.0, "name": "Mía"})),
    ] {
        assert!(is_replayed(&parent.post_once(path, body, path).await), "{path}");
    }
}

#[tokio::test]
async fn a_repeat_returns_the_record_as_it_is_now() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for (path, field, body, _) in creations() {
        let first = parent.post_once(path, body.clone(), path).await.expect(201)[field].take();
        let item = format!("{path}/{}", text(&first["id"]));
        let renamed = parent.patch(&item, json!({"name": "New name"})).await.expect(200);
        let again = parent.post_once(path, body.clone(), path).await.expect(201);
        assert_eq!(again, renamed);
        assert_eq!(parent.delete(&item).await.status, 204);
        let again = parent.post_once(path, body.clone(), path).await;
        assert_error(&again, 404, "NOT_FOUND");
        assert!(!is_replayed(&again));
        assert_eq!(count(&parent, path).await, 0);
    }
}

#[tokio::test]
async fn one_click_sent_many_times_at_once_creates_one_record() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for (path, field, body, _) in creations() {
        let clicks = (0..16).map(|_| parent.post_once(path, body.clone(), path));
        let answers = join_all(clicks).await;
        assert_eq!(answers.iter().filter(|answer| is_replayed(answer)).count(), 15, "{path}");
        let records: Vec<Value> =
            answers.into_iter().map(|answer| answer.expect(201)[field].take()).collect();
        assert!(records.iter().all(|record| *record == records[0]));
        assert_eq!(count(&parent, path).await, 1);
    }
}

#[tokio::test]
async fn keys_are_shared_with_the_other_changes_of_an_account_only() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let task = json!({"name": "Homework", "points": 5});
    let path = activate_path(&family.child, &family.task);
    family.parent.act_once(&path, "event").await.expect(200);
    let answer = family.parent.post_once("/tasks", task.clone(), "event").await;
    assert_error(&answer, 422, "IDEMPOTENCY_KEY_REUSED");
    family.parent.post_once("/tasks", task.clone(), "record").await.expect(201);
    let answer = family.parent.act_once(&path, "record").await;
    assert_error(&answer, 422, "IDEMPOTENCY_KEY_REUSED");
    for key in ["event", "record"] {
        let answer = other.parent.post_once("/tasks", task.clone(), key).await;
        assert!(!is_replayed(&answer), "{key}");
        answer.expect(201);
    }
}

#[tokio::test]
async fn an_error_is_not_remembered_and_a_repeat_is_not_limited() {
    let configure = |config: &mut Config| config.service.family.tasks = 1;
    let settings = Settings { configure, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let parent = server.parent().await;
    let first = parent.task("Dishes", 5).await;
    let task = json!({"name": "Homework", "points": 5});
    let answer = parent.post_once("/tasks", task.clone(), "k").await;
    assert_error(&answer, 409, "FAMILY_LIMIT_REACHED");
    assert_eq!(parent.delete(&format!("/tasks/{first}")).await.status, 204);
    for replayed in [false, true] {
        let answer = parent.post_once("/tasks", task.clone(), "k").await;
        assert_eq!(is_replayed(&answer), replayed);
        answer.expect(201);
    }
    for bad in ["", &"k".repeat(256)] {
        let answer = parent.post_once("/tasks", task.clone(), bad).await;
        assert_eq!(assert_error(&answer, 400, "VALIDATION_FAILED")["field"], "Idempotency-Key");
    }
}

#[tokio::test]
async fn a_key_lives_for_a_day_whatever_the_clock_shows() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let parent = server.parent().await;
    let task = json!({"name": "Homework", "points": 5});
    // Without an event between the jump and the use.
    for (key, jump) in [("right", 0), ("ahead", DAY), ("behind", -2 * DAY)] {
        clock.jump(jump);
        parent.post_once("/tasks", task.clone(), key).await.expect(201);
    }
    clock.jump(DAY);
    clock.forward(23 * HOUR);
    for key in ["right", "ahead", "behind"] {
        assert!(is_replayed(&parent.post_once("/tasks", task.clone(), key).await), "{key}");
    }
    clock.forward(HOUR);
    for key in ["right", "ahead", "behind"] {
        let new = parent.post_once("/tasks", task.clone(), key).await;
        assert!(!is_replayed(&new), "{key}");
        new.expect(201);
    }
}
