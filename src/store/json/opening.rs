//! How the store is opened: the replay of the journal, and the start of the two threads.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::channel;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use parking_lot::Mutex;

use super::JsonStore;
use super::committer::{Committer, RETRY_INTERVAL};
use super::damage::OpenError;
use super::jobs::{Anonymizations, Synced, Waker};
use super::lock::DirectoryLock;
use super::maintenance::Maintenance;
use super::options::Options;
use super::recovery::{Recovered, Recovery};
use super::saving::SavedRows;
use super::shared::Shared;
use super::tinydb::codecs::TABLE_FILES;
use super::tracking;
use super::wal::{self, format};
use crate::disk::probe;

impl JsonStore {
    /// Opens a data directory: locks it and replays the journal.
    ///
    /// Files that cannot be read are not changed.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        let Options { data_dir: data, disk, metrics, progress, .. } = &options;
        let folder = data.join(wal::FOLDER);
        disk.create_dir(&folder).map_err(OpenError::io(&folder))?;
        let lock = DirectoryLock::take(data)?;
        format::check(&**disk, &folder)?;
        probe(&**disk, data, |name| name == tracking::FILE || TABLE_FILES.contains(&name))?;
        probe(&**disk, &folder, |_| true)?;
        let recovery = Recovery { disk, data, folder: &folder, metrics, progress };
        let recovered = recovery.run()?;
        Self::start(options, &folder, lock, recovered).map_err(OpenError::io(&folder))
    }

    /// Starts the two threads.
    fn start(
        options: Options,
        folder: &Path,
        lock: DirectoryLock,
        recovered: Recovered,
    ) -> io::Result<Self> {
        let Options { data_dir: data, disk, now, metrics, checkpoint_bytes, index_events, .. } =
            options;
        let Recovered { state, appender, journal, files, checkpoint, follow } = recovered;
        let newest = state.newest().max(appender.tracking().newest());
        let epoch = state.epoch();
        let saved = SavedRows { rows: appender.saved(), least: index_events };
        let shared = Arc::new(Shared::new(state, &appender, &journal, follow, metrics));
        let (jobs, queued_jobs) = channel();
        let (wakes, queued_wakes) = channel();
        let on_change = Waker { wakes: wakes.clone(), changed: Arc::default() };
        let maintenance = Maintenance {
            shared: Arc::clone(&shared),
            disk: Arc::clone(&disk),
            data: data.clone(),
            folder: folder.to_owned(),
            jobs: jobs.clone(),
            files,
            checkpoint_bytes,
            saved,
            synced: Synced { link: checkpoint.link(), tracking: checkpoint.tracking() },
            changed: Arc::clone(&on_change.changed),
            lock,
        };
        let committer = Committer {
            shared: Arc::clone(&shared),
            disk: Arc::clone(&disk),
            folder: folder.to_owned(),
            journal,
            appender,
            now,
            anonymizations: Anonymizations::new(),
            suspect: None,
            maintenance: on_change,
            // The start has just tried everything.
            retry_at: Instant::now() + RETRY_INTERVAL,
            refusing: false,
        };
        committer.note_health();
        let threads = [
            spawn("committer", move || committer.run(&queued_jobs))?,
            spawn("maintenance", move || maintenance.run(&queued_wakes))?,
        ];
        let (closed, ended) = (AtomicBool::new(false), Mutex::default());
        let device_requests = Arc::default();
        Ok(Self {
            shared,
            disk,
            data,
            newest,
            epoch,
            jobs,
            wakes,
            device_requests,
            closed,
            ended,
            threads,
        })
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}
