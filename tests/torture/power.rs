//! The store and the audit log with power failures, kills and failed syncs, on a disk that loses
//! unsynced data (`lossy_disk`).
//!
//! Each round is a directory that is used by several processes in turn. Each process starts on the
//! files of the previous one, gives a child some points, and ends: normally, or by a kill after any
//! change of a file, or by a power failure; a sync may fail in between. In every case, a start
//! finds every confirmed point, none that cannot have been given, and for each its event and its
//! line in the audit log, once and in order. Each point answers the child's requests, so that the
//! requests, their prices and the messages about them must agree with the points. A start itself
//! fails only if its own process was disturbed, and never because of damage.
//!
//! Each process also gives points to a child of its own, in a second account that all processes
//! share, and may then delete that account. What was confirmed about that holds, too: an anonymised
//! event stays anonymised after every later start, a removed log does not return, and after a purge
//! no file contains the account's id.
//!
//! The seed of a round determines the actions of each process, its failures, and the random numbers
//! of power failures. It does not determine which of the store's two threads writes first, so it
//! may take several runs to reproduce a failure. Only the lock of the directory is a file on the
//! real disk.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use goldstar::disk::{Disk, read_if_exists};
use goldstar::domain::{EventFilter, Page, SortOrder, Timestamp, log_name};
use goldstar::followers::audit_log::{AuditLog, Settings};
use goldstar::metrics::{self, Counter};
use goldstar::store::json::{JsonStore, OpenError, Options, Progress};
use goldstar::store::{CommitError, Store};
use serde_json::Value;

use crate::budget::{Rounds, Run};
use crate::lossy_disk::{End, LossyDisk, Plan};
use crate::random::Random;
use crate::requests::{Requests, answer, remove_account};
use crate::store::{Logged, START, child_of};

const ROUNDS: Rounds = Rounds { short: 40, long: 2000 };
/// The number of processes on one disk.
const LIVES: usize = 12;
/// The number of points that a process tries to give.
const POINTS: usize = 6;
/// About the number of changes of a process without failures.
const CHANGES: usize = 300;
/// The account to delete.
const LEAVER: &str = "the-leaver";
/// Logs are rotated often, and none is ever removed.
const LOGS: Settings = Settings { max_bytes: 1500, backups: 40 };

/// The possible points of a child: the confirmed ones, and those that may have become durable, too.
#[derive(Clone, Copy, Debug)]
struct Expected {
    answered: usize,
    possible: usize,
}

/// The state that a process may find.
#[derive(Clone, Debug)]
struct Found {
    /// Of the child in the account that stays.
    points: Expected,
    /// Of the children in the deleted account, and whether their events are known to be anonymised.
    others: Vec<(String, Expected, bool)>,
    /// The progress of the last process in deleting the account.
    departure: Departure,
}

#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
enum Departure {
    Begun,
    Forgotten,
    Purged,
}

/// The results of a run.
#[derive(Debug, Default)]
struct Figures {
    seeds: usize,
    processes: usize,
    /// The number of processes that started after a power failure.
    power_cuts: usize,
    /// The number of processes that were killed.
    kills: usize,
    failed_syncs: usize,
    acknowledged: usize,
}

impl Figures {
    fn note(&mut self, disk: &LossyDisk) {
        self.kills += usize::from(disk.was_killed());
        self.failed_syncs += usize::from(disk.has_failed_to_sync());
    }
}

/// One process.
struct Life {
    round: usize,
    number: usize,
    plan: Plan,
    before: End,
    folder: PathBuf,
    disk: LossyDisk,
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { round, number, plan, before, .. } = self;
        write!(f, "round {round}, process {number}, after a {before:?}, {plan:?}")
    }
}

#[tokio::test]
async fn confirmed_changes_survive_power_failures() {
    let mut run = Run::of("power", &ROUNDS);
    let mut figures = Figures::default();
    while let Some(random) = run.next() {
        figures.seeds += 1;
        live_through(random, &mut figures).await;
    }
    let Figures { seeds, processes, power_cuts, kills, failed_syncs, acknowledged } = figures;
    run.report(&format!(
        "{seeds} seeds, {processes} processes: {power_cuts} power cuts, {kills} kills amid a change, \
         {failed_syncs} failed syncs; {acknowledged} acknowledged changes: 0 lost; starts that \
         failed undisturbed: 0"
    ));
}

async fn live_through(mut random: Random, figures: &mut Figures) {
    let folder = tempfile::tempdir().unwrap();
    let mut disk = LossyDisk::new();
    let points = Expected { answered: 0, possible: 0 };
    let mut expected = Found { points, others: Vec::new(), departure: Departure::Begun };
    for number in 1..=LIVES {
        let plan = if number == LIVES { Plan::default() } else { some_plan(&mut random) };
        let before = if random.coin() { End::Kill } else { End::PowerCut };
        disk = disk.after(before, plan, random.fork());
        let folder = folder.path().to_owned();
        let life = Life { round: figures.seeds, number, plan, before, folder, disk: disk.clone() };
        expected = life.run(expected, random.coin(), random.coin(), figures).await;
        figures.processes += 1;
        figures.power_cuts += usize::from(before == End::PowerCut);
    }
}

fn some_plan(random: &mut Random) -> Plan {
    let mut change = |often| random.coin().then(|| random.below(often));
    Plan { killed_after: change(CHANGES), failing_sync: change(CHANGES) }
}

impl Life {
    /// Returns what the next process may find.
    async fn run(
        &self,
        mut expected: Found,
        leaves: bool,
        closes: bool,
        figures: &mut Figures,
    ) -> Found {
        if expected.departure == Departure::Purged {
            assert_eq!(self.disk.files_with(LEAVER), [""; 0], "{self}: after a purge");
        }
        let store = match self.open() {
            Ok(store) => store,
            Err(error) => {
                assert!(!error.is_damage(), "{self}: {error:?}");
                assert!(self.disk.is_disturbed(), "{self}: {error:?}");
                figures.note(&self.disk);
                return expected;
            }
        };
        let found = self.check_found(&store, &mut expected).await;
        expected.departure = Departure::Begun;
        expected.points = self.give_points(&store, "family", "a", found).await;
        let child = format!("child{}", self.number);
        let points = self.give_points(&store, LEAVER, &child, 0).await;
        figures.acknowledged += expected.points.answered - found + points.answered;
        expected.others.push((child.clone(), points, false));
        if leaves {
            expected = self.let_go(&store, expected).await;
        }
        if closes {
            let outcome = store.close().await;
            assert!(outcome.is_ok() || self.disk.is_disturbed(), "{self}: {outcome:?}");
        }
        figures.note(&self.disk);
        self.disk.kill();
        expected
    }

    /// Compares the state with what is possible; returns the points in the account that stays.
    async fn check_found(&self, store: &Logged, expected: &mut Found) -> usize {
        let found = self.found(store, "a").await;
        let points = child_of(store, "family", "a").await.map_or(0, |child| child.points.get());
        assert_eq!(i64::try_from(found).unwrap(), points, "{self}: the fold of the events");
        expected.points.check(found, self);
        self.check_requests(store, "family", "a", found).await;
        self.check_log(store, found);
        for (child, points, is_nobodys) in &mut expected.others {
            let found = self.found(store, child).await;
            points.check(found, self);
            *points = Expected { answered: found, possible: found };
            assert!(!*is_nobodys || self.owned(store, child).await == 0, "{self}: {child}");
            let exists = child_of(store, LEAVER, child).await.is_some();
            self.check_requests(store, LEAVER, child, if exists { found } else { 0 }).await;
        }
        if expected.departure >= Departure::Forgotten {
            assert_eq!(self.disk.files_with_name(LEAVER), [""; 0], "{self}: a log came back");
        }
        found
    }

    /// Requests begin and end with the points of the child, or not at all.
    async fn check_requests(&self, store: &JsonStore, user: &str, child: &str, points: usize) {
        let requests = Requests::of(store, user, child).await;
        assert_eq!(requests, Requests::after(child, points), "{self}: the requests");
    }

    fn open(&self) -> Result<Logged, OpenError> {
        open(&self.disk, &self.folder, LOGS)
    }

    fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// The points that a child was given, each by one event.
    async fn found(&self, store: &JsonStore, child: &str) -> usize {
        let events = self.events(store, child).await;
        let ids: Vec<_> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ids_up_to(child, ids.len()), "{self}: the history");
        ids.len()
    }

    /// The number of a child's events that belong to an account.
    async fn owned(&self, store: &JsonStore, child: &str) -> usize {
        let events = self.events(store, child).await;
        events.iter().filter(|event| !event["user_id"].is_null()).count()
    }

    async fn events(&self, store: &JsonStore, child: &str) -> Vec<Value> {
        let page = Page { limit: LIVES * POINTS, offset: 0 };
        let filter = EventFilter { child_id: Some(child.into()), ..EventFilter::default() };
        let events = store.events(&filter, SortOrder::Ascending, page).await;
        let events = events.unwrap_or_else(|error| panic!("{self}: {error}")).events;
        events.iter().map(|event| serde_json::from_str(event).unwrap()).collect()
    }

    /// Deletes the account, as far as the disk allows.
    async fn let_go(&self, store: &Logged, mut expected: Found) -> Found {
        let removed = remove_account(store, LEAVER).await;
        let anonymized = store.anonymize(&LEAVER.into()).await;
        if anonymized.is_ok() {
            expected.others.iter_mut().for_each(|(_, _, is_nobodys)| *is_nobodys = true);
        }
        let forgotten = store.forget(&LEAVER.into());
        let purged = store.purge().await;
        if anonymized.is_ok() && forgotten.is_ok() {
            expected.departure = Departure::Forgotten;
            if removed.is_ok() && purged.is_ok() {
                expected.departure = Departure::Purged;
            }
        }
        let is_done = anonymized.is_ok() && forgotten.is_ok() && purged.is_ok();
        assert!(
            is_done || self.disk.is_disturbed(),
            "{self}: {anonymized:?} {forgotten:?} {purged:?}"
        );
        expected
    }

    /// Checks that the audit log has a line for each event, unless the disk of this process has
    /// failed.
    fn check_log(&self, store: &Logged, points: usize) {
        store.follow();
        let log = store.logs_health();
        if log.backlog > 0 {
            assert!(self.disk.is_disturbed(), "{self}: {log:?}");
            return;
        }
        let newest = self.logs().join(log_name(&"family".into()));
        let rotated = (1..=LOGS.backups).rev().map(|number| backup(&newest, number));
        let mut lines = String::new();
        for path in rotated.chain([newest.clone()]) {
            let bytes = read_if_exists(&self.disk, &path).unwrap().unwrap_or_default();
            lines.push_str(&String::from_utf8_lossy(&bytes));
        }
        let ids: Vec<_> = lines.lines().map(event_id).collect();
        assert_eq!(ids, ids_up_to("a", points), "{self}: the audit log");
    }

    async fn give_points(&self, store: &Logged, user: &str, child: &str, found: usize) -> Expected {
        let mut expected = Expected { answered: found, possible: found };
        for _ in 0..POINTS {
            match answer(store, user, child).await.map(|_| ()) {
                Ok(()) => {
                    store.follow();
                    expected.possible += 1;
                    expected.answered = expected.possible;
                }
                Err(CommitError::OutcomeUnknown) => expected.possible += 1,
                Err(CommitError::NotDurable | CommitError::ReadOnly) => {}
                Err(error) => panic!("{self}: {error}"),
            }
        }
        assert!(expected.answered == found + POINTS || self.disk.is_disturbed(), "{self}");
        expected
    }
}

/// Opens a store with audit logs. The clock of each process starts at the same time.
pub(crate) fn open(disk: &LossyDisk, folder: &Path, logs: Settings) -> Result<Logged, OpenError> {
    let disk: Arc<dyn Disk> = Arc::new(disk.clone());
    let log = AuditLog::new(Arc::clone(&disk), folder.join("logs"), logs, Counter::default());
    let clock = AtomicI64::new(START);
    let now = move || Timestamp::from_micros(clock.fetch_add(1000, Ordering::Relaxed));
    let options = Options {
        data_dir: folder.to_owned(),
        disk,
        metrics: metrics::Store::default(),
        now: Arc::new(now),
        // So small that checkpoints are made, and interrupted, while it runs.
        checkpoint_bytes: 2048,
        index_events: 1,
        progress: Progress::silent(),
    };
    Ok(Logged::new(JsonStore::open(options)?, log))
}

impl Expected {
    fn check(self, found: usize, life: &Life) {
        assert!((self.answered..=self.possible).contains(&found), "{life}: {found}, {self:?}");
    }
}

fn ids_up_to(child: &str, points: usize) -> Vec<String> {
    (1..=points).map(|number| format!("{child}-{number}")).collect()
}

fn backup(log: &Path, number: u32) -> PathBuf {
    let mut path = log.as_os_str().to_owned();
    path.push(format!(".{number}"));
    path.into()
}

/// The id in a line, or the whole line if it has none.
fn event_id(line: &str) -> &str {
    let field = line.split(' ').find_map(|field| field.strip_prefix("event_id="));
    field.unwrap_or(line)
}
