//! Account deletion: an account is marked, waits, and is deleted with all that belongs to it, on a
//! schedule. Until its deletion begins its owner can take it back.

mod account;
mod first_start;
mod marking;
mod log;
mod queue;
mod run;

pub use queue::{Queued, ThresholdInForce};
pub use run::{Attempted, AttemptOutcome, Trigger};

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::{Causes, Service, ServiceError};
use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::domain::deletion::{ClockReading, DueClock, FIRST_START, Policy, THRESHOLD, Threshold};
use crate::followers::audit_log::DeletionLog;
use crate::metrics;
use crate::store::{Change, Changes, Scope, Store};

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

/// What the service keeps for account deletion beside the store.
pub(super) struct Deletions {
    log: Arc<DeletionLog>,
    metrics: metrics::Deletions,
    /// Told when the server stops: the account under way is left between two steps.
    stopping: CancellationToken,
    /// Held by the one run that there is at a time.
    running: tokio::sync::Mutex<()>,
    /// The clock by which accounts are due, from its first use on.
    clock: OnceCell<Mutex<DueClock>>,
    /// What the machine's clocks showed when the server started: the time, and the steady clock.
    started: (Timestamp, Duration),
    traces: Mutex<Traces>,
    /// Why the schedule's last run broke off.
    last_run_error: Mutex<Option<String>>,
}

/// Whether the disk may still hold something of the accounts that are deleted.
#[derive(Default)]
struct Traces {
    may_be_left: bool,
    /// Why they couldn't be removed.
    error: Option<String>,
}

impl Deletions {
    /// For a server that starts now.
    pub(super) fn new(log: DeletionLog, metrics: metrics::Deletions, clock: &Clock) -> Self {
        Self {
            log: Arc::new(log),
            metrics,
            stopping: CancellationToken::new(),
            running: tokio::sync::Mutex::default(),
            clock: OnceCell::new(),
            started: (clock.now(), clock.elapsed()),
            traces: Mutex::default(),
            last_run_error: Mutex::default(),
        }
    }

    /// Has the account under way left between two steps, and no other begun.
    pub(super) fn stop(&self) {
        self.stopping.cancel();
    }
}

impl Service {
    /// Returns the policy that is in force. A stored threshold beyond the bounds, which another program
    /// must have written, is ignored: it must not make an account due too early.
    pub(super) async fn deletion_policy(&self) -> Result<Policy, ServiceError> {
        let settings = self.settings.deletion;
        let records = self.store.read(Scope::Server).await?;
        let stored = records.setting(THRESHOLD).as_ref().and_then(Value::as_i64);
        let threshold = stored.and_then(Threshold::from_hours).unwrap_or(settings.threshold);
        let not_before = first_start::not_before(records.setting(FIRST_START).as_ref());
        Ok(Policy { threshold, max_attempts: settings.max_attempts, not_before })
    }

    /// Reads the clock by which accounts are due. That the machine's clock is doubted is kept across
    /// restarts.
    async fn read_due_clock(&self) -> Result<ClockReading, ServiceError> {
        let wait = self.deletion_policy().await?.threshold.duration();
        let doubted = self.setting(DOUBT).await? == Some(Value::Bool(true));
        let (wall_at_start, elapsed_at_start) = self.deletions.started;
        let start = async || {
            // A restart does not make a clock right.
            let starting = if doubted { DueClock::new_doubted } else { DueClock::new };
            Mutex::new(starting(wall_at_start))
        };
        let due_clock = self.deletions.clock.get_or_init(start).await;
        let reading = {
            let mut due_clock = due_clock.lock();
            let wall = self.clock.now();
            let passed = self.clock.elapsed().saturating_sub(elapsed_at_start);
            due_clock.read(wall, passed, wait)
        };
        if let Some(by) = reading.jumped {
            tracing::error!(
                seconds = by.as_secs(),
                "the clock jumped ahead: no account is deleted before its time has really passed"
            );
        }
        if doubted != reading.is_doubted {
            self.store_doubt(reading.is_doubted).await;
        }
        Ok(reading)
    }

    async fn store_doubt(&self, doubted: bool) {
        let put = move || Change::PutSetting { name: DOUBT.into(), value: doubted.into() };
        let kept = self.transact(Scope::Server, move |_, _| Ok((Changes::of([put()]), ())));
        if let Err(error) = kept.await {
            let error = Causes(&error);
            tracing::error!(%error, "whether the clock is doubted could not be written down");
        }
    }
}
