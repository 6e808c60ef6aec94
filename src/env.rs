//! Floor 1: the clock and the ids. Time and randomness are arguments everywhere else; this is the
//! only place that asks the machine for them.
#![expect(clippy::disallowed_methods, reason = "the one place that may")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use uuid::Uuid;

use crate::domain::{Id, Timestamp};

/// Tells the time.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    /// Microseconds since the epoch, where the clock is set by hand.
    by_hand: Option<Arc<AtomicI64>>,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self::default()
    }

    /// A clock that shows `micros` microseconds after the epoch, whatever is stored there.
    pub fn by_hand(micros: Arc<AtomicI64>) -> Self {
        Self { by_hand: Some(micros) }
    }

    /// The time now. It may run backwards when the machine's clock is set.
    pub fn now(&self) -> Timestamp {
        if let Some(micros) = &self.by_hand {
            return Timestamp::from_micros(micros.load(Ordering::Relaxed));
        }
        // A clock before 1970 is a broken one; the epoch will do.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX))
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
