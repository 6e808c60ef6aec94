//! Account deletion: an account is marked, waits, and is deleted with all that belongs to it, on a
//! schedule. Until its deletion begins its owner can take it back.

mod account;
mod marking;
mod notes;
mod queue;
mod run;

pub use queue::{Queued, ThresholdInForce};
pub use run::{Attempted, Outcome, Trigger};

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::ServiceError;
use crate::audit_log::DeletionLog;
use crate::domain::Timestamp;
use crate::domain::deletion::{DueClock, Policy, Reading, Threshold};
use crate::env::Clock;
use crate::metrics;
use crate::store::View;

/// The name of the setting that an administrator changes.
const THRESHOLD: &str = "account_deletion_threshold_hours";

/// What the operator decides about account deletion.
#[derive(Clone, Copy, Debug)]
pub struct DeletionSettings {
    /// How often it is looked which accounts are due.
    pub interval: Duration,
    /// How long a marked account waits, where no administrator has said otherwise.
    pub threshold: Threshold,
    /// How often deleting an account is tried before it is left to an administrator.
    pub max_attempts: u32,
}

impl DeletionSettings {
    /// What is in force in that state. A stored threshold beyond the bounds, which another program
    /// must have written, counts as none: it must not make anyone due too early.
    pub(super) fn policy(self, view: &dyn View) -> Policy {
        let stored = view.setting(THRESHOLD).as_ref().and_then(Value::as_i64);
        let threshold = stored.and_then(Threshold::from_hours).unwrap_or(self.threshold);
        Policy { threshold, max_attempts: self.max_attempts }
    }
}

/// What the service keeps for account deletion beside the store.
pub(super) struct Deletions {
    log: Arc<DeletionLog>,
    metrics: metrics::Deletions,
    /// Told when the server stops: the account under way is left between two steps.
    stopping: CancellationToken,
    /// Held by the one run that there is at a time.
    running: tokio::sync::Mutex<()>,
    clock: Mutex<DueClock>,
    started: Instant,
    traces: Mutex<Traces>,
}

/// Whether the disk may still hold something of the accounts that are deleted.
#[derive(Default)]
struct Traces {
    may_be_left: bool,
    /// Why they couldn't be removed.
    error: Option<String>,
}

impl Deletions {
    pub(super) fn new(log: DeletionLog, metrics: metrics::Deletions, now: Timestamp) -> Self {
        Self {
            log: Arc::new(log),
            metrics,
            stopping: CancellationToken::new(),
            running: tokio::sync::Mutex::default(),
            clock: Mutex::new(DueClock::starting(now)),
            started: Instant::now(),
            traces: Mutex::default(),
        }
    }

    /// Has the account under way left between two steps, and no other begun.
    pub(super) fn stop(&self) {
        self.stopping.cancel();
    }

    fn read_clock(&self, clock: &Clock) -> Reading {
        let reading = self.clock.lock().read(clock.now(), self.started.elapsed());
        if let Reading::Jumped { by } = reading {
            let hours = by.as_secs() / 3600;
            tracing::error!(hours, "the clock jumped forward: no account is deleted for 24 hours");
        }
        reading
    }
}

/// Does `work` to its end, also where whoever waits for it goes away.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, ServiceError> {
    tokio::spawn(work.in_current_span()).await.map_err(ServiceError::internal)
}
