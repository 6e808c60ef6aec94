//! Limits the backups.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metrics;
use crate::service::ServiceError;

/// Allows one backup at a time.
pub(in crate::service) struct Backups {
    free: Arc<Semaphore>,
    metrics: metrics::Backups,
}

/// The right to make a backup, returned on drop.
pub(super) struct Permit {
    _free: OwnedSemaphorePermit,
    metrics: metrics::Backups,
}

impl Backups {
    pub(in crate::service) fn new(metrics: metrics::Backups) -> Self {
        Self { free: Arc::new(Semaphore::new(1)), metrics }
    }

    /// Fails while another backup is made.
    pub(super) fn acquire(&self) -> Result<Permit, ServiceError> {
        let free = Arc::clone(&self.free).try_acquire_owned();
        let free = free.map_err(|_| ServiceError::BackupInProgress)?;
        self.metrics.running.inc();
        Ok(Permit { _free: free, metrics: self.metrics.clone() })
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.metrics.running.dec();
    }
}
