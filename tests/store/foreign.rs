//! Another program writes files while the store runs: none of its changes are overwritten.

use std::fs;

use futures_util::future::join_all;
use goldstar::store::json::OpenError;
use goldstar::store::{Projection, Store};

use crate::harness::{Folder, backlog, child_of, give_point, owners, points, until};

const CHILDREN: &str = "children.json";
const EVENTS: &str = "tracking_events.json";

fn projection(store: &impl Store, name: &str) -> Projection {
    let health = store.health();
    health.projections.into_iter().find(|projection| projection.name == name).unwrap()
}

fn fails(store: &impl Store, name: &str) -> bool {
    projection(store, name).last_error.is_some()
}

/// The file of the children after a change by another program.
fn rename_the_child(folder: &Folder) -> Vec<u8> {
    let text = String::from_utf8(folder.read(CHILDREN)).unwrap();
    let changed = text.replace("M\\u00eda", "Noa");
    assert_ne!(changed, text);
    fs::write(folder.file(CHILDREN), &changed).unwrap();
    changed.into_bytes()
}

/// Appends a row to the tracking table as TinyDB does.
fn append_a_row(folder: &Folder) -> Vec<u8> {
    let text = String::from_utf8(folder.read(EVENTS)).unwrap();
    let number = folder.rows(EVENTS).len() + 1;
    let row = format!(r#", "{number}": {{"id": "of-flask"}}}}}}"#);
    let changed = text.strip_suffix("}}").unwrap().to_owned() + &row;
    fs::write(folder.file(EVENTS), &changed).unwrap();
    changed.into_bytes()
}

async fn flushed(folder: &Folder, points: u64) {
    until("the children are written", || {
        fs::read(folder.file(CHILDREN)).is_ok_and(|text| !text.is_empty())
            && folder.rows(CHILDREN)[0].1["points"] == points
    })
    .await;
}

fn assert_refused(folder: &Folder, file: &str) {
    let Err(OpenError::Damaged(damage)) = folder.open() else { panic!("it opened") };
    assert!(damage.is_foreign(), "{damage}");
    assert_eq!(damage.file, folder.file(file));
}

#[tokio::test]
async fn a_table_that_another_program_has_written_is_not_changed() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    give_point(&store, "a").await.unwrap();
    flushed(&folder, 1).await;
    let written = rename_the_child(&folder);
    for _ in 0..3 {
        give_point(&store, "a").await.unwrap();
    }
    until("it is noticed", || fails(&store, "tables")).await;
    let Projection { backlog, last_error, .. } = projection(&store, "tables");
    assert_eq!(backlog, 1);
    let error = last_error.unwrap();
    for part in [CHILDREN, "another program", "goldstar salvage"] {
        assert!(error.contains(part), "{error}");
    }
    // Changes continue, and are written to the files that only Goldstar has changed.
    assert_eq!(points(&store, "a").await, 4);
    assert_eq!(folder.rows(EVENTS).len(), 4);
    store.close().await.unwrap_err();
    drop(store);
    assert_eq!(folder.read(CHILDREN), written);
    assert_refused(&folder, CHILDREN);
    assert_eq!(folder.read(CHILDREN), written);
}

#[tokio::test]
async fn a_restored_table_is_written_again() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    give_point(&store, "a").await.unwrap();
    flushed(&folder, 1).await;
    let own = folder.read(CHILDREN);
    rename_the_child(&folder);
    give_point(&store, "a").await.unwrap();
    until("it is noticed", || fails(&store, "tables")).await;
    fs::write(folder.file(CHILDREN), own).unwrap();
    flushed(&folder, 2).await;
    // If the file is removed, it can be written again.
    fs::remove_file(folder.file(CHILDREN)).unwrap();
    give_point(&store, "a").await.unwrap();
    flushed(&folder, 3).await;
    until("all is well", || backlog(&store) == 0).await;
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_table_that_goldstar_has_not_changed_since_may_change() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    give_point(&store, "a").await.unwrap();
    flushed(&folder, 1).await;
    let written = rename_the_child(&folder);
    store.close().await.unwrap();
    drop(store);
    let store = folder.open().unwrap();
    assert_eq!(child_of(&store, "family", "a").await.unwrap().name.as_str(), "Noa");
    assert_eq!(folder.read(CHILDREN), written);
}

#[tokio::test]
async fn events_that_another_program_has_appended_are_not_changed() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    give_point(&store, "a").await.unwrap();
    let written = append_a_row(&folder);
    for expected in 2..5 {
        give_point(&store, "a").await.unwrap();
        assert_eq!(points(&store, "a").await, expected);
    }
    let Projection { backlog, last_error, .. } = projection(&store, EVENTS);
    assert_eq!(backlog, 3);
    let error = last_error.unwrap();
    assert!(error.contains("goldstar salvage"), "{error}");
    store.close().await.unwrap_err();
    drop(store);
    assert_eq!(folder.read(EVENTS), written);
    assert_refused(&folder, EVENTS);
}

#[tokio::test]
async fn no_account_is_anonymised_in_a_file_that_another_program_has_written() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    give_point(&store, "a").await.unwrap();
    let written = append_a_row(&folder);
    store.anonymize(&"family".into()).await.unwrap();
    assert!(fails(&store, EVENTS));
    assert_eq!(folder.read(EVENTS), written);
    // It is anonymised anyway.
    assert_eq!(owners(&store).await, [None]);
}

/// A row that another program has appended after a stop and that is not an event does not prevent a
/// log from catching up.
#[tokio::test]
async fn a_log_catches_up_past_a_row_that_is_not_an_event() {
    let folder = Folder::new();
    let log = folder.logs().join("tracking_user_family.log");
    fs::create_dir_all(&log).unwrap();
    let store = folder.open_with_logs().unwrap();
    give_point(&store, "a").await.unwrap();
    assert_eq!(store.backlog(), 1);
    store.close().await.unwrap();
    drop(store);
    let text = String::from_utf8(folder.read(EVENTS)).unwrap();
    let row = r#", "2": {"id": "of-flask", "user_id": "family"}}}"#;
    fs::write(folder.file(EVENTS), text.strip_suffix("}}").unwrap().to_owned() + row).unwrap();
    let store = folder.open_with_logs().unwrap();
    give_point(&store, "a").await.unwrap();
    assert!(store.backlog() > 0);
    fs::remove_dir(&log).unwrap();
    until("the log is complete", || store.backlog() == 0).await;
    // Each line is in its own file, because these logs are rotated early.
    let files = fs::read_dir(folder.logs()).unwrap();
    let lines = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap().lines().count());
    assert_eq!(lines.sum::<usize>(), 2);
}

/// If only the last step of a rewrite fails, the file has changed; the store must not take this for
/// a change by another program.
#[tokio::test]
async fn a_failed_rewrite_is_not_taken_for_another_programs() {
    let rewrite = async |changes: u64| {
        let folder = Folder::new();
        let store = folder.open().unwrap();
        give_point(&store, "a").await.unwrap();
        flushed(&folder, 1).await;
        give_point(&store, "a").await.unwrap();
        folder.disk.stop_after(changes);
        until("it fails", || fails(&store, "tables")).await;
        let is_replaced = folder.rows(CHILDREN)[0].1["points"] == 2;
        folder.disk.mend();
        until("all is well", || backlog(&store) == 0 && !fails(&store, "tables")).await;
        flushed(&folder, 2).await;
        store.close().await.unwrap();
        is_replaced
    };
    // After the note in the journal, which is written and synced: a new file, its contents, its
    // sync, its name, and the sync of the folder.
    let replaced = join_all((2..7).map(rewrite)).await;
    assert_eq!(replaced, [false, false, false, false, true]);
}
