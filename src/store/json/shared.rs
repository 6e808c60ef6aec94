use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::follow::Follow;
use super::frozen::FrozenHistory;
use super::state::State;
use super::tracking::{Appender, Tracking};
use super::wal::journal::Journal;
use crate::metrics;
use crate::store::Projection;

/// The state that readers, the committer and the maintenance thread share.
pub(crate) struct Shared {
    pub(crate) state: ArcSwap<State>,
    pub(crate) tracking: Arc<Tracking>,
    /// The health of the tracking file.
    pub(crate) tracking_file: Mutex<Projection>,
    /// The health of the small tables.
    pub(crate) tables: Mutex<Projection>,
    /// Whether transactions are rejected until a restart.
    pub(crate) read_only: AtomicBool,
    /// What has happened to the journal or the data directory, if a start would not find the
    /// changes of this store. Then nothing is written to the directory any more.
    lost: OnceLock<&'static str>,
    /// Why the journal's last write failed; `None` if it succeeded.
    pub(crate) write_error: Mutex<Option<String>>,
    /// The length of each segment of the journal in bytes, by epoch.
    segments: Mutex<BTreeMap<u64, u64>>,
    /// The events that are kept in memory for followers.
    pub(crate) follow: Follow,
    /// The history that a backup reads.
    pub(crate) frozen: Mutex<Weak<FrozenHistory>>,
    pub(crate) metrics: metrics::Store,
}

impl Shared {
    pub(crate) fn new(
        mut state: State,
        appender: &Appender,
        journal: &Journal,
        follow: Follow,
        metrics: metrics::Store,
    ) -> Self {
        state.visited = metrics.records_visited.clone();
        let shared = Self {
            state: ArcSwap::from_pointee(state),
            tracking: Arc::clone(appender.tracking()),
            tracking_file: Mutex::default(),
            tables: Mutex::new(Projection { name: "tables", ..Projection::default() }),
            read_only: AtomicBool::new(false),
            lost: OnceLock::new(),
            write_error: Mutex::default(),
            segments: Mutex::default(),
            follow,
            frozen: Mutex::default(),
            metrics,
        };
        shared.note_segment(journal);
        shared
    }

    /// Makes the store read-only, and stops all writes to the directory. `what` has happened to it.
    pub(crate) fn lose(&self, what: &'static str) {
        self.read_only.store(true, Ordering::Relaxed);
        if self.lost.set(what).is_ok() {
            tracing::error!("no changes are accepted until a restart: {what}");
        }
    }

    /// Fails once [`Self::lose`] was called.
    pub(crate) fn check_not_lost(&self) -> io::Result<()> {
        self.lost.get().map_or(Ok(()), |what| Err(io::Error::other(*what)))
    }

    /// Why the server accepts no changes or cannot write them; `None` if it can.
    pub(crate) fn trouble(&self) -> Option<String> {
        if let Some(what) = self.lost.get() {
            return Some((*what).to_owned());
        }
        if self.read_only.load(Ordering::Relaxed) {
            return Some("it is unknown whether an earlier change is on the disk".to_owned());
        }
        self.write_error.lock().clone()
    }

    pub(crate) fn epochs(&self) -> Vec<u64> {
        self.segments.lock().keys().copied().collect()
    }

    pub(crate) fn note_segment(&self, journal: &Journal) {
        let (epoch, len) = journal.segment();
        self.change_segments(|segments| _ = segments.insert(epoch, len));
    }

    /// Removes the segments before an epoch.
    pub(crate) fn forget_segments_before(&self, epoch: u64) {
        self.change_segments(|segments| *segments = segments.split_off(&epoch));
    }

    fn change_segments(&self, change: impl FnOnce(&mut BTreeMap<u64, u64>)) {
        let mut segments = self.segments.lock();
        change(&mut segments);
        let bytes: u64 = segments.values().sum();
        self.metrics.journal_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    pub(crate) fn segment_len(&self) -> u64 {
        self.segments.lock().last_key_value().map_or(0, |(_, len)| *len)
    }
}
