//! What a server knows about the job of the schedules.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use parking_lot::Mutex;

use crate::domain::UserId;

/// How long a family is left alone after it failed.
const PAUSE: Duration = Duration::from_secs(10);

/// The state of the job.
#[derive(Default)]
pub(in crate::service) struct ScheduleJob {
    /// Why the last round failed.
    pub(super) error: Mutex<Option<String>>,
    /// The families that failed, and when.
    failed: Mutex<HashMap<UserId, Duration>>,
}

impl ScheduleJob {
    /// The families that failed a short time ago: they must not keep the job from the others. `now` is the time
    /// elapsed.
    pub(super) fn failed(&self, now: Duration) -> HashSet<UserId> {
        let mut failed = self.failed.lock();
        failed.retain(|_, at| now.saturating_sub(*at) < PAUSE);
        failed.keys().cloned().collect()
    }

    pub(super) fn fail(&self, family: UserId, now: Duration) {
        self.failed.lock().insert(family, now);
    }
}
