//! The time in which the history of the demo is written.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::plan::FIRST;
use crate::clock::Clock;
use crate::domain::Timestamp;

/// A clock that the demo sets.
#[derive(Clone, Debug)]
pub struct SimulatedTime {
    /// The end of the history.
    end: Timestamp,
    micros: Arc<AtomicI64>,
}

impl SimulatedTime {
    /// Starts before the history that ends at `end`.
    pub fn ending(end: Timestamp) -> Self {
        let before = Duration::from_hours(24 * (u64::from(FIRST) + 1));
        Self { end, micros: Arc::new(AtomicI64::new(end.before(before).as_micros())) }
    }

    pub(super) fn end(&self) -> Timestamp {
        self.end
    }

    /// The clock that shows this time. It counts it as time that has passed, and not as jumps.
    pub fn clock(&self) -> Clock {
        Clock::manual_with_elapsed(Arc::clone(&self.micros), Arc::clone(&self.micros))
    }

    /// Sets the time to a second of the day that starts at `start`, but not beyond the end.
    pub(super) fn set(&self, start: Timestamp, second: u32) {
        // The fraction is any that looks like one.
        let fraction = i64::from(second) * 7_919 % 1_000_000;
        let micros = start.as_micros() + i64::from(second) * 1_000_000 + fraction;
        self.micros.store(micros.min(self.end.as_micros()), Ordering::Relaxed);
    }
}
