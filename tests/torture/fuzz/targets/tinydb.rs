//! TinyDB's files, as anyone may have left them: the bytes are the tracking file of one directory,
//! and every small table's file of another.
//!
//! The other reader of JSON here is `serde_json`. It doesn't know `NaN` and the infinities, and isn't
//! asked about them, nor about half characters and numbers beyond an `f64`, where it reads values.

use std::collections::BTreeMap;
use std::sync::Arc;

use goldstar::domain::{
    Action, Amount, EntityType, EventFields, Name, Points, Task, Timestamp, TrackingEvent,
};
use goldstar::repair::FindingKind;
use goldstar::store::json::{DamageKind, JsonStore};
use goldstar::store::{Change, Changes, NewEvent, Scope, Store};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::directory::{Directory, Files, NOW, TABLES, TRACKING, close, events_of, wait_for};

/// The id of what the target itself adds.
const ADDED: &str = "added-by-the-target";

/// What is opened keeps every row and every other table, value for value, through a commit and a
/// restart, and from then on to the byte; each row of the tracking table is an event that is
/// answered, in JSON, and that an account can leave. What isn't opened is refused as
/// [`Directory::try_open`] says. Both agree with another reader about what is JSON.
pub(crate) fn tinydb(bytes: &[u8]) {
    if has_last_row(bytes) {
        return;
    }
    let tracking = Directory::of([(TRACKING, bytes)]);
    let tables = Directory::of(TABLES.map(|file| (file, bytes)));
    for directory in [tracking, tables] {
        match directory.try_open() {
            Ok(store) => {
                assert!(bytes.is_empty() || is_json(bytes) || has_python_numbers(bytes));
                is_kept(&directory, bytes, store);
            }
            Err(FindingKind::Damage(kind)) => {
                assert!(!says_no_json(kind) || !is_json(bytes) || is_deep(bytes), "{kind:?}");
            }
            Err(other) => unreachable!("{other:?} is no damage"),
        }
    }
}

/// Whether a row has the last number that there is, behind which nothing can be added.
fn has_last_row(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"9007199254740991").is_some()
}

fn is_json(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

fn has_python_numbers(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.contains("NaN") || text.contains("Infinity")
}

/// Whether it may lie too deep in itself: Goldstar and Python have a bound.
fn is_deep(bytes: &[u8]) -> bool {
    bytes.iter().filter(|byte| b"[{".contains(byte)).count() > 500
}

fn says_no_json(kind: DamageKind) -> bool {
    use DamageKind::{CutOff, NotJson, NotUtf8, NulBytes, TwoRoots};
    matches!(kind, CutOff | NotJson | NotUtf8 | NulBytes | TwoRoots)
}

/// A TinyDB file, as `serde_json` reads it.
#[derive(Debug, PartialEq)]
struct Tables {
    rows: BTreeMap<u64, Value>,
    others: Map<String, Value>,
}

impl Tables {
    /// None where `serde_json` can't tell.
    fn read(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self { rows: BTreeMap::new(), others: Map::new() });
        }
        let mut others: Map<String, Value> = serde_json::from_slice(bytes).ok()?;
        let rows = others.remove("_default").unwrap_or_default();
        let rows = rows.as_object().into_iter().flatten();
        let row = |(name, row): (&String, &Value)| Some((name.parse().ok()?, row.clone()));
        Some(Self { rows: rows.map(row).collect::<Option<_>>()?, others })
    }
}

fn is_kept(directory: &Directory, bytes: &[u8], store: JsonStore) {
    let events = events_of(&store);
    let before = directory.files();
    if let (Some(tables), true) = (Tables::read(bytes), before.contains_key(TRACKING)) {
        let given = Tables::read(&before[TRACKING]).unwrap();
        assert!(given.rows.is_empty() || given == tables, "a start has changed values");
        assert_eq!(events.len(), given.rows.len());
    }
    wait_for(store.transact(Scope::Server, |_, _| Ok((addition(), ())))).unwrap();
    assert_eq!(events_of(&store).len(), events.len() + 1);
    close(store);
    let files = directory.tables();
    for file in TABLES {
        if before.contains_key(file) {
            let added = usize::from(file == "tasks.json");
            has_grown(&before[file], &files[file], added);
        }
    }
    has_grown(&before[TRACKING], &files[TRACKING], 1);
    stays(directory, &files, events.len() + 1);
    leaves(directory, &events);
}

/// Rows were added behind the others, and nothing else has changed.
fn has_grown(before: &[u8], after: &[u8], added: usize) {
    let (Some(before), Some(mut after)) = (Tables::read(before), Tables::read(after)) else {
        return;
    };
    for _ in 0..added {
        after.rows.pop_last().unwrap();
    }
    assert_eq!(before, after);
}

/// A restart finds it as it is.
fn stays(directory: &Directory, files: &Files, events: usize) {
    let store = directory.reopen();
    assert_eq!(events_of(&store).len(), events);
    close(store);
    assert!(directory.tables() == *files, "a restart has changed something");
}

/// The account of the first event that has one leaves: no event is its own any more, in the file
/// neither, and all of them are there.
fn leaves(directory: &Directory, events: &[Arc<str>]) {
    let mut owners = events.iter().filter_map(|event| owner(event));
    let Some(user) = owners.next() else { return };
    let store = directory.reopen();
    wait_for(store.anonymize(&user.as_str().into())).unwrap();
    let left = events_of(&store);
    close(store);
    let store = directory.reopen();
    assert_eq!(events_of(&store), left);
    close(store);
    assert_eq!(left.len(), events.len() + 1);
    assert!(left.iter().all(|event| owner(event).as_ref() != Some(&user)), "{left:?}");
}

/// Whose an event is; none where `serde_json` can't tell.
fn owner(event: &str) -> Option<String> {
    let event: Value = serde_json::from_str(event).ok()?;
    event["user_id"].as_str().map(ToOwned::to_owned)
}

/// A task, and an event about it.
fn addition() -> Changes {
    let now = Timestamp::from_micros(NOW);
    let task = Task {
        id: ADDED.into(),
        user_id: None,
        name: Name::from_stored(ADDED),
        points: Amount::new(1).unwrap(),
        is_good: true,
        image_id: None,
        created_at: Some(now),
        updated_at: None,
        extra: [].into(),
    };
    let event = TrackingEvent::new(EventFields {
        id: ADDED.into(),
        user_id: None,
        child_id: ADDED.into(),
        entity_type: EntityType::Task,
        entity_id: ADDED.to_owned(),
        action: Action::Activated,
        points_before: Points::ZERO,
        points_after: Points::ZERO.checked_add(1).unwrap(),
        delta: 1,
        occurred_at: now,
        created_at: now,
        metadata: None,
    });
    let event = Some(NewEvent { event: event.unwrap(), remember: None });
    Changes { records: vec![Change::PutTask(task)], event }
}
