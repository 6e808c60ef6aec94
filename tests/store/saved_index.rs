//! The saved index of the history: it changes nothing but the time that a start takes.

use std::fs;
use std::io::ErrorKind;

use goldstar::domain::{EventFilter, Page, SortOrder};
use goldstar::store::json::{JsonStore, OpenError};
use goldstar::store::{Change, Store};

use crate::contract::user;
use crate::harness::disk::Operation;
use crate::harness::{Folder, give_point, give_point_of, points, put};
use crate::server_log::server_log;

const INDEX: &str = "journal/history.index";
const EVENTS: &str = "tracking_events.json";

/// Why starts on this folder did not use the index, in the words of the server log.
fn reasons(folder: &Folder) -> Vec<String> {
    let path = folder.file(EVENTS).display().to_string();
    let log = server_log();
    let lines = log.lines().filter(|line| line.contains(&path) && line.contains("saved index"));
    lines.map(ToOwned::to_owned).collect()
}

/// Opens the store, and checks that it used the index, or why it did not.
fn open(folder: &Folder, why: Option<&str>) -> JsonStore {
    let before = reasons(folder).len();
    let store = folder.open().unwrap();
    let new = reasons(folder).split_off(before);
    match why {
        None => assert_eq!(new, [""; 0]),
        Some(why) => assert!(new.len() == 1 && new[0].contains(why), "{new:?}, not {why}"),
    }
    store
}

/// The rows of the events that a filter finds, in the order of time.
async fn found(store: &JsonStore, filter: EventFilter) -> Vec<String> {
    let page = Page { limit: usize::MAX, offset: 0 };
    let found = store.events(&filter, SortOrder::Ascending, page).await.unwrap();
    found.events.iter().map(ToString::to_string).collect()
}

async fn of_child(store: &JsonStore, child: &str) -> usize {
    let filter = EventFilter { child_id: Some(child.into()), ..EventFilter::default() };
    found(store, filter).await.len()
}

/// A folder that was stopped after seven events of two children.
async fn stopped() -> Folder {
    server_log();
    let folder = Folder::new();
    let store = folder.open().unwrap();
    for child in ["a", "b", "a", "b", "a", "b", "a"] {
        give_point(&store, child).await.unwrap();
    }
    store.close().await.unwrap();
    folder
}

#[tokio::test]
async fn a_start_uses_the_saved_index() {
    let folder = stopped().await;
    let store = open(&folder, None);
    assert_eq!((points(&store, "a").await, points(&store, "b").await), (4, 3));
    give_point(&store, "b").await.unwrap();
    // Killed: the rest is in the log.
    let killed = folder.killed();
    let after_kill = open(&killed, None);
    assert_eq!((points(&after_kill, "a").await, points(&after_kill, "b").await), (4, 4));
    let all = found(&store, EventFilter::default()).await;
    assert_eq!(found(&after_kill, EventFilter::default()).await, all);
    store.close().await.unwrap();
    drop(store);
    let store = open(&folder, None);
    assert_eq!(found(&store, EventFilter::default()).await, all);
}

#[tokio::test]
async fn an_index_that_does_not_belong_to_the_history_only_delays_the_start() {
    let other = Folder::new();
    let store = other.open().unwrap();
    for _ in 0..7 {
        give_point(&store, "b").await.unwrap();
    }
    store.close().await.unwrap();
    drop(store);
    let folder = stopped().await;
    let index = folder.read(INDEX);
    let mut flipped = index.clone();
    flipped[index.len() / 2] ^= 4;
    let wrong = [
        (flipped, "it is damaged"),
        (index[..index.len() - 1].to_vec(), "it is damaged"),
        (Vec::new(), "it is damaged"),
        (b"{}".to_vec(), "it is damaged"),
        (other.read(INDEX), "the tracking file was changed since it was written"),
    ];
    for (bytes, why) in wrong {
        fs::write(folder.file(INDEX), bytes).unwrap();
        let store = open(&folder, Some(why));
        assert!(!folder.file(INDEX).exists(), "it stays until the next checkpoint");
        assert_eq!((points(&store, "a").await, points(&store, "b").await), (4, 3));
        store.close().await.unwrap();
        drop(store);
        assert_eq!(folder.read(INDEX), index, "it is saved again");
    }
    fs::remove_file(folder.file(INDEX)).unwrap();
    assert_eq!(points(&open(&folder, Some("there is no saved index")), "a").await, 4);
}

#[tokio::test]
async fn an_index_of_an_earlier_state_serves_what_it_contains() {
    let folder = stopped().await;
    let earlier = folder.read(INDEX);
    let store = open(&folder, None);
    give_point(&store, "a").await.unwrap();
    store.close().await.unwrap();
    drop(store);
    assert_ne!(folder.read(INDEX), earlier);
    fs::write(folder.file(INDEX), &earlier).unwrap();
    let store = open(&folder, None);
    assert_eq!(points(&store, "a").await, 5);
    store.anonymize(&"family".into()).await.unwrap();
    store.close().await.unwrap();
    drop(store);
    fs::write(folder.file(INDEX), earlier).unwrap();
    let store = open(&folder, Some("the tracking file was changed"));
    let family = EventFilter { user_id: Some("family".into()), ..EventFilter::default() };
    assert_eq!(found(&store, family).await, [""; 0]);
}

#[tokio::test]
async fn what_another_program_has_changed_after_a_stop_is_read() {
    let folder = stopped().await;
    let text = String::from_utf8(folder.read(EVENTS)).unwrap();
    let child = r#""child_id": "b""#;
    // In place, with the same length and the same modification time.
    let modified = fs::metadata(folder.file(EVENTS)).unwrap().modified().unwrap();
    fs::write(folder.file(EVENTS), text.replacen(child, r#""child_id": "c""#, 1)).unwrap();
    let file = fs::File::options().write(true).open(folder.file(EVENTS)).unwrap();
    file.set_modified(modified).unwrap();
    let store = open(&folder, Some("the tracking file was changed"));
    assert_eq!([of_child(&store, "b").await, of_child(&store, "c").await], [2, 1]);
    store.close().await.unwrap();
    drop(store);
    // A row more, as TinyDB appends it.
    let text = String::from_utf8(folder.read(EVENTS)).unwrap();
    let more = format!(r#", "8": {{"id": "of-flask", {child}}}}}}}"#);
    fs::write(folder.file(EVENTS), text.strip_suffix("}}").unwrap().to_owned() + &more).unwrap();
    let store = open(&folder, None);
    assert_eq!(of_child(&store, "b").await, 3);
    store.close().await.unwrap();
    drop(store);
    // All rows are removed.
    fs::write(folder.file(EVENTS), "{}").unwrap();
    let store = open(&folder, Some("the tracking file is shorter than it was"));
    assert_eq!(found(&store, EventFilter::default()).await, [""; 0]);
}

#[tokio::test]
async fn a_change_of_the_synced_part_after_a_kill_is_refused_as_without_an_index() {
    let folder = stopped().await;
    let store = open(&folder, None);
    give_point(&store, "a").await.unwrap();
    let killed = folder.killed();
    let text = String::from_utf8(killed.read(EVENTS)).unwrap();
    let changed = text.replacen(r#""child_id": "b""#, r#""child_id": "c""#, 1);
    fs::write(killed.file(EVENTS), &changed).unwrap();
    for with_index in [true, false] {
        if !with_index {
            fs::remove_file(killed.file(INDEX)).unwrap();
        }
        let Err(OpenError::Damaged(damage)) = killed.open() else { panic!("it opened") };
        assert!(damage.is_foreign(), "{damage}");
        assert_eq!(killed.read(EVENTS), changed.as_bytes());
    }
}

#[tokio::test]
async fn a_failing_disk_prevents_the_index_only() {
    let folder = stopped().await;
    let earlier = folder.read(INDEX);
    for (operation, kind) in [
        (Operation::Open, ErrorKind::StorageFull),
        (Operation::Write, ErrorKind::StorageFull),
        (Operation::Sync, ErrorKind::Other),
    ] {
        let store = open(&folder, None);
        folder.disk.fail(operation, "history.index.tmp", kind, -1);
        let before = points(&store, "a").await;
        give_point(&store, "a").await.unwrap();
        store.close().await.unwrap();
        drop(store);
        folder.disk.mend();
        assert!(!folder.file("journal/history.index.tmp").exists());
        assert_eq!(folder.read(INDEX), earlier);
        assert_eq!(points(&open(&folder, None), "a").await, before + 1);
        // That stop has saved it.
        fs::write(folder.file(INDEX), &earlier).unwrap();
    }
}

#[tokio::test]
async fn checkpoints_save_the_index_of_a_history_that_grows() {
    let mut folder = Folder::new();
    folder.checkpoint_bytes = 2048;
    let store = folder.open().unwrap();
    let mut given = 0;
    while !folder.file(INDEX).exists() {
        give_point(&store, "a").await.unwrap();
        given += 1;
        assert!(given < 20_000, "it was never saved");
    }
    let killed = folder.killed();
    assert_eq!(points(&open(&killed, None), "a").await, given);
}

#[tokio::test]
async fn a_small_history_has_no_index() {
    let mut folder = Folder::new();
    folder.index_events = 3;
    for (events, is_saved) in [(2, false), (1, true)] {
        let store = folder.open().unwrap();
        for _ in 0..events {
            give_point(&store, "a").await.unwrap();
        }
        store.close().await.unwrap();
        assert_eq!(folder.file(INDEX).exists(), is_saved);
    }
}

#[tokio::test]
async fn a_purge_removes_the_index_and_a_later_checkpoint_saves_it_again() {
    const LEAVER: &str = "leaver-of-the-index";
    let names = |folder: &Folder| {
        let bytes = folder.read(INDEX);
        String::from_utf8_lossy(&bytes).contains(LEAVER)
    };
    let folder = stopped().await;
    let store = folder.open().unwrap();
    put(&store, [Change::PutUser(user(LEAVER, "leaver@example.org"))]).await.unwrap();
    give_point_of(&store, LEAVER, "theirs").await.unwrap();
    store.close().await.unwrap();
    drop(store);
    assert!(names(&folder));
    let store = open(&folder, None);
    put(&store, [Change::RemoveChild("theirs".into())]).await.unwrap();
    store.anonymize(&LEAVER.into()).await.unwrap();
    // Between the two steps a kill leaves the file, and the start removes it.
    let killed = folder.killed();
    assert!(names(&killed));
    open(&killed, Some("events have been anonymised")).purge().await.unwrap();
    put(&store, [Change::RemoveUser(LEAVER.into())]).await.unwrap();
    store.purge().await.unwrap();
    assert!(!folder.file(INDEX).exists());
    store.close().await.unwrap();
    drop(store);
    assert!(!names(&folder));
    assert_eq!(points(&open(&folder, None), "a").await, 4);
}
