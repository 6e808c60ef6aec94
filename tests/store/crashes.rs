//! Directories after a crash, and after another program has changed them since.

use std::fs;

use goldstar::disk::{Disk, RealDisk};
use goldstar::store::json::OpenError;
use goldstar::store::{Store, StoredEvent};

use crate::harness::{Folder, child_of, give_point, points};

/// A folder that was killed after some commits, of which `synced` are covered by a checkpoint.
async fn killed_after(synced: i64, more: i64) -> Folder {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    for _ in 0..synced {
        give_point(&store, "a").await.unwrap();
    }
    store.close().await.unwrap();
    let store = folder.open().unwrap();
    for _ in 0..more {
        give_point(&store, "a").await.unwrap();
    }
    folder.killed()
}

fn damage(folder: &Folder) -> goldstar::store::json::Damage {
    let before = folder.read("tracking_events.json");
    match folder.open() {
        Err(OpenError::Damaged(damage)) => {
            assert_eq!(folder.read("tracking_events.json"), before, "a damaged file was changed");
            damage
        }
        other => panic!("opened, or failed otherwise: {other:?}"),
    }
}

#[tokio::test]
async fn confirmed_changes_exist_after_a_kill() {
    for (synced, more) in [(0, 0), (0, 1), (0, 5), (3, 0), (3, 4)] {
        let folder = killed_after(synced, more).await;
        let store = folder.open().unwrap();
        assert_eq!(points(&store, "a").await, synced + more);
        give_point(&store, "a").await.unwrap();
        store.close().await.unwrap();
        let rows = folder.rows("tracking_events.json");
        let numbers: Vec<_> = rows.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (1..=(synced + more + 1).unsigned_abs()).collect::<Vec<_>>());
        assert_eq!(folder.rows("children.json")[0].1["points"], synced + more + 1);
    }
}

#[tokio::test]
async fn checkpoints_under_load_remove_only_old_segments() {
    let mut folder = Folder::new();
    folder.checkpoint_bytes = 4096;
    let store = folder.open().unwrap();
    let first = folder.journal();
    let mut given = 0;
    while folder.journal() == first || given < 200 {
        give_point(&store, "a").await.unwrap();
        given += 1;
        assert!(given < 20_000, "no checkpoint was ever made");
    }
    store.close().await.unwrap();
    let store = folder.open().unwrap();
    assert_eq!(points(&store, "a").await, given);
    assert_eq!(folder.rows("tracking_events.json").len() as u64, given.unsigned_abs());
}

#[tokio::test]
async fn an_interrupted_checkpoint_loses_nothing() {
    for changes in (0..60).step_by(3) {
        let mut folder = Folder::new();
        folder.checkpoint_bytes = 2048;
        let store = folder.open().unwrap();
        for _ in 0..5 {
            give_point(&store, "a").await.unwrap();
        }
        folder.disk.stop_after(changes);
        let mut given = 5;
        while give_point(&store, "a").await.is_ok() {
            given += 1;
        }
        drop(store);
        folder.disk.mend();
        let store = folder.open().unwrap();
        let found = points(&store, "a").await;
        // The commit without a response may or may not exist.
        assert!((given..=given + 1).contains(&found), "{found} of {given}, after {changes}");
    }
}

#[tokio::test]
async fn a_missing_tracking_file_is_refused_while_the_journal_belongs_to_it() {
    let folder = killed_after(2, 1).await;
    fs::remove_file(folder.file("tracking_events.json")).unwrap();
    match folder.open() {
        Err(OpenError::Damaged(damage)) => {
            assert!(damage.is_foreign() && damage.to_string().contains("journal"), "{damage}");
        }
        other => panic!("opened, or failed otherwise: {other:?}"),
    }
}

#[tokio::test]
async fn an_interrupted_write_leaves_no_file() {
    let folder = killed_after(2, 1).await;
    for name in [
        "users.json.tmp",
        "tracking_events.json.tmp",
        "journal/checkpoint.json.tmp",
        "journal/spare.tmp",
    ] {
        fs::write(folder.file(name), "half of somethi").unwrap();
    }
    fs::write(folder.file("mine.tmp"), "somebody else's").unwrap();
    folder.open().unwrap();
    assert!(!folder.file("users.json.tmp").exists());
    assert!(!folder.file("tracking_events.json.tmp").exists());
    assert!(!folder.file("journal/checkpoint.json.tmp").exists());
    assert!(!folder.file("journal/spare.tmp").exists());
    assert!(folder.file("mine.tmp").exists());
}

#[tokio::test]
async fn a_kill_during_recovery_changes_nothing() {
    let mut folder = killed_after(2, 3).await;
    for _ in 0..3 {
        let store = folder.open().unwrap();
        assert_eq!(points(&store, "a").await, 5);
        let again = folder.killed();
        drop(store);
        folder = again;
    }
}

#[tokio::test]
async fn an_interrupted_start_is_repeated() {
    let folder = killed_after(2, 3).await;
    for changes in 0.. {
        let cut = folder.killed();
        cut.disk.stop_after(changes);
        let opened = cut.open();
        let done = opened.is_ok();
        drop(opened);
        cut.disk.mend();
        let store = cut.open().unwrap();
        assert_eq!(points(&store, "a").await, 5, "cut after {changes} changes");
        store.close().await.unwrap();
        assert_eq!(cut.rows("children.json")[0].1["points"], 5);
        if done {
            assert!(changes > 10, "a start makes more than {changes} changes");
            return;
        }
    }
}

#[tokio::test]
async fn an_interrupted_stop_is_completed() {
    for changes in 0.. {
        let folder = killed_after(2, 3).await;
        let store = folder.open().unwrap();
        give_point(&store, "a").await.unwrap();
        folder.disk.stop_after(changes);
        let done = store.close().await.is_ok();
        folder.disk.mend();
        assert_eq!(points(&folder.open().unwrap(), "a").await, 6, "cut after {changes} changes");
        if done {
            return;
        }
    }
}

#[tokio::test]
async fn a_torn_tracking_file_is_repaired_from_the_journal() {
    let folder = killed_after(2, 3).await;
    let whole = folder.read("tracking_events.json");
    let synced = killed_after(2, 0).await.read("tracking_events.json").len() - 2;
    for cut in (synced..whole.len()).step_by(9) {
        let torn = folder.killed();
        fs::write(torn.file("tracking_events.json"), &whole[..cut]).unwrap();
        let store = torn.open().unwrap();
        assert_eq!(points(&store, "a").await, 5, "cut at {cut}");
        drop(store);
        assert_eq!(torn.read("tracking_events.json"), whole, "cut at {cut}");
    }
    // A block that was not written to the disk reads as zeros.
    let torn = folder.killed();
    let mut bytes = whole.clone();
    bytes[synced + 100..synced + 200].fill(0);
    fs::write(torn.file("tracking_events.json"), &bytes).unwrap();
    assert_eq!(points(&torn.open().unwrap(), "a").await, 5);
}

/// A folder that was killed before its last commit, the journal with that commit, and the tracking
/// file with its row.
async fn before_the_last_commit() -> (Folder, Vec<u8>, Vec<u8>) {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    for _ in 0..4 {
        give_point(&store, "a").await.unwrap();
    }
    let before = folder.killed();
    give_point(&store, "a").await.unwrap();
    let after = folder.killed();
    (before, after.frames(), after.read("tracking_events.json"))
}

#[tokio::test]
async fn a_start_syncs_what_it_depends_on() {
    let (before, journal, _) = before_the_last_commit().await;
    let synced = before.frames();
    for changes in 0.. {
        let folder = before.killed();
        let path = folder.journal();
        // Killed between the write and the sync of the last commit, and again during the start.
        fs::write(&path, &journal).unwrap();
        let unsynced = RealDisk.stat(&path).unwrap().identity;
        folder.disk.stop_after(changes);
        let has_started = folder.open().is_ok();
        folder.disk.mend();
        if has_started {
            break;
        }
        if RealDisk.stat(&path).is_ok_and(|file| file.identity == unsynced) {
            fs::write(&path, &synced).unwrap();
        }
        let again = folder.open();
        let store = again.unwrap_or_else(|error| panic!("after {changes} changes: {error}"));
        assert!((4..=5).contains(&points(&store, "a").await), "after {changes} changes");
    }
}

#[tokio::test]
async fn a_torn_last_batch_is_dropped() {
    let (before, journal, _) = before_the_last_commit().await;
    let len = before.frames().len();
    let mut seen = Vec::new();
    for cut in (len..=journal.len()).step_by(7).chain([journal.len()]) {
        let torn = before.killed();
        fs::write(torn.journal(), &journal[..cut]).unwrap();
        seen.push(points(&torn.open().unwrap(), "a").await);
    }
    assert!(seen.is_sorted() && seen.first() == Some(&4) && seen.last() == Some(&5), "{seen:?}");
}

#[tokio::test]
async fn a_damaged_batch_whose_row_was_written_is_refused() {
    let (before, journal, tracking) = before_the_last_commit().await;
    let len = before.frames().len();
    fs::write(before.file("tracking_events.json"), tracking).unwrap();
    for cut in [len + 1, len + 50] {
        fs::write(before.journal(), &journal[..cut]).unwrap();
        let damage = damage(&before);
        assert_eq!(damage.file, before.journal());
        assert!(damage.cause.contains("row 5"), "{damage}");
    }
}

#[tokio::test]
async fn a_damaged_only_batch_whose_row_was_written_is_refused() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    let before = folder.killed();
    give_point(&store, "a").await.unwrap();
    let after = folder.killed();
    let len = before.frames().len();
    let journal = after.frames();
    fs::write(before.journal(), &journal[..len + 50]).unwrap();
    assert_eq!(points(&before.killed().open().unwrap(), "a").await, 0);
    fs::write(before.file("tracking_events.json"), after.read("tracking_events.json")).unwrap();
    assert!(damage(&before).cause.contains("row 1"));
}

#[tokio::test]
async fn damage_before_a_later_batch_is_refused() {
    let folder = killed_after(0, 3).await;
    let mut journal = folder.frames();
    let middle = journal.len() / 2;
    journal[middle] ^= 1;
    fs::write(folder.journal(), journal).unwrap();
    let damage = damage(&folder);
    assert_eq!(damage.file, folder.journal());
    assert!(damage.byte > 0 && damage.byte <= middle as u64, "{damage}");
}

#[tokio::test]
async fn another_program_after_a_crash_is_refused() {
    let folder = killed_after(2, 1).await;
    let text = String::from_utf8(folder.read("tracking_events.json")).unwrap();
    let row = r#", "4": {"id": "x", "child_id": "a"}}}"#;
    fs::write(
        folder.file("tracking_events.json"),
        text.strip_suffix("}}").unwrap().to_owned() + row,
    )
    .unwrap();
    assert!(damage(&folder).cause.contains("another program"));

    let folder = killed_after(2, 1).await;
    let text = String::from_utf8(folder.read("tracking_events.json")).unwrap();
    fs::write(
        folder.file("tracking_events.json"),
        text.replacen("\"delta\": 1", "\"delta\": 2", 1),
    )
    .unwrap();
    assert!(damage(&folder).cause.contains("has changed"));

    let folder = killed_after(2, 1).await;
    let text = String::from_utf8(folder.read("children.json")).unwrap();
    fs::write(folder.file("children.json"), text.replace("M\\u00eda", "Mia")).unwrap();
    assert_eq!(damage(&folder).file, folder.file("children.json"));
}

#[tokio::test]
async fn another_program_may_write_after_a_clean_stop() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    give_point(&store, "a").await.unwrap();
    store.close().await.unwrap();
    let text = String::from_utf8(folder.read("children.json")).unwrap();
    fs::write(folder.file("children.json"), text.replace("M\\u00eda", "Mia")).unwrap();
    let store = folder.open().unwrap();
    assert_eq!(child_of(&store, "family", "a").await.unwrap().name.as_str(), "Mia");
}

#[tokio::test]
async fn an_anonymised_row_has_the_same_checksum() {
    let folder = killed_after(2, 1).await;
    let text = String::from_utf8(folder.read("tracking_events.json")).unwrap();
    let patched = text.replacen("\"family\"", "null    ", 1);
    assert_eq!(patched.len(), text.len());
    fs::write(folder.file("tracking_events.json"), &patched).unwrap();
    let store = folder.open().unwrap();
    assert_eq!(points(&store, "a").await, 3);
    drop(store);
    assert!(folder.rows("tracking_events.json")[0].1["user_id"].is_null());
}

#[tokio::test]
async fn an_event_far_ahead_does_not_delay_others() {
    let folder = Folder::new();
    let store = folder.open().unwrap();
    let first = give_point(&store, "a").await.unwrap().event.unwrap();
    let ten_years = 10 * 365 * 86_400_000_000;
    folder.clock.fetch_sub(ten_years, std::sync::atomic::Ordering::Relaxed);
    let second = give_point(&store, "a").await.unwrap().event.unwrap();
    let after = |earlier: i64, event: &StoredEvent| event.event.occurred_at.as_micros() - earlier;
    let first = first.event.occurred_at.as_micros();
    assert_eq!(after(first, &second), -ten_years);
    drop(store);
    // After a stop and after a kill, the last event in the order of writing determines the time.
    let third = give_point(&folder.open().unwrap(), "a").await.unwrap().event.unwrap();
    assert_eq!(after(first, &third), 1 - ten_years);
    let fourth = give_point(&folder.killed().open().unwrap(), "a").await.unwrap().event.unwrap();
    assert_eq!(after(first, &fourth), 2 - ten_years);
}
