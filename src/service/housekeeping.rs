//! What is over is removed.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::deletion::to_its_end;
use super::{Causes, Service, ServiceError};
use crate::domain::{Session, Timestamp};
use crate::store::{Change, Changes, Projection, View};

/// How often.
const INTERVAL: Duration = Duration::from_hours(1);

impl Service {
    /// Removes expired sessions and idempotency keys, and shortens the sessions that a clock set back
    /// would keep, now and every hour, until `stop`. A failure is logged, and the next hour tries
    /// again.
    pub async fn keep_house(self: Arc<Self>, stop: CancellationToken) {
        let mut interval = tokio::time::interval(INTERVAL);
        while stop.run_until_cancelled(interval.tick()).await.is_some() {
            let service = Arc::clone(&self);
            // A mistake in one hour doesn't end the hours after it.
            let removed = to_its_end(async move { service.remove_expired().await }).await;
            let removed = removed.and_then(|removed| removed);
            if let Err(error) = &removed {
                tracing::warn!(error = %Causes(error), "expired sessions and idempotency keys were not removed");
            }
            *self.housekeeping_error.lock() = removed.err().map(|error| error.to_string());
        }
    }

    /// What monitoring hears of it.
    pub(super) fn housekeeping_health(&self) -> Projection {
        let last_error = self.housekeeping_error.lock().clone();
        Projection { name: "housekeeping", backlog: 0, last_error }
    }

    /// Removes expired sessions, with their streams, and idempotency keys. Shortens sessions.
    async fn remove_expired(&self) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let view = self.store.view();
        let is_clean = view.expired_sessions(now).is_empty()
            && view.expired_keys(now).is_empty()
            && shortened(&*view, now).is_empty();
        if is_clean {
            return Ok(());
        }
        let outcome = self
            // By the clock: the time of a decision is ahead of it, where an event is.
            .transact(move |view, _| {
                let sessions = view.expired_sessions(now);
                let keys = view.expired_keys(now);
                let removed = sessions
                    .iter()
                    .map(|session| Change::RemoveSession(session.token_hash.clone()));
                let forgotten =
                    keys.iter().map(|key| Change::Forget(key.user_id.clone(), key.key.clone()));
                let shortened = shortened(view, now).into_iter().map(Change::PutSession);
                Ok((Changes::of(removed.chain(forgotten).chain(shortened)), sessions))
            })
            .await?;
        for session in outcome.value {
            self.hub.close_session(&session.token_hash);
        }
        Ok(())
    }
}

/// The sessions that would outlive their lifetime, since the clock was set back.
fn shortened(view: &dyn View, now: Timestamp) -> Vec<Session> {
    let overlong = view.sessions_ending_after(now.after(Session::LIFETIME));
    overlong.iter().filter_map(|session| session.shortened(now)).collect()
}
