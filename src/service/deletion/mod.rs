//! Account deletion: an account is marked, waits, and is deleted with all its records on a schedule. Its
//! owner can restore it until its deletion starts.

mod account;
mod first_start;
mod log;
mod marking;
mod queue;
mod run;

pub use queue::{Queued, ThresholdInForce};
pub use run::{AttemptOutcome, Attempted, Trigger};

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
pub(super) struct Deletions {
    log: Arc<DeletionLog>,
    metrics: metrics::Deletions,
    /// Cancelled at a shutdown, which interrupts a running attempt between two steps.
    stopping: CancellationToken,
    /// Allows one run at a time.
    running: tokio::sync::Mutex<()>,
    /// The clock that decides which accounts are due, from its first use on.
    clock: OnceCell<Mutex<DueClock>>,
    /// The wall clock and the monotonic clock when the server started.
    started: (Timestamp, Duration),
    traces: Mutex<Traces>,
    /// Why the last scheduled run failed.
    last_run_error: Mutex<Option<String>>,
}

/// Whether files may still contain data of deleted accounts.
#[derive(Default)]
struct Traces {
    may_be_left: bool,
    /// Why the last purge failed.
    error: Option<String>,
}

impl Deletions {
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

    /// Interrupts a running attempt between two steps and prevents further ones.
    pub(super) fn stop(&self) {
        self.stopping.cancel();
    }
}

impl Service {
    /// Returns the current policy. Ignores a stored threshold that is out of bounds, which another program
    /// must have written: it must not make an account due too early.
    pub(super) async fn deletion_policy(&self) -> Result<Policy, ServiceError> {
        let settings = self.settings.deletion;
        let records = self.store.read(Scope::Server).await?;
        let stored = records.setting(THRESHOLD).as_ref().and_then(Value::as_i64);
        let threshold = stored.and_then(Threshold::from_hours).unwrap_or(settings.threshold);
        let not_before = first_start::not_before(records.setting(FIRST_START).as_ref());
        Ok(Policy { threshold, max_attempts: settings.max_attempts, not_before })
    }

    /// Reads the clock that decides which accounts are due. Stores whether the wall clock is doubted, for
    /// the next start.
    async fn read_due_clock(&self) -> Result<ClockReading, ServiceError> {
        let wait = self.deletion_policy().await?.threshold.duration();
        let doubted = self.setting(DOUBT).await? == Some(Value::Bool(true));
        let (wall_at_start, elapsed_at_start) = self.deletions.started;
        let start = async || {
            // A restart does not make a doubted clock right.
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
                "the clock jumped ahead: no account is deleted before its waiting time has really elapsed"
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
            tracing::error!(%error, "cannot store whether the clock is doubted");
        }
    }
}
