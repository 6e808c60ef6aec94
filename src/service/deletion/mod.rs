//! Account deletion: an account is marked, waits, and is deleted with all that belongs to it, on a
//! schedule. Until its deletion begins its owner can take it back.

mod account;
mod first_start;
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
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use super::{Causes, Service, ServiceError};
use crate::clock::Clock;
use crate::domain::deletion::{ClockReading, DueClock, Policy, THRESHOLD, Threshold};
use crate::followers::audit_log::DeletionLog;
use crate::metrics;
use crate::store::{Change, Changes, View};

/// The name of the setting that is true while a jump of the clock is doubted.
const DOUBT: &str = "account_deletion_clock_doubted";

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
        let not_before = first_start::not_before(view);
        Policy { threshold, max_attempts: self.max_attempts, not_before }
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
    /// What had passed by the machine's steady clock when the server started.
    started: Duration,
    traces: Mutex<Traces>,
    /// Why the schedule's last run broke off.
    broken_off: Mutex<Option<String>>,
}

/// Whether the disk may still hold something of the accounts that are deleted.
#[derive(Default)]
struct Traces {
    may_be_left: bool,
    /// Why they couldn't be removed.
    error: Option<String>,
}

impl Deletions {
    /// For a server that starts now, in the state that `view` shows.
    pub(super) fn new(
        log: DeletionLog,
        metrics: metrics::Deletions,
        view: &dyn View,
        clock: &Clock,
    ) -> Self {
        // A restart makes no clock right.
        let starting = if is_doubted(view) { DueClock::new_doubted } else { DueClock::new };
        Self {
            log: Arc::new(log),
            metrics,
            stopping: CancellationToken::new(),
            running: tokio::sync::Mutex::default(),
            clock: Mutex::new(starting(clock.now())),
            started: clock.elapsed(),
            traces: Mutex::default(),
            broken_off: Mutex::default(),
        }
    }

    /// Has the account under way left between two steps, and no other begun.
    pub(super) fn stop(&self) {
        self.stopping.cancel();
    }
}

impl Service {
    /// Reads the clock by which accounts are due. That the machine's isn't believed is kept across
    /// restarts.
    async fn read_due_clock(&self) -> ClockReading {
        let wait = self.settings.deletion.policy(&*self.store.view()).threshold.duration();
        let reading = {
            let mut due_clock = self.deletions.clock.lock();
            let wall = self.clock.now();
            let passed = self.clock.elapsed().saturating_sub(self.deletions.started);
            due_clock.read(wall, passed, wait)
        };
        if let Some(by) = reading.jumped {
            tracing::error!(
                seconds = by.as_secs(),
                "the clock jumped ahead: no account is deleted before its time has really passed"
            );
        }
        self.keep_doubt(reading.is_doubted).await;
        reading
    }

    async fn keep_doubt(&self, doubted: bool) {
        if is_doubted(&*self.store.view()) == doubted {
            return;
        }
        let change = Change::PutSetting { name: DOUBT.into(), value: doubted.into() };
        if let Err(error) = self.transact(move |_, _| Ok((Changes::of([change]), ()))).await {
            let error = Causes(&error);
            tracing::error!(%error, "whether the clock is doubted could not be written down");
        }
    }
}

fn is_doubted(view: &dyn View) -> bool {
    view.setting(DOUBT) == Some(Value::Bool(true))
}

/// Does `work` to its end, also where whoever waits for it goes away.
pub(super) async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, ServiceError> {
    tokio::spawn(work.in_current_span()).await.map_err(ServiceError::internal)
}
