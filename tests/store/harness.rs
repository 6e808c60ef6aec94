//! A store in a temporary folder, and a disk that fails on command.

use std::fmt;
use std::fs;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use goldstar::disk::{Disk, Open, RealDisk};
use goldstar::domain::{
    Action, Child, EntityType, EventFields, EventFilter, Name, Page, Points, SortOrder, Timestamp,
    TrackingEvent, UserId,
};
use goldstar::followers::audit_log::{AuditLog, LogFollower, Settings, Writer as _};
use goldstar::metrics::{self, Counter};
use goldstar::store::json::{CHECKPOINT_BYTES, JsonStore, OpenError, Options, Progress};
use goldstar::store::{
    Change, Changes, Commit, CommitError, Context, NewEvent, Projection, Scope, Snapshot, Store,
};
use parking_lot::{Condvar, Mutex};
use serde_json::Value;

use crate::watched::{self, Policy, Watched};

/// 2026-02-09T18:42:15Z.
pub(crate) const START: i64 = 1_770_662_535_000_000;

/// The operations that a [`FaultyDisk`] can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Write,
    Sync,
    Open,
}

/// A rule: operations of that kind fail with that error for files whose path contains this text.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) operation: Operation,
    pub(crate) path: &'static str,
    pub(crate) error: io::ErrorKind,
    /// The number of failures; a negative number for no end.
    pub(crate) times: i64,
}

/// The real disk with faults.
pub(crate) type FaultyDisk = Watched<Faults>;

/// The faults of a disk.
#[derive(Default)]
pub(crate) struct Faults {
    rules: Mutex<Vec<Fault>>,
    /// The number of changes until the disk makes none, as after a power failure.
    changes_left: Mutex<Option<u64>>,
    /// Whether every sync waits.
    held: (Mutex<bool>, Condvar),
    /// The read that waits.
    paused: (Mutex<Pause>, Condvar),
}

impl Faults {
    pub(crate) fn fail(
        &self,
        operation: Operation,
        path: &'static str,
        error: io::ErrorKind,
        times: i64,
    ) {
        self.rules.lock().push(Fault { operation, path, error, times });
    }

    /// Makes every sync wait, or continue.
    pub(crate) fn hold_syncs(&self, hold: bool) {
        *self.held.0.lock() = hold;
        self.held.1.notify_all();
    }

    /// Makes a read wait, or continue.
    pub(crate) fn pause_read(&self, pause: Pause) {
        *self.paused.0.lock() = pause;
        self.paused.1.notify_all();
    }

    pub(crate) fn has_paused(&self) -> bool {
        *self.paused.0.lock() == Pause::Waiting
    }

    fn read(&self, path: &Path) {
        let mut pause = self.paused.0.lock();
        if matches!(*pause, Pause::Next(text) if path.to_string_lossy().contains(text)) {
            *pause = Pause::Waiting;
            self.paused.1.wait_while(&mut pause, |pause| *pause == Pause::Waiting);
        }
    }

    pub(crate) fn stop_after(&self, changes: u64) {
        *self.changes_left.lock() = Some(changes);
    }

    pub(crate) fn mend(&self) {
        self.rules.lock().clear();
        *self.changes_left.lock() = None;
    }

    fn change(&self) -> io::Result<()> {
        match &mut *self.changes_left.lock() {
            Some(0) => Err(io::Error::other("the power is gone")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn check(&self, operation: Operation, path: &Path) -> io::Result<()> {
        let path = path.to_string_lossy().into_owned();
        for fault in &mut *self.rules.lock() {
            if fault.operation == operation && path.contains(fault.path) && fault.times != 0 {
                fault.times -= 1;
                return Err(fault.error.into());
            }
        }
        Ok(())
    }
}

/// Whether a read waits, or will.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pause {
    #[default]
    None,
    /// The next read of a file whose path contains this text.
    Next(&'static str),
    Waiting,
}

impl Policy for Faults {
    fn around<T>(
        &self,
        operation: watched::Operation<'_>,
        path: &Path,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        use watched::Operation as On;
        match operation {
            On::Open(how) => {
                self.check(Operation::Open, path)?;
                if matches!(how, Open::Create | Open::Append | Open::Truncate) {
                    self.change()?;
                }
            }
            On::Rename | On::Remove | On::SyncDir | On::SetLen => self.change()?,
            On::Read => self.read(path),
            On::Write(write) => {
                self.change()?;
                if let Err(error) = self.check(Operation::Write, path) {
                    write.half()?;
                    return Err(error);
                }
            }
            On::Sync => {
                self.held.1.wait_while(&mut self.held.0.lock(), |held| *held);
                self.change()?;
                self.check(Operation::Sync, path)?;
            }
            On::CopyMode | On::CreateDir | On::List | On::Stat | On::Len => {}
        }
        work()
    }
}

/// A store with audit logs, which are written when a test calls [`Self::follow`].
pub(crate) struct Logged {
    store: JsonStore,
    follower: Mutex<LogFollower>,
}

impl Logged {
    /// Writes the missing lines.
    pub(crate) fn new(store: JsonStore, log: AuditLog) -> Self {
        let follower = Mutex::new(LogFollower::new(log, store.following()));
        Self { store, follower }
    }

    /// Writes the lines of new events, and retries what failed.
    pub(crate) fn follow(&self) {
        let mut follower = self.follower.lock();
        while follower.round() {}
    }

    /// Removes an account's log.
    pub(crate) fn forget(&self, user_id: &UserId) -> io::Result<()> {
        self.follow();
        self.follower.lock().forget(user_id)
    }

    /// The number of missing lines after another round, and the store's backlog.
    pub(crate) fn backlog(&self) -> usize {
        self.follow();
        backlog(&self.store) + self.logs_health().backlog
    }

    pub(crate) fn logs_health(&self) -> Projection {
        self.follower.lock().health()
    }

    /// Closes the store as a server does.
    pub(crate) async fn close(&self) -> io::Result<()> {
        self.follower.lock().finish();
        self.store.close().await
    }
}

impl fmt::Debug for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

impl Deref for Logged {
    type Target = JsonStore;

    fn deref(&self) -> &JsonStore {
        &self.store
    }
}

/// A data directory, its disk and its clock.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) disk: Arc<FaultyDisk>,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) checkpoint_bytes: u64,
    _temporary: tempfile::TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let temporary = tempfile::tempdir().unwrap();
        let path = temporary.path().join("data");
        let clock = Arc::new(AtomicI64::new(START));
        Self {
            path,
            disk: Arc::default(),
            clock,
            checkpoint_bytes: CHECKPOINT_BYTES,
            _temporary: temporary,
        }
    }

    /// The files after a kill at this time.
    pub(crate) fn killed(&self) -> Self {
        let copy = Self::new();
        copy_folder(&self.path, &copy.path);
        if self.logs().exists() {
            copy_folder(&self.logs(), &copy.logs());
        }
        copy.clock.store(self.clock.load(Ordering::Relaxed), Ordering::Relaxed);
        copy
    }

    pub(crate) fn open(&self) -> Result<JsonStore, OpenError> {
        self.open_store()
    }

    /// Opens the store with audit logs, in a folder beside it.
    pub(crate) fn open_with_logs(&self) -> Result<Logged, OpenError> {
        let disk = Arc::clone(&self.disk) as Arc<dyn Disk>;
        let settings = Settings { max_bytes: 400, backups: 9 };
        let log = AuditLog::new(disk, self.logs(), settings, Counter::default());
        Ok(Logged::new(self.open_store()?, log))
    }

    /// The folder of the audit logs.
    pub(crate) fn logs(&self) -> PathBuf {
        self.path.with_file_name("logs")
    }

    fn open_store(&self) -> Result<JsonStore, OpenError> {
        let clock = Arc::clone(&self.clock);
        let now = move || Timestamp::from_micros(clock.load(Ordering::Relaxed));
        let disk = Arc::clone(&self.disk) as Arc<dyn Disk>;
        let options = Options {
            data_dir: self.path.clone(),
            disk,
            metrics: metrics::Store::default(),
            now: Arc::new(now),
            checkpoint_bytes: self.checkpoint_bytes,
            progress: Progress::silent(),
        };
        JsonStore::open(options)
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.file(name)).unwrap()
    }

    /// The rows of a file's default table, as any JSON reader sees them.
    pub(crate) fn rows(&self, name: &str) -> Vec<(u64, Value)> {
        let file: Value = serde_json::from_slice(&self.read(name)).unwrap();
        let rows = file["_default"].as_object().unwrap();
        rows.iter().map(|(number, row)| (number.parse().unwrap(), row.clone())).collect()
    }

    /// The newest journal file.
    pub(crate) fn journal(&self) -> PathBuf {
        let names = RealDisk.file_names(&self.file("journal")).unwrap();
        let newest = names.iter().rfind(|name| name.ends_with(".journal")).unwrap();
        self.file("journal").join(newest)
    }

    /// The frames of that file, without the reserved zeros after them.
    pub(crate) fn frames(&self) -> Vec<u8> {
        let mut bytes = fs::read(self.journal()).unwrap();
        let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
        bytes.truncate(bytes.len() - zeros);
        bytes
    }
}

/// Copies the folder of a running store, in an order that a kill could leave: the journal, which is
/// always ahead of the other files, is copied last.
fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let is_temporary = entry.path().extension().is_some_and(|extension| extension == "tmp");
        if entry.file_type().unwrap().is_file() && !is_temporary {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    if from.join("journal").exists() {
        copy_folder(&from.join("journal"), &to.join("journal"));
    }
}

/// Commits an event that gives one point to a child of the account `family`. Creates the account if
/// necessary.
pub(crate) async fn give_point(store: &JsonStore, child: &str) -> Result<Commit<()>, CommitError> {
    give_point_of(store, "family", child).await
}

/// The same in another account.
pub(crate) async fn give_point_of(
    store: &JsonStore,
    user: &str,
    child: &str,
) -> Result<Commit<()>, CommitError> {
    let id: goldstar::domain::ChildId = child.into();
    let user_id: UserId = user.into();
    let scope = Scope::Family(user_id.clone());
    let decide = move |records: &dyn Snapshot, context: &mut Context| {
        let now = context.now();
        let old = records.child(&id);
        let before = old.as_ref().map_or(Points::ZERO, |child| child.points);
        let after = before.checked_add(1).unwrap();
        let made = Child {
            id: id.clone(),
            user_id: user_id.clone(),
            name: Name::from_stored("Mía"),
            age: None,
            points: after,
            tasks: [].into(),
            rewards: [].into(),
            image_id: None,
            created_at: Some(now),
            updated_at: None,
            extra: [].into(),
        };
        let child = old.map_or(made, |old| Child { points: after, ..Child::clone(&old) });
        let event = TrackingEvent::new(EventFields {
            id: format!("{id}-{after}").into(),
            user_id: Some(user_id.clone()),
            child_id: id.clone(),
            entity_type: EntityType::Task,
            entity_id: "task".to_owned(),
            action: Action::Activated,
            points_before: before,
            points_after: after,
            delta: 1,
            occurred_at: now,
            created_at: now,
            metadata: None,
        });
        let event = Some(NewEvent { event: event.unwrap(), remember: None });
        let changes = Changes { records: vec![Change::PutChild(child)], event };
        Ok((changes, ()))
    };
    store.transact(scope, decide).await
}

/// The account of each event, in order.
pub(crate) async fn owners(store: &JsonStore) -> Vec<Option<String>> {
    let page = Page { limit: usize::MAX, offset: 0 };
    let all = store.events(&EventFilter::default(), SortOrder::Ascending, page).await.unwrap();
    let owner = |event: &Arc<str>| {
        let event: Value = serde_json::from_str(event).unwrap();
        event["user_id"].as_str().map(ToOwned::to_owned)
    };
    all.events.iter().map(owner).collect()
}

/// Commits changes without a decision.
pub(crate) async fn put(
    store: &JsonStore,
    records: impl IntoIterator<Item = Change>,
) -> Result<(), CommitError> {
    let changes = Changes::of(records);
    let put = move |_: &dyn Snapshot, _: &mut Context| Ok((changes.clone(), ()));
    store.transact(Scope::Server, put).await.map(|_| ())
}

/// Waits for a condition without a fixed pause: yields to the threads of the store.
pub(crate) async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !condition() {
        assert!(std::time::Instant::now() < end, "never happened: {what}");
        tokio::task::yield_now().await;
    }
}

/// The total backlog of the store's projections.
pub(crate) fn backlog(store: &impl Store) -> usize {
    store.health().projections.iter().map(|projection| projection.backlog).sum()
}

/// A child of an account.
pub(crate) async fn child_of(store: &JsonStore, user: &str, child: &str) -> Option<Arc<Child>> {
    store.read(Scope::Family(user.into())).await.unwrap().child(&child.into())
}

/// The points of a child of the account `family`.
pub(crate) async fn points(store: &JsonStore, child: &str) -> i64 {
    points_of(store, "family", child).await
}

/// A child's points, which must be the sum of its events.
pub(crate) async fn points_of(store: &JsonStore, user: &str, child: &str) -> i64 {
    let filter = EventFilter { child_id: Some(child.into()), ..EventFilter::default() };
    let page = Page { limit: 1, offset: 0 };
    let events = store.events(&filter, SortOrder::Descending, page).await.unwrap();
    let points = child_of(store, user, child).await.map_or(0, |child| child.points.get());
    assert_eq!(usize::try_from(points).unwrap(), events.total);
    if let Some(last) = events.events.first() {
        let last: Value = serde_json::from_str(last).unwrap();
        assert_eq!(last["points_after"], points);
    }
    points
}
