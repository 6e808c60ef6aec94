//! Compares the wall clock, which can be set, with a monotonic clock, which cannot.

use std::time::Duration;

use super::{KeyTime, Timestamp};

/// A difference of more than this many microseconds is a jump. Time synchronisation corrects a
/// clock in smaller steps.
const TOLERANCE: i64 = 60_000_000;
/// How long a jump is reported.
const REPORTED: Duration = Duration::from_hours(24);
/// After this time without a jump, the clock is assumed to be right.
const SETTLED: Duration = Duration::from_hours(1);

/// Detects jumps of the wall clock while a server runs.
#[derive(Debug)]
pub struct ClockWatch {
    /// The wall clock at the start.
    start: Timestamp,
    /// The monotonic clock at the start.
    started: Duration,
    /// How many microseconds the wall clock is ahead of `start` plus the time elapsed.
    ahead: i64,
    jump: Option<ClockJump>,
}

/// A jump that has not been corrected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockJump {
    /// The sum of all uncorrected jumps in microseconds; negative if the clock was set back.
    pub by: i64,
    /// The wall clock after the jump.
    pub to: Timestamp,
    /// The monotonic clock after the jump.
    at: Duration,
}

impl ClockWatch {
    pub fn new(wall: Timestamp, elapsed: Duration) -> Self {
        Self { start: wall, started: elapsed, ahead: 0, jump: None }
    }

    /// Compares both clocks. Returns the microseconds by which the wall clock has jumped since the last
    /// call, if it has jumped.
    pub fn observe(&mut self, wall: Timestamp, elapsed: Duration) -> Option<i64> {
        let ahead = wall.as_micros() - self.steady(elapsed).as_micros();
        let by = ahead - self.ahead;
        self.ahead = ahead;
        if by.abs() <= TOLERANCE {
            return None;
        }
        let sum = self.jump.map_or(0, |jump| jump.by) + by;
        let is_corrected = sum.abs() <= TOLERANCE;
        self.jump = (!is_corrected).then_some(ClockJump { by: sum, to: wall, at: elapsed });
        Some(by)
    }

    /// The uncorrected jump, if it happened within the last 24 hours.
    pub fn jump(&self, elapsed: Duration) -> Option<ClockJump> {
        self.jump.filter(|jump| elapsed.saturating_sub(jump.at) < REPORTED)
    }

    /// Whether an hour has passed without a jump. Only then is it safe to remove what has expired.
    pub fn is_settled(&self, elapsed: Duration) -> bool {
        let since = self.jump.map_or(self.started, |jump| jump.at);
        elapsed.saturating_sub(since) >= SETTLED
    }

    /// The time by which idempotency keys expire.
    pub fn key_time(&self, elapsed: Duration) -> KeyTime {
        KeyTime { start: self.start, now: self.steady(elapsed) }
    }

    /// The time at the start plus the time elapsed since.
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
    fn a_jump_is_reported_until_it_is_corrected_or_a_day_has_passed() {
        let passed = Duration::from_hours;
        let mut watch = ClockWatch::new(hours(0), Duration::ZERO);
        assert_eq!(watch.observe(hours(5), passed(5)), None);
        assert_eq!(watch.observe(hours(16), passed(6)), Some(10 * HOUR));
        assert_eq!(watch.observe(hours(17), passed(7)), None);
        assert_eq!(
            watch.jump(passed(7)).map(|jump| (jump.by, jump.to)),
            Some((10 * HOUR, hours(16)))
        );
        assert_eq!(watch.observe(hours(7), passed(7)), Some(-10 * HOUR));
        assert_eq!(watch.jump(passed(7)), None);
        assert_eq!(watch.observe(hours(-100), passed(8)), Some(-108 * HOUR));
        assert!(watch.jump(passed(31)).is_some());
        assert_eq!(watch.jump(passed(32)), None, "a day later");
    }

    #[test]
    fn small_corrections_are_not_jumps() {
        let mut watch = ClockWatch::new(hours(0), Duration::ZERO);
        for step in 1..100 {
            assert_eq!(
                watch.observe(Timestamp::from_micros(step * TOLERANCE), Duration::ZERO),
                None
            );
        }
    }

    #[test]
    fn a_clock_is_settled_an_hour_after_the_start_and_after_a_jump() {
        let mut watch = ClockWatch::new(hours(0), Duration::ZERO);
        let passed = Duration::from_hours;
        assert!(!watch.is_settled(Duration::from_mins(59)));
        assert!(watch.is_settled(passed(1)));
        watch.observe(hours(-50), passed(2));
        assert!(!watch.is_settled(passed(2)));
        assert!(watch.is_settled(passed(3)));
    }
}
