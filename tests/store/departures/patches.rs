//! The patches of the tracking file that anonymise events: torn, late, or for another program's file.

use std::fs;
use std::io::ErrorKind;
use std::sync::Arc;

use goldstar::disk::{Disk, RealDisk};
use goldstar::domain::{EventFilter, Page, Position, SortOrder};
use goldstar::store::Store;
use goldstar::store::json::OpenError;
use serde_json::Value;

use super::{CHILD, LEAVER, assert_gone, delete, files_with, two_accounts};
use crate::harness::disk::{Operation, Pause};
use crate::harness::{Folder, backlog, give_point, give_point_of, owners, points_of, until};

/// A folder that was killed after the account was anonymised: the first two of its three events are
/// in the synced part, the last one is not.
async fn killed_after_anonymizing() -> (Folder, Vec<u8>) {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    two_accounts(&store, 2).await;
    store.close().await.unwrap();
    let store = folder.open().unwrap();
    give_point_of(&store, LEAVER, CHILD).await.unwrap();
    let before = folder.read("tracking_events.json");
    assert_eq!(store.anonymize(&LEAVER.into()).await.unwrap(), 3);
    (folder.killed(), before)
}

#[tokio::test]
async fn torn_patches_do_not_undo_an_anonymisation() {
    let (killed, before) = killed_after_anonymizing().await;
    let after = killed.read("tracking_events.json");
    assert_eq!(before.len(), after.len());
    let differing: Vec<usize> = (0..after.len()).filter(|at| before[*at] != after[*at]).collect();
    assert!(differing.len() > 3 * 8, "three patches");
    for (position, lost) in differing.iter().enumerate() {
        // All patches from that byte on, all before it, or only that byte.
        let (early, late) = differing.split_at(position);
        for lost in [late, early, std::slice::from_ref(lost)] {
            let torn = killed.killed();
            let mut bytes = after.clone();
            for at in lost {
                bytes[*at] = before[*at];
            }
            fs::write(torn.file("tracking_events.json"), &bytes).unwrap();
            let store = torn.open().unwrap_or_else(|error| panic!("{lost:?}: {error}"));
            assert_eq!(owners(&store).await.iter().flatten().count(), 2);
            assert_eq!(points_of(&store, LEAVER, CHILD).await, 3);
            drop(store);
            assert_eq!(torn.read("tracking_events.json"), after, "{lost:?}");
        }
    }
}

#[tokio::test]
async fn a_torn_patch_at_the_end_of_a_torn_file_is_repaired() {
    let (killed, before) = killed_after_anonymizing().await;
    let after = killed.read("tracking_events.json");
    let synced = killed_length(&killed);
    for cut in (synced..after.len()).step_by(5) {
        for bytes in [&before, &after] {
            let torn = killed.killed();
            fs::write(torn.file("tracking_events.json"), &bytes[..cut]).unwrap();
            let store = torn.open().unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
            assert_eq!(points_of(&store, LEAVER, CHILD).await, 3);
            drop(store);
            assert_eq!(torn.read("tracking_events.json"), after, "cut at {cut}");
        }
    }
}

/// The length of the part that the checkpoint covers.
fn killed_length(folder: &Folder) -> usize {
    let checkpoint = folder.read("journal/checkpoint.json");
    let checkpoint: Value = serde_json::from_slice(&checkpoint).unwrap();
    usize::try_from(checkpoint["tracking_len"].as_u64().unwrap()).unwrap()
}

#[tokio::test]
async fn patches_are_not_written_to_another_programs_file() {
    let (killed, _) = killed_after_anonymizing().await;
    let text = String::from_utf8(killed.read("tracking_events.json")).unwrap();
    // The additional spaces move the rows, so the offsets of the patches are wrong.
    let blanks = [0, 1, 7, 20].map(|count| format!("\"delta\": {:count$}2", ""));
    for delta in blanks {
        let foreign = text.replacen("\"delta\": 1", &delta, 1);
        fs::write(killed.file("tracking_events.json"), &foreign).unwrap();
        match killed.open() {
            Err(OpenError::Damaged(damage)) => assert!(damage.is_foreign(), "{damage}"),
            other => panic!("opened, or failed otherwise: {other:?}"),
        }
        assert_eq!(killed.read("tracking_events.json"), foreign.as_bytes());
    }
}

#[tokio::test]
async fn an_unwritable_tracking_file_is_read_anonymised_and_catches_up() {
    let folder = Folder::new();
    let store = folder.open_with_logs().unwrap();
    two_accounts(&store, 2).await;
    folder.disk.fail(Operation::Write, "tracking_events.json", ErrorKind::StorageFull, -1);
    give_point_of(&store, LEAVER, CHILD).await.unwrap();
    give_point(&store, "a").await.unwrap();
    assert_eq!(store.anonymize(&LEAVER.into()).await.unwrap(), 3);
    assert_eq!(backlog(&*store), 6, "two rows, and two patches of each of two rows wait");
    give_point(&store, "a").await.unwrap();
    store.purge().await.unwrap_err();
    assert_eq!(owners(&store).await.iter().flatten().count(), 4);
    let events = store.following().events_since(Position::START, None, 9).unwrap().events;
    assert_eq!(events.iter().filter(|(_, stored)| stored.event.user_id.is_none()).count(), 3);
    let killed = folder.killed().open().unwrap();
    assert_eq!(owners(&killed).await.iter().flatten().count(), 4);

    folder.disk.mend();
    until("the backlog drains", || store.backlog() == 0).await;
    assert!(files_with(&folder.file("tracking_events.json"), &[LEAVER]).is_empty());
    let rows = folder.rows("tracking_events.json");
    assert_eq!(rows.iter().filter(|(_, row)| row["user_id"].is_null()).count(), 3);
    assert_eq!(rows.len(), 7);
    delete(&store).await.unwrap();
    assert_gone(&folder, "after the disk has recovered");
}

#[tokio::test]
async fn a_failed_patch_is_written_later_even_while_rows_are_written() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    two_accounts(&store, 2).await;
    folder.disk.fail(Operation::Write, "tracking_events.json", ErrorKind::Other, -1);
    assert_eq!(store.anonymize(&LEAVER.into()).await.unwrap(), 2);
    assert_eq!(backlog(&store), 4, "an account and a note in each of two rows");
    folder.disk.mend();
    give_point(&store, "a").await.unwrap();
    until("the patches are written", || backlog(&store) == 0).await;
    assert!(files_with(&folder.file("tracking_events.json"), &[LEAVER]).is_empty());
    assert_eq!(folder.rows("tracking_events.json").len(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_anonymised_while_it_is_read_is_read_again() {
    let folder = Folder::new();
    let store = Arc::new(folder.open().unwrap());
    two_accounts(&store, 2).await;
    folder.disk.pause_read(Pause::Next("tracking_events.json"));
    let reader = tokio::spawn({
        let store = Arc::clone(&store);
        let page = Page { limit: 9, offset: 0 };
        async move { store.events(&EventFilter::default(), SortOrder::Ascending, page).await }
    });
    until("the read has begun", || folder.disk.has_paused()).await;
    assert_eq!(store.anonymize(&LEAVER.into()).await.unwrap(), 2);
    folder.disk.pause_read(Pause::None);
    let events = reader.await.unwrap().unwrap().events;
    let nobodys = events.iter().filter(|event| event.contains("\"user_id\": null, \"child_id\""));
    assert_eq!(nobodys.count(), 2, "{events:?}");
}

#[tokio::test]
async fn patches_survive_a_failed_sync_of_the_tracking_file() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    two_accounts(&store, 3).await;
    store.purge().await.unwrap();
    give_point_of(&store, LEAVER, CHILD).await.unwrap();
    assert_eq!(store.anonymize(&LEAVER.into()).await.unwrap(), 4);
    let before = RealDisk.stat(&folder.file("tracking_events.json")).unwrap().identity;
    // As if the machine's memory was lost: the rewrite reads the old text.
    let text = String::from_utf8(folder.read("tracking_events.json")).unwrap();
    let old = format!("\"{LEAVER}\"");
    let blank = format!("{:1$}", "null", old.len());
    fs::write(folder.file("tracking_events.json"), text.replace(&blank, &old)).unwrap();
    folder.disk.fail(Operation::Sync, "tracking_events.json", ErrorKind::Other, 1);
    store.purge().await.unwrap();
    assert_ne!(RealDisk.stat(&folder.file("tracking_events.json")).unwrap().identity, before);
    assert_eq!(owners(&store).await.iter().flatten().count(), 3);
    store.close().await.unwrap();
    let rows = folder.rows("tracking_events.json");
    assert_eq!(rows.iter().filter(|(_, row)| row["user_id"].is_null()).count(), 4);
    assert_eq!(owners(&folder.open().unwrap()).await.iter().flatten().count(), 3);
}
