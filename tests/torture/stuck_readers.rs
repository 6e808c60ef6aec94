//! Clients of the event stream that stop reading during load: each is disconnected, and others are
//! not affected.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::time::interval;

use crate::budget::{Rounds, Run};
use crate::harness::person::Session;
use crate::harness::wire::Wire;
use crate::harness::{Family, Folders, Scrape, Settings, TestServer, eventually, text};
use crate::measures::{anonymous_memory, millis, p99};
use crate::stream_clients::{Last, Listener};

const ROUNDS: Rounds = Rounds { short: 1, long: 1 };
/// How often the other clients are measured without the stuck ones.
const QUIET: usize = 5;
const HEALTHY: usize = 4;
/// The number of clients that send the mutations.
const CLIENTS: u32 = 32;
/// The time within which each stuck client is disconnected.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much the memory may grow while clients are stuck, in KiB.
const ROOM: u64 = 24 << 10;

/// The amount of load.
struct Size {
    stuck: usize,
    /// Mutations per second.
    rate: u32,
    time: Duration,
    /// The length of the id in each event. The longer it is, the sooner the system's buffers of
    /// some megabytes per client are full.
    id: usize,
}

const SHORT: Size = Size { stuck: 10, rate: 400, time: Duration::from_millis(500), id: 2000 };
const LONG: Size = Size { stuck: 100, rate: 2000, time: Duration::from_secs(10), id: 36 };

/// A family on the real program, and its healthy clients.
struct Home {
    server: TestServer,
    family: Family,
    session: Session,
    size: Size,
}

/// How events reached the healthy clients.
struct Pace {
    /// The 99th percentile of the time from the request on.
    p99: Duration,
    /// Events per second.
    rate: usize,
    /// How often one of the clients was disconnected and reconnected, which can happen if the
    /// machine is too busy.
    returns: usize,
}

/// The results of the stuck clients.
struct Closed {
    readers: usize,
    /// The longest time, from the start of the first client to the end of the last one.
    longest: Duration,
}

/// Writes a shared task.
fn put_task(folders: &Folders, id: &str) {
    let task = json!({
        "id": id, "user_id": null, "name": "Make the bed", "points": 5, "is_good": true,
        "image_id": null, "created_at": 1_769_551_003.4, "updated_at": 1_769_551_003.4,
    });
    folders.put("tasks.json", &json!({"_default": {"1": task}}).to_string());
}

impl Home {
    async fn new(size: Size) -> Self {
        let flags = vec!["--streams-per-session=1000".to_owned()];
        let settings = Settings { binary: true, flags, ..Settings::default() };
        let folders = Folders::new();
        let task = "x".repeat(size.id);
        put_task(&folders, &task);
        let server = TestServer::on(folders, settings).await;
        let family = Family { task, ..server.family().await };
        let session = Session::of(&server, &family.parent).await;
        Self { server, family, session, size }
    }

    /// Sends mutations at the given rate until the end; returns the time of each event's request.
    async fn mutate(&self, is_over: &Cell<bool>) -> HashMap<String, Instant> {
        let asked = RefCell::new(HashMap::new());
        join_all((0..CLIENTS).map(async |_| {
            let mut pace = interval(Duration::from_secs(CLIENTS.into()) / self.size.rate);
            while !is_over.get() {
                pace.tick().await;
                let at = Instant::now();
                let event = self.family.event().await;
                asked.borrow_mut().insert(text(&event["id"]), at);
            }
        }))
        .await;
        asked.into_inner()
    }

    /// Measures how events reach the healthy clients while `meanwhile` runs.
    async fn receive<T>(&self, meanwhile: impl Future<Output = T>) -> (Pace, T) {
        let mut listeners = Listener::open(&self.family, HEALTHY).await;
        let last = Last::of(&self.family).await;
        let is_over = Cell::new(false);
        let started = Instant::now();
        let mutations = async {
            let asked = self.mutate(&is_over).await;
            let rate = asked.len() as u128 * 1000 / started.elapsed().as_millis();
            last.happen(&self.family).await;
            (asked, usize::try_from(rate).unwrap())
        };
        let all = async {
            let output = meanwhile.await;
            is_over.set(true);
            output
        };
        let readers = join_all(listeners.iter_mut().map(|listener| listener.receive(&last)));
        let ((asked, rate), received, output) = tokio::join!(mutations, readers, all);
        let mut times = Vec::new();
        for received in received {
            assert_eq!(received.len(), asked.len(), "events were missed");
            times.extend(received.iter().map(|event| event.at - asked[&event.id]));
        }
        let returns = listeners.iter().map(|listener| listener.returns).sum();
        (Pace { p99: p99(&mut times), rate, returns }, output)
    }

    /// Waits for the usual time.
    async fn pass(&self) {
        tokio::time::sleep(self.size.time).await;
    }

    async fn evictions(&self) -> usize {
        let scrape = Scrape::of(&self.server).await;
        usize::try_from(scrape.get("sse_evictions_total")).unwrap()
    }

    /// Starts clients that read only the head, waits until they are disconnected, and continues for
    /// as long as without them.
    async fn stick(&self) -> Closed {
        let (opened, before) = (Instant::now(), self.evictions().await);
        let mut stuck = join_all((0..self.size.stuck).map(|_| self.stuck_reader())).await;
        eventually("the ends of the stuck readers", async || {
            (self.evictions().await == before + stuck.len()).then_some(())
        })
        .await;
        let closed = Closed { readers: stuck.len(), longest: opened.elapsed() };
        // Reading what the system's buffers still contain takes time, so only one client reads it.
        stuck.pop().unwrap().drain().await;
        tokio::time::sleep(self.size.time.saturating_sub(opened.elapsed())).await;
        closed
    }

    async fn stuck_reader(&self) -> Wire {
        let mut wire = Wire::with_small_window(&self.server).await;
        wire.send(self.session.head("GET", "/events", &[])).await;
        assert_eq!(wire.head().await.status, 200);
        wire
    }

    /// The peak memory of the server while `work` runs, in KiB.
    async fn most_memory<T>(&self, work: impl Future<Output = T>) -> (u64, T) {
        let most = Cell::new(0);
        let watch = async {
            let mut looks = interval(Duration::from_millis(100));
            loop {
                looks.tick().await;
                most.set(anonymous_memory(self.server.pid()).max(most.get()));
            }
        };
        let output = tokio::select! {
            output = work => output,
            () = watch => unreachable!("it watches on"),
        };
        (most.get(), output)
    }
}

/// The results of a run.
struct Figures {
    /// Without stuck clients.
    quiet: Vec<Duration>,
    /// With stuck clients.
    beside: Pace,
    closed: Closed,
    /// Before, with the stuck clients, and after, in KiB.
    memory: [u64; 3],
}

async fn measure(size: Size) -> Figures {
    let home = Home::new(size).await;
    // The first measurement is always slow.
    home.receive(home.pass()).await;
    let mut quiet = Vec::new();
    for _ in 0..QUIET {
        quiet.push(home.receive(home.pass()).await.0.p99);
    }
    quiet.sort();
    let before = anonymous_memory(home.server.pid());
    let (most, (beside, closed)) = home.most_memory(Box::pin(home.receive(home.stick()))).await;
    let after = anonymous_memory(home.server.pid());
    Figures { quiet, beside, closed, memory: [before, most, after] }
}

#[tokio::test]
async fn clients_that_stop_reading_are_disconnected_and_others_are_not_affected() {
    let mut run = Run::of("stuck_readers", &ROUNDS);
    let mut report = String::new();
    while run.next().is_some() {
        let size = if run.is_short { SHORT } else { LONG };
        let found = Box::pin(measure(size)).await;
        let (least, most) = (found.quiet[0], found.quiet[QUIET - 1]);
        let Closed { readers, longest } = found.closed;
        assert!(longest < PATIENCE, "the last one was closed after {longest:?}");
        let [before, during, after] = found.memory;
        assert!(during.max(after) < before + ROOM, "{:?} KiB", found.memory);
        // Measured twice, because one run in six is slower for no known reason.
        let Pace { p99: beside, rate, returns } = found.beside;
        let is_noticed = beside > 2 * most;
        assert!(run.is_short || !is_noticed, "{beside:?} beside, {:?}", found.quiet);
        report = format!(
            "{readers} stuck readers closed within {}, at {rate} events a second; 99 of 100 events \
             reach {HEALTHY} healthy readers within {} to {} without and {} beside them (closed by mistake: {returns}); memory {} \
             MiB before, at most {} with them, {} after",
            millis(longest),
            millis(least),
            millis(most),
            millis(beside),
            before >> 10,
            during >> 10,
            after >> 10,
        );
    }
    run.report(&report);
}
