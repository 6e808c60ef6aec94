//! What is over is removed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{Causes, Service, ServiceError, spawn};
use crate::store::{Expiry, Projection, Store};

/// How often.
const INTERVAL: Duration = Duration::from_hours(1);
/// How often the clock is compared with the time that passes.
const TICK: Duration = Duration::from_secs(1);

impl Service {
    /// Removes expired sessions and idempotency keys, and shortens the sessions that a clock set back
    /// would keep, now and every hour, until `stop`. A failure is logged, and the next hour tries
    /// again. Compares the clock with the time that passes every second.
    pub async fn run_expiry(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut last_run = None;
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.check_clock();
            let elapsed = self.clock.elapsed();
            if last_run.is_some_and(|last| elapsed.saturating_sub(last) < INTERVAL) {
                continue;
            }
            last_run = Some(elapsed);
            let service = Arc::clone(&self);
            // A mistake in one hour doesn't end the hours after it.
            let removed = spawn::detached(async move { service.remove_expired().await }).await;
            let removed = removed.and_then(|removed| removed);
            if let Err(error) = &removed {
                tracing::warn!(error = %Causes(error), "expired sessions and idempotency keys were not removed");
            }
            *self.expiry_error.lock() = removed.err().map(|error| error.to_string());
        }
    }

    /// What monitoring hears of it.
    pub(super) fn expiry_health(&self) -> Projection {
        let last_error = self.expiry_error.lock().clone();
        Projection { name: "housekeeping", backlog: 0, last_error }
    }

    /// Removes expired sessions, with their streams, and idempotency keys. Shortens sessions. A clock
    /// that is wrong for a while after a start or a jump, until it is set right, ends no session.
    async fn remove_expired(&self) -> Result<(), ServiceError> {
        let expiry = Expiry {
            now: self.clock.now(),
            keys: self.key_time(),
            sessions: self.is_clock_settled(),
        };
        let removed = self.store.remove_expired(expiry).await?;
        self.close_sessions(&removed);
        Ok(())
    }
}
