//! A data directory in memory, and what must be true for every directory, whatever it contains.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use goldstar::disk::{Disk, Open, read_if_exists};
use goldstar::domain::{EventFilter, Page, SortOrder, Timestamp};
use goldstar::metrics;
use goldstar::repair::{Finding, FindingKind, inspect};
use goldstar::store::json::{CHECKPOINT_BYTES, JsonStore, OpenError, Options, Progress};
use goldstar::store::{EventPage, Store};
use serde::de::IgnoredAny;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use crate::lossy_disk::{End, LossyDisk, Plan};
use crate::random::Random;

/// The file of the tracking table.
pub(super) const TRACKING: &str = "tracking_events.json";

/// The small tables' files.
pub(super) const TABLES: [&str; 8] = [
    "users.json",
    "children.json",
    "tasks.json",
    "rewards.json",
    "pending_rewards.json",
    "sessions.json",
    "idempotency_keys.json",
    "settings.json",
];

/// 2026-02-09T18:42:15Z: the clock does not move.
pub(super) const NOW: i64 = 1_770_662_535_000_000;

thread_local! {
    static RUNTIME: Runtime = Builder::new_current_thread().enable_all().build().unwrap();
    /// The path of all directories: only their lock is a real file.
    static FOLDER: TempDir = tempfile::tempdir().unwrap();
}

/// Waits for a future on this thread.
pub(super) fn wait_for<F: Future>(future: F) -> F::Output {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// Files by their names.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// A data directory.
pub(super) struct Directory {
    pub(super) disk: LossyDisk,
    pub(super) path: PathBuf,
}

impl Directory {
    /// A directory with these files, synced.
    pub(super) fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Self {
        let path = FOLDER.with(|folder| folder.path().to_owned());
        let disk = LossyDisk::new();
        for (name, bytes) in files {
            let file = disk.open(&path.join(name), Open::Truncate).unwrap();
            file.write_all_at(bytes, 0).unwrap();
            file.sync().unwrap();
        }
        let directory = Self { disk, path };
        for folder in directory.folders() {
            directory.disk.sync_dir(&folder).unwrap();
        }
        directory
    }

    fn folders(&self) -> [PathBuf; 2] {
        [self.path.clone(), self.path.join("journal")]
    }

    /// All its files.
    pub(super) fn files(&self) -> Files {
        // A file that replaces another loses its own name in the meantime.
        loop {
            if let Some(files) = self.files_at_once() {
                return files;
            }
        }
    }

    /// `None` if a file was removed since the list was read.
    fn files_at_once(&self) -> Option<Files> {
        let read = |path: &Path| read_if_exists(&self.disk, path).unwrap();
        let in_folder = |folder: PathBuf| {
            let names = self.disk.file_names(&folder).unwrap();
            let paths = names.into_iter().map(move |name| folder.join(name));
            paths.map(|path| Some((self.name(&path), read(&path)?)))
        };
        self.folders().into_iter().flat_map(in_folder).collect()
    }

    /// The files of the tables: all data, once the journal is empty.
    pub(super) fn tables(&self) -> Files {
        let mut files = self.files();
        files.retain(|name, _| !name.starts_with("journal/"));
        files
    }

    fn name(&self, path: &Path) -> String {
        path.strip_prefix(&self.path).unwrap().to_str().unwrap().to_owned()
    }

    /// The directory after a power failure at this time. Open files are not affected.
    pub(super) fn after_power_cut(&self, seed: u64) -> Self {
        let disk = self.disk.after(End::PowerCut, Plan::default(), Random::new(seed));
        Self { disk, path: self.path.clone() }
    }

    /// Opens a store. If that fails, it must be because of damage with a position in a file, which
    /// is the first finding of `goldstar check`; and nothing has changed.
    pub(super) fn try_open(&self) -> Result<JsonStore, FindingKind> {
        let before = self.files();
        let findings = self.check();
        assert!(self.files() == before, "a check has changed something");
        let is_damage = |found: &&Finding| matches!(found.kind, FindingKind::Damage(_));
        let found = findings.iter().find(is_damage);
        match (self.open(), found) {
            (Ok(store), None) => Ok(store),
            (Err(OpenError::Damaged(damage)), Some(found)) => {
                assert!(self.files() == before, "a refusal has changed something: {damage}");
                assert_eq!(FindingKind::Damage(damage.kind), found.kind, "{damage}");
                let len = before.get(&self.name(&damage.file)).map_or(0, Vec::len);
                assert!(damage.byte <= len as u64, "{damage}: it has {len} bytes");
                Err(found.kind)
            }
            (opened, found) => panic!("{:?}, and a check finds {found:?}", opened.err()),
        }
    }

    /// The findings of `goldstar check`.
    pub(super) fn check(&self) -> Vec<Finding> {
        inspect(&self.disk, &self.path, Timestamp::MAX, &Progress::silent()).unwrap().findings
    }

    fn open(&self) -> Result<JsonStore, OpenError> {
        let options = Options {
            data_dir: self.path.clone(),
            disk: Arc::new(self.disk.clone()),
            now: Arc::new(|| Timestamp::from_micros(NOW)),
            metrics: metrics::Store::default(),
            checkpoint_bytes: CHECKPOINT_BYTES,
            index_events: 1,
            progress: Progress::silent(),
        };
        JsonStore::open(options)
    }

    /// Opens the directory of a store, which must succeed.
    pub(super) fn reopen(&self) -> JsonStore {
        self.try_open().unwrap_or_else(|damage| panic!("{damage:?} by its own store"))
    }
}

/// Writes all files and unlocks the directory.
pub(super) fn close(store: JsonStore) {
    wait_for(store.close()).unwrap();
    drop(store);
}

/// Every event, oldest first, as it is returned: each is a JSON object.
pub(super) fn events_of(store: &JsonStore) -> Vec<Arc<str>> {
    let all = Page { limit: usize::MAX, offset: 0 };
    let filter = EventFilter::default();
    let EventPage { events, total } =
        wait_for(store.events(&filter, SortOrder::Ascending, all)).unwrap();
    assert_eq!(events.len(), total);
    for event in &events {
        let read: Result<IgnoredAny, _> = serde_json::from_str(event);
        assert!(read.is_ok() && event.starts_with('{'), "{read:?}: {event}");
    }
    events
}
