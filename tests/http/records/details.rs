//! Fields that the Flask service does not have: they are in files of their own, and survive a Flask
//! service that rewrites or deletes rows.

use serde_json::{Value, json};

use crate::harness::{Settings, TestServer, assert_error, python, text};

#[tokio::test]
async fn a_task_can_have_an_icon_and_be_closed_to_requests() {
    let mut server = TestServer::process().await;
    let parent = server.parent().await;
    let wanted = json!({"name": "Dishes", "points": 5, "icon": "dishes", "requestable": false});
    let task = parent.post("/tasks", wanted).await.expect(201)["task"].take();
    assert_eq!((&task["icon"], &task["requestable"]), (&json!("dishes"), &json!(false)));
    let plain = parent.post("/tasks", json!({"name": "Bed", "points": 5})).await.expect(201);
    let plain = &plain["task"];
    assert_eq!((&plain["icon"], &plain["requestable"]), (&Value::Null, &json!(true)));
    let path = format!("/tasks/{}", text(&task["id"]));
    server.kill();
    server.start_again().await;
    assert_eq!(parent.get(&path).await.expect(200)["task"], task);
    let changed = parent.patch(&path, json!({"requestable": true})).await.expect(200);
    assert_eq!(
        (&changed["task"]["icon"], &changed["task"]["requestable"]),
        (&json!("dishes"), &json!(true))
    );
    server.stop().await;
    let row = server.folders.record("task_details.json", &text(&task["id"]));
    assert_eq!(
        row,
        json!({
            "id": task["id"], "user_id": parent.id, "requestable": true, "icon": "dishes",
        })
    );
    assert_eq!(server.folders.rows("task_details.json").len(), 1, "defaults need no row");
    let row = server.folders.record("tasks.json", &text(&task["id"]));
    assert!(row.get("icon").is_none() && row.get("requestable").is_none(), "{row}");

    server.start_again().await;
    let cleared = parent.patch(&path, json!({"icon": null})).await.expect(200);
    assert_eq!(cleared["task"]["icon"], Value::Null);
    server.stop().await;
    assert!(server.folders.rows("task_details.json").is_empty());
}

#[tokio::test]
async fn icons_colours_and_languages_are_checked() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let parent = &family.parent;
    let child = format!("/children/{}", family.child);
    for (path, field, value) in [
        ("/user", "language", json!("deutsch")),
        ("/user", "language", json!(7)),
        ("/user", "first_name", json!("")),
        (&*child, "colour", json!("#ff0000")),
        (&*child, "colour", json!(null)),
    ] {
        let answer = parent.patch(path, json!({field: value})).await;
        if value.is_null() {
            answer.expect(200);
            continue;
        }
        let details = assert_error(&answer, 400, "VALIDATION_FAILED");
        assert_eq!(details["field"], field, "{field}={value}");
    }
    let answer = parent.post("/rewards", json!({"name": "N", "cost": 1, "icon": "Bed"})).await;
    assert_eq!(assert_error(&answer, 400, "VALIDATION_FAILED")["field"], "icon");
    let answer = parent.patch("/user", json!({"email": "other@example.org"})).await;
    assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
}

#[tokio::test]
async fn an_account_has_a_language() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let me = parent.get("/auth/me").await.expect(200);
    assert_eq!(me["user"]["language"], Value::Null);
    let change = json!({"language": "de-CH", "first_name": "Petra", "image_id": "mum"});
    let user = parent.patch("/user", change).await.expect(200)["user"].take();
    assert_eq!((&user["language"], &user["first_name"]), (&json!("de-CH"), &json!("Petra")));
    assert_eq!(parent.get("/auth/me").await.expect(200)["user"], user);
    let user = parent.patch("/user", json!({"language": null})).await.expect(200)["user"].take();
    assert_eq!((&user["language"], &user["image_id"]), (&Value::Null, &json!("mum")));
}

#[tokio::test]
async fn a_child_and_its_parents_choose_its_goal() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let other = server.parent().await;
    let path = format!("/children/{}/goal", family.child);
    let goal = |reward: &str| json!({"reward_id": reward});
    let child = family.parent.put(&path, goal(&family.reward)).await.expect(200)["child"].take();
    assert_eq!(child["goal_reward_id"], json!(family.reward));
    assert_error(&other.put(&path, goal(&family.reward)).await, 404, "NOT_FOUND");
    let foreign = other.reward("Cinema", 30).await;
    assert_error(&family.parent.put(&path, goal(&foreign)).await, 404, "NOT_FOUND");
    assert_error(
        &family.parent.put(&path, json!({"reward_id": 7})).await,
        400,
        "VALIDATION_FAILED",
    );

    let sibling = family.parent.child("Leo", 0).await;
    let second = family.parent.reward("Cinema", 30).await;
    let browser = family.parent.hand_over(server.nobody(), &family.child).await;
    let set = browser.put(&path, goal(&second)).await.expect(200);
    assert_eq!(set["child"]["goal_reward_id"], json!(second));
    let of_sibling = format!("/children/{sibling}/goal");
    assert_error(&browser.put(&of_sibling, goal(&second)).await, 404, "NOT_FOUND");

    family.parent.delete(&format!("/rewards/{second}")).await.expect(204);
    let child = family.parent.get(&format!("/children/{}", family.child)).await.expect(200);
    assert_eq!(child["child"]["goal_reward_id"], Value::Null, "the reward was deleted");
}

#[tokio::test]
async fn a_flask_service_that_rewrites_and_deletes_rows_loses_nothing() {
    let mut server = TestServer::with(Settings::default()).await;
    let parent = server.parent().await;
    let make = async |name: &str| {
        let wanted = json!({"name": name, "points": 5, "icon": "bed"});
        text(&parent.post("/tasks", wanted).await.expect(201)["task"]["id"])
    };
    let (kept, deleted) = (make("Kept").await, make("Deleted").await);
    let reward = parent.reward("Cinema", 30).await;
    let child = parent.child("Mía", 0).await;
    let goal = json!({"reward_id": reward});
    parent.put(&format!("/children/{child}/goal"), goal).await.expect(200);
    server.stop().await;

    let (tasks, rewards) =
        (server.folders.data_file("tasks.json"), server.folders.data_file("rewards.json"));
    assert!(
        python("update_row.py", &[&tasks, kept.as_ref()], r#"{"name": "New"}"#).status.success()
    );
    assert!(python("remove_row.py", &[&tasks, deleted.as_ref()], "").status.success());
    assert!(python("remove_row.py", &[&rewards, reward.as_ref()], "").status.success());
    server.start_again().await;
    let task = parent.get(&format!("/tasks/{kept}")).await.expect(200);
    assert_eq!((&task["task"]["name"], &task["task"]["icon"]), (&json!("New"), &json!("bed")));
    let found = parent.get(&format!("/children/{child}")).await.expect(200);
    assert_eq!(found["child"]["goal_reward_id"], Value::Null);
    server.stop().await;
    assert_eq!(server.folders.rows("task_details.json").len(), 1);
    assert!(server.folders.rows("child_details.json").is_empty());
}

#[tokio::test]
async fn a_row_that_cannot_be_read_keeps_its_details() {
    let mut server = TestServer::with(Settings::default()).await;
    let parent = server.parent().await;
    let task = json!({"name": "Tidy", "points": 5, "icon": "bed"});
    let task = text(&parent.post("/tasks", task).await.expect(201)["task"]["id"]);
    let child = parent.child("Mía", 0).await;
    parent.act(&format!("/children/{child}/tasks/{task}/request")).await.expect(200);
    let tasks = server.folders.data_file("tasks.json");
    for points in [r#"{"points": "many"}"#, r#"{"points": 5}"#] {
        server.stop().await;
        assert!(python("update_row.py", &[&tasks, task.as_ref()], points).status.success());
        server.start_again().await;
    }
    let found = parent.get(&format!("/tasks/{task}")).await.expect(200);
    assert_eq!(found["task"]["icon"], "bed");
    server.stop().await;
    assert_eq!(server.folders.rows("pending_tasks.json").len(), 1);
}
