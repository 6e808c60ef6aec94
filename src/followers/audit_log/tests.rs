//! Tests of the log as a whole. The modules `rotation`, `crash`, `failure` and `forget` use the
//! helpers here.

mod crash;
mod failure;
mod forget;
mod rotation;
#[expect(dead_code, reason = "what only other tests' policies look at")]
#[path = "../../../tests/http/harness/watched.rs"]
mod watched;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tempfile::TempDir;

use watched::{Operation, Policy, Watched};

use super::*;
use crate::disk::RealDisk;
use crate::domain::{Action, EntityType, EventFields, Points, Seq, Timestamp, log_name};
use crate::store::StoredEvent;

/// The line of an event.
pub(super) fn rendered(event: &TrackingEvent) -> String {
    let mut line = String::new();
    line::render(&mut line, event);
    line
}

/// An event with some fields changed.
pub(super) fn event_with(change: impl FnOnce(&mut EventFields)) -> TrackingEvent {
    let mut fields = EventFields {
        id: "e-1".into(),
        user_id: Some("u-1".into()),
        child_id: "c-1".into(),
        entity_type: EntityType::Penalty,
        entity_id: "t-1".to_owned(),
        action: Action::Activated,
        points_before: Points::new(8).unwrap(),
        points_after: Points::new(5).unwrap(),
        delta: -3,
        occurred_at: Timestamp::EPOCH,
        created_at: Timestamp::EPOCH,
        metadata: None,
    };
    change(&mut fields);
    TrackingEvent::new(fields).unwrap()
}

/// A history in memory: row n is the n-th event.
#[derive(Default)]
struct Table {
    events: RefCell<Vec<TrackingEvent>>,
    unreadable: Cell<bool>,
    /// A row that is not a valid event.
    malformed: Cell<Position>,
    /// Whether each event is earlier than the previous one, as if the clock was set back each time.
    backwards: Cell<bool>,
    /// How many events were read.
    read: Cell<usize>,
}

impl Table {
    /// Adds `count` events of an account. The lines of the first 999 have the same length.
    fn add(&self, user_id: &str, count: usize) {
        let mut events = self.events.borrow_mut();
        for _ in 0..count {
            let row = events.len() + 1;
            events.push(event_with(|fields| {
                fields.id = format!("e{row:03}").into();
                fields.user_id = Some(user_id.into());
                // Two events share a time, as events of one batch do.
                let micros = i64::try_from(row / 2).unwrap();
                let micros = if self.backwards.get() { 999 - micros } else { micros };
                let moment = Timestamp::from_micros(micros);
                fields.created_at = moment;
                fields.occurred_at = moment;
            }));
        }
    }

    /// Applies the events after a row to a log.
    fn apply(&self, log: &mut AuditLog, after: usize) {
        let events = self.events.borrow();
        let events: Vec<_> = (1..).map(Position).zip(events.iter()).skip(after).collect();
        log.apply(&events);
    }

    /// Adds events and applies them to a log.
    fn record(&self, log: &mut AuditLog, user_id: &str, count: usize) {
        let after = self.events.borrow().len();
        self.add(user_id, count);
        self.apply(log, after);
    }

    /// The ids of an account's events.
    fn ids_of(&self, user_id: &str) -> Vec<String> {
        let events = self.events.borrow();
        let own = events.iter().filter(|event| event.user_id == Some(user_id.into()));
        own.map(|event| event.id.to_string()).collect()
    }
}

impl Past for Table {
    fn end(&self) -> Position {
        Position(self.events.borrow().len() as u64)
    }

    fn events_since(
        &self,
        after: Position,
        family: Option<&UserId>,
        limit: usize,
    ) -> Result<Followed, ReadError> {
        if self.unreadable.get() {
            return Err(io::Error::other("unreadable").into());
        }
        let events = self.events.borrow();
        let wanted = (1..).map(Position).zip(events.iter()).filter(|(position, event)| {
            *position > after && (family.is_none() || event.user_id.as_ref() == family)
        });
        let found: Vec<_> = wanted.take(limit).collect();
        self.read.set(self.read.get() + found.len());
        let has_more = found.len() == limit;
        let last = found.last().map(|(position, _)| *position).filter(|_| has_more);
        let through = last.unwrap_or(Position(events.len() as u64));
        let followed = found.into_iter().filter(|(position, _)| *position != self.malformed.get());
        let stored = |event: &TrackingEvent| {
            Arc::new(StoredEvent { seq: Seq::START, event: event.clone(), json: "".into() })
        };
        let events = followed.map(|(position, event)| (position, stored(event))).collect();
        Ok(Followed { events, through, has_more })
    }
}

/// The real disk, with a count of open files and failures on demand.
type TestDisk = Watched<Faults>;

#[derive(Default)]
struct Faults {
    open: AtomicUsize,
    most_open: AtomicUsize,
    writes: AtomicUsize,
    /// The number of the write that fails after half of its bytes; the first is 1.
    failing_write: AtomicUsize,
    syncs_fail: AtomicBool,
}

impl Policy for Faults {
    fn around<T>(
        &self,
        operation: Operation<'_>,
        _: &Path,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        match operation {
            Operation::Open(_) => {
                let file = work()?;
                let open = self.open.fetch_add(1, Ordering::Relaxed) + 1;
                self.most_open.fetch_max(open, Ordering::Relaxed);
                return Ok(file);
            }
            Operation::Write(write) => {
                let number = self.writes.fetch_add(1, Ordering::Relaxed) + 1;
                if number == self.failing_write.load(Ordering::Relaxed) {
                    write.half()?;
                    return Err(io::ErrorKind::StorageFull.into());
                }
            }
            Operation::Sync if self.syncs_fail.load(Ordering::Relaxed) => {
                return Err(io::Error::other("the sync failed"));
            }
            _ => {}
        }
        work()
    }

    fn closed(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A log at the start of an empty history, in a folder that does not exist yet.
fn log_in(home: &TempDir, disk: impl Disk + 'static, settings: Settings) -> AuditLog {
    AuditLog::new(Arc::new(disk), folder(home), settings, Counter::default())
}

fn folder(home: &TempDir) -> PathBuf {
    home.path().join("logs")
}

fn settings(max_bytes: u64, backups: u32) -> Settings {
    Settings { max_bytes, backups }
}

/// All files of the folder by name.
fn contents(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let names = RealDisk.file_names(folder).unwrap_or_default().into_iter();
    names
        .map(|name| {
            let bytes = fs::read(folder.join(&name)).unwrap();
            (name, bytes)
        })
        .collect()
}

/// The event ids of a log, oldest first: the rotated files, then the newest.
fn ids_in(folder: &Path, user_id: &str) -> Vec<String> {
    let base = log_name(&user_id.into());
    let mut files = contents(folder);
    files.retain(|name, _| name.starts_with(&base));
    let mut ids = Vec::new();
    for bytes in files.into_values().rev() {
        // In descending order of the names: `.2`, `.1`, and the name without a number last.
        let text = String::from_utf8(bytes).unwrap();
        assert!(text.is_empty() || text.ends_with('\n'), "{text:?}");
        ids.extend(text.lines().map(|line| {
            let head = line::head(line.as_bytes());
            head.unwrap_or_else(|| panic!("{line:?}")).event_id.to_owned()
        }));
    }
    ids
}

/// The length of a line of [`Table::add`], for an account whose id has one letter.
fn line_len() -> u64 {
    let table = Table::default();
    table.add("a", 1);
    let events = table.events.borrow();
    rendered(&events[0]).len() as u64
}

#[test]
fn each_event_is_a_line_in_its_accounts_log() {
    let home = tempfile::tempdir().unwrap();
    let table = Table::default();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &table);
    assert!(!folder(&home).exists(), "it is made when it is needed");
    table.record(&mut log, "a", 2);
    table.record(&mut log, "b", 1);
    table.record(&mut log, "../a", 1);
    table.record(&mut log, "a", 1);
    assert_eq!(ids_in(&folder(&home), "a"), ["e001", "e002", "e005"]);
    assert_eq!(ids_in(&folder(&home), "b"), ["e003"]);
    assert_eq!(ids_in(&folder(&home), "../a"), ["e004"]);
    assert_eq!((log.backlog(), log.last_error()), (0, None));
    let mode = |path: PathBuf| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder(&home)), 0o700);
    assert_eq!(mode(folder(&home).join("tracking_user_a.log")), 0o600);
}

#[test]
fn an_event_without_an_account_has_no_line() {
    let home = tempfile::tempdir().unwrap();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &Table::default());
    let event = event_with(|fields| fields.user_id = None);
    log.apply(&[(Position(1), &event)]);
    assert_eq!(contents(&folder(&home)), BTreeMap::new());
}

#[test]
fn text_of_another_program_without_a_newline_is_kept() {
    let home = tempfile::tempdir().unwrap();
    let path = folder(&home).join("tracking_user_a.log");
    fs::create_dir(folder(&home)).unwrap();
    fs::write(&path, "an old line").unwrap();
    let table = Table::default();
    let mut log = log_in(&home, RealDisk, Settings::default());
    log.resume(None, &table);
    table.record(&mut log, "a", 1);
    let text = fs::read_to_string(&path).unwrap();
    let line = rendered(&table.events.borrow()[0]);
    assert_eq!(text, format!("an old line\n{line}"));
}

#[test]
fn a_thousand_accounts_never_open_more_than_128_files() {
    let home = tempfile::tempdir().unwrap();
    let disk = TestDisk::default();
    let table = Table::default();
    let mut log = log_in(&home, disk.clone(), Settings::default());
    log.resume(None, &table);
    let accounts: Vec<_> = (0..1000).map(|number| format!("u{number}")).collect();
    for _ in 0..2 {
        for user_id in &accounts {
            table.record(&mut log, user_id, 1);
        }
        log.checkpoint()().unwrap();
    }
    let files = contents(&folder(&home));
    assert_eq!(files.len(), accounts.len());
    for (number, user_id) in accounts.iter().enumerate() {
        let lines = [number, number + 1000].map(|at| rendered(&table.events.borrow()[at]));
        let text = str::from_utf8(&files[&log_name(&user_id.as_str().into())]).unwrap();
        assert_eq!(text, lines.concat());
    }
    let most_open = disk.most_open.load(Ordering::Relaxed);
    assert!((100..=128).contains(&most_open), "{most_open}");
    drop(log);
    assert_eq!(disk.open.load(Ordering::Relaxed), 0);
}
