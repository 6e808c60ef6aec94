//! A clock that the test moves.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use goldstar::app::Machine;
use goldstar::clock::Clock;

/// An hour, in microseconds.
pub(crate) const HOUR: i64 = 3_600_000_000;
/// A day, in microseconds.
pub(crate) const DAY: i64 = 24 * HOUR;

/// It starts at 2026-02-09T18:42:15Z.
pub(crate) struct Hand {
    since_epoch: Arc<AtomicI64>,
    elapsed: Arc<AtomicI64>,
}

impl Hand {
    /// A clock, and a machine that uses it.
    pub(crate) fn new() -> (Self, Machine) {
        let since_epoch = Arc::new(AtomicI64::new(1_770_662_535_000_000));
        let elapsed = Arc::<AtomicI64>::default();
        let clock = Clock::manual_with_elapsed(Arc::clone(&since_epoch), Arc::clone(&elapsed));
        (Self { since_epoch, elapsed }, Machine { clock, ..Machine::default() })
    }

    /// Lets time pass.
    pub(crate) fn forward(&self, micros: i64) {
        assert!(micros >= 0, "time runs forward");
        // In this order, so that the clock is behind in between, and not ahead.
        self.elapsed.fetch_add(micros, Ordering::SeqCst);
        self.since_epoch.fetch_add(micros, Ordering::SeqCst);
    }

    /// Sets the clock ahead or back, while no time passes.
    pub(crate) fn jump(&self, micros: i64) {
        self.since_epoch.fetch_add(micros, Ordering::SeqCst);
    }
}
