//! The forms of TinyDB files, and rows that are not records.

use std::fs;

use serde_json::{Value, json};

use crate::harness::{Folders, Settings, TestServer, activate_path, assert_error, python};

const FILES: [&str; 24] = [
    "users.json",
    "children.json",
    "tasks.json",
    "rewards.json",
    "pending_rewards.json",
    "tracking_events.json",
    "sessions.json",
    "idempotency_keys.json",
    "settings.json",
    "user_details.json",
    "child_details.json",
    "task_details.json",
    "reward_details.json",
    "request_details.json",
    "pending_tasks.json",
    "ended_requests.json",
    "messages.json",
    "badges.json",
    "awards.json",
    "schedule_marks.json",
    "calendar_feeds.json",
    "webhooks.json",
    "webhook_deliveries.json",
    "members.json",
];

fn assert_tinydb_reads(folders: &Folders) {
    assert!(python("open_tables.py", &[&folders.data()], "").status.success());
}

#[tokio::test]
async fn files_without_a_row_are_read() {
    let other = r#""other": {"1": {"a": [1.50, null]}}"#;
    for text in ["", "{}", "{\n}", r#"{"_default": {}}"#, &format!("{{{other}}}")] {
        let folders = Folders::new();
        for file in FILES {
            folders.put(file, text);
        }
        let mut server = TestServer::on(folders.clone(), Settings::default()).await;
        let family = server.family().await;
        family.parent.ask_for(&family.child, &family.reward).await.expect(200);
        let event = family.event().await;
        server.stop().await;
        assert_tinydb_reads(&folders);
        for file in FILES {
            let kept = fs::read_to_string(folders.data_file(file)).unwrap();
            assert!(!text.contains("other") || kept.contains(other), "{file}: {kept}");
        }
        let numbers: Vec<u64> =
            folders.rows("tracking_events.json").iter().map(|row| row.0).collect();
        assert_eq!(numbers, [1, 2], "{text}");
        assert_eq!(folders.events().pop(), Some(event));
    }
}

#[tokio::test]
async fn the_default_table_may_be_anywhere() {
    let child = r#"{"1": {"id": "c", "user_id": "admin-1", "name": "Mía", "points": 5}}"#;
    let event = r#"{"7": {"id": "e", "user_id": "admin-1", "child_id": "c"}}"#;
    for shape in [
        r#"{"_default": ROWS, "a": {"1": {"x": 1.0}}, "b": {}}"#,
        r#"{"a": {"1": {"x": 1.0}}, "_default": ROWS, "b": {}}"#,
        r#"{"a": {"1": {"x": 1.0}}, "b": {}, "_default": ROWS}"#,
        // Of two tables with one name, Python reads the last.
        r#"{"_default": {"9": {"id": "c"}}, "a": {"1": {"x": 1.0}}, "_default": ROWS, "b": {}}"#,
        "{\n\t\"a\": {\"1\": {\"x\": 1.0}},\n\t\"b\": {},\n\t\"\\u005fdefault\": ROWS\n}\n",
    ] {
        let folders = Folders::new();
        TestServer::put_admin(&folders);
        folders.put("children.json", &shape.replace("ROWS", child));
        folders.put("tracking_events.json", &shape.replace("ROWS", event));
        let mut server = TestServer::on(folders.clone(), Settings::default()).await;
        let admin = server.admin().await;
        let task = admin.task("Homework", 5).await;
        let answer = admin.activate("c", &task).await.expect(200);
        server.stop().await;
        assert_tinydb_reads(&folders);
        for file in ["children.json", "tracking_events.json"] {
            let kept = folders.json(file);
            assert_eq!(
                (&kept["a"], &kept["b"]),
                (&json!({"1": {"x": 1.0}}), &json!({})),
                "{shape}"
            );
        }
        assert_eq!(folders.rows("children.json")[0].1["points"], 10, "{shape}");
        let events = folders.rows("tracking_events.json");
        let numbers: Vec<u64> = events.iter().map(|row| row.0).collect();
        assert_eq!(numbers, [7, 8], "{shape}");
        assert_eq!(events[1].1, answer["tracking_event"]);
    }
}

#[tokio::test]
async fn rows_that_are_not_records_are_kept_with_a_warning() {
    let unreadable = [
        ("children.json", json!({"id": "x1", "user_id": "admin-1", "points": "5"})),
        ("children.json", json!({"id": "x2", "points": 5})),
        ("children.json", json!({"id": 7, "user_id": "admin-1"})),
        ("tasks.json", json!({"id": "x3", "points": 5, "user_id": 7})),
        ("tasks.json", json!({"id": "x4", "points": 5.5})),
        ("tasks.json", json!({"id": "x5", "points": null})),
        ("tasks.json", json!({"id": "x6", "points": 5, "is_good": "no"})),
        ("rewards.json", json!({"id": "x7"})),
        ("rewards.json", json!({"id": "x8", "cost": 10_u64.pow(19)})),
        ("pending_rewards.json", json!({"id": "x9", "user_id": "admin-1"})),
    ];
    // Those of Goldstar's own files, to which the test adds none.
    let mark = json!({
        "user_id": "admin-1", "task_id": "t", "child_id": "c", "day": "2026-02-09", "kind": "due",
        "created_at": 1.5,
    });
    let with = |field: &str, value: Value| {
        let mut mark = mark.clone();
        mark[field] = value;
        mark
    };
    let own = [
        ("schedule_marks.json", with("kind", json!("of a newer version"))),
        ("schedule_marks.json", with("day", json!("Monday"))),
        ("schedule_marks.json", with("created_at", Value::Null)),
        ("task_details.json", json!({"id": "x3", "user_id": "admin-1", "schedule": "daily"})),
    ];
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let files = ["children.json", "tasks.json", "rewards.json", "pending_rewards.json"];
    let own_files = ["schedule_marks.json", "task_details.json"];
    let all: Vec<_> = unreadable.iter().chain(&own).collect();
    for file in files.into_iter().chain(own_files) {
        let rows = all.iter().filter(|(of, _)| *of == file).zip(1..);
        let rows: serde_json::Map<String, Value> =
            rows.map(|((_, row), n)| (n.to_string(), row.clone())).collect();
        folders.put(file, &json!({"_default": rows}).to_string());
    }
    let settings = Settings { binary: true, ..Settings::default() };
    let mut server = TestServer::on(folders.clone(), settings).await;
    let admin = server.admin().await;
    for (route, list) in [
        ("/children", "children"),
        ("/tasks", "tasks"),
        ("/rewards", "rewards"),
        ("/rewards/pending", "pending_rewards"),
    ] {
        assert_eq!(admin.get(route).await.expect(200)[list], json!([]));
    }
    assert_error(&admin.get("/children/7").await, 404, "NOT_FOUND");
    let child = admin.child("Mía", 50).await;
    let (task, reward) = (admin.task("Homework", 5).await, admin.reward("Cinema", 5).await);
    admin.activate(&child, &task).await.expect(200);
    admin.ask_for(&child, &reward).await.expect(200);
    let (status, said) = server.stop_by("TERM");
    assert!(status.success());
    let counted = files.into_iter().zip([3, 4, 2, 1]).map(|(file, count)| (file, count, 1));
    let counted_own = own_files.into_iter().zip([3, 1]).map(|(file, count)| (file, count, 0));
    for (file, count, added) in counted.chain(counted_own) {
        let warned = said.lines().any(|line| {
            line.contains("WARN") && line.contains(file) && line.contains(&format!("rows={count}"))
        });
        assert!(warned, "{file}: {said}");
        let kept = folders.rows(file);
        assert_eq!(kept.len(), count + added);
        for (_, row) in all.iter().filter(|(of, _)| *of == file) {
            assert!(kept.iter().any(|(_, kept)| kept == row), "{file}: {row}");
        }
    }
    assert_tinydb_reads(&folders);
}

#[tokio::test]
async fn records_may_lack_all_optional_fields() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let rows = [
        ("children.json", r#"{"id": "c-1", "user_id": "admin-1"}"#),
        ("tasks.json", r#"{"id": "not a UUID/é", "points": 5.0, "is_good": 1, "name": null}"#),
        ("rewards.json", r#"{"id": "r", "cost": 5e0, "user_id": "admin-1", "description": null}"#),
        (
            "pending_rewards.json",
            r#"{"id": "p", "user_id": "admin-1", "child_id": "c-1", "reward_id": "r"}"#,
        ),
    ];
    for (file, row) in rows {
        folders.put(file, &format!("{{\"_default\": {{\"3\": {row}}}}}"));
    }
    let mut server = TestServer::on(folders.clone(), Settings::default()).await;
    let admin = server.admin().await;
    let child = admin.get("/children/c-1").await.expect(200);
    let expected = json!({
        "id": "c-1", "user_id": "admin-1", "name": "", "age": null, "points": 0, "tasks": [],
        "rewards": [], "image_id": null, "created_at": null, "updated_at": null,
        "colour": null, "goal_reward_id": null, "reserved": 5,
    });
    assert_eq!(child["child"], expected);
    let task = &admin.get("/tasks/not%20a%20UUID%2F%C3%A9").await.expect(200)["task"];
    assert_eq!((&task["points"], &task["is_good"]), (&json!(5), &json!(true)));
    admin.act("/children/c-1/tasks/not%20a%20UUID%2F%C3%A9/activate").await.expect(200);
    admin.redeem("c-1", "r").await.expect(200);
    server.stop().await;
    for (file, row) in [rows[1], rows[2]] {
        let kept = fs::read_to_string(folders.data_file(file)).unwrap();
        assert!(kept.contains(row), "{kept}");
    }
    assert!(folders.rows("pending_rewards.json").is_empty());
}

#[tokio::test]
async fn after_the_first_of_two_rows_with_one_id_is_deleted_the_other_is_found() {
    let row = |points: u64| json!({"id": "c", "user_id": "admin-1", "points": points});
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    folders.put("children.json", &json!({"_default": {"2": row(1), "5": row(2)}}).to_string());
    let mut server = TestServer::on(folders.clone(), Settings::default()).await;
    let admin = server.admin().await;
    assert_eq!(admin.points("c").await, 1);
    let name = json!({"name": "The first"});
    admin.patch("/children/c", name).await.expect(200);
    server.stop().await;
    let mut children = folders.json("children.json");
    assert_eq!(children["_default"]["2"]["name"], "The first");
    assert_eq!(children["_default"]["5"], row(2));

    children["_default"].as_object_mut().unwrap().remove("2");
    children["_default"]["6"] = row(3);
    folders.put("children.json", &children.to_string());
    server.start_again().await;
    assert_eq!(admin.points("c").await, 2);
    let answer = admin.delete("/children/c").await;
    assert!(answer.status < 300, "{}", answer.text);
    assert_error(&admin.get("/children/c").await, 404, "NOT_FOUND");
    assert_eq!(admin.get("/children").await.expect(200)["children"], json!([]));
    server.stop().await;
    assert!(folders.rows("children.json").is_empty(), "what is deleted is gone in each row");
}

#[tokio::test]
async fn tables_that_tinydb_has_emptied_start_again() {
    for how in ["truncate", "drop"] {
        let mut server = TestServer::start().await;
        let family = server.family().await;
        family.event().await;
        family.event().await;
        server.stop().await;
        let files =
            ["tracking_events.json", "tasks.json"].map(|name| server.folders.data_file(name));
        let arguments = [how.as_ref(), &*files[0], &*files[1]];
        assert!(python("empty_tables.py", &arguments, "").status.success());
        server.start_again().await;
        assert_eq!(family.parent.get("/tasks").await.expect(200)["tasks"], json!([]));
        let task = family.parent.task("Homework", 5).await;
        let answer = family.parent.activate(&family.child, &task).await.expect(200);
        assert_eq!(answer["child"]["points"], 65);
        server.stop().await;
        let event = answer["tracking_event"].clone();
        assert_eq!(server.folders.rows("tracking_events.json"), [(1, event)], "{how}");
        assert_eq!(server.folders.rows("tasks.json")[0].0, 1, "{how}");
    }
}

/// A repeat must not return a later event that has the number of the lost one.
#[tokio::test]
async fn a_key_whose_event_tinydb_has_removed_returns_no_other_event() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let path = activate_path(&family.child, &family.task);
    family.parent.act_once(&path, "k").await.expect(200);
    server.stop().await;
    let file = server.folders.data_file("tracking_events.json");
    assert!(python("empty_tables.py", &["truncate".as_ref(), &*file], "").status.success());
    server.start_again().await;
    for _ in 0..2 {
        let points = family.parent.points(&family.child).await;
        assert_error(&family.parent.act_once(&path, "k").await, 500, "INTERNAL");
        assert_eq!(family.parent.points(&family.child).await, points);
        family.event().await;
    }
    assert_eq!(server.folders.rows("tracking_events.json")[0].0, 1);
}
