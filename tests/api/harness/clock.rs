//! A clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use goldstar::app::Machine;
use goldstar::env::Clock;

/// An hour, in microseconds.
pub(crate) const HOUR: i64 = 3_600_000_000;
/// A day, in microseconds.
pub(crate) const DAY: i64 = 24 * HOUR;

/// It shows 2026-02-09T18:42:15Z at first.
pub(crate) struct Hand(Arc<AtomicI64>);

impl Hand {
    /// The clock, and a machine that has it.
    pub(crate) fn new() -> (Self, Machine) {
        let micros = Arc::new(AtomicI64::new(1_770_662_535_000_000));
        let clock = Clock::by_hand(Arc::clone(&micros));
        (Self(micros), Machine { clock, ..Machine::default() })
    }

    pub(crate) fn forward(&self, micros: i64) {
        self.0.fetch_add(micros, Ordering::Relaxed);
    }
}
