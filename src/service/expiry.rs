//! Removes expired sessions, idempotency keys and ended requests.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::{Causes, Service, ServiceError, spawn};
use crate::store::{Expiry, Fence, Lease, Projection, Purpose, Store};

const INTERVAL: Duration = Duration::from_hours(1);
const CLOCK_CHECK_INTERVAL: Duration = Duration::from_secs(1);

impl Service {
    /// Removes expired sessions, idempotency keys and ended requests now and every hour, until `stop`, and
    /// shortens sessions that a clock set back would keep too long. A failure is logged, and the next run
    /// tries again. Checks the clock every second.
    pub async fn run_expiry(self: Arc<Self>, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(CLOCK_CHECK_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut last_run, mut lease) = (None, None);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            self.check_clock();
            let elapsed = self.clock.elapsed();
            if last_run.is_some_and(|last| elapsed.saturating_sub(last) < INTERVAL) {
                continue;
            }
            if !self.holds(&mut lease, Purpose::Expiry).await {
                continue;
            }
            last_run = Some(elapsed);
            let (service, fence) = (Arc::clone(&self), lease.as_ref().map(Lease::fence));
            // Detached, so that a panic does not end the loop.
            let removed = spawn::detached(async move { service.remove_expired(fence).await }).await;
            let removed = removed.and_then(|removed| removed);
            if let Err(error) = &removed {
                tracing::warn!(error = %Causes(error), "cannot remove expired sessions and idempotency keys");
            }
            *self.expiry_error.lock() = removed.err().map(|error| error.to_string());
        }
    }

    pub(super) fn expiry_health(&self) -> Projection {
        let last_error = self.expiry_error.lock().clone();
        Projection { name: "housekeeping", backlog: 0, last_error }
    }

    /// Removes expired sessions, with their streams, expired keys and ended requests. Ends no session while
    /// the clock is not settled: it may be wrong for a while after a start or a jump.
    pub(super) async fn remove_expired(&self, lease: Option<Fence>) -> Result<(), ServiceError> {
        let expiry = Expiry {
            now: self.clock.now(),
            keys: self.key_time(),
            sessions: self.is_clock_settled(),
            lease,
        };
        let removed = self.store.remove_expired(expiry).await?;
        self.close_sessions(&removed);
        Ok(())
    }
}
