//! Commands on the directory of a running server, which makes the backup, or the checkpoint.

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::{ARCHIVE, assert_clean, back_up, restored, run};
use crate::harness::{TestServer, goldstar_after, names};

#[tokio::test]
async fn a_running_server_makes_the_backup() {
    let server = TestServer::process().await;
    let family = server.family().await;
    family.event().await;
    let folders = &server.folders;
    back_up(folders);
    family.event().await;
    let copy = restored(folders, &["--no-erasures"]);
    assert_clean(&copy, &["data"]);
    assert_eq!(copy.events().len(), 1);
    // To the standard output.
    let archive = folders.root().join(ARCHIVE);
    fs::remove_file(&archive).unwrap();
    let create = ["backup", "create", "-", "--data-dir", "data", "--log-dir", "logs"];
    let mut command = crate::harness::goldstar(folders.root());
    let made = command.args(create).output().unwrap();
    assert!(made.status.success(), "{made:?}");
    fs::write(&archive, made.stdout).unwrap();
    assert_eq!(restored(folders, &["--no-erasures"]).events().len(), 2);
    let (code, log, _) = run(folders, &["account", "log", "--data-dir", "data"]);
    assert!(code == 0 && log.contains("2 of 2 actions"), "{log}");
    assert_eq!(log.matches("backup_created        operator").count(), 2, "{log}");
}

#[tokio::test]
async fn a_backup_of_a_running_server_to_a_full_disk_leaves_nothing() {
    let server = TestServer::process().await;
    let family = server.family().await;
    for _ in 0..30 {
        family.event().await;
    }
    let folders = &server.folders;
    let create = ["backup", "create", ARCHIVE, "--data-dir", "data", "--log-dir", "logs"];
    let limited =
        goldstar_after("ulimit -f 16; trap '' XFSZ", folders.root()).args(create).output().unwrap();
    let error = String::from_utf8(limited.stderr).unwrap();
    assert!(limited.status.code() == Some(1) && error.contains("can't be written"), "{error}");
    assert!(!names(folders.root()).iter().any(|name| name.starts_with(ARCHIVE)));
    // The server makes the next one.
    back_up(folders);
    // Without its socket, the command names the other way.
    fs::remove_file(folders.data_file(goldstar::disk::SOCKET)).unwrap();
    let create = ["backup", "create", "other.tar", "--data-dir", "data", "--log-dir", "logs"];
    let (code, _, error) = run(folders, &create);
    assert!(code == 1 && error.contains("POST /admin/backup"), "{error}");
}

#[tokio::test]
async fn an_incomplete_backup_is_not_kept() {
    let mut server = TestServer::process().await;
    let rows: Vec<String> =
        (1..30_000).map(|n| format!("\"{n}\": {{\"text\": \"{}\"}}", "x".repeat(1000))).collect();
    server.folders.put("pictures.json", &format!("{{\"_default\": {{{}}}}}", rows.join(", ")));
    // The server is killed once the archive has begun.
    let script =
        format!("(until [ -s {ARCHIVE}.partial ]; do :; done; kill -9 {}) & :", server.pid());
    let create = ["backup", "create", ARCHIVE, "--data-dir", "data", "--log-dir", "logs"];
    let mut command: Command = goldstar_after(&script, server.folders.root());
    let output = command.args(create).output().unwrap();
    let left = names(server.folders.root());
    server.kill();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(!left.iter().any(|name| name.starts_with(ARCHIVE)), "{left:?}");
}

#[tokio::test]
async fn a_running_server_is_checked() {
    let server = TestServer::process().await;
    let family = server.family().await;
    for _ in 0..3 {
        family.event().await;
    }
    let folders = &server.folders;
    let (code, text, error) = run(folders, &["check", "data", "--json"]);
    assert_eq!(code, 0, "{text}{error}");
    let report: Value = serde_json::from_str(&text).unwrap();
    let history = Value::from("tracking_events.json");
    let tables = report["tables"].as_array().unwrap();
    let history = tables.iter().find(|table| table["file"] == history).unwrap();
    assert_eq!((&report["status"], &history["rows"]), (&json!("clean"), &json!(3)), "{report}");
    let (_, log, _) = run(folders, &["account", "log", "--data-dir", "data"]);
    assert!(log.contains("0 of 0 actions"), "a check is no action: {log}");
    // The server reads the file for the backup, and finds what happens to it.
    let path = folders.data_file("tracking_events.json");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"activated\"", "\"actovated\"", 1)).unwrap();
    let (code, text, error) = run(folders, &["check", "data"]);
    assert!(code == 3 && text.contains("actovated"), "{text}{error}");
}

#[tokio::test]
async fn a_running_server_brings_its_files_up_to_date() {
    let server = TestServer::process().await;
    let folders = &server.folders;
    for round in 1..=3 {
        let family = server.family().await;
        family.event().await;
        let (code, text, error) = run(folders, &["checkpoint", "--data-dir", "data"]);
        assert_eq!(code, 0, "{text}{error}");
        let users = folders.json("users.json").to_string();
        assert!(users.contains(&family.parent.email), "{users}");
        assert_eq!(folders.events().len(), round);
    }
}
