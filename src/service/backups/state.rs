//! The backup in progress, and the state of the schedule.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::Timestamp;
use crate::metrics;
use crate::repair::archive::BackupFolder;
use crate::service::{Causes, ServiceError};
use crate::store::Projection;

/// Allows one backup at a time.
pub(in crate::service) struct Backups {
    free: Arc<Semaphore>,
    /// `None` if the server makes no backups by itself.
    pub(super) schedule: Option<Schedule>,
    metrics: metrics::Backups,
}

/// The right to make a backup, returned on drop.
pub(super) struct Permit {
    _free: OwnedSemaphorePermit,
    metrics: metrics::Backups,
}

impl Backups {
    pub(in crate::service) fn new(metrics: metrics::Backups) -> Self {
        Self { free: Arc::new(Semaphore::new(1)), schedule: None, metrics }
    }

    pub(in crate::service) fn set_schedule(&mut self, schedule: BackupSchedule) {
        self.schedule = Some(schedule.into());
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

/// When and where the server makes backups.
pub struct BackupSchedule {
    pub folder: BackupFolder,
    pub interval: Duration,
}

/// The state of the schedule.
pub(super) struct Schedule {
    pub(super) folder: Arc<BackupFolder>,
    pub(super) interval: Duration,
    /// When the newest backup began, by its name.
    pub(super) newest: Mutex<Option<Timestamp>>,
    last_error: Mutex<Option<String>>,
}

impl From<BackupSchedule> for Schedule {
    fn from(BackupSchedule { folder, interval }: BackupSchedule) -> Self {
        let (newest, last_error) = (Mutex::default(), Mutex::default());
        Self { folder: Arc::new(folder), interval, newest, last_error }
    }
}

impl Schedule {
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        !self.newest.lock().is_some_and(|newest| now.since(newest) < self.interval)
    }

    pub(super) fn forget_error(&self) {
        *self.last_error.lock() = None;
    }
}

impl Backups {
    /// Notes whether the last attempt has failed.
    pub(super) fn note(
        &self,
        schedule: &Schedule,
        now: Timestamp,
        error: Option<&(dyn Error + 'static)>,
    ) {
        let newest = *schedule.newest.lock();
        self.metrics.last.set(newest.map_or(0, |newest| newest.as_micros() / 1_000_000));
        let Some(error) = error else {
            // An error remains until a backup has succeeded.
            if !schedule.is_due(now) {
                schedule.forget_error();
            }
            return;
        };
        self.metrics.failures.inc();
        let last_backup = newest.map_or("none".to_owned(), |newest| newest.to_string());
        tracing::error!(error = %Causes(error), last_backup, "the schedule of backups has failed");
        *schedule.last_error.lock() = Some(reason(error));
    }

    /// The schedule in `/health`.
    pub(in crate::service) fn health(&self) -> Option<Projection> {
        let schedule = self.schedule.as_ref()?;
        let last_error = schedule.last_error.lock().clone();
        let backlog = last_error.is_some().into();
        Some(Projection { name: "backups", backlog, last_error })
    }
}

/// The innermost cause, which names no file.
fn reason(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
