use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::domain::deletion::{DueClock, Threshold};
use crate::followers::audit_log::DeletionLog;
use crate::metrics;

#[derive(Clone, Copy, Debug)]
pub struct DeletionSettings {
    /// How often to check for due accounts.
    pub interval: Duration,
    /// How long a marked account waits, unless an administrator has set another threshold.
    pub threshold: Threshold,
    /// After this many failed attempts, the account waits for an administrator.
    pub max_attempts: u32,
}

/// The state of account deletion that is not in the store.
pub(in crate::service) struct Deletions {
    pub(in crate::service) log: Arc<DeletionLog>,
    pub(super) metrics: metrics::Deletions,
    /// Cancelled at a shutdown, which interrupts a running attempt between two steps.
    pub(super) stopping: CancellationToken,
    /// Allows one run at a time.
    pub(in crate::service) running: tokio::sync::Mutex<()>,
    /// The clock that decides which accounts are due, from its first use on.
    pub(super) clock: OnceCell<Mutex<DueClock>>,
    /// The wall clock and the monotonic clock when the server started.
    pub(in crate::service) started: (Timestamp, Duration),
    pub(super) traces: Mutex<Traces>,
    /// Why the last scheduled run failed.
    pub(super) last_run_error: Mutex<Option<String>>,
    /// Why logs that another server's deletion concerns could not be removed.
    pub(super) removal_error: Mutex<Option<String>>,
}

/// Whether files may still contain data of deleted accounts.
#[derive(Default)]
pub(super) struct Traces {
    pub(super) may_be_left: bool,
    /// Why the last purge failed.
    pub(super) error: Option<String>,
}

impl Deletions {
    pub(in crate::service) fn new(
        log: DeletionLog,
        metrics: metrics::Deletions,
        clock: &Clock,
    ) -> Self {
        Self {
            log: Arc::new(log),
            metrics,
            stopping: CancellationToken::new(),
            running: tokio::sync::Mutex::default(),
            clock: OnceCell::new(),
            started: (clock.now(), clock.elapsed()),
            traces: Mutex::default(),
            last_run_error: Mutex::default(),
            removal_error: Mutex::default(),
        }
    }

    /// Interrupts a running attempt between two steps and prevents further ones.
    pub(in crate::service) fn stop(&self) {
        self.stopping.cancel();
    }
}
