//! A store in a temporary folder.

pub(crate) mod disk;
mod logged;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use goldstar::disk::{Disk, RealDisk};
use goldstar::domain::{
    Action, Child, ChildId, EntityType, EventFields, EventFilter, Name, Page, Points, SortOrder,
    Timestamp, TrackingEvent, UserId,
};
use goldstar::followers::audit_log::{AuditLog, Settings};
use goldstar::metrics::{self, Counter};
use goldstar::store::json::{CHECKPOINT_BYTES, JsonStore, OpenError, Options, Progress};
use goldstar::store::{Change, Changes, Commit, CommitError, Context, Scope, Snapshot, Store};
use serde_json::{Value, json};

pub(crate) use disk::FaultyDisk;
pub(crate) use logged::Logged;

/// 2026-02-09T18:42:15Z.
pub(crate) const START: i64 = 1_770_662_535_000_000;

/// A data directory, its disk and its clock.
pub(crate) struct Folder {
    pub(crate) path: PathBuf,
    pub(crate) disk: Arc<FaultyDisk>,
    pub(crate) clock: Arc<AtomicI64>,
    pub(crate) checkpoint_bytes: u64,
    /// So that each stop and most checkpoints save the index.
    pub(crate) index_events: u64,
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
            index_events: 1,
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
            index_events: self.index_events,
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
    let id: ChildId = child.into();
    let user_id: UserId = user.into();
    let scope = Scope::Family(user_id.clone());
    let decide = move |records: &dyn Snapshot, context: &mut Context| {
        Ok((point(records, context, &user_id, &id), ()))
    };
    store.transact(scope, decide).await
}

/// The changes that give one point to a child.
pub(crate) fn point(
    records: &dyn Snapshot,
    context: &Context,
    user_id: &UserId,
    id: &ChildId,
) -> Changes {
    let now = context.now();
    let old = records.child(id);
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
        colour: None,
        goal: None,
        pin: None,
        extra: [].into(),
    };
    let child = old.map_or(made, |old| Child { points: after, ..Child::clone(&old) });
    // A note that names the account: nothing of it may remain.
    let note = json!({"actor": "child", "note": format!("of {}", user_id.as_str())});
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
        metadata: note.as_object().cloned(),
    });
    let records = vec![Change::PutChild(child)];
    Changes { records, event: Some(event.unwrap()), remember: None, lease: None }
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
