//! Compares the machine's clock, which anybody can set, with the time that really passes.

use std::time::Duration;

use super::{KeyTime, RowNumber, Timestamp};

/// A clock that moves by more than this against the time that passes has jumped: a clock that runs too
/// fast or too slow is corrected in smaller steps.
const TOLERANCE: i64 = 60_000_000;
/// For how long a jump is reported.
const REPORTED: Duration = Duration::from_hours(24);
/// After this time without a jump, the clock is taken for right.
const SETTLED: Duration = Duration::from_hours(1);
/// The most jumps that are kept.
const MAX_JUMPS: usize = 1024;

/// Finds jumps of the machine's clock while a server runs.
#[derive(Debug)]
pub struct ClockWatch {
    /// What the machine's clock showed at the start.
    start: Timestamp,
    /// What the steady clock showed then.
    started: Duration,
    /// The last event before the start.
    start_row: RowNumber,
    /// By how many microseconds the machine's clock is ahead of the time that has passed.
    ahead: i64,
    /// The last event before each jump, and [`Self::ahead`] after it.
    jumps: Vec<(RowNumber, i64)>,
    /// The jump that is reported.
    jump: Option<ClockJump>,
}

/// A jump that has not been corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockJump {
    /// By how many microseconds, in all; negative if the clock was set back.
    pub by: i64,
    /// What the machine's clock showed after it.
    pub to: Timestamp,
    /// What the steady clock showed then.
    at: Duration,
}

impl ClockWatch {
    /// Begins with what both clocks show after the event `last_row`.
    pub fn new(wall: Timestamp, elapsed: Duration, last_row: RowNumber) -> Self {
        Self {
            start: wall,
            started: elapsed,
            start_row: last_row,
            ahead: 0,
            jumps: Vec::new(),
            jump: None,
        }
    }

    /// Compares both clocks, after the event `last_row`. Returns by how many microseconds the machine's
    /// clock has jumped since the last call, if it has.
    pub fn observe(
        &mut self,
        wall: Timestamp,
        elapsed: Duration,
        last_row: RowNumber,
    ) -> Option<i64> {
        let ahead = wall.as_micros() - self.steady(elapsed).as_micros();
        let by = ahead - self.ahead;
        self.ahead = ahead;
        if by.abs() <= TOLERANCE {
            return None;
        }
        if self.jumps.len() == MAX_JUMPS {
            self.jumps.remove(0);
        }
        self.jumps.push((last_row, ahead));
        let sum = self.jump.map_or(0, |jump| jump.by) + by;
        let is_corrected = sum.abs() <= TOLERANCE;
        self.jump = (!is_corrected).then_some(ClockJump { by: sum, to: wall, at: elapsed });
        Some(by)
    }

    /// The jump of the last day that has not been corrected.
    pub fn jump(&self, elapsed: Duration) -> Option<ClockJump> {
        self.jump.filter(|jump| elapsed.saturating_sub(jump.at) < REPORTED)
    }

    /// Whether the machine's clock has not jumped for an hour: what is over by it may be removed.
    pub fn is_settled(&self, elapsed: Duration) -> bool {
        let since = self.jump.map_or(self.started, |jump| jump.at);
        elapsed.saturating_sub(since) >= SETTLED
    }

    /// The time by which idempotency keys are over.
    pub fn key_time(&self, elapsed: Duration) -> KeyTime {
        KeyTime {
            start: self.start,
            start_row: self.start_row,
            now: self.steady(elapsed),
            jumps: self.jumps.as_slice().into(),
        }
    }

    /// The time by the start and by how much has passed since.
    fn steady(&self, elapsed: Duration) -> Timestamp {
        self.start.after(elapsed.saturating_sub(self.started))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600_000_000;

    fn hours(wall: i64) -> Timestamp {
        Timestamp::from_micros(wall * HOUR)
    }

    #[test]
    fn a_jump_is_returned_once_and_reported_until_it_is_corrected() {
        let passed = Duration::from_hours;
        let mut watch = ClockWatch::new(hours(0), Duration::ZERO, 0);
        assert_eq!(watch.observe(hours(5), passed(5), 1), None);
        assert_eq!(watch.observe(hours(16), passed(6), 1), Some(10 * HOUR));
        assert_eq!(watch.observe(hours(17), passed(7), 1), None);
        assert_eq!(
            watch.jump(passed(7)).map(|jump| (jump.by, jump.to)),
            Some((10 * HOUR, hours(16)))
        );
        assert_eq!(watch.observe(hours(7), passed(7), 1), Some(-10 * HOUR));
        assert_eq!(watch.jump(passed(7)), None);
        assert_eq!(watch.observe(hours(-100), passed(8), 1), Some(-108 * HOUR));
        assert!(watch.jump(passed(31)).is_some());
        assert_eq!(watch.jump(passed(32)), None, "a day later");
    }

    #[test]
    fn a_clock_that_is_corrected_in_small_steps_does_not_jump() {
        let mut watch = ClockWatch::new(hours(0), Duration::ZERO, 0);
        for step in 1..100 {
            assert_eq!(
                watch.observe(Timestamp::from_micros(step * TOLERANCE), Duration::ZERO, 0),
                None
            );
        }
    }

    #[test]
    fn a_clock_is_settled_an_hour_after_the_start_and_after_a_jump() {
        let mut watch = ClockWatch::new(hours(0), Duration::ZERO, 0);
        let passed = Duration::from_hours;
        assert!(!watch.is_settled(Duration::from_mins(59)));
        assert!(watch.is_settled(passed(1)));
        watch.observe(hours(-50), passed(2), 0);
        assert!(!watch.is_settled(passed(2)));
        assert!(watch.is_settled(passed(3)));
    }
}
