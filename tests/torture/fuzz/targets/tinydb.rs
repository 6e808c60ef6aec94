//! Files of TinyDB with any contents: the bytes are the tracking file of one directory, and every
//! small table's file of another.
//!
//! The results are compared with `serde_json`. It does not support `NaN` and the infinities,
//! unpaired surrogates, and numbers beyond an `f64`, so inputs with these are not compared.

use std::collections::BTreeMap;
use std::sync::Arc;

use goldstar::domain::{
    Action, Amount, EntityType, EventFields, Name, Points, Task, Timestamp, TrackingEvent,
};
use goldstar::repair::FindingKind;
use goldstar::store::json::{DamageKind, JsonStore};
use goldstar::store::{Change, Changes, Scope, Store};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use super::directory::{Directory, Files, NOW, TABLES, TRACKING, close, events_of, wait_for};

/// The id of the records that the target adds.
const ADDED: &str = "added-by-the-target";

/// If a directory opens, every row and every other table keeps its values through a commit and a
/// restart, and then its bytes; each row of the tracking table is an event that is returned as JSON
/// and can be anonymised. If it does not open, the error is as [`Directory::try_open`] says. In
/// both cases `serde_json` agrees about what is JSON.
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

/// Whether a row has the largest number, so that no row can be added.
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

/// Whether the nesting may be too deep: Goldstar and Python have limits.
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
    /// `None` if `serde_json` cannot decide.
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

/// Checks that rows were added after the others, and nothing else has changed.
fn has_grown(before: &[u8], after: &[u8], added: usize) {
    let (Some(before), Some(mut after)) = (Tables::read(before), Tables::read(after)) else {
        return;
    };
    for _ in 0..added {
        after.rows.pop_last().unwrap();
    }
    assert_eq!(before, after);
}

/// Checks that a restart changes nothing.
fn stays(directory: &Directory, files: &Files, events: usize) {
    let store = directory.reopen();
    assert_eq!(events_of(&store).len(), events);
    close(store);
    assert!(directory.tables() == *files, "a restart has changed something");
}

/// Anonymises the account of the first event that has one, and checks that afterwards no event has
/// this account, in responses and in the file, and that no event is lost.
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

/// The account of an event; `None` if `serde_json` cannot decide.
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
        is_requestable: true,
        limit: None,
        schedule: None,
        icon: None,
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
    let records = vec![Change::PutTask(task)];
    Changes { records, event: Some(event.unwrap()), remember: None, lease: None }
}
