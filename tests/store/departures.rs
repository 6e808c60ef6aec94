//! Account deletion with crashes, failing disks and other programs, and what remains on the disk.

mod patches;

use std::fs;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use goldstar::domain::{Deletion, EventFilter, Name, Page, SortOrder, Timestamp, User, log_name};
use goldstar::store::json::JsonStore;
use goldstar::store::{Change, CommitError, Store};
use serde_json::Value;

use crate::contract::user;
use crate::harness::disk::Operation;
use crate::harness::{
    Folder, Logged, START, give_point, give_point_of, owners, points, put, until,
};
use crate::python::python;
use crate::server_log::server_log;

/// The account to delete: its id, a child's id, and its email address, each of which occurs nowhere
/// else.
const LEAVER: &str = "leaver-5f1a";
const CHILD: &str = "child-77c0";
const EMAIL: &str = "canary@example.org";
const NAME: &str = "Kanarienvogel";

fn leaver() -> User {
    let name = Name::from_stored(NAME);
    User { first_name: name.clone(), last_name: name, ..user(LEAVER, EMAIL) }
}

/// Events of two accounts, alternating, `count` of each; one of them is to be deleted.
async fn two_accounts(store: &JsonStore, count: usize) {
    put(store, [Change::PutUser(leaver())]).await.unwrap();
    for _ in 0..count {
        give_point_of(store, LEAVER, CHILD).await.unwrap();
        give_point(store, "a").await.unwrap();
    }
}

/// All steps of the service to delete an account, as far as they succeed.
async fn delete(store: &Logged) -> io::Result<()> {
    put(store, [Change::RemoveChild(CHILD.into())]).await.map_err(io::Error::other)?;
    store.anonymize(&LEAVER.into()).await.map_err(io::Error::other)?;
    store.forget(&LEAVER.into())?;
    put(store, [Change::RemoveUser(LEAVER.into())]).await.map_err(io::Error::other)?;
    store.purge().await
}

#[tokio::test]
async fn a_late_audit_log_writes_no_line_and_no_file_for_an_account_whose_deletion_has_started() {
    let folder = Folder::new();
    let store = folder.open_with_logs().unwrap();
    two_accounts(&store, 3).await;
    let now = Timestamp::from_micros(START);
    let deletion = Deletion::marked(now).started(now);
    put(&store, [Change::PutUser(User { deletion: Some(deletion), ..leaver() })]).await.unwrap();
    // The log reads the events only now.
    store.follow();
    let lines = || -> Vec<String> {
        let files = fs::read_dir(folder.logs()).unwrap().map(|entry| entry.unwrap().path());
        files
            .flat_map(|path| {
                let name = path.file_name().unwrap().to_str().unwrap().to_owned();
                assert!(name.starts_with("tracking_user_family.log"), "{name}");
                let text = fs::read_to_string(path).unwrap();
                text.lines().map(ToOwned::to_owned).collect::<Vec<_>>()
            })
            .collect()
    };
    assert_eq!(lines().len(), 3);
    delete(&store).await.unwrap();
    store.follow();
    store.close().await.unwrap();
    drop(store);
    let store = folder.open_with_logs().unwrap();
    store.follow();
    assert_eq!(lines().len(), 3);
}

/// The files at and below a path whose name or contents contain one of the words.
fn files_with(path: &Path, words: &[&str]) -> Vec<String> {
    if path.is_dir() {
        let entries = fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
        return entries.flat_map(|entry| files_with(&entry, words)).collect();
    }
    let name = path.display().to_string();
    let bytes = fs::read(path).unwrap();
    let contents = String::from_utf8_lossy(&bytes);
    let is_found = words.iter().any(|word| name.contains(word) || contents.contains(word));
    is_found.then_some(name).into_iter().collect()
}

/// Checks that no file contains the account or its records, except for the children's ids in the
/// history.
fn assert_gone(folder: &Folder, when: &str) {
    let root = folder.path.parent().unwrap();
    assert_eq!(files_with(root, &[LEAVER, EMAIL, NAME]), [""; 0], "{when}");
    let with_child = files_with(root, &[CHILD]);
    assert_eq!(with_child, [folder.file("tracking_events.json").display().to_string()], "{when}");
}

#[tokio::test]
async fn nothing_of_an_account_is_on_the_disk_after_a_purge() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.path).unwrap();
    // Rows that are not records, and files of failed rewrites.
    let rows = format!(r#"{{"_default": {{"4": {{"user_id": "{LEAVER}"}}, "5": {{"x": 1}}}}}}"#);
    fs::write(folder.file("rewards.json"), rows).unwrap();
    let store = folder.open_with_logs().unwrap();
    fs::write(folder.file("tracking_events.json.tmp"), LEAVER).unwrap();
    two_accounts(&store, 5).await;
    store.follow();
    assert!(files_with(folder.path.parent().unwrap(), &[LEAVER]).len() > 3);
    let journals = folder.journal();
    delete(&store).await.unwrap();
    assert_ne!(folder.journal(), journals);
    assert_gone(&folder, "after the purge");
    assert_eq!(folder.rows("rewards.json").len(), 1, "what belongs to nobody stays");
    assert_eq!(points(&store, "a").await, 5);
    give_point(&store, "a").await.unwrap();
    delete(&store).await.unwrap();
    let store = folder.killed().open_with_logs().unwrap();
    let expected: Vec<_> =
        (0..11).map(|n| (n % 2 == 1 || n == 10).then(|| "family".to_owned())).collect();
    assert_eq!(owners(&store).await, expected);
}

#[tokio::test]
async fn no_failure_names_the_account_in_the_server_log() {
    server_log();
    let folder = Folder::new();
    let store = folder.open_with_logs().unwrap();
    // A folder with the name of a log, and a tracking file that cannot be written.
    let log = folder.logs().join(log_name(&LEAVER.into()));
    fs::create_dir_all(&log).unwrap();
    two_accounts(&store, 3).await;
    store.follow();
    folder.disk.fail(Operation::Write, "tracking_events.json", ErrorKind::StorageFull, -1);
    let error = delete(&store).await.unwrap_err();
    assert!(!error.to_string().contains(LEAVER), "{error}");
    folder.disk.mend();
    fs::remove_dir(&log).unwrap();
    until("the backlog drains", || store.backlog() == 0).await;
    folder.disk.fail(Operation::Write, ".journal", ErrorKind::StorageFull, 2);
    folder.disk.fail(Operation::Open, "users.json", ErrorKind::StorageFull, 1);
    let mut tries = 1;
    while delete(&store).await.is_err() {
        tries += 1;
        assert!(tries < 10, "three faults, no more");
    }
    assert_gone(&folder, "in the end");
    let said = server_log();
    for what in ["audit log can't be written", "tracking_events.json", "journal can't be written"] {
        assert!(said.contains(what), "{what}: {said}");
    }
    for word in [LEAVER, EMAIL, NAME, CHILD] {
        let line = said.lines().find(|line| line.contains(word));
        assert_eq!(line, None);
    }
}

#[tokio::test]
async fn tinydb_reads_the_files_after_a_deletion() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    two_accounts(&store, 3).await;
    let before = rows_by_tinydb(&folder);
    assert_eq!(store.anonymize(&LEAVER.into()).await.unwrap(), 3);
    // Even while the store runs.
    let after = rows_by_tinydb(&folder);
    store.close().await.unwrap();
    assert_eq!(rows_by_tinydb(&folder), after);
    let mut expected = before;
    for row in expected.as_object_mut().unwrap().values_mut() {
        if row["user_id"] == LEAVER {
            (row["user_id"], row["metadata"]["note"]) = (Value::Null, Value::Null);
        }
    }
    assert_eq!(after, expected);
}

fn rows_by_tinydb(folder: &Folder) -> Value {
    let output = python("read_tables.py", &[&folder.path], "");
    let mut tables: Value = serde_json::from_slice(&output.stdout).unwrap();
    tables["tracking_events.json"]["_default"].take()
}

#[tokio::test]
async fn an_interrupted_deletion_is_completed_by_the_next() {
    let prepared = Folder::new();
    let store = prepared.open_with_logs().unwrap();
    two_accounts(&store, 3).await;
    store.follow();
    for changes in 0.. {
        let folder = prepared.killed();
        let store = folder.open_with_logs().unwrap();
        folder.disk.stop_after(changes);
        let done = delete(&store).await.is_ok();
        drop(store);
        folder.disk.mend();
        let store = folder.open_with_logs();
        let store = store.unwrap_or_else(|error| panic!("after {changes} changes: {error}"));
        assert_eq!(points(&store, "a").await, 3, "after {changes} changes");
        delete(&store).await.unwrap();
        assert_gone(&folder, &format!("after {changes} changes"));
        let owners = owners(&store).await;
        assert_eq!(owners.iter().flatten().count(), 3, "after {changes} changes");
        assert_eq!(owners.len(), 6, "after {changes} changes");
        if done {
            assert!(changes > 20, "a deletion makes more than {changes} changes");
            return;
        }
    }
}

#[tokio::test]
async fn a_piece_that_cannot_be_made_durable_changes_nothing() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    two_accounts(&store, 2).await;
    store.purge().await.unwrap();
    folder.disk.fail(Operation::Write, ".journal", ErrorKind::StorageFull, -1);
    let refused = store.anonymize(&LEAVER.into()).await;
    assert!(matches!(refused, Err(CommitError::StorageFull)), "{refused:?}");
    assert_eq!(owners(&store).await.iter().flatten().count(), 4);
    folder.disk.mend();
    assert_eq!(store.anonymize(&LEAVER.into()).await.unwrap(), 2);
    assert_eq!(store.anonymize(&LEAVER.into()).await.unwrap(), 0);
}

#[tokio::test]
async fn an_id_shorter_than_null_gets_space() {
    let folder = Folder::new();
    fs::create_dir_all(&folder.path).unwrap();
    let row = |id: &str| {
        format!(
            r#"{{"id": "e", "user_id":{id},"child_id": "c", "entity_type": "task", "entity_id": "t", "action": "activated", "points_before": 0, "points_after": 5, "delta": 5, "occurred_at": "2026-01-05T11:11:44Z", "created_at": "2026-01-05T11:11:44Z", "metadata": null}}"#
        )
    };
    let ids = ["\"x\"", "\"\"", "null", "\"x\"", "\"yz\"", "5"];
    let rows = (1..).zip(ids).map(|(number, id)| format!("\"{number}\": {}", row(id)));
    let text = format!("{{\"_default\": {{{}}}}}", rows.collect::<Vec<_>>().join(", "));
    fs::write(folder.file("tracking_events.json"), text).unwrap();
    for round in 0..2 {
        let store = folder.open().unwrap();
        give_point_of(&store, "x", "c2").await.unwrap();
        assert_eq!(store.anonymize(&"x".into()).await.unwrap(), if round == 0 { 3 } else { 1 });
        assert_eq!(store.anonymize(&"".into()).await.unwrap(), usize::from(round == 0));
        let page = Page { limit: 50, offset: 0 };
        let all = store.events(&EventFilter::default(), SortOrder::Ascending, page).await.unwrap();
        for event in &all.events {
            assert!(!event.contains("null ") && !event.contains("\"x\""), "{event}");
        }
        store.close().await.unwrap();
    }
    let owners: Vec<_> = folder
        .rows("tracking_events.json")
        .into_iter()
        .map(|(_, row)| row["user_id"].clone())
        .collect();
    let expected: Value =
        serde_json::from_str("[null, null, null, null, \"yz\", 5, null, null]").unwrap();
    assert_eq!(owners, *expected.as_array().unwrap());
}

/// A file of that many events, alternating between the deleted account and another.
fn long_history(folder: &Folder, events: usize) {
    fs::create_dir_all(&folder.path).unwrap();
    let row = |number: usize| {
        let (user, child) =
            if number.is_multiple_of(2) { (LEAVER, CHILD) } else { ("family", "other") };
        format!(
            r#""{number}": {{"id": "e{number}", "user_id": "{user}", "child_id": "{child}", "entity_type": "task", "entity_id": "t", "action": "activated", "points_before": 0, "points_after": 5, "delta": 5, "occurred_at": "2026-01-05T11:11:44Z", "created_at": "2026-01-05T11:11:44Z", "metadata": null}}"#
        )
    };
    let rows: Vec<String> = (1..=events).map(row).collect();
    let text = format!("{{\"_default\": {{{}}}}}", rows.join(", "));
    fs::write(folder.file("tracking_events.json"), text).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn commits_and_reads_continue_while_a_long_history_is_anonymised() {
    const EVENTS: usize = 100_000;
    let folder = Folder::new();
    long_history(&folder, EVENTS);
    let store = Arc::new(folder.open().unwrap());
    let done = Arc::new(AtomicBool::new(false));
    let others = tokio::spawn({
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        async move {
            let mut answered = 0;
            while !done.load(Ordering::Relaxed) {
                give_point(&store, "a").await.unwrap();
                answered += 1;
            }
            answered
        }
    });
    let readers = tokio::spawn({
        let (store, done) = (Arc::clone(&store), Arc::clone(&done));
        async move {
            let page = Page { limit: 500, offset: 0 };
            let filter = EventFilter { child_id: Some(CHILD.into()), ..EventFilter::default() };
            while !done.load(Ordering::Relaxed) {
                let found = store.events(&filter, SortOrder::Ascending, page).await.unwrap();
                for event in &found.events {
                    let event: Value = serde_json::from_str(event).unwrap();
                    assert!(event["user_id"].is_null() || event["user_id"] == LEAVER, "{event}");
                }
                assert_eq!(found.total, EVENTS / 2);
            }
        }
    });
    assert_eq!(store.anonymize(&LEAVER.into()).await.unwrap(), EVENTS / 2);
    done.store(true, Ordering::Relaxed);
    // Each of the five hundred pieces leaves room for a batch.
    let answered = others.await.unwrap();
    assert!(answered > 50, "{answered} commits between the pieces");
    readers.await.unwrap();
    store.close().await.unwrap();
    assert!(files_with(&folder.path, &[LEAVER]).is_empty());
    let nobodys = folder.rows("tracking_events.json");
    assert_eq!(nobodys.iter().filter(|(_, row)| row["user_id"].is_null()).count(), EVENTS / 2);
}
