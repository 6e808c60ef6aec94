//! The example directory goes through a Flask service that rewrites, inserts and deletes rows and drops the
//! fields that it does not know: what Goldstar has added survives, and goes with its records.

use serde_json::{Value, json};

use super::flask::{on_flask_data, parent};
use crate::harness::{
    Client, Folders, TestServer, assert_error, python, reward_path, task_path, text,
};

/// A child with a request for a reward and for a task, a request that has ended, a scheduled task that is skipped on
/// one day, and a calendar feed.
struct Asked {
    child: String,
    task: String,
    reward: String,
    ended: Value,
    /// The day on which the task is skipped.
    day: String,
    /// The path of a calendar feed.
    calendar: String,
}

async fn create(parent: &Client, path: &str, field: &str, body: Value) -> String {
    text(&parent.post(path, body).await.expect(201)[field]["id"])
}

async fn asked(parent: &Client) -> Asked {
    let child = json!({"name": "Mía", "points": 50, "colour": "teal"});
    let child = create(parent, "/children", "child", child).await;
    let schedule = json!({"who": [child], "every": "day"});
    let task = json!({"name": "Dishes", "points": 5, "icon": "dishes", "schedule": schedule});
    let task = create(parent, "/tasks", "task", task).await;
    let reward = json!({"name": "Cinema", "cost": 30, "icon": "film"});
    let reward = create(parent, "/rewards", "reward", reward).await;
    parent.act(&task_path(&child, &task, "request")).await.expect(200);
    let ended = parent.act(&task_path(&child, &task, "cancel")).await.expect(200);
    let ended = ended["tracking_event"]["metadata"]["request_id"].clone();
    for path in [task_path(&child, &task, "request"), reward_path(&child, &reward, "request")] {
        parent.post(&path, json!({"note": "Please"})).await.expect(200);
    }
    parent.put(&format!("/children/{child}/goal"), json!({"reward_id": reward})).await.expect(200);
    let feed = parent.act(&format!("/children/{child}/calendar-feeds")).await.expect(201);
    let calendar = text(&feed["feed"]["url"]);
    parent.patch(&format!("/rewards/{reward}"), json!({"cost": 45})).await.expect(200);
    parent.patch(&format!("/tasks/{task}"), json!({"points": 9})).await.expect(200);
    let today = parent.get(&format!("/children/{child}/today")).await.expect(200);
    let day = text(&today["occurrences"][0]["day"]);
    let skip = json!({"date": day, "note": "Ill"});
    parent.post(&task_path(&child, &task, "skip"), skip).await.expect(200);
    Asked { child, task, reward, ended, day, calendar }
}

/// What the API returns about it, except the fields of the Flask service.
async fn own(parent: &Client, asked: &Asked) -> Value {
    let Asked { child, task, reward, ended, day, calendar } = asked;
    let get = async |path: String| parent.get(&path).await.expect(200);
    let mut pending = Vec::new();
    for kind in ["task", "reward"] {
        let mut list = get(format!("/{kind}s/pending")).await[format!("pending_{kind}s")].take();
        list.as_array_mut().unwrap().retain(|it| it["child_id"] == *child);
        pending.push(list);
    }
    let one = get(format!("/children/{child}")).await["child"].take();
    let late = parent.post(&task_path(child, task, "cancel"), json!({"request_id": ended})).await;
    let skipped = get(format!("/children/{child}/schedule?from={day}&to={day}")).await;
    let found = get(format!("/tasks/{task}")).await["task"].take();
    json!({
        "language": get("/auth/me".into()).await["user"]["language"],
        "child": [one["colour"], one["goal_reward_id"], one["reserved"]],
        "task": [found["icon"], found["schedule"]],
        // Not its times: the service drops the time zone of an older front end.
        "skipped": skipped["occurrences"][0]["note"],
        "reward": get(format!("/rewards/{reward}")).await["reward"]["icon"],
        "feeds": get(format!("/children/{child}/calendar-feeds")).await,
        "calendar": parent.get(calendar).await.status,
        "pending": pending,
        "late": assert_error(&late, 409, "REQUEST_GONE"),
    })
}

/// The number of rows of Goldstar's own files that name an id.
fn rows_of(folders: &Folders, id: &str) -> usize {
    let files = [
        "child_details.json",
        "task_details.json",
        "reward_details.json",
        "pending_tasks.json",
        "ended_requests.json",
        "schedule_marks.json",
        "calendar_feeds.json",
    ];
    let rows = files.into_iter().flat_map(|file| folders.rows(file));
    rows.filter(|(_, row)| row.to_string().contains(id)).count()
}

fn through_flask(server: &TestServer, removed: &Value) {
    let output = python("flask_trip.py", &[&server.folders.data()], &removed.to_string());
    assert!(output.status.success(), "{output:?}");
}

#[tokio::test]
async fn a_trip_through_a_flask_service_loses_nothing_of_goldstars_own() {
    let mut server = on_flask_data().await;
    let parent = parent(&server, 1).await;
    parent.patch("/user", json!({"language": "de"})).await.expect(200);
    let (kept, removed) = (asked(&parent).await, asked(&parent).await);
    let before = own(&parent, &kept).await;
    assert_eq!(before["pending"][1][0]["cost"], 30, "at the time of the request");
    assert_eq!(before["skipped"], "Ill");
    assert_eq!(before["task"][1]["every"], "day");
    server.stop().await;
    assert!(rows_of(&server.folders, &removed.child) >= 4);

    through_flask(
        &server,
        &json!({
            "children": [removed.child], "tasks": [removed.task], "rewards": [removed.reward],
        }),
    );
    server.start_again().await;
    assert_eq!(own(&parent, &kept).await, before);
    assert_eq!(before["calendar"], 200);
    parent.get(&removed.calendar).await.expect(404);
    let path = reward_path(&kept.child, &kept.reward, "redeem");
    let redeemed = parent.act(&path).await.expect(200);
    assert_eq!(redeemed["tracking_event"]["delta"], -30);
    server.stop().await;
    for id in [&removed.child, &removed.task, &removed.reward] {
        assert_eq!(rows_of(&server.folders, id), 0, "{id}");
    }
}
