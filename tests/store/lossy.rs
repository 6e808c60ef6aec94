//! The store and the audit log over power cuts, kills and failed syncs, on a disk that loses what
//! wasn't synced (`lossy_disk`).
//!
//! Each seed is a directory that lives through several processes, one after the other. Each process
//! starts on what the one before left, gives a child some points, and ends: by itself, or killed
//! after any change of a file, or by a kill that takes the machine's memory along; a sync may fail on
//! the way. Whatever happens, a start finds every point that was answered, none that can't have been
//! given, and for each its event and its line in the audit log, once and in order. A start itself
//! fails only where its own process was disturbed, and never by damage.
//!
//! `GOLDSTAR_LOSSY_SEEDS` says how many seeds are tried. A seed settles what each process does, what
//! befalls it, and the random numbers by which a power cut keeps things. It doesn't settle which of
//! the store's two threads comes first to the disk: a failure may take some runs to come again.
//! The directory's lock alone is a file on the machine's own disk.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use goldstar::audit_log::{AuditLog, Settings, file_name};
use goldstar::disk::{Disk, read_if_exists};
use goldstar::domain::{EventFilter, Page, SortOrder, Timestamp};
use goldstar::metrics::{self, Counter};
use goldstar::service::AuditSink;
use goldstar::store::json::{JsonStore, OpenError, Options};
use goldstar::store::{CommitError, EventSink, Store};
use serde_json::Value;

use crate::harness::{START, give_point};
use crate::lossy_disk::{End, LossyDisk, Plan};
use crate::random::Random;

/// How many seeds are tried where the environment doesn't say.
const SEEDS: u64 = 40;
/// How many processes follow each other on one disk.
const LIVES: usize = 12;
/// How many points a process tries to give.
const POINTS: usize = 6;
/// About as many changes as a process makes that nothing befalls.
const CHANGES: usize = 100;
/// Logs are rotated often, and none of them is ever removed.
const LOGS: Settings = Settings { max_bytes: 1500, backups: 40 };

/// What the child may have: what was answered, and what may have become durable beside it.
#[derive(Clone, Copy, Debug)]
struct Expected {
    answered: usize,
    possible: usize,
}

/// One process.
struct Life {
    seed: u64,
    number: usize,
    plan: Plan,
    before: End,
    folder: PathBuf,
    disk: LossyDisk,
}

impl fmt::Display for Life {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seed, number, plan, before, .. } = self;
        write!(f, "seed {seed}, process {number}, after a {before:?}, {plan:?}")
    }
}

#[tokio::test]
async fn what_was_answered_outlives_power_cuts() {
    let seeds = std::env::var("GOLDSTAR_LOSSY_SEEDS");
    let seeds = seeds.map_or(SEEDS, |seeds| seeds.parse().unwrap());
    for seed in 1..=seeds {
        live_through(seed).await;
    }
}

async fn live_through(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut random = Random::new(seed);
    let mut disk = LossyDisk::new();
    let mut expected = Expected { answered: 0, possible: 0 };
    for number in 1..=LIVES {
        let plan = if number == LIVES { Plan::default() } else { some_plan(&mut random) };
        let before = if random.coin() { End::Kill } else { End::PowerCut };
        disk = disk.after(before, plan, random.fork());
        let folder = folder.path().to_owned();
        let life = Life { seed, number, plan, before, folder, disk: disk.clone() };
        expected = life.run(expected, random.coin()).await;
    }
}

fn some_plan(random: &mut Random) -> Plan {
    let mut change = |often| random.coin().then(|| random.below(often));
    Plan { killed_after: change(CHANGES), failing_sync: change(CHANGES) }
}

impl Life {
    /// Says what the next process may find.
    async fn run(&self, expected: Expected, closes: bool) -> Expected {
        let store = match self.open() {
            Ok(store) => store,
            Err(error) => {
                assert!(!error.is_damage(), "{self}: {error:?}");
                assert!(self.disk.is_disturbed(), "{self}: {error:?}");
                return expected;
            }
        };
        let found = self.found(&store).await;
        let Expected { answered, possible } = expected;
        assert!((answered..=possible).contains(&found), "{self}: {found} points, {expected:?}");
        self.check_log(&store, found);
        let expected = self.give_points(&store, found).await;
        if closes {
            let outcome = store.close().await;
            assert!(outcome.is_ok() || self.disk.is_disturbed(), "{self}: {outcome:?}");
        }
        self.disk.kill();
        expected
    }

    fn open(&self) -> Result<JsonStore, OpenError> {
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let log = AuditLog::new(Arc::clone(&disk), self.logs(), LOGS, Counter::default());
        let clock = AtomicI64::new(START);
        let now = move || Timestamp::from_micros(clock.fetch_add(1000, Ordering::Relaxed));
        let options = Options {
            data_dir: self.folder.clone(),
            disk,
            metrics: metrics::Store::default(),
            now: Arc::new(now),
            // So that checkpoints are made, and cut short, while it works.
            checkpoint_bytes: 2048,
        };
        let sinks: Vec<Box<dyn EventSink>> = vec![Box::new(AuditSink::new(log))];
        JsonStore::open(options, sinks)
    }

    fn logs(&self) -> PathBuf {
        self.folder.join("logs")
    }

    /// How many points the child has, each by one event.
    async fn found(&self, store: &JsonStore) -> usize {
        let page = Page { limit: LIVES * POINTS, offset: 0 };
        let events = store.events(&EventFilter::default(), SortOrder::Ascending, page).await;
        let events = events.unwrap_or_else(|error| panic!("{self}: {error}")).events;
        let ids = events.iter().map(|event| {
            let event: Value = serde_json::from_str(event).unwrap();
            event["id"].as_str().unwrap().to_owned()
        });
        let points = store.view().child(&"a".into()).map_or(0, |child| child.points.get());
        let points = usize::try_from(points).unwrap();
        assert_eq!(ids.collect::<Vec<_>>(), ids_up_to(points), "{self}: the history");
        points
    }

    /// The audit log has each event's line, unless this process' disk has failed it.
    fn check_log(&self, store: &JsonStore, points: usize) {
        let projections = store.health().projections;
        let log = projections.iter().find(|projection| projection.name == "audit_log").unwrap();
        if log.backlog > 0 {
            assert!(self.disk.is_disturbed(), "{self}: {log:?}");
            return;
        }
        let newest = self.logs().join(file_name(&"family".into()));
        let rotated = (1..=LOGS.backups).rev().map(|number| backup(&newest, number));
        let mut lines = String::new();
        for path in rotated.chain([newest.clone()]) {
            let bytes = read_if_exists(&self.disk, &path).unwrap().unwrap_or_default();
            lines.push_str(&String::from_utf8_lossy(&bytes));
        }
        let ids: Vec<_> = lines.lines().map(event_id).collect();
        assert_eq!(ids, ids_up_to(points), "{self}: the audit log");
    }

    async fn give_points(&self, store: &JsonStore, found: usize) -> Expected {
        let mut expected = Expected { answered: found, possible: found };
        for _ in 0..POINTS {
            match give_point(store, "a").await.map(|_| ()) {
                Ok(()) => {
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

fn ids_up_to(points: usize) -> Vec<String> {
    (1..=points).map(|number| format!("a-{number}")).collect()
}

fn backup(log: &Path, number: u32) -> PathBuf {
    let mut path = log.as_os_str().to_owned();
    path.push(format!(".{number}"));
    path.into()
}

/// The id in a line, or the line where it has none.
fn event_id(line: &str) -> &str {
    let field = line.split(' ').find_map(|field| field.strip_prefix("event_id="));
    field.unwrap_or(line)
}
