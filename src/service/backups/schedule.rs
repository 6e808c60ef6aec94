//! Backups that the server makes on a schedule.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::state::Schedule;
use crate::domain::Timestamp;
use crate::service::{Service, spawn};
use crate::store::Purpose;

/// How often to check whether a backup is due.
const TICK: Duration = Duration::from_mins(1);
/// How soon a failed backup is tried again.
const RETRY_INTERVAL: Duration = Duration::from_mins(10);

/// An error of any floor. The log and `/health` name its causes.
type BackupError = Box<dyn Error + Send + Sync>;

impl Service {
    /// Makes backups whenever one is due, until `stop`. A failure is logged, and another attempt follows.
    pub async fn back_up_on_schedule(self: Arc<Self>, stop: CancellationToken) {
        let Some(schedule) = &self.backups.schedule else { return };
        let mut ticks = tokio::time::interval(TICK.min(schedule.interval));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (mut lease, mut not_before) = (None, Duration::ZERO);
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            if !self.holds(&mut lease, Purpose::Backups).await {
                // Another server makes the backups, and reports its failures.
                schedule.forget_error();
                not_before = Duration::ZERO;
                continue;
            }
            if self.clock.elapsed() < not_before {
                continue;
            }
            let (service, stopped) = (Arc::clone(&self), stop.clone());
            // Detached, so that a panic does not end the schedule.
            let made = spawn::detached(async move { service.back_up_if_due(&stopped).await });
            let made = made.await.map_err(BackupError::from).flatten();
            if stop.is_cancelled() {
                return;
            }
            let error = made.as_ref().err().map(|error| &**error as &(dyn Error + 'static));
            self.backups.note(schedule, self.clock.now(), error);
            if made.is_err() {
                not_before = self.clock.elapsed() + RETRY_INTERVAL.min(schedule.interval);
            }
        }
    }

    /// Makes a backup if one is due and no other one is made now, and removes the oldest ones.
    async fn back_up_if_due(&self, stop: &CancellationToken) -> Result<(), BackupError> {
        let Some(schedule) = &self.backups.schedule else { return Ok(()) };
        let (folder, now) = (Arc::clone(&schedule.folder), self.clock.now());
        let newest = spawn::blocking(move || folder.newest(now)).await?;
        *schedule.newest.lock() = newest?;
        if schedule.is_due(now)
            && let Ok(permit) = self.backups.acquire()
        {
            self.store_backup(schedule, now, stop).await?;
            drop(permit);
        }
        let folder = Arc::clone(&schedule.folder);
        Ok(spawn::blocking(move || folder.remove_oldest(now)).await??)
    }

    async fn store_backup(
        &self,
        schedule: &Schedule,
        now: Timestamp,
        stop: &CancellationToken,
    ) -> Result<(), BackupError> {
        let started = self.clock.elapsed();
        let begun = self.begin_backup(now).await?;
        let (folder, stop) = (Arc::clone(&schedule.folder), stop.clone());
        let store = move || folder.store(begun, now, || stop.is_cancelled());
        let file = spawn::blocking(store).await??;
        *schedule.newest.lock() = Some(now);
        let seconds = self.clock.elapsed().saturating_sub(started).as_secs();
        tracing::info!(file = %file.display(), seconds, "a backup was made and verified");
        Ok(())
    }

    /// Whether no backup was made for two intervals; `None` if the server makes none by itself.
    pub(in crate::service) fn is_backup_late(&self) -> Option<bool> {
        let schedule = self.backups.schedule.as_ref()?;
        let late = schedule.interval * 2;
        let is_recent = |last| self.clock.now().since(last) < late;
        Some(!self.last_backup().is_some_and(is_recent))
    }

    /// When the last backup of the schedule began; `None` without a schedule, and before the first one.
    pub fn last_backup(&self) -> Option<Timestamp> {
        self.backups.schedule.as_ref().and_then(|schedule| *schedule.newest.lock())
    }
}
