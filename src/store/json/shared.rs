use std::collections::BTreeMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use parking_lot::Mutex;

use super::follow::Follow;
use super::state::State;
use super::tracking::{Appender, Tracking};
use super::wal::journal::Journal;
use crate::metrics;
use crate::store::Projection;

/// What readers, the committer and the maintenance share.
pub(crate) struct Shared {
    /// The durable state.
    pub(crate) state: ArcSwap<State>,
    /// The tracking table.
    pub(crate) tracking: Arc<Tracking>,
    /// The projection of the tracking table.
    pub(crate) tracking_file: Mutex<Projection>,
    /// The projection of the small tables.
    pub(crate) tables: Mutex<Projection>,
    /// No commits until a restart.
    pub(crate) read_only: AtomicBool,
    /// What has happened to the journal or the data directory, if a start would not find there what
    /// this store has written. Nothing is written to the directory any more.
    lost: OnceLock<&'static str>,
    /// Why the journal's last write failed; none if it didn't.
    pub(crate) write_error: Mutex<Option<String>>,
    /// The journal's segments by their epochs, and the bytes of each.
    segments: Mutex<BTreeMap<u64, u64>>,
    /// What is kept for followers.
    pub(crate) follow: Follow,
    /// Where commits and failures are counted.
    pub(crate) metrics: metrics::Store,
}

impl Shared {
    /// The state after a start.
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
            metrics,
        };
        shared.note_segment(journal);
        shared
    }

    /// Takes no more commits, and writes no more to the directory: `what` has happened to it.
    pub(crate) fn lose(&self, what: &'static str) {
        self.read_only.store(true, Ordering::Relaxed);
        if self.lost.set(what).is_ok() {
            tracing::error!("no change is taken until a restart: {what}");
        }
    }

    /// Fails once [`Self::lose`] was called.
    pub(crate) fn check_not_lost(&self) -> io::Result<()> {
        self.lost.get().map_or(Ok(()), |what| Err(io::Error::other(*what)))
    }

    /// Why the server takes no changes, or fails to write them; none if all is well.
    pub(crate) fn trouble(&self) -> Option<String> {
        if let Some(what) = self.lost.get() {
            return Some((*what).to_owned());
        }
        if self.read_only.load(Ordering::Relaxed) {
            return Some("it is unknown whether an earlier change is on the disk".to_owned());
        }
        self.write_error.lock().clone()
    }

    /// The epochs of the journal's segments.
    pub(crate) fn epochs(&self) -> Vec<u64> {
        self.segments.lock().keys().copied().collect()
    }

    /// Notes how long the journal's current segment is.
    pub(crate) fn note_segment(&self, journal: &Journal) {
        let (epoch, len) = journal.segment();
        self.change_segments(|segments| _ = segments.insert(epoch, len));
    }

    /// Notes that the segments before an epoch are gone.
    pub(crate) fn forget_segments_before(&self, epoch: u64) {
        self.change_segments(|segments| *segments = segments.split_off(&epoch));
    }

    fn change_segments(&self, change: impl FnOnce(&mut BTreeMap<u64, u64>)) {
        let mut segments = self.segments.lock();
        change(&mut segments);
        let bytes: u64 = segments.values().sum();
        self.metrics.journal_bytes.set(i64::try_from(bytes).unwrap_or(i64::MAX));
    }

    /// The bytes of the journal's current segment.
    pub(crate) fn segment_len(&self) -> u64 {
        self.segments.lock().last_key_value().map_or(0, |(_, len)| *len)
    }
}
