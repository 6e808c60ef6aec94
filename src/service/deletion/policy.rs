//! Which accounts are due: the policy, and the clock.

use parking_lot::Mutex;
use serde_json::Value;

use super::super::{Causes, Service, ServiceError};
use super::first_start::not_before;
use crate::domain::deletion::{ClockReading, DueClock, FIRST_START, Policy, THRESHOLD, Threshold};
use crate::store::{Change, Changes, Scope, Store};

/// The name of the setting that is true while a jump of the clock is doubted.
const DOUBT: &str = "account_deletion_clock_doubted";

impl Service {
    /// Returns the current policy. Ignores a stored threshold that is out of bounds, which another program
    /// must have written: it must not make an account due too early.
    pub(in crate::service) async fn deletion_policy(&self) -> Result<Policy, ServiceError> {
        let settings = self.settings().deletion;
        let records = self.store.read(Scope::Server).await?;
        let stored = records.setting(THRESHOLD).as_ref().and_then(Value::as_i64);
        let threshold = stored.and_then(Threshold::from_hours).unwrap_or(settings.threshold);
        let not_before = not_before(records.setting(FIRST_START).as_ref());
        Ok(Policy { threshold, max_attempts: settings.max_attempts, not_before })
    }

    /// Reads the clock that decides which accounts are due. Stores whether the wall clock is doubted, for
    /// the next start.
    pub(super) async fn read_due_clock(&self) -> Result<ClockReading, ServiceError> {
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
