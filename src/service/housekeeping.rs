//! What is over is removed.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::{Causes, Service, ServiceError};
use crate::store::{Change, Changes};

/// How often.
const INTERVAL: Duration = Duration::from_hours(1);

impl Service {
    /// Removes expired sessions and idempotency keys, now and every hour, until `stop`. A failure
    /// is logged, and the next hour tries again.
    pub async fn keep_house(self: Arc<Self>, stop: CancellationToken) {
        let mut interval = tokio::time::interval(INTERVAL);
        while stop.run_until_cancelled(interval.tick()).await.is_some() {
            if let Err(error) = self.remove_expired().await {
                tracing::warn!(error = %Causes(&error), "expired sessions and idempotency keys were not removed");
            }
        }
    }

    /// Removes expired sessions, with their streams, and idempotency keys.
    async fn remove_expired(&self) -> Result<(), ServiceError> {
        let now = self.clock.now();
        let view = self.store.view();
        if view.expired_sessions(now).is_empty() && view.expired_keys(now).is_empty() {
            return Ok(());
        }
        let outcome = self
            .transact(|view, now| {
                let sessions = view.expired_sessions(now);
                let keys = view.expired_keys(now);
                let removed = sessions
                    .iter()
                    .map(|session| Change::RemoveSession(session.token_hash.clone()));
                let forgotten =
                    keys.iter().map(|key| Change::Forget(key.user_id.clone(), key.key.clone()));
                Ok((Changes::of(removed.chain(forgotten)), sessions))
            })
            .await?;
        for session in outcome.value {
            self.hub.close_session(&session.token_hash);
        }
        Ok(())
    }
}
