//! Detects and reports a machine's clock that was set while the server runs.

use super::Service;
use crate::domain::{KeyTime, TrackingEvent};
use crate::store::{Projection, Store};

const MICROS_PER_SECOND: u64 = 1_000_000;

impl Service {
    /// Logs a warning if an event is ahead of the clock at the start: the clock is behind, or was ahead
    /// when the event was written.
    pub(super) fn warn_of_rows_ahead(&self) {
        let now = self.clock.now();
        let newest =
            self.store.newest().filter(|newest| *newest > now.after(TrackingEvent::LEEWAY));
        if let Some(newest) = newest {
            let seconds = newest.since(now).as_secs();
            tracing::warn!(
                %newest, %now, seconds,
                "the newest row is ahead of the clock: correct the clock, or run `goldstar check`"
            );
        }
    }

    /// Compares the machine's clock with the time elapsed, and logs a jump.
    pub(super) fn check_clock(&self) {
        let (now, elapsed) = (self.clock.now(), self.clock.elapsed());
        let Some(by) = self.clock_watch.lock().observe(now, elapsed) else { return };
        let seconds = by.unsigned_abs() / MICROS_PER_SECOND;
        if by > 0 {
            tracing::warn!(%now, seconds, "the machine's clock jumped ahead");
        } else {
            tracing::warn!(%now, seconds, "the machine's clock was set back");
        }
    }

    /// Returns the time by which idempotency keys expire.
    pub(super) fn key_time(&self) -> KeyTime {
        self.check_clock();
        self.clock_watch.lock().key_time(self.clock.elapsed())
    }

    /// Returns whether the clock has not jumped for an hour.
    pub(super) fn is_clock_settled(&self) -> bool {
        self.clock_watch.lock().is_settled(self.clock.elapsed())
    }

    /// Returns whether the clock has jumped ahead within the last day, and was not corrected.
    pub(super) fn is_clock_ahead(&self) -> bool {
        self.check_clock();
        let jump = self.clock_watch.lock().jump(self.clock.elapsed());
        jump.is_some_and(|jump| jump.by > 0)
    }

    /// The clock in `/health`: a jump within the last day, or an event ahead of the clock at the start.
    pub(super) fn clock_health(&self) -> Projection {
        self.check_clock();
        let jump = self.clock_watch.lock().jump(self.clock.elapsed()).map(|jump| {
            let seconds = jump.by.unsigned_abs() / MICROS_PER_SECOND;
            let how = if jump.by > 0 { "jumped ahead" } else { "was set back" };
            format!("the machine's clock {how} by {seconds} seconds, to {}", jump.to)
        });
        let now = self.clock.now();
        let newest =
            self.store.newest().filter(|newest| *newest > now.after(TrackingEvent::LEEWAY));
        let rows = newest.map(|newest| {
            format!("the newest row at the start is of {newest}, which is ahead of the clock")
        });
        Projection { name: "clock", backlog: 0, last_error: jump.or(rows) }
    }
}
