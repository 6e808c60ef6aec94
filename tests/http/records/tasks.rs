//! Tasks and penalties, a family's own and the shared ones.

use serde_json::{Value, json};

use crate::harness::{TestServer, assert_error, text};

#[tokio::test]
async fn a_task_is_created_read_updated_and_deleted() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let wanted = json!({"name": "Homework", "points": 15, "is_good": true, "image_id": "chore2"});
    let made = parent.post("/tasks", wanted).await.expect(201)["task"].take();
    assert_eq!((&made["points"], &made["is_good"]), (&json!(15), &json!(true)));
    assert_eq!(made["user_id"], *parent.id);
    let path = format!("/tasks/{}", text(&made["id"]));
    assert_eq!(parent.get(&path).await.expect(200)["task"], made);

    let change = json!({"points": 1_000_000, "is_good": false, "image_id": null});
    let changed = parent.patch(&path, change).await.expect(200)["task"].take();
    assert_eq!((&changed["points"], &changed["is_good"]), (&json!(1_000_000), &json!(false)));
    assert_eq!((&changed["name"], &changed["image_id"]), (&json!("Homework"), &Value::Null));
    let list = parent.get("/tasks").await.expect(200);
    assert_eq!(list["tasks"], json!([changed]));

    assert_eq!(parent.delete(&path).await.status, 204);
    assert_eq!(parent.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_task_is_checked_field_by_field() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let task = parent.task("Homework", 15).await;
    for (field, value) in [
        ("name", json!(" ")),
        ("name", json!("x".repeat(101))),
        ("points", json!(0)),
        ("points", json!(-5)),
        ("points", json!(1_000_001)),
        ("points", json!(2.5)),
        ("is_good", json!("yes")),
        ("is_good", Value::Null),
    ] {
        let mut wanted = json!({"name": "Homework", "points": 15, "is_good": true});
        wanted[field] = value.clone();
        let made = parent.post("/tasks", wanted).await;
        let changed = parent.patch(&format!("/tasks/{task}"), json!({field: value})).await;
        for answer in [made, changed] {
            let details = assert_error(&answer, 400, "VALIDATION_FAILED");
            assert_eq!(details["field"], field, "{field}={value}");
        }
    }
    let answer = parent.patch(&format!("/tasks/{task}"), json!({"user_id": null})).await;
    assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
}

#[tokio::test]
async fn shared_tasks_and_rewards_are_read_only_for_families() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    server.stop().await;
    for (file, id, amount) in
        [("tasks.json", "shared-task", "points"), ("rewards.json", "shared-reward", "cost")]
    {
        let mut table = server.folders.json(file);
        table["_default"]["77"] = json!({
            "id": id, "user_id": null, "name": "Offered to all", amount: 10, "is_good": true,
        });
        server.folders.put(file, &table.to_string());
    }
    server.start_again().await;
    let parent = &family.parent;
    for path in ["/tasks/shared-task", "/rewards/shared-reward"] {
        parent.get(path).await.expect(200);
        let renamed = parent.patch(path, json!({"name": "Mine"})).await;
        let deleted = parent.delete(path).await;
        for answer in [renamed, deleted] {
            assert_error(&answer, 403, "SHARED_READ_ONLY");
        }
    }
    let answer = parent.activate(&family.child, "shared-task").await;
    assert_eq!(answer.expect(200)["child"]["points"], 60);
    let answer = parent.redeem(&family.child, "shared-reward").await;
    assert_eq!(answer.expect(200)["child"]["points"], 50);
    let tasks = parent.get("/tasks").await.expect(200);
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 3);
}
