//! `--json`: each command prints its result as one object.

use serde_json::{Value, json};

use crate::check::directory::{flask, run};
use crate::harness::cluster::new_database;
use crate::harness::{Folders, Process, TestServer, goldstar, run_with_input};

/// The object that a command prints.
#[track_caller]
fn object(folders: &Folders, arguments: &[&str]) -> Value {
    let (code, text, error) = run(folders, &[arguments, &["--json"]].concat());
    assert_eq!(code, 0, "{arguments:?}: {text}{error}");
    serde_json::from_str(&text).unwrap()
}

const DIRECTORIES: [&str; 4] = ["--data-dir", "data", "--log-dir", "logs"];

#[test]
fn commands_on_a_directory_print_objects() {
    let folders = flask();
    assert_eq!(
        object(&folders, &["checkpoint", "--data-dir", "data"]),
        json!({"directory": "data"})
    );
    let made = object(&folders, &[&["backup", "create", "b.tar"], &DIRECTORIES[..]].concat());
    assert_eq!(made["file"], "b.tar");
    assert_eq!(made["manifest"]["rows"]["tracking_events.json"], 71, "{made}");
    assert!(made["manifest"]["last_event"].is_string(), "{made}");
    let list = object(&folders, &["erasures", "--data-dir", "data"]);
    assert!(list.is_object());
    let archive = folders.root().join("b.tar");
    let restore = ["restore", archive.to_str().unwrap(), "--no-erasures"];
    let restored = object(&Folders::new(), &[&restore, &DIRECTORIES[..]].concat());
    assert_eq!((&restored["events"], &restored["accounts_deleted_again"]), (&json!(71), &json!(0)));
    assert!(restored["erasures"]["missing"]["from"].is_string(), "{restored}");
    let exported = ["export", "events", "data", "--format", "csv", "--out", "e.csv"];
    let exported = object(&folders, &exported);
    assert_eq!(exported, json!({"file": "e.csv", "events": 71}));
    let settings = object(&folders, &["config", "--data-dir", "elsewhere"]);
    let named = json!({"line": "data_dir = \"elsewhere\"", "origin": "--data-dir"});
    assert!(settings["settings"].as_array().unwrap().contains(&named), "{settings}");
    let mut admin = goldstar(folders.root());
    admin.args(["admin", "create", "--email", "ada@example.org", "--data-dir", "data", "--json"]);
    let created = run_with_input(admin, "correct horse battery\n");
    let created: Value = serde_json::from_slice(&created.stdout).unwrap();
    assert_eq!((&created["email"], &created["role"]), (&json!("ada@example.org"), &json!("admin")));
}

#[test]
fn an_object_is_not_mixed_with_a_file() {
    let folders = flask();
    let create = [&["backup", "create", "-", "--json"], &DIRECTORIES[..]].concat();
    let events = vec!["export", "events", "data", "--format", "csv", "--json"];
    for command in [create, events] {
        let (code, text, _) = run(&folders, &command);
        assert_eq!((code, &*text), (2, ""), "{command:?}");
    }
}

#[test]
fn commands_on_a_database_print_objects() {
    let (folders, url) = (flask(), new_database());
    let database = ["--database-url", &url];
    let on = |words: &[&str]| object(&folders, &[words, &database].concat());
    let migrated = on(&["migrate-database"]);
    assert_eq!(migrated["from"], 0, "{migrated}");
    assert!(migrated["to"].as_i64().unwrap() > 7 && migrated["hosts"].is_string(), "{migrated}");
    let imported = on(&["import", "tinydb", "data"]);
    assert_eq!(imported["rows"]["tracking_events.json"], 71, "{imported}");
    assert!(imported["kept_as_text"].is_array() && imported["not_imported"].is_array());
    let exported = on(&["export", "tinydb", "copy"]);
    assert_eq!(exported["rows"]["tracking_events.json"], 71, "{exported}");
    assert_eq!(exported["directory"], "copy");
    let flag = format!("--database-url={url}");
    let server = Process::start(&folders, &[flag]).unwrap();
    assert!(server.stop("TERM").success());
    let servers = on(&["servers"]);
    assert_eq!(servers["servers"][0]["logs_to_remove"], 0, "{servers}");
    on(&["backup", "create", "b.tar"]);
    let list = on(&["erasures"]);
    folders.put("list.json", &list.to_string());
    let applied = on(&["erasures", "apply", "--erasures", "data/list.json"]);
    assert_eq!(applied["accounts_deleted_again"], 0, "{applied}");
}

#[tokio::test]
async fn the_health_of_a_server_is_an_object() {
    let server = TestServer::process().await;
    let health = object(&server.folders, &["health", "--url", &server.nobody().url("")]);
    assert_eq!(health, json!({"status": "ok", "reason": null}));
}
