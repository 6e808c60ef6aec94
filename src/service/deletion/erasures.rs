//! The list of deleted accounts. A restore uses it to delete these accounts again.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::super::{Causes, Service, ServiceError, spawn};
use crate::domain::{ErasureList, UserId};
use crate::store::{Fence, Store};

/// How often the copy of the list is written, so that it tells until when it is complete.
const INTERVAL: Duration = Duration::from_hours(1);
/// How soon a failed copy is written again.
const RETRY_INTERVAL: Duration = Duration::from_mins(1);

impl Service {
    /// Returns the list of deleted accounts, complete until now.
    pub async fn erasures(&self) -> Result<ErasureList, ServiceError> {
        Ok(self.store.erasures().list(self.clock.now()).await?)
    }

    /// Adds an account to the list. A backup that contains a part of the account also contains this.
    pub(super) async fn note_erasure(
        &self,
        user_id: &UserId,
        lease: Option<&Fence>,
    ) -> Result<(), ServiceError> {
        let (now, lease) = (self.clock.now(), lease.cloned());
        self.store.erasures().add(user_id.clone(), now, lease).await?;
        // A failed copy is reported, and does not delay the deletion.
        self.copy_erasures().await;
        Ok(())
    }

    /// Copies the list now and every hour, until `stop`.
    pub async fn copy_erasures_on_schedule(self: Arc<Self>, stop: CancellationToken) {
        let Some(copy) = &self.erasure_copy else { return };
        let mut ticks = tokio::time::interval(RETRY_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut copied = None;
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let elapsed = self.clock.elapsed();
            let is_recent = copied.is_some_and(|copied| elapsed.saturating_sub(copied) < INTERVAL);
            if !is_recent || copy.has_failed() {
                copied = Some(elapsed);
                self.copy_erasures().await;
            }
        }
    }

    async fn copy_erasures(&self) {
        let Some(copy) = &self.erasure_copy else { return };
        let list = match self.erasures().await {
            Ok(list) => list,
            Err(error) => return copy.note(Err(Causes(&error).to_string())),
        };
        let writer = Arc::clone(copy);
        if spawn::blocking(move || writer.write(list)).await.is_err() {
            copy.note(Err("the copy was interrupted".to_owned()));
        }
    }
}
