//! Floor 1: the audit log, one logfmt file an account, rotated by size.
//!
//! It follows the audit history and never holds it up: a log that can't be written falls behind
//! alone, keeps its place, and catches up from the history, so that after any failure or crash each
//! event has its line exactly once, and an account's lines stand in the order of its events.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::disk::Disk;
use crate::domain::{RowNumber, TrackingEvent, UserId};

/// When a log is rotated, as Python's `RotatingFileHandler` understands it: where either is 0, never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// A log is rotated before the line that would make it this many bytes long or longer.
    pub max_bytes: u64,
    /// How many rotated files an account keeps (`.1` is the youngest); more than 1,000 count as
    /// 1,000.
    pub backups: u32,
}

impl Default for Settings {
    /// 10 MiB and five.
    fn default() -> Self {
        Self {
            max_bytes: 10 << 20,
            backups: 5,
        }
    }
}

/// The audit history, as far as a log needs it to catch up.
pub trait Past {
    /// The number of the last event; 0 where there is none.
    fn last_row(&self) -> RowNumber;

    /// The first `limit` events whose number is above `row`, in order: those of one account, or of
    /// all. Fewer than `limit` only where there are no more.
    ///
    /// The error is a text for the operator.
    fn events_after(
        &self,
        row: RowNumber,
        user_id: Option<&UserId>,
        limit: usize,
    ) -> Result<Vec<(RowNumber, TrackingEvent)>, String>;
}

/// The audit logs of all accounts.
///
/// Nobody else may write to them while it lives. None of its methods fails: what can't be done now
/// is counted in [`Self::backlog`] and done by [`Self::retry`].
#[derive(Debug)]
pub struct AuditLog {}

impl AuditLog {
    /// The logs `tracking_user_<user_id>.log` in `folder`, which is made when it is first needed.
    pub fn new(disk: Arc<dyn Disk>, folder: PathBuf, settings: Settings) -> Self {
        _ = (disk, folder, settings);
        Self {}
    }

    /// Goes on after a start; called once, before anything else.
    ///
    /// `saved` is what the last checkpoint yielded, and `written` the last event that Goldstar
    /// itself wrote: what comes after it in the history is the work of another program, and no line
    /// is written for it. Without `saved` every event of the history counts as logged; so the first
    /// checkpoint has to be taken before the first event is applied.
    pub fn resume(&mut self, saved: Option<&str>, written: RowNumber, past: &dyn Past) {
        _ = (&self, saved, written, past);
    }

    /// Writes a line for each of these events, which follow, in order, on what was applied before.
    /// An event without an account has no log.
    pub fn apply(&mut self, events: &[(RowNumber, &TrackingEvent)]) {
        _ = (&self, events);
    }

    /// Tries again what failed; to be called about once a second while there is a backlog. Each log
    /// waits for 1, 2, 4 … 60 calls from failure to failure. It writes a bounded number of lines, so
    /// that a long backlog doesn't hold up new events.
    pub fn retry(&mut self, past: &dyn Past) {
        _ = (&self, past);
    }

    /// How many lines are still to be written; at least 1 for each log that is behind.
    pub fn backlog(&self) -> usize {
        0
    }

    /// Why the last failure happened, while there is a backlog. It names no account: it may be
    /// shown to anyone.
    pub fn last_error(&self) -> Option<String> {
        None
    }

    /// Notes what is logged by now. The work that is returned makes that durable and yields the text
    /// for [`Self::resume`]; it may run on another thread while events are applied.
    ///
    /// Where the work fails, or is dropped, the next checkpoint includes what this one didn't do.
    pub fn checkpoint(&mut self) -> Box<dyn FnOnce() -> io::Result<String> + Send> {
        _ = &self;
        Box::new(|| Ok(String::new()))
    }
}
