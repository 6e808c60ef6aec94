//! The n-th write or sync of a server fails, once or from then on: while it starts, runs or stops.
//! Afterwards, the test searches for the effects of all requests.

mod home;
mod load;
mod nth;

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::join_all;
use goldstar::disk::RealDisk;
use serde_json::Value;

use crate::budget::{Rounds, Run};
use crate::harness::{Folders, event_ids, eventually, text};
use crate::kills::book::{Requests, fold_request, pending_requests};
use crate::random::Random;
use home::{Home, Served, copy_of};
use load::{Attempt, Told};
use nth::{Counted, Error, FailingDisk, Fault};

/// The operations that fail, each in a round of its own: from the first to this one.
const LAST: usize = 200;
/// The step from one round's operation to the next: with it, `LAST` rounds cover each operation
/// once.
const STEP: usize = 77;
const ROUNDS: Rounds = Rounds { short: 3, long: LAST };
/// The number of waves of requests while the disk fails, and after it.
const WAVES: usize = 3;
/// A stop writes and syncs more often than this.
const STOP: usize = 6;

/// Counts for the report.
#[derive(Default)]
struct Tally {
    faults: usize,
    /// The phases in which the first failure came.
    moments: HashMap<&'static str, usize>,
    /// The files that failed first.
    files: HashMap<&'static str, usize>,
    failed_starts: usize,
    failed_stops: usize,
    kills: usize,
    read_only: usize,
    acknowledged: usize,
    refused: usize,
    unknown: usize,
    /// How many of those had happened.
    happened: usize,
}

/// A directory whose disk fails.
struct Case<'a> {
    home: &'a Home,
    folders: Folders,
    disk: FailingDisk,
    random: Random,
    told: Told,
    /// The phase in which the first failure came.
    moment: &'static str,
    failed_starts: usize,
    failed_stops: usize,
    is_killed: bool,
}

impl Case<'_> {
    /// Starts, works and stops while the disk fails, or is killed.
    async fn live(&mut self) {
        if let Ok(served) = self.start().await {
            self.work(&served).await;
            let killed = (self.random.below(3) == 0).then(|| copy_of(&self.folders));
            self.stop(served).await;
            self.is_killed = killed.is_some();
            self.folders = killed.unwrap_or_else(|| self.folders.clone());
        }
        if self.disk.is_failing()
            && let Ok(served) = self.start().await
        {
            self.stop(served).await;
        }
    }

    /// A start that fails must report the failure of the disk.
    async fn start(&mut self) -> Result<Served, ()> {
        let started = Served::start(self.home, &self.folders, Arc::new(self.disk.clone())).await;
        self.note("a start");
        started.map_err(|reason| {
            let words = self.disk.fault.error.words();
            assert!(reason.contains(words), "{:?}: {reason}", self.disk.fault);
            self.failed_starts += 1;
        })
    }

    /// Sends requests until the fault has come, or will come during the stop; then with the fault,
    /// and in some cases after it.
    async fn work(&mut self, served: &Served) {
        let ahead = if self.random.below(4) == 0 { 1 + self.random.below(STOP) } else { 0 };
        let Self { home, disk, random, told, .. } = self;
        while disk.ahead() > ahead {
            told.wave(home, served, disk, random).await;
        }
        if disk.failures() > 0 {
            for _ in 0..WAVES {
                told.wave(home, served, disk, random).await;
            }
        }
        self.note("work");
        if self.disk.failures() > 0 && (!self.disk.fault.lasts || self.random.coin()) {
            self.recover(served).await;
        }
    }

    /// Once the disk works, so does the server, without a restart unless an outcome is unknown.
    async fn recover(&mut self, served: &Served) {
        let Self { home, disk, random, told, .. } = self;
        disk.mend();
        for _ in 0..WAVES {
            told.wave(home, served, disk, random).await;
        }
        if !told.is_read_only {
            well(served).await;
        }
    }

    async fn stop(&mut self, served: Served) {
        let stopped = served.stop().await;
        self.note("a stop");
        if let Err(error) = stopped {
            assert!(self.disk.failures() > 0, "{error}");
            self.failed_stops += 1;
        }
    }

    fn note(&mut self, moment: &'static str) {
        if self.moment.is_empty() && self.disk.failures() > 0 {
            self.moment = moment;
        }
    }

    /// A start on a working disk must find all confirmed changes once, and no failed ones.
    async fn check(&mut self) {
        self.disk.mend();
        let served = Served::start(self.home, &self.folders, Arc::new(RealDisk)).await;
        let served = served.unwrap_or_else(|reason| panic!("{:?}: {reason}", self.disk.fault));
        let rows = self.check_rows(&served).await;
        self.check_tasks(&served).await;
        well(&served).await;
        let family = &self.home.family;
        assert_eq!(points(&served, &family.child).await, fold(&rows));
        let mut requests = Requests::new();
        for row in &rows {
            fold_request(&mut requests, row);
        }
        assert_eq!(pending_requests(&served.parent).await, requests);
        let logged = event_ids(&self.folders.log_lines(&family.parent.id));
        assert!(logged.iter().eq(rows.iter().map(|row| row["id"].as_str().unwrap())), "the log");
        served.parent.activate(&family.child, &family.task).await.expect(200);
        served.stop().await.unwrap();
        let events = self.folders.events();
        assert!(events.starts_with(&rows) && events.len() == rows.len() + 1, "the file");
        let child = self.folders.record("children.json", &family.child);
        assert_eq!(child["points"], fold(&events), "the child's file");
    }

    /// The history consists of the earlier events, the confirmed ones, and perhaps those with an
    /// unknown outcome.
    async fn check_rows(&mut self, served: &Served) -> Vec<Value> {
        let found = served.admin.get("/admin/tracking?order=asc&limit=500").await;
        let rows = found.expect(200)["tracking_events"].as_array().unwrap().clone();
        let old = &self.home.rows;
        assert!(rows.starts_with(old), "what was there has changed");
        let mut new: HashMap<String, &Value> =
            rows[old.len()..].iter().map(|row| (text(&row["id"]), row)).collect();
        assert_eq!(new.len(), rows.len() - old.len(), "an event is there twice");
        for event in &self.told.events {
            assert_eq!(new.remove(event["id"].as_str().unwrap()), Some(event), "acknowledged");
        }
        for row in new.into_values() {
            let asked = self.told.unknown.iter().position(|attempt| attempt.is(row));
            let asked = asked.unwrap_or_else(|| panic!("{:?}: {row}", self.disk.fault));
            self.told.unknown.swap_remove(asked);
        }
        rows
    }

    async fn check_tasks(&mut self, served: &Served) {
        let found = served.parent.get("/tasks").await.expect(200);
        let found = found["tasks"].as_array().unwrap();
        let count = |name: &String| found.iter().filter(|task| task["name"] == **name).count();
        assert!(self.told.tasks.iter().all(|name| count(name) == 1), "a task is lost, or twice");
        assert!(self.told.no_tasks.iter().all(|name| count(name) == 0), "a refused task is there");
        let is_there = |it: &Attempt| matches!(it, Attempt::Task(name) if count(name) == 1);
        self.told.unknown.retain(|attempt| !is_there(attempt));
    }
}

/// The points after the events.
fn fold(events: &[Value]) -> i64 {
    let opening = events[0]["points_before"].as_i64().unwrap();
    opening + events.iter().map(|event| event["delta"].as_i64().unwrap()).sum::<i64>()
}

async fn points(served: &Served, child: &str) -> i64 {
    let body = served.parent.get(&format!("/children/{child}")).await.expect(200);
    body["child"]["points"].as_i64().unwrap()
}

/// Waits until all files are up to date.
async fn well(served: &Served) {
    eventually("health to be well again", async || {
        (served.admin.get("/health").await.body["status"] == "ok").then_some(())
    })
    .await;
}

/// The kind of a server's file.
fn kind(path: &Path) -> &'static str {
    let text = path.to_string_lossy();
    match text {
        _ if text.contains("/journal") => "the journal",
        _ if text.contains("tracking_events.json") => "the tracking file",
        _ if text.contains("/logs") => "a log",
        _ => "a table",
    }
}

impl Tally {
    fn add(&mut self, case: &Case<'_>, unknown: usize) {
        let Case { disk, told, .. } = case;
        self.faults += usize::from(disk.failures() > 0);
        if let Some(first) = disk.first() {
            *self.moments.entry(case.moment).or_default() += 1;
            *self.files.entry(kind(&first)).or_default() += 1;
        }
        self.failed_starts += case.failed_starts;
        self.failed_stops += case.failed_stops;
        self.kills += usize::from(case.is_killed);
        self.read_only += usize::from(told.is_read_only);
        self.acknowledged += told.events.len() + told.tasks.len();
        self.refused += told.refused;
        self.unknown += unknown;
        self.happened += unknown - told.unknown.len();
    }

    fn figures(&self) -> String {
        let [starts, work, stops] =
            ["a start", "work", "a stop"].map(|it| self.moments.get(it).copied().unwrap_or(0));
        let [journal, tracking, table, log] =
            ["the journal", "the tracking file", "a table", "a log"]
                .map(|it| self.files.get(it).copied().unwrap_or(0));
        format!(
            "{} faults ({starts} in a start, {work} under load, {stops} in a stop; {journal} in the \
             journal, {tracking} in the tracking file, {table} in a table, {log} in a log): {} starts \
             and {} stops failed, {} servers were killed, {} became read-only; {} acknowledged changes: 0 lost, 0 \
             twice; {} refused: 0 there; of {} with an unknown outcome {} were there",
            self.faults,
            self.failed_starts,
            self.failed_stops,
            self.kills,
            self.read_only,
            self.acknowledged,
            self.refused,
            self.unknown,
            self.happened
        )
    }
}

/// The eight kinds of failure of the n-th operation.
fn faults(nth: usize) -> Vec<Fault> {
    let mut faults = Vec::new();
    for counted in [Counted::Writes, Counted::Syncs] {
        for error in [Error::Full, Error::Broken] {
            faults.extend([false, true].map(|lasts| Fault { counted, nth, error, lasts }));
        }
    }
    faults
}

#[tokio::test]
async fn nothing_is_lost_whichever_write_or_sync_fails() {
    let mut run = Run::of("faults", &ROUNDS);
    let mut tally = Tally::default();
    let home = Home::new().await;
    let mut nth = None;
    while let Some(mut random) = run.next() {
        let last = nth.map_or_else(|| random.below(LAST), |nth| (nth + STEP) % LAST);
        nth = Some(last);
        let cases = faults(last + 1).into_iter().map(|fault| {
            let mut case = Case {
                home: &home,
                folders: home.copy(),
                disk: FailingDisk::new(fault),
                random: random.fork(),
                told: Told::default(),
                moment: "",
                failed_starts: 0,
                failed_stops: 0,
                is_killed: false,
            };
            async move {
                Box::pin(case.live()).await;
                let unknown: Vec<Attempt> = case.told.unknown.clone();
                Box::pin(case.check()).await;
                (case, unknown.len())
            }
        });
        for (case, unknown) in join_all(cases).await {
            tally.add(&case, unknown);
        }
    }
    run.report(&tally.figures());
}
