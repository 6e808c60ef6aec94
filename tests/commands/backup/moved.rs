//! What a backup contains comes back, in a directory and in a database.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;

use super::{ARCHIVE, assert_clean, back_up, restored, run, stream_epoch};
use crate::harness::cluster::new_database;
use crate::harness::{Client, Folders, Parent, TestServer, goldstar, names, python, text};

/// Every table as TinyDB reads it: the sorted texts of its rows, without what is not restored.
fn tables(folders: &Folders) -> BTreeMap<String, Vec<String>> {
    let output = python("read_tables.py", &[&folders.data()], "");
    let files: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut all = BTreeMap::new();
    for (file, tables) in files.as_object().unwrap() {
        let is_left_out = ["sessions.json", "idempotency_keys.json", "erasures.json"];
        for (table, rows) in tables.as_object().unwrap() {
            let rows = rows.as_object().unwrap().values();
            let rows = rows.filter(|row| row["name"] != "event_stream_epoch");
            let mut rows: Vec<String> = rows.map(Value::to_string).collect();
            rows.sort();
            if !rows.is_empty() && !is_left_out.contains(&&**file) {
                all.insert(format!("{file}: {table}"), rows);
            }
        }
    }
    all
}

fn logs(folders: &Folders) -> BTreeMap<String, Vec<u8>> {
    let names = names(&folders.logs()).into_iter();
    names.map(|name| (name.clone(), fs::read(folders.logs().join(name)).unwrap())).collect()
}

/// A server with events that was killed, the parent, the last answer to the history, and the path of a calendar feed.
async fn killed() -> (TestServer, Parent, String, String) {
    let mut server = TestServer::process().await;
    let family = server.family().await;
    for _ in 0..5 {
        family.event().await;
    }
    let history = family.parent.get(&format!("/children/{}/tracking", family.child)).await.text;
    let feed = family.parent.act(&format!("/children/{}/calendar-feeds", family.child)).await;
    let calendar = text(&feed.expect(201)["feed"]["url"]);
    server.kill();
    (server, family.parent, history, calendar)
}

async fn history_of(client: &Client, email: &str) -> String {
    let parent = Parent::log_in(client.clone(), email, crate::harness::PASSWORD).await;
    let children = parent.get("/children").await.expect(200);
    let child = children["children"][0]["id"].as_str().unwrap();
    parent.get(&format!("/children/{child}/tracking")).await.text
}

#[tokio::test]
async fn a_killed_server_comes_back_from_a_backup() {
    let (server, parent, history, calendar) = killed().await;
    let folders = &server.folders;
    back_up(folders);
    let (code, text, error) = run(folders, &["backup", "verify", ARCHIVE]);
    assert_eq!(code, 0, "{text}{error}");
    let copy = restored(folders, &["--no-erasures"]);
    assert_clean(&copy, &["data"]);
    assert_eq!(tables(&copy), tables(folders));
    assert_eq!(logs(&copy), logs(folders));
    assert!(!copy.data_file("sessions.json").exists(), "nobody is logged in");
    // A client with an id of the server that was killed loads everything again.
    assert_ne!(stream_epoch(&copy), stream_epoch(&restored(folders, &["--no-erasures"])));
    let again = TestServer::on(copy, crate::harness::Settings::default()).await;
    assert_eq!(history_of(&again.nobody(), &parent.email).await, history);
    again.nobody().get(&calendar).await.expect(200);
}

#[tokio::test]
async fn a_backup_restores_into_a_database_and_back() {
    let (server, ..) = killed().await;
    let folders = &server.folders;
    folders.put("images.json", r#"{"_default": {"1": {"id": "i", "url": "u"}}}"#);
    back_up(folders);
    let url = new_database();
    let command = ["restore", ARCHIVE, "--no-erasures", "--database-url", &url];
    let (code, text, error) = run(folders, &command);
    assert_eq!(code, 0, "{text}{error}");
    assert_clean(folders, &["--database-url", &url]);
    let (code, _, error) = run(folders, &command);
    assert!(code == 1 && error.contains("the database is not empty"), "{error}");
    let copy = Folders::new();
    let (code, text, error) = run(&copy, &["backup", "create", ARCHIVE, "--database-url", &url]);
    assert_eq!(code, 0, "{text}{error}");
    assert_eq!(names(copy.root()), [ARCHIVE], "the export is removed");
    let copy = restored(&copy, &["--no-erasures"]);
    assert_clean(&copy, &["data"]);
    assert_eq!(tables(&copy), tables(folders));
    assert!(!copy.logs().exists(), "a database has no audit logs");
}

#[tokio::test]
async fn standard_tools_read_a_backup() {
    let (server, ..) = killed().await;
    let root = server.folders.root();
    let mut create = goldstar(root);
    create.args(["backup", "create", "-", "--data-dir", "data", "--log-dir", "logs"]);
    fs::write(root.join(ARCHIVE), create.output().unwrap().stdout).unwrap();
    let script =
        "mkdir unpacked && cd unpacked && tar -xf ../backup.tar && sha256sum -c SHA256SUMS";
    let output = Command::new("sh").args(["-ec", script]).current_dir(root).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("data/tracking_events.json: OK"), "{text}");
    let manifest = fs::read(root.join("unpacked/manifest.json")).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(
        (&manifest["format"], &manifest["rows"]["tracking_events.json"]),
        (&1.into(), &5.into())
    );
    let last = server.folders.events().pop().unwrap();
    assert_eq!(manifest["last_event"], last["id"]);
    let output = python("read_tables.py", &[&root.join("unpacked/data")], "");
    let files: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(files["tracking_events.json"]["_default"].as_object().unwrap().len(), 5);
}
