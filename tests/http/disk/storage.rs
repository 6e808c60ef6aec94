//! The data directory: TinyDB's format, preserved changes of other programs, file modes and the
//! lock.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::json;

use crate::harness::{
    Folders, Process, Settings, TestServer, activate_path, assert_error, hash_as_for_users,
};

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[tokio::test]
async fn every_record_is_a_row_of_its_documented_form() {
    let settings = Settings { configure: hash_as_for_users, ..Settings::default() };
    let mut server = TestServer::with(settings).await;
    let family = server.family().await;
    family.parent.ask_for(&family.child, &family.reward).await.expect(200);
    server.stop().await;
    let folders = &server.folders;

    let user = folders.record("users.json", &family.parent.id);
    assert!(user["password"].as_str().unwrap().starts_with("scrypt:32768:8:3$"));
    assert_eq!((&user["verified"], &user["role"]), (&json!(true), &json!("parent")));
    let child = folders.record("children.json", &family.child);
    assert_eq!((&child["points"], &child["user_id"]), (&json!(50), &json!(family.parent.id)));
    let pending = folders.rows("pending_rewards.json").remove(0).1;
    for (field, value) in [
        ("status", "pending"),
        ("child_name", "Mía"),
        ("reward_name", "Ice cream"),
        ("child_id", &family.child),
        ("reward_id", &family.reward),
        ("user_id", &family.parent.id),
    ] {
        assert_eq!(pending[field], value, "{field}");
    }
    for row in [&user, &child, &pending] {
        let seconds = row["created_at"].as_f64().expect("Unix seconds");
        assert!(seconds > 1.7e9 && seconds < 1e11, "{row}");
    }
    let task = folders.record("tasks.json", &family.penalty);
    assert_eq!((&task["points"], &task["is_good"]), (&json!(8), &json!(false)));
    let reward = folders.record("rewards.json", &family.reward);
    assert_eq!((&reward["cost"], &reward["image_id"]), (&json!(20), &json!(null)));
}

#[tokio::test]
async fn row_numbers_continue_and_are_not_used_twice() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let mut last = 0;
    for _ in 0..3 {
        family.event().await;
        family.parent.task("One more", 1).await;
        server.restart().await;
        let numbers = |name: &str| -> Vec<u64> {
            server.folders.rows(name).into_iter().map(|(number, _)| number).collect()
        };
        let newest = numbers("tracking_events.json").pop().unwrap();
        assert_eq!(newest, last + 1);
        last = newest;
        let mut tasks = numbers("tasks.json");
        tasks.dedup();
        assert!(tasks.is_sorted(), "{tasks:?}");
    }
    assert_eq!(server.folders.rows("tasks.json").len(), 5);
}

#[tokio::test]
async fn a_row_with_the_largest_number_leaves_the_directory_usable() {
    const LAST: &str = "9007199254740991";
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let event = family.event().await;
    server.stop().await;
    for name in ["tracking_events.json", "tasks.json"] {
        let mut file = server.folders.json(name);
        let mut row = file["_default"]["1"].clone();
        row["id"] = "last".into();
        file["_default"][LAST] = row;
        server.folders.put(name, &file.to_string());
    }
    server.start_again().await;
    // There is no number for another event. A task gets a free number.
    let path = activate_path(&family.child, &family.task);
    assert_error(&family.parent.act(&path).await, 503, "NOT_DURABLE");
    let tasks = [family.parent.task("One more", 1).await, family.parent.task("Another", 1).await];
    server.restart().await;
    let numbers = |name: &str| -> Vec<_> {
        server.folders.rows(name).into_iter().map(|(number, _)| number.to_string()).collect()
    };
    assert_eq!(numbers("tracking_events.json"), ["1", LAST]);
    assert_eq!(numbers("tasks.json")[2..], ["9007199254740989", "9007199254740990", LAST]);
    let found = family.parent.get("/tasks").await.expect(200).to_string();
    assert!(tasks.iter().all(|id| found.contains(id)), "{found}");
    assert_eq!(server.folders.events()[0], event);
}

#[tokio::test]
async fn unknown_fields_and_files_stay_as_they_are() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    server.stop().await;
    let folders = server.folders.clone();
    let mut children = folders.json("children.json");
    let extra = json!({"pet": ["a dog", {"name": "\u{1f415}"}], "height": 1.230, "seen": null});
    children["_default"]["1"]["extra"] = extra.clone();
    children["badges"] = json!({"1": {"id": "b", "for": "reading"}});
    folders.put("children.json", &children.to_string());
    let images = r#"{"_default": {"1": {"id": "boy01", "extension": "png"}}}"#;
    folders.put("images.json", images);

    server.start_again().await;
    family.event().await;
    let path = format!("/children/{}", family.child);
    family.parent.patch(&path, json!({"name": "Maria"})).await.expect(200);
    server.stop().await;
    let after = folders.json("children.json");
    let row = &after["_default"]["1"];
    assert_eq!((&row["name"], &row["points"]), (&json!("Maria"), &json!(55)));
    assert_eq!(row["extra"], extra);
    assert_eq!(after["badges"], children["badges"]);
    assert_eq!(fs::read_to_string(folders.data_file("images.json")).unwrap(), images);
}

#[tokio::test]
async fn an_indented_tracking_file_with_a_second_table_is_kept() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let row = json!({
        "id": "old", "user_id": "admin-1", "child_id": "c", "entity_type": "task",
        "entity_id": "t", "action": "activated", "points_before": 0, "points_after": 5, "delta": 5,
        "occurred_at": "2026-01-05T11:11:44Z", "created_at": "2026-01-05T11:11:44Z",
        "metadata": null, "note": "kept",
    });
    let table = json!({"_default": {"7": row}, "archive": {"1": {"any": "thing"}}});
    let text = serde_json::to_string_pretty(&table).unwrap();
    folders.put("tracking_events.json", &text);
    let mut server = TestServer::on(folders, Settings::default()).await;
    let family = server.family().await;
    let event = family.event().await;
    let expected = [(7, row), (8, event)];
    assert_eq!(server.folders.rows("tracking_events.json"), expected);
    server.restart().await;
    assert_eq!(server.folders.rows("tracking_events.json"), expected);
    let archive = &server.folders.json("tracking_events.json")["archive"];
    assert_eq!(archive, &table["archive"]);
}

#[tokio::test]
async fn new_files_are_private_and_old_ones_keep_their_mode() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let users = folders.data_file("users.json");
    fs::set_permissions(&users, fs::Permissions::from_mode(0o640)).unwrap();
    let mut server = TestServer::on(folders, Settings::default()).await;
    let family = server.family().await;
    family.event().await;
    server.stop().await;
    for path in server.folders.data_files() {
        let expected = if path == users { 0o640 } else { 0o600 };
        assert_eq!(mode(&path), expected, "{}", path.display());
    }
    assert_eq!(mode(&server.folders.logs()), 0o700);
}

#[tokio::test]
async fn new_folders_are_private() {
    let server = TestServer::on(Folders::new(), Settings::default()).await;
    server.family().await.event().await;
    assert_eq!(mode(&server.folders.data()), 0o700);
    assert_eq!(mode(&server.folders.logs()), 0o700);
}

#[tokio::test]
async fn a_second_server_on_one_directory_refuses_and_names_the_first() {
    let server = TestServer::process().await;
    let refused = Process::start(&server.folders, &[]).err().expect("it refuses");
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains(&server.pid().to_string()), "{said}");
    server.family().await.event().await;
}

#[tokio::test]
async fn a_damaged_file_is_named_and_left_alone() {
    let mut server = TestServer::process().await;
    server.family().await.event().await;
    server.stop().await;
    for (name, damage) in [
        ("children.json", "{\"_default\": {\"1\": {\"id\": \"c\", \"points\": "),
        ("tasks.json", "not JSON at all"),
        ("users.json", "[]"),
        ("tracking_events.json", "{\"_default\": {\"1\": {\"id\": \"x\"}"),
    ] {
        let path = server.folders.data_file(name);
        let whole = fs::read_to_string(&path).unwrap();
        fs::write(&path, damage).unwrap();
        let refused = Process::start(&server.folders, &[]).err().expect("it refuses");
        assert!(!refused.status.success());
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(said.contains(name), "{name}: {said}");
        assert_eq!(fs::read_to_string(&path).unwrap(), damage, "never overwritten");
        fs::write(&path, whole).unwrap();
    }
    server.start_again().await;
    assert_eq!(server.folders.events().len(), 1);
}
