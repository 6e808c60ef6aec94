//! Floor 1: time and randomness from the operating system. All other code gets them as arguments or
//! from here.
#![expect(clippy::disallowed_methods, reason = "the only module that may")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use uuid::Uuid;

use crate::domain::Timestamp;

/// A monotonic clock that also counts while the machine is suspended.
#[cfg(target_os = "linux")]
const MONOTONIC: ClockId = ClockId::Boottime;
/// A monotonic clock that also counts while the machine is suspended.
#[cfg(not(target_os = "linux"))]
const MONOTONIC: ClockId = ClockId::Monotonic;

/// The system's clocks, or a clock that a test sets.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    manual: Option<ManualTime>,
}

/// The values of a test's clock, in microseconds.
#[derive(Clone, Debug)]
struct ManualTime {
    since_epoch: Arc<AtomicI64>,
    elapsed: Arc<AtomicI64>,
}

impl Clock {
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that reads its time from `micros`, in microseconds after the epoch. Its elapsed time
    /// stays zero.
    pub fn manual(micros: Arc<AtomicI64>) -> Self {
        Self::manual_with_elapsed(micros, Arc::default())
    }

    /// A clock that reads its time and its elapsed time from the arguments, in microseconds.
    pub fn manual_with_elapsed(since_epoch: Arc<AtomicI64>, elapsed: Arc<AtomicI64>) -> Self {
        Self { manual: Some(ManualTime { since_epoch, elapsed }) }
    }

    /// The current time. It can go backwards when the system's clock is set.
    pub fn now(&self) -> Timestamp {
        if let Some(time) = &self.manual {
            return Timestamp::from_micros(time.since_epoch.load(Ordering::Relaxed));
        }
        // A clock before 1970 is wrong anyway; the epoch is good enough.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }

    /// The time since a fixed point in the past. Setting the system's clock does not change it, and time
    /// while the machine is suspended counts.
    pub fn elapsed(&self) -> Duration {
        if let Some(time) = &self.manual {
            let micros = time.elapsed.load(Ordering::Relaxed);
            return Duration::from_micros(micros.unsigned_abs());
        }
        Duration::try_from(clock_gettime(MONOTONIC)).unwrap_or_default()
    }
}

/// A random seed for the ids of one transaction, itself a UUID of version 4.
pub fn new_seed() -> Uuid {
    Uuid::new_v4()
}

/// Bytes from the operating system's secure random number generator.
///
/// # Panics
///
/// Panics if the operating system has no random bytes: no session or salt would be safe without them.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system has no random bytes: {error}");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::hint::spin_loop;
    use std::time::Instant;

    use super::*;

    #[test]
    fn elapsed_time_advances() {
        const A_WHILE: Duration = Duration::from_millis(5);
        let clock = Clock::system();
        let (before, start) = (clock.elapsed(), Instant::now());
        while start.elapsed() < A_WHILE {
            spin_loop();
        }
        assert!(clock.elapsed() >= before + A_WHILE);
    }
}
