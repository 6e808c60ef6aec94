//! The audit logs of deleted accounts on other servers. Each server removes them from its own directory,
//! also at its next start if it was stopped. Until all have confirmed that, the account stays in the queue.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::super::{Service, ServiceError, spawn};
use super::run::Trigger;
use crate::domain::UserId;
use crate::store::{Fence, LogServer, LogServers, Store};

/// How often a server looks for logs that it must remove.
const INTERVAL: Duration = Duration::from_secs(1);
/// How often it notes that it still exists.
const REGISTRATION_INTERVAL: Duration = Duration::from_mins(1);

impl Service {
    /// Removes the logs of accounts that any server deletes, until `stop`.
    pub async fn remove_requested_logs(self: Arc<Self>, stop: CancellationToken) {
        let Some((own, servers)) = self.log_servers() else { return };
        let mut ticks = tokio::time::interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut registered = self.clock.elapsed();
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let elapsed = self.clock.elapsed();
            let is_due = elapsed.saturating_sub(registered) >= REGISTRATION_INTERVAL;
            if is_due {
                registered = elapsed;
            }
            let (service, own, servers) = (Arc::clone(&self), own.clone(), Arc::clone(&servers));
            // Detached, so that a panic does not end the loop.
            let removed = spawn::detached(async move {
                if is_due {
                    servers.register(own.clone()).await?;
                }
                service.remove_requested(&own, &*servers).await
            });
            let error = removed.await.and_then(|removed| removed).err().map(|it| it.to_string());
            let mut last = self.deletions.removal_error.lock();
            if let Some(error) = error.as_ref().filter(|error| last.as_ref() != Some(error)) {
                tracing::error!(error, "logs of a deleted account could not be removed");
            }
            *last = error;
        }
    }

    /// This server as the others know it, and what they share; `None` if it writes no log files, or if it
    /// is the only server.
    fn log_servers(&self) -> Option<(LogServer, Arc<dyn LogServers>)> {
        Some((self.deletions.log.server()?.clone(), self.store.log_servers()?))
    }

    /// Removes what is requested. A failure does not affect the other accounts.
    async fn remove_requested(
        &self,
        own: &LogServer,
        servers: &dyn LogServers,
    ) -> Result<(), ServiceError> {
        let mut failed = None;
        for user_id in servers.requested(own.id).await? {
            if let Err(error) = self.remove_log(&user_id).await {
                failed = Some(ServiceError::internal(error.to_string()));
                continue;
            }
            servers.confirm(own.id, user_id.clone()).await?;
            if self.servers_left(&user_id).await?.is_empty() {
                // The last one completes the deletion.
                let now = self.read_due_clock().await?.now;
                let _running = self.deletions.running.lock().await;
                self.attempt(user_id, now, Trigger::Schedule, None).await;
            }
        }
        failed.map_or(Ok(()), Err)
    }

    /// Requests the removal of an account's logs by all servers.
    pub(super) async fn request_log_removals(
        &self,
        user_id: &UserId,
        lease: Option<&Fence>,
    ) -> Result<(), ServiceError> {
        let Some(servers) = self.store.log_servers() else { return Ok(()) };
        Ok(servers.request(user_id.clone(), lease.cloned()).await?)
    }

    /// Notes that this server has removed an account's logs.
    pub(super) async fn confirm_log_removal(&self, user_id: &UserId) -> Result<(), ServiceError> {
        let Some((own, servers)) = self.log_servers() else { return Ok(()) };
        Ok(servers.confirm(own.id, user_id.clone()).await?)
    }

    /// The servers that have not removed an account's logs yet.
    pub(super) async fn servers_left(
        &self,
        user_id: &UserId,
    ) -> Result<Vec<LogServer>, ServiceError> {
        let unconfirmed = self.unconfirmed_removals().await?.into_iter();
        Ok(unconfirmed.filter(|(id, _)| id == user_id).map(|(_, server)| server).collect())
    }

    /// Whether an account's deletion only waits for other servers.
    pub(super) async fn waits_for_others(&self, user_id: &UserId) -> Result<bool, ServiceError> {
        let own = self.deletions.log.server();
        let left = self.servers_left(user_id).await?;
        Ok(!left.is_empty() && left.iter().all(|server| Some(server.id) != own.map(|own| own.id)))
    }

    /// The servers that have not removed logs yet, with the accounts.
    pub(super) async fn unconfirmed_removals(
        &self,
    ) -> Result<Vec<(UserId, LogServer)>, ServiceError> {
        let Some(servers) = self.store.log_servers() else { return Ok(Vec::new()) };
        Ok(servers.unconfirmed().await?)
    }

    /// Removes the account's id from what the servers share.
    pub(super) async fn end_log_removals(
        &self,
        user_id: &UserId,
        lease: Option<&Fence>,
    ) -> Result<(), ServiceError> {
        let Some(servers) = self.store.log_servers() else { return Ok(()) };
        Ok(servers.end(user_id.clone(), lease.cloned()).await?)
    }
}
