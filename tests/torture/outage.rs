//! A file that is derived from the changes cannot be written for a while: under load no request
//! fails, and after the repair the file contains everything, in order and once.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use goldstar::app::Machine;
use serde_json::Value;
use tokio::time::interval;

use crate::budget::{Rounds, Run};
use crate::harness::{
    Family, FaultyDisk, Scrape, Settings, TestServer, event_ids, eventually, text,
};
use crate::measures::millis;
use crate::stream_clients::{Last, Listener};

/// Each file in turn.
const ROUNDS: Rounds = Rounds { short: 2, long: 2 };
const SHORT: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(10);
const FAMILIES: usize = 2;
/// The number of a family's clients that send mutations.
const CLIENTS: usize = 8;
/// The pause of each client: at most 2000 mutations per second in all, so that the readers of the
/// streams keep up.
const PAUSE: Duration = Duration::from_millis(8);
/// The time limit after the repair until everything is up to date.
const DRAINED: Duration = Duration::from_secs(5);

/// The files that cannot be written.
struct Target {
    /// The start of the files' names.
    files: &'static str,
    projection: &'static str,
}

const TARGETS: [Target; 2] = [
    Target { files: "tracking_events.json", projection: "tracking_events.json" },
    Target { files: "tracking_user_", projection: "audit_log" },
];

/// The results of an outage.
struct Figures {
    events: usize,
    backlog: u64,
    drained: Duration,
}

struct Home {
    server: TestServer,
    disk: FaultyDisk,
    families: Vec<Family>,
    /// The ids of the events in successful responses.
    acknowledged: RefCell<HashSet<String>>,
    is_over: Cell<bool>,
}

impl Home {
    async fn new() -> Self {
        let disk = FaultyDisk::default();
        let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
        // The log must contain every event.
        let settings = Settings { machine, log_max_bytes: 0, ..Settings::default() };
        let server = TestServer::with(settings).await;
        let mut families = Vec::new();
        for _ in 0..FAMILIES {
            families.push(server.family().await);
        }
        let (acknowledged, is_over) = (RefCell::default(), Cell::new(false));
        Self { server, disk, families, acknowledged, is_over }
    }

    /// Sends mutations until the end of the load: each must succeed.
    async fn mutate(&self, family: &Family, last: &Last) {
        join_all((0..CLIENTS).map(async |_| {
            let mut pace = interval(PAUSE);
            while !self.is_over.get() {
                pace.tick().await;
                let event = family.event().await;
                assert!(self.acknowledged.borrow_mut().insert(text(&event["id"])), "{event}");
            }
        }))
        .await;
        last.happen(family).await;
    }

    /// The projection in `/health`.
    async fn projection(&self, name: &str) -> (u64, Value) {
        let health = self.server.nobody().get("/health").await.expect(200);
        let projections = health["projections"].as_array().unwrap();
        let found = projections.iter().find(|projection| projection["name"] == name).unwrap();
        (found["backlog"].as_u64().unwrap(), found["last_error"].clone())
    }

    /// Waits until there are this many more successful responses.
    async fn further_events(&self, count: usize) {
        let before = self.acknowledged.borrow().len();
        eventually("further events", async || {
            (self.acknowledged.borrow().len() >= before + count).then_some(())
        })
        .await;
    }

    /// Makes the files fail for this time, and repairs them.
    async fn break_down(&self, target: &Target, time: Duration) -> Figures {
        self.further_events(50).await;
        self.disk.fail_writes(target.files, ErrorKind::StorageFull);
        // The load continues for the time of the outage.
        tokio::time::sleep(time).await;
        self.further_events(50).await;
        let (backlog, error) = self.projection(target.projection).await;
        assert!(backlog >= 50 && error.is_string(), "{backlog} behind: {error}");
        let series = format!("projection_backlog{{projection=\"{}\"}}", target.projection);
        assert!(
            Scrape::of(&self.server).await.get(&series) >= 50,
            "the metrics know nothing of it"
        );

        self.disk.repair();
        let repaired = Instant::now();
        eventually("the end of the backlog", async || {
            (self.projection(target.projection).await == (0, Value::Null)).then_some(())
        })
        .await;
        let drained = repaired.elapsed();
        self.further_events(50).await;
        self.is_over.set(true);
        Figures { events: 0, backlog, drained }
    }

    /// Checks that everything is in all places, once and in one order; returns the number of
    /// events.
    fn check(&self, received: &[Vec<String>]) -> usize {
        let rows = self.server.folders.events();
        let mut acknowledged = self.acknowledged.borrow().clone();
        for (family, received) in self.families.iter().zip(received) {
            let own = rows.iter().filter(|row| row["user_id"] == *family.parent.id);
            let mut own: Vec<String> = own.map(|row| text(&row["id"])).collect();
            let log = event_ids(&self.server.folders.log_lines(&family.parent.id));
            assert_eq!(log, own, "the log tells of other events");
            // The events before and after the load.
            own.pop().expect("the last event");
            own.remove(0);
            assert_eq!(*received, own, "the stream sent other events");
            for id in own {
                assert!(acknowledged.remove(&id), "{id} was not answered, or is there twice");
            }
        }
        assert!(acknowledged.is_empty(), "lost: {acknowledged:?}");
        rows.len()
    }

    async fn survive(&self, target: &Target, time: Duration) -> Figures {
        let (mut listeners, mut lasts) = (Vec::new(), Vec::new());
        for family in &self.families {
            listeners.extend(Listener::open(family, 1).await);
            lasts.push(Last::of(family).await);
        }
        let load = self.families.iter().zip(&lasts).map(|(it, last)| self.mutate(it, last));
        let readers = listeners.iter_mut().zip(&lasts).map(async |(listener, last)| {
            let received = listener.receive(last).await;
            received.into_iter().map(|event| event.id).collect()
        });
        let (figures, received, _) =
            tokio::join!(self.break_down(target, time), join_all(readers), join_all(load));
        Figures { events: self.check(&received), ..figures }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_a_derived_file_makes_no_request_fail_and_loses_nothing() {
    let mut run = Run::of("outage", &ROUNDS);
    let mut targets = TARGETS.iter().cycle();
    let mut reports = Vec::new();
    while run.next().is_some() {
        let target = targets.next().unwrap();
        let time = if run.is_short { SHORT } else { LONG };
        let Figures { events, backlog, drained } = Home::new().await.survive(target, time).await;
        assert!(run.is_short || drained < DRAINED, "{}: {drained:?}", target.projection);
        reports.push(format!(
            "`{}` {} s without writes: {events} events, none refused, {backlog} behind at most, \
             caught up {} after the repair",
            target.projection,
            time.as_secs(),
            millis(drained)
        ));
    }
    run.report(&(reports.join("; ") + "; each event everywhere once, in order"));
}
