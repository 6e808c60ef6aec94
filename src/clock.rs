//! Floor 1: the clock and the ids. Time and randomness are arguments everywhere else; this is the
//! only place that asks the machine for them.
#![expect(clippy::disallowed_methods, reason = "the one place that may")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use uuid::Uuid;

use crate::domain::{Id, Timestamp};

/// The clock that nobody sets, and that goes on while the machine is suspended.
#[cfg(target_os = "linux")]
const STEADY: ClockId = ClockId::Boottime;
/// The clock that nobody sets, and that goes on while the machine is suspended.
#[cfg(not(target_os = "linux"))]
const STEADY: ClockId = ClockId::Monotonic;

/// Tells the time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    by_hand: Option<Hands>,
}

/// The hands of a clock that is set by hand, in microseconds.
#[derive(Clone, Debug)]
struct Hands {
    since_epoch: Arc<AtomicI64>,
    elapsed: Arc<AtomicI64>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that shows `micros` microseconds after the epoch, whatever is stored there. By it, no
    /// time passes.
    pub fn by_hand(micros: Arc<AtomicI64>) -> Self {
        Self::by_hands(micros, Arc::default())
    }

    /// A clock that shows `since_epoch` microseconds after the epoch, by which `elapsed` microseconds
    /// have passed, whatever is stored there.
    pub fn by_hands(since_epoch: Arc<AtomicI64>, elapsed: Arc<AtomicI64>) -> Self {
        Self { by_hand: Some(Hands { since_epoch, elapsed }) }
    }

    /// The time now. It may run backwards when the machine's clock is set.
    pub fn now(&self) -> Timestamp {
        if let Some(hands) = &self.by_hand {
            return Timestamp::from_micros(hands.since_epoch.load(Ordering::Relaxed));
        }
        // A clock before 1970 is a broken one; the epoch will do.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
    }

    /// How much time has passed since a moment that stays the same while the process runs. Setting
    /// the machine's clock doesn't change it, and the time while the machine is suspended counts.
    pub fn elapsed(&self) -> Duration {
        if let Some(hands) = &self.by_hand {
            let micros = hands.elapsed.load(Ordering::Relaxed);
            return Duration::from_micros(micros.unsigned_abs());
        }
        Duration::try_from(clock_gettime(STEADY)).unwrap_or_default()
    }
}

/// A new random id (UUID version 4).
pub fn new_id<K>() -> Id<K> {
    Id::from_uuid(Uuid::new_v4())
}

/// Bytes from the operating system's secure source.
///
/// # Panics
///
/// Where the system has no such source: nothing safe could be done without it.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    if let Err(error) = getrandom::fill(&mut bytes) {
        panic!("the operating system gives no random bytes: {error}");
    }
    bytes
}

#[cfg(test)]
mod tests {
    use std::hint::spin_loop;
    use std::time::Instant;

    use super::*;

    #[test]
    fn the_time_that_has_passed_is_counted() {
        const A_WHILE: Duration = Duration::from_millis(5);
        let clock = Clock::system();
        let (before, start) = (clock.elapsed(), Instant::now());
        while start.elapsed() < A_WHILE {
            spin_loop();
        }
        assert!(clock.elapsed() >= before + A_WHILE);
    }
}
