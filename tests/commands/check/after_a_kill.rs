//! The files after a server was killed, and after `goldstar checkpoint`.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::directory::{check, edit, run};
use crate::harness::{Folders, TestServer, end_of_frames, names, python};

/// A server that was killed after this many events, and its child.
async fn killed_after(events: usize) -> (TestServer, String) {
    let mut server = TestServer::process().await;
    let family = server.family().await;
    for _ in 0..events {
        family.event().await;
    }
    server.kill();
    (server, family.child)
}

/// Every row as TinyDB reads it.
fn tables(folders: &Folders) -> Value {
    let output = python("read_tables.py", &[&folders.data()], "");
    assert!(output.status.success());
    serde_json::from_slice(&output.stdout).unwrap()
}

fn journal_file(folders: &Folders) -> PathBuf {
    let journal = folders.data().join("journal");
    let file = names(&journal).into_iter().filter(|name| name.ends_with(".journal")).max();
    journal.join(file.unwrap())
}

#[tokio::test]
async fn changes_in_the_journal_are_reported_and_not_a_fault() {
    let (server, _) = killed_after(5).await;
    let checked = check(&server.folders);
    assert_eq!((checked.code, checked.findings()), (0, &[][..]));
    // One for each event, one for the child, and those of the setup.
    assert!(checked.report["journal"]["waiting"].as_u64().unwrap() > 10, "{checked:?}");
    assert_eq!(checked.report["journal"]["is_torn"], false);
    assert_eq!(checked.table("tracking_events.json")["rows"], 5);
    let (_, text, _) = run(&server.folders, &["check", "data"]);
    assert!(text.contains("in the journal") && text.contains("the next start writes them"));
}

#[tokio::test]
async fn a_checkpoint_brings_everything_into_the_files() {
    let (server, child) = killed_after(5).await;
    let folders = &server.folders;
    // As if the machine had lost unsynced writes. The second file may not exist yet.
    folders.put("tracking_events.json", "{\"_default\": {}}");
    fs::remove_file(folders.data_file("children.json")).unwrap_or_default();
    let (code, text, error) = run(folders, &["checkpoint", "--data-dir", "data"]);
    assert_eq!((code, text.as_str()), (0, "data has every change in its files.\n"), "{error}");
    let tables = tables(folders);
    let events = tables["tracking_events.json"]["_default"].as_object().unwrap();
    assert_eq!(events.len(), 5);
    let children = tables["children.json"]["_default"].as_object().unwrap();
    let points = children.values().find(|row| row["id"] == *child).map(|row| &row["points"]);
    let last = events.values().map(|event| &event["points_after"]).max_by_key(|it| it.as_i64());
    assert_eq!(points, last);
    let checked = check(folders);
    assert_eq!((checked.code, &checked.report["journal"]["waiting"]), (0, &json!(0)));
    // Again, as after a clean stop.
    let before = fs::read(folders.data_file("tracking_events.json")).unwrap();
    assert_eq!(run(folders, &["checkpoint", "--data-dir", "data"]).0, 0);
    assert_eq!(fs::read(folders.data_file("tracking_events.json")).unwrap(), before);
}

#[tokio::test]
async fn a_torn_batch_is_reported_and_not_a_fault() {
    let (server, _) = killed_after(1).await;
    let file = journal_file(&server.folders);
    let mut bytes = fs::read(&file).unwrap();
    let end = end_of_frames(&bytes);
    let torn = b"GSJ1 half of a frame";
    bytes[end..end + torn.len()].copy_from_slice(torn);
    fs::write(&file, bytes).unwrap();
    let checked = check(&server.folders);
    assert_eq!((checked.code, &checked.report["journal"]["is_torn"]), (0, &json!(true)));
}

#[tokio::test]
async fn a_directory_of_a_server_without_its_socket_is_not_checked() {
    let mut server = TestServer::process().await;
    fs::remove_file(server.folders.data_file(goldstar::disk::SOCKET)).unwrap();
    for arguments in [&["check", "data"][..], &["check", "data", "--json"]] {
        let (code, text, error) = run(&server.folders, arguments);
        assert_eq!((code, text.as_str()), (1, ""));
        assert!(error.contains(&format!("in use by another Goldstar (process {})", server.pid())));
    }
    let (code, _, error) = run(&server.folders, &["checkpoint", "--data-dir", "data"]);
    assert_eq!(code, 1);
    assert!(error.contains("in use"), "{error}");
    server.stop().await;
    assert_eq!(check(&server.folders).code, 0);
}

#[tokio::test]
async fn damage_in_the_journal() {
    let (server, _) = killed_after(6).await;
    let folders = &server.folders;
    let file = journal_file(folders);
    let name = format!("journal/{}", file.file_name().unwrap().to_string_lossy());
    let whole = fs::read(&file).unwrap();

    let mut flipped = whole.clone();
    flipped[end_of_frames(&whole) / 2] ^= 1;
    fs::write(&file, flipped).unwrap();
    let checked = check(folders);
    assert_eq!((checked.code, checked.codes()), (78, vec!["journal_damaged"]));
    assert_eq!(checked.findings()[0]["file"], json!(name));
    let (code, _, error) =
        run(folders, &["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"]);
    assert_eq!(code, 78);
    assert!(error.contains("`goldstar salvage data --out NEW`"), "{error}");

    fs::write(&file, whole).unwrap();
    assert_eq!(check(folders).code, 0);
    let later = file.with_file_name("00000000000000000099.journal");
    fs::rename(&file, &later).unwrap();
    let place = json!(["journal/00000000000000000099.journal", null, 0]);
    let checked = check(folders);
    checked.expect_one("journal_file_missing", &place, "before this one is missing");
    fs::rename(&later, &file).unwrap();

    folders.put("journal/checkpoint.json", "{\"format\": 1");
    let place = json!(["journal/checkpoint.json", null, 0]);
    check(folders).expect_one("checkpoint_unreadable", &place, "can't be read");
    folders.put("journal/checkpoint.json", "");
    assert_eq!(check(folders).code, 78);
}

#[tokio::test]
async fn another_program_that_wrote_after_a_crash() {
    let (server, _) = killed_after(3).await;
    let folders = &server.folders;
    folders.put("rewards.json", r#"{"_default": {"1": {"id": "r", "name": "R", "cost": 5}}}"#);
    let rewards = json!(["rewards.json", null, 0]);
    check(folders).expect_one("foreign_write", &rewards, "another program has written");
    edit(folders, "tracking_events.json", |file| {
        let mut row = file["_default"]["3"].clone();
        row["id"] = json!("foreign");
        file["_default"]["4"] = row;
    });
    let checked = check(folders);
    let files: Vec<_> = checked.findings().iter().map(|found| found["file"].clone()).collect();
    assert_eq!((checked.code, checked.codes()), (78, vec!["foreign_write"]));
    assert_eq!(files, [json!("rewards.json"), json!("tracking_events.json")]);
}
