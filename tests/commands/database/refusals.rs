//! What is not imported and not exported: the error names the reason, and nothing has changed.

use serde_json::json;

use super::{exported, import, imported, rows_of, run};
use crate::check::directory::{add, edit, flask};
use crate::harness::cluster::{execute, new_database};
use crate::harness::{Folders, TestServer};

#[tokio::test]
async fn a_database_that_is_not_empty_is_refused() {
    let folders = flask();
    let (url, _) = imported(&folders);
    let rows = rows_of(&url).await;
    let (code, _, error) = import(&folders, &url);
    assert_eq!(code, 1);
    assert!(error.contains("not empty") && error.contains("CREATE DATABASE"), "{error}");
    assert_eq!(rows_of(&url).await, rows);
}

#[tokio::test]
async fn duplicates_are_refused_and_named() {
    let folders = flask();
    let (_, child) = folders.rows("children.json").swap_remove(0);
    let (_, event) = folders.rows("tracking_events.json").swap_remove(0);
    let (_, mut user) = folders.rows("users.json").swap_remove(0);
    user["id"] = json!("another");
    user["email"] = json!(user["email"].as_str().unwrap().to_uppercase());
    add(&folders, "children.json", 900, child);
    add(&folders, "tracking_events.json", 901, event);
    add(&folders, "users.json", 902, user);
    let url = new_database();
    let (code, _, error) = import(&folders, &url);
    assert_eq!(code, 1);
    for row in ["children.json, row 900", "tracking_events.json, row 901", "users.json, row 902"] {
        assert!(error.contains(row), "{error}");
    }
    // It is refused before the database is used.
    assert_eq!(import(&folders, "postgres://nobody@127.0.0.1:1/x").2, error);
}

#[test]
fn a_damaged_directory_is_refused() {
    let folders = flask();
    folders.put("tasks.json", "{\"_default\": {\"1\": {\"id\": ");
    let (code, _, error) = import(&folders, &new_database());
    assert_eq!(code, 78);
    assert!(error.contains("tasks.json") && error.contains("goldstar check data"), "{error}");
}

#[tokio::test]
async fn a_journal_must_be_in_the_files_first() {
    let mut server = TestServer::process().await;
    server.family().await.event().await;
    let url = new_database();
    let (code, _, error) = import(&server.folders, &url);
    assert!(code == 1 && error.contains("in use by another Goldstar"), "{error}");
    server.kill();
    let (code, _, error) = import(&server.folders, &url);
    assert!(code == 1 && error.contains("goldstar checkpoint --data-dir data"), "{error}");
    let checkpoint = run(&server.folders, &["checkpoint", "--data-dir", "data"]);
    assert_eq!(checkpoint.0, 0, "{checkpoint:?}");
    assert_eq!(import(&server.folders, &url).0, 0);
}

#[test]
fn a_wrong_url_is_refused() {
    let folders = flask();
    for (url, expected, says) in [
        ("nonsense", 2, "postgres://user:password@host"),
        ("postgres://ada:secret-1@127.0.0.1:1/x", 1, "start PostgreSQL there"),
    ] {
        let (code, _, error) = import(&folders, url);
        assert_eq!(code, expected, "{error}");
        assert!(error.contains(says) && !error.contains("secret-1"), "{error}");
    }
    let (code, _, error) = run(&folders, &["import", "tinydb", "data"]);
    assert!(code == 2 && error.contains("--database-url"), "{error}");
    let (code, _, error) = run(&folders, &["import", "tinydb", "nowhere", "--database-url=x"]);
    assert!(code != 0 && !error.is_empty());
}

#[test]
fn a_newer_schema_is_refused() {
    let folders = flask();
    let (url, _) = imported(&folders);
    execute(
        &url,
        "INSERT INTO goldstar_migrations (version, name, checksum) VALUES (999, 'new', '0')",
    );
    for (arguments, expected) in [
        (&["import", "tinydb", "data"][..], 78),
        (&["export", "tinydb", "copy"], 78),
        (&["check"], 1),
    ] {
        let arguments = [arguments, &["--database-url", &url]].concat();
        let (code, _, error) = run(&folders, &arguments);
        assert_eq!(code, expected, "{error}");
        assert!(error.contains("schema version 999"), "{error}");
    }
    assert!(!folders.root().join("copy").exists());
}

#[test]
fn a_database_without_tables_is_not_exported() {
    let folders = Folders::new();
    let url = new_database();
    for command in [&["check"][..], &["export", "tinydb", "copy"]] {
        let (code, _, error) = run(&folders, &[command, &["--database-url", &url]].concat());
        assert!(code == 1 && error.contains("no tables of Goldstar"), "{error}");
    }
    assert!(!folders.root().join("copy.partial").exists());
}

#[test]
fn an_export_replaces_nothing() {
    let (url, _) = imported(&flask());
    let folders = exported(&url);
    let (code, _, error) = run(&folders, &["export", "tinydb", "data", "--database-url", &url]);
    assert!(code == 1 && error.contains("not an empty directory"), "{error}");
    std::fs::create_dir(folders.root().join("empty")).unwrap();
    let done = run(&folders, &["export", "tinydb", "empty", "--database-url", &url]);
    assert_eq!(done.0, 0, "{done:?}");
    std::fs::create_dir(folders.root().join("new.partial")).unwrap();
    let (code, _, error) = run(&folders, &["export", "tinydb", "new", "--database-url", &url]);
    assert!(code == 1 && error.contains("new.partial is left"), "{error}");
}

#[test]
fn accounts_that_another_program_has_marked_are_not_deleted_on_the_first_day() {
    let folders = flask();
    edit(&folders, "users.json", |file| {
        let row = file["_default"].as_object_mut().unwrap().values_mut().next().unwrap();
        row["marked_for_deletion"] = json!(true);
        row["marked_for_deletion_at"] = json!("2020-01-01T00:00:00+00:00");
    });
    let copy = exported(&imported(&folders).0);
    let settings = copy.rows("settings.json");
    let first_start =
        settings.iter().find(|(_, row)| row["name"] == "account_deletion_first_start");
    let (_, row) = first_start.unwrap_or_else(|| panic!("{settings:?}"));
    assert_eq!(row["value"], json!(null));
}
