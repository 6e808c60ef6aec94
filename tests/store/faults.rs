//! A disk that fails.

use std::fs;
use std::io::ErrorKind;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::join_all;
use goldstar::disk::{Disk, RealDisk};
use goldstar::store::{CommitError, Store};

use crate::harness::disk::Operation;
use crate::harness::{Folder, backlog, give_point, points, until};

/// Waits until the files of the tables are up to date. Before that, a fault could affect the
/// store's note about them instead of the commit.
async fn flushed(folder: &Folder) {
    until("the tables are written", || {
        let text = fs::read_to_string(folder.file("children.json"));
        text.is_ok_and(|text| text.contains("\"points\": 1"))
    })
    .await;
}

#[tokio::test]
async fn changes_fail_on_a_full_disk_and_succeed_once_there_is_space() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    give_point(&store, "a").await.unwrap();
    folder.disk.fail(Operation::Write, ".journal", ErrorKind::StorageFull, -1);
    for _ in 0..3 {
        let refused = give_point(&store, "a").await;
        assert!(matches!(refused, Err(CommitError::StorageFull)));
        assert_eq!(points(&store, "a").await, 1);
    }
    folder.disk.mend();
    give_point(&store, "a").await.unwrap();
    let killed = folder.killed();
    assert_eq!(points(&killed.open().unwrap(), "a").await, 2);
}

#[tokio::test]
async fn a_failed_sync_undoes_the_batch_and_moves_to_a_new_file() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    give_point(&store, "a").await.unwrap();
    flushed(&folder).await;
    let old = folder.journal();
    folder.disk.fail(Operation::Sync, ".journal", ErrorKind::Other, 1);
    assert!(matches!(give_point(&store, "a").await, Err(CommitError::NotDurable)));
    assert_eq!(points(&store, "a").await, 1);
    assert_ne!(folder.journal(), old);
    // The old file still contains the undone batch, which must not be replayed.
    assert_eq!(points(&folder.killed().open().unwrap(), "a").await, 1);
    give_point(&store, "a").await.unwrap();
    assert_eq!(points(&folder.killed().open().unwrap(), "a").await, 2);
}

#[tokio::test]
async fn after_an_unknown_outcome_the_store_is_read_only() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    give_point(&store, "a").await.unwrap();
    flushed(&folder).await;
    folder.disk.fail(Operation::Sync, ".journal", ErrorKind::Other, -1);
    assert!(matches!(give_point(&store, "a").await, Err(CommitError::OutcomeUnknown)));
    folder.disk.mend();
    assert!(matches!(give_point(&store, "a").await, Err(CommitError::ReadOnly)));
    assert!(store.health().read_only);
    assert_eq!(points(&store, "a").await, 1);
    drop(store);
    // The last commit may or may not exist after a restart, but all confirmed ones do.
    let store = folder.open().unwrap();
    assert!((1..=2).contains(&points(&store, "a").await));
}

#[tokio::test]
async fn commits_succeed_while_the_tracking_file_cannot_be_written() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    give_point(&store, "a").await.unwrap();
    folder.disk.fail(Operation::Write, "tracking_events.json", ErrorKind::StorageFull, -1);
    for expected in 2..=20 {
        give_point(&store, "a").await.unwrap();
        assert_eq!(points(&store, "a").await, expected);
    }
    assert_eq!(backlog(&store), 19);
    let killed = folder.killed();
    assert_eq!(points(&killed.open().unwrap(), "a").await, 20);
    folder.disk.mend();
    until("the backlog drains", || backlog(&store) == 0).await;
    let numbers: Vec<u64> =
        folder.rows("tracking_events.json").into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, (1..=20).collect::<Vec<_>>());
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_folder_instead_of_the_tracking_file_is_noticed() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    give_point(&store, "a").await.unwrap();
    let path = folder.file("tracking_events.json");
    fs::rename(&path, folder.file("aside")).unwrap();
    fs::create_dir(&path).unwrap();
    give_point(&store, "a").await.unwrap();
    assert_eq!(backlog(&store), 1);
    fs::remove_dir(&path).unwrap();
    until("the backlog drains", || backlog(&store) == 0).await;
    give_point(&store, "a").await.unwrap();
    assert_eq!(folder.rows("tracking_events.json").len(), 3);
}

#[tokio::test]
async fn a_tracking_file_whose_sync_failed_is_rewritten() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    for _ in 0..5 {
        give_point(&store, "a").await.unwrap();
    }
    let before = RealDisk.stat(&folder.file("tracking_events.json")).unwrap().identity;
    folder.disk.fail(Operation::Sync, "tracking_events.json", ErrorKind::Other, 1);
    store.close().await.unwrap();
    assert_ne!(RealDisk.stat(&folder.file("tracking_events.json")).unwrap().identity, before);
    assert_eq!(folder.rows("tracking_events.json").len(), 5);
    assert_eq!(points(&folder.open().unwrap(), "a").await, 5);
}

/// There is no checkpoint before the sync, because the journal is too short for one.
#[tokio::test]
async fn a_growing_tracking_file_is_synced_and_rewritten_if_that_fails() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    let before = RealDisk.stat(&folder.file("tracking_events.json")).unwrap().identity;
    folder.disk.fail(Operation::Sync, "tracking_events.json", ErrorKind::Other, 1);
    // The row of an event has about four hundred bytes.
    let mut given = 0_i64;
    while RealDisk.stat(&folder.file("tracking_events.json")).unwrap().identity == before {
        assert!(given < 10_000, "nothing has synced the file");
        let points = (0..100).map(|_| give_point(&store, "a"));
        for committed in join_all(points).await {
            committed.unwrap();
            given += 1;
        }
    }
    until("the file is written", || backlog(&store) == 0).await;
    let rows = folder.rows("tracking_events.json").len();
    assert_eq!(i64::try_from(rows), Ok(given));
    drop(store);
    assert_eq!(points(&folder.open().unwrap(), "a").await, given);
}

#[tokio::test]
async fn tables_that_cannot_be_written_are_written_later() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    folder.disk.fail(Operation::Open, "children.json", ErrorKind::StorageFull, 1);
    give_point(&store, "a").await.unwrap();
    until("the failure shows", || backlog(&store) == 1).await;
    until("the file is written", || backlog(&store) == 0).await;
    assert_eq!(folder.rows("children.json")[0].1["points"], 1);
}

#[tokio::test]
async fn commits_succeed_if_a_new_segment_cannot_be_created() {
    let mut folder = Folder::new();
    folder.checkpoint_bytes = 1024;
    let store = folder.open().unwrap();
    for file in ["spare.tmp", ".journal.tmp"] {
        folder.disk.fail(Operation::Open, file, ErrorKind::StorageFull, -1);
    }
    for expected in 1..=50 {
        give_point(&store, "a").await.unwrap();
        assert_eq!(points(&store, "a").await, expected);
    }
    folder.disk.mend();
    store.close().await.unwrap();
    assert_eq!(points(&folder.open().unwrap(), "a").await, 50);
}

#[tokio::test]
async fn a_checkpoint_needs_no_spare_journal_file() {
    for is_full in [false, true] {
        let mut folder = Folder::new();
        folder.checkpoint_bytes = 1024;
        let store = folder.open().unwrap();
        let first = folder.journal();
        if is_full {
            folder.disk.fail(Operation::Write, "spare.tmp", ErrorKind::StorageFull, -1);
        }
        give_point(&store, "a").await.unwrap();
        until("a checkpoint is made", || folder.journal() != first).await;
        assert!(!folder.file("journal/spare.tmp").exists());
        // The zeros of a spare file exist before the first commit.
        let len = fs::metadata(folder.journal()).unwrap().len();
        assert_eq!(len >= folder.checkpoint_bytes / 2, !is_full, "{len}");
        give_point(&store, "a").await.unwrap();
        store.close().await.unwrap();
        assert_eq!(points(&folder.open().unwrap(), "a").await, 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_commits_create_one_history() {
    let folder = Folder::new();
    let store = Arc::new(folder.open().unwrap());
    let tasks: Vec<_> = (0..64)
        .map(|client| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for _ in 0..20 {
                    give_point(&store, if client % 2 == 0 { "a" } else { "b" }).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((points(&store, "a").await, points(&store, "b").await), (640, 640));
    let killed = folder.killed();
    let reopened = killed.open().unwrap();
    assert_eq!((points(&reopened, "a").await, points(&reopened, "b").await), (640, 640));
}

#[tokio::test]
async fn reads_do_not_wait_for_the_disk() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    give_point(&store, "a").await.unwrap();
    folder.disk.hold_syncs(true);
    let mut commit = Box::pin(give_point(&store, "a"));
    for _ in 0..100 {
        assert!((&mut commit).now_or_never().is_none(), "answered before it was durable");
        // A change that is not durable must not be visible.
        assert_eq!(points(&store, "a").await, 1);
    }
    folder.disk.hold_syncs(false);
    commit.await.unwrap();
    assert_eq!(points(&store, "a").await, 2);
}

#[tokio::test]
async fn one_directory_has_one_store() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    let error = folder.open().unwrap_err().to_string();
    assert!(error.contains(&format!("process {}", std::process::id())), "{error}");
    store.close().await.unwrap();
    folder.open().unwrap();
}
