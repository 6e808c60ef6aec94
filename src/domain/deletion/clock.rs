use std::time::Duration;

use crate::domain::Timestamp;

/// A jump forward by more than this is doubted.
const DOUBTED: Duration = Duration::from_hours(24);
/// For how long nothing is due after such a jump.
const HOLD: Duration = Duration::from_hours(24);

/// The clock by which deletions are due. It never runs backwards, and it doesn't follow the
/// machine's clock at once where that jumps forward: somebody may have set it wrongly, and what is
/// deleted then is lost.
///
/// It is read with two times: the machine's clock, and how much time has passed since the start by a
/// clock that nobody sets.
#[derive(Debug)]
pub struct DueClock {
    /// The latest time that was believed.
    now: Timestamp,
    /// What the machine's clock showed last, and when that was since the start.
    last: (Timestamp, Duration),
    /// Until when since the start nothing is due.
    held_until: Duration,
}

/// What a [`DueClock`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The time.
    Now(Timestamp),
    /// The machine's clock has just jumped forward: nothing is due for 24 hours.
    Jumped {
        /// How far, beyond the time that has passed.
        by: Duration,
    },
    /// It has jumped forward a while ago: nothing is due yet.
    Held {
        /// For how long still.
        remaining: Duration,
    },
}

impl DueClock {
    /// A clock that starts at the time that the machine's clock shows.
    pub fn starting(wall: Timestamp) -> Self {
        Self { now: wall, last: (wall, Duration::ZERO), held_until: Duration::ZERO }
    }

    /// A clock that starts while an earlier jump is doubted: the 24 hours begin anew, and nothing is
    /// believed until they are over.
    pub fn starting_held(wall: Timestamp) -> Self {
        Self { now: Timestamp::EPOCH, last: (wall, Duration::ZERO), held_until: HOLD }
    }

    /// The latest time that was believed: whoever is marked is marked no earlier, so that a clock
    /// that was set back makes nobody due too early.
    pub fn latest(&self) -> Timestamp {
        self.now
    }

    /// Reads the clock, where the machine's shows `wall` and `passed` has passed since the start.
    pub fn read(&mut self, wall: Timestamp, passed: Duration) -> Reading {
        let (last_wall, last_passed) = self.last;
        self.last = (wall, passed);
        let expected = last_wall.after(passed.saturating_sub(last_passed));
        let by = wall.since(expected);
        if by > DOUBTED {
            self.held_until = passed + HOLD;
            return Reading::Jumped { by };
        }
        let remaining = self.held_until.saturating_sub(passed);
        if !remaining.is_zero() {
            return Reading::Held { remaining };
        }
        self.now = self.now.max(wall);
        Reading::Now(self.now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock that starts at hour 0, read at hours of the machine's clock and of the start's.
    struct Hours(DueClock);

    impl Hours {
        fn start() -> Self {
            Self(DueClock::starting(Timestamp::EPOCH))
        }

        fn read(&mut self, wall: i64, passed: u64) -> Reading {
            self.0.read(hour(wall), Duration::from_hours(passed))
        }
    }

    fn hour(wall: i64) -> Timestamp {
        Timestamp::from_micros(wall * 3_600_000_000)
    }

    fn held(hours: u64) -> Reading {
        Reading::Held { remaining: Duration::from_hours(hours) }
    }

    fn jumped(hours: u64) -> Reading {
        Reading::Jumped { by: Duration::from_hours(hours) }
    }

    #[test]
    fn it_follows_a_clock_that_runs() {
        let mut clock = Hours::start();
        for hours in [1, 2, 50, 1000] {
            assert_eq!(clock.read(hours, hours.unsigned_abs()), Reading::Now(hour(hours)));
        }
    }

    #[test]
    fn it_never_runs_backwards() {
        let mut clock = Hours::start();
        assert_eq!(clock.read(10, 10), Reading::Now(hour(10)));
        assert_eq!(clock.read(-1000, 11), Reading::Now(hour(10)));
        assert_eq!(clock.0.latest(), hour(10));
        assert_eq!(clock.read(-999, 12), Reading::Now(hour(10)));
    }

    #[test]
    fn a_jump_of_a_day_is_believed() {
        let mut clock = Hours::start();
        assert_eq!(clock.read(25, 1), Reading::Now(hour(25)), "as summer time, or a short sleep");
        assert_eq!(clock.read(51, 2), jumped(25));
    }

    #[test]
    fn a_jump_forward_holds_for_a_day_of_real_time() {
        let mut clock = Hours::start();
        assert_eq!(clock.read(1001, 1), jumped(1000));
        assert_eq!(clock.0.latest(), Timestamp::EPOCH, "not believed yet");
        assert_eq!(clock.read(1002, 2), held(23));
        assert_eq!(clock.read(1024, 24), held(1));
        assert_eq!(clock.read(1025, 25), Reading::Now(hour(1025)));
    }

    #[test]
    fn a_jump_that_is_taken_back_has_changed_nothing() {
        let mut clock = Hours::start();
        assert_eq!(clock.read(1001, 1), jumped(1000));
        assert_eq!(clock.read(2, 2), held(23));
        assert_eq!(clock.read(25, 25), Reading::Now(hour(25)));
    }

    #[test]
    fn a_start_amid_a_hold_believes_nothing_for_a_day() {
        let mut clock = Hours(DueClock::starting_held(hour(1000)));
        assert_eq!(clock.0.latest(), Timestamp::EPOCH);
        assert_eq!(clock.read(1001, 1), held(23));
        assert_eq!(clock.read(2, 2), held(22), "set right meanwhile");
        assert_eq!(clock.read(24, 24), Reading::Now(hour(24)));
    }

    #[test]
    fn another_jump_begins_the_day_anew() {
        let mut clock = Hours::start();
        assert_eq!(clock.read(1001, 1), jumped(1000));
        assert_eq!(clock.read(2, 2), held(23));
        assert_eq!(clock.read(1020, 20), jumped(1000));
        assert_eq!(clock.read(1026, 26), held(18));
        assert_eq!(clock.read(1044, 44), Reading::Now(hour(1044)));
    }
}
