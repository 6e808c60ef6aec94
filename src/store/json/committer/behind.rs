//! Retries what has fallen behind the commits.

use std::io;
use std::time::Instant;

use super::{Committer, RETRY_INTERVAL};
use crate::store::Projection;
use crate::store::json::jobs::Synced;
use crate::store::json::recovery::tracking_log::TrackingLog;
use crate::store::json::tracking;
use crate::store::json::wal::load;

/// Retries take at most one part in this many of the time.
const RETRY_SHARE: u32 = 20;

impl Committer {
    pub(crate) fn is_behind(&self) -> bool {
        self.cant_write()
            || self.suspect.is_some()
            || self.appender.last_error().is_some()
            || self.shared.tracking.backlog() > 0
    }

    /// Checks whether the open files still have their names, and whether another program has
    /// changed them.
    pub(crate) fn look(&mut self) {
        self.check_journal();
        if self.shared.check_not_lost().is_ok() && self.appender.look().is_err() {
            self.note_health();
        }
    }

    /// Retries failed writes if the next retry is due.
    pub(crate) fn catch_up(&mut self) {
        if self.is_behind() && Instant::now() >= self.retry_at {
            self.retry();
        }
    }

    /// Retries failed writes.
    pub(crate) fn retry(&mut self) {
        let started = Instant::now();
        if self.cant_write() {
            self.probe();
        }
        // If the directory was replaced by another one, that one must not be changed.
        if self.shared.check_not_lost().is_ok() {
            self.retry_tracking();
        }
        self.retry_at = Instant::now() + RETRY_INTERVAL.max(started.elapsed() * RETRY_SHARE);
        self.note_health();
    }

    fn retry_tracking(&mut self) {
        if let Some(synced) = self.suspect {
            match self.rewrite_tracking(synced) {
                Ok(()) => self.suspect = None,
                Err(error) => {
                    self.count_tracking_failure();
                    tracing::error!(%error, "the tracking file can't be rewritten");
                }
            }
        }
        if self.appender.last_error().is_some() {
            self.appender.retry();
        }
    }

    /// Rewrites the tracking file from its synced part and from the log, which still contains
    /// everything after it.
    fn rewrite_tracking(&mut self, synced: Synced) -> io::Result<()> {
        let journal = load::load(&*self.disk, &self.folder, synced.link);
        let past = TrackingLog::read(journal.map_err(io::Error::other)?.entries, |_| {});
        self.appender.rewrite(synced.tracking, &past.patches, &past.rows)
    }

    /// Updates how far the tracking file is behind.
    pub(crate) fn note_health(&self) {
        *self.shared.tracking_file.lock() = Projection {
            name: tracking::FILE,
            backlog: self.shared.tracking.backlog(),
            last_error: self.appender.last_error().map(ToOwned::to_owned),
        };
    }
}
