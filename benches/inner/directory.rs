//! Data directories for the benchmarks, and stores on them.

use std::fs;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use goldstar::clock::Clock;
use goldstar::disk::RealDisk;
use goldstar::domain::ledger::{self, Actor, Answer, EventOrigin};
use goldstar::domain::{Child, ChildId, Points, TaskId, TrackingEvent};
use goldstar::metrics::Metrics;
use goldstar::store::json::{INDEX_EVENTS, JsonStore, Options, Progress};
use goldstar::store::{Change, Changes, Context, Scope, Snapshot, Store};
use tempfile::TempDir;

use crate::generate::{CHILD, Size, TASK, USER, generate, id};

/// The number of families, each with ten children.
pub(crate) const USERS: u64 = 100;
/// Of all families together.
pub(crate) const CHILDREN: u64 = 1_000;

/// A new folder on the disk of the build.
pub(crate) fn on_disk() -> TempDir {
    tempfile::tempdir_in(std::env!("CARGO_TARGET_TMPDIR")).unwrap()
}

/// A new folder in memory, where a sync costs nothing; on the disk if the system has no such folder.
pub(crate) fn in_memory() -> TempDir {
    tempfile::tempdir_in("/dev/shm").unwrap_or_else(|_| on_disk())
}

/// Fills a folder with that number of events.
pub(crate) fn fill(folder: &Path, events: u64) {
    generate(folder, Size { users: USERS, children: CHILDREN, events, departing: false }).unwrap();
}

/// A store without followers, whose write-ahead log grows up to `checkpoint_bytes`.
pub(crate) fn open(folder: &Path, checkpoint_bytes: u64) -> JsonStore {
    let clock = Clock::system();
    let metrics = Metrics::new(clock.now()).store;
    let options = Options {
        data_dir: folder.to_owned(),
        disk: Arc::new(RealDisk),
        now: Arc::new(move || clock.now()),
        metrics,
        checkpoint_bytes,
        index_events: INDEX_EVENTS,
        progress: Progress::silent(),
    };
    JsonStore::open(options).unwrap()
}

/// Copies a directory with its folders.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Waits for a future of the store.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().build().unwrap();
    }
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// Activates a task for the n-th child, `with_event` as the service does.
pub(crate) async fn activate(store: &JsonStore, n: u64, with_event: bool) {
    let child = ChildId::from(id(CHILD, n % CHILDREN).as_str());
    let task = TaskId::from(id(TASK, n % CHILDREN % USERS).as_str());
    let user = id(USER, n % CHILDREN % USERS);
    let decide = move |records: &dyn Snapshot, context: &mut Context| {
        Ok((activation(records, context, &child, &task, with_event), ()))
    };
    store.transact(Scope::Family(user.as_str().into()), decide).await.unwrap();
}

fn activation(
    records: &dyn Snapshot,
    context: &mut Context,
    child: &ChildId,
    task: &TaskId,
    with_event: bool,
) -> Changes {
    let child = records.child(child).unwrap();
    let task = records.task(task).unwrap();
    let (event_id, now) = (context.new_id(), context.now());
    let origin = EventOrigin { event_id, actor: Actor::Parent, member: None, now, note: None };
    let event = ledger::activate(&child, &task, Answer::default(), Points::ZERO, origin).unwrap();
    let event = TrackingEvent::new(event).unwrap();
    let child = Child { points: event.points_after, ..(*child).clone() };
    let event = with_event.then_some(event);
    Changes { records: vec![Change::PutChild(child)], event, remember: None, lease: None }
}
