use std::time::Duration;

use crate::domain::Timestamp;

/// A wall clock that is ahead by no more than this is trusted: clocks are corrected by seconds all
/// the time.
const TOLERANCE: Duration = Duration::from_mins(1);
/// How long a server that starts with an untrusted clock waits before it trusts it.
const HOLD: Duration = Duration::from_hours(24);

/// The clock that decides when deletions are due. A deletion cannot be undone, so a wall clock that
/// was set wrongly must not cause one.
///
/// The clock trusts the wall clock at the start, and then adds the time elapsed by a monotonic clock.
/// It is never ahead of the wall clock, which may have been ahead at the start and set right since.
///
/// A wall clock that has jumped ahead is trusted once a marked account's whole waiting time has
/// elapsed since the jump: by then, every account that was marked before has really waited that long.
#[derive(Debug)]
pub struct DueClock {
    /// The trusted time of the start.
    start: Timestamp,
    /// A jump ahead that is not trusted yet.
    jump: Option<Jump>,
}

#[derive(Debug)]
struct Jump {
    /// The time of the start according to the wall clock.
    start: Timestamp,
    /// When the jump was first seen, counted from the start; `None` if that was before the start.
    seen: Option<Duration>,
}

impl Jump {
    /// When the jump becomes trusted, counted from the start.
    fn believed_at(&self, wait: Duration) -> Duration {
        self.seen.map_or(HOLD, |seen| seen + wait)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// The time to compare due times with.
    pub now: Timestamp,
    /// The latest time that it may be. New marks use it, so that an account never becomes due too
    /// early because the clock is set back or a jump is trusted later.
    pub latest: Timestamp,
    /// Whether the wall clock is ahead and not trusted.
    pub is_doubted: bool,
    /// The size of the jump, if this reading is the first that sees it.
    pub jumped: Option<Duration>,
}

impl DueClock {
    /// A clock that trusts the wall clock at the start.
    pub fn new(wall: Timestamp) -> Self {
        Self { start: wall, jump: None }
    }

    /// A clock for a start while an earlier jump is not trusted: it trusts the wall clock after 24
    /// hours.
    pub fn new_doubted(wall: Timestamp) -> Self {
        let jump = Jump { start: wall, seen: None };
        Self { start: Timestamp::EPOCH, jump: Some(jump) }
    }

    /// Reads the clock at the wall time `wall`, `passed` after the start, when marked accounts wait
    /// for `wait`.
    pub fn read(&mut self, wall: Timestamp, passed: Duration, wait: Duration) -> ClockReading {
        let jumped = self.observe(wall, passed, wait);
        let now = self.start.after(passed);
        let doubted = self.jump.as_ref().map(|jump| jump.start.after(passed));
        ClockReading {
            now: wall.min(now),
            latest: wall.max(now).max(doubted.unwrap_or(now)),
            is_doubted: doubted.is_some(),
            jumped,
        }
    }

    /// Compares the two clocks. Returns by how much the wall clock has jumped ahead since the last
    /// call, if it has.
    fn observe(&mut self, wall: Timestamp, passed: Duration, wait: Duration) -> Option<Duration> {
        let expected = self.start.after(passed);
        if wall <= expected.after(TOLERANCE) {
            self.jump = None;
            return None;
        }
        let start = wall.before(passed);
        let seen = self.jump.as_mut().filter(|jump| start <= jump.start.after(TOLERANCE));
        let Some(jump) = seen else {
            let before = self.jump.as_ref().map_or(expected, |jump| jump.start.after(passed));
            self.jump = Some(Jump { start, seen: Some(passed) });
            return Some(wall.since(before));
        };
        // It may have been set back in part since.
        jump.start = jump.start.min(start);
        if passed >= jump.believed_at(wait) {
            self.start = jump.start;
            self.jump = None;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WAIT: u64 = 100;

    /// A clock that starts at hour 0; all its times are hours.
    struct Hours(DueClock);

    impl Hours {
        fn start() -> Self {
            Self(DueClock::new(Timestamp::EPOCH))
        }

        fn read(&mut self, wall: i64, passed: u64) -> ClockReading {
            let wait = Duration::from_hours(WAIT);
            self.0.read(hour(wall), Duration::from_hours(passed), wait)
        }

        /// Reads the clock and expects that the wall clock is not trusted.
        fn doubts(&mut self, wall: i64, passed: u64, now: i64, jumped: Option<u64>) {
            let jumped = jumped.map(Duration::from_hours);
            let expected =
                ClockReading { now: hour(now), latest: hour(wall), is_doubted: true, jumped };
            assert_eq!(self.read(wall, passed), expected);
        }
    }

    fn hour(wall: i64) -> Timestamp {
        Timestamp::from_micros(wall * 3_600_000_000)
    }

    /// The reading while the wall clock is trusted.
    fn shows(now: i64, latest: i64) -> ClockReading {
        ClockReading { now: hour(now), latest: hour(latest), is_doubted: false, jumped: None }
    }

    #[test]
    fn it_follows_the_wall_clock() {
        let mut clock = Hours::start();
        for hours in [1, 2, 50, 1000] {
            assert_eq!(clock.read(hours, hours.unsigned_abs()), shows(hours, hours));
        }
    }

    #[test]
    fn a_clock_that_is_set_back_postpones_deletions() {
        let mut clock = Hours::start();
        assert_eq!(clock.read(10, 10), shows(10, 10));
        assert_eq!(clock.read(-1000, 11), shows(-1000, 11));
        assert_eq!(clock.read(11, 12), shows(11, 12));
        assert_eq!(clock.read(13, 13), shows(13, 13));
    }

    #[test]
    fn a_jump_ahead_has_no_effect_at_first() {
        for ahead in [1_i64, 24, 87_600] {
            let mut clock = Hours::start();
            let jumped = Some(ahead.unsigned_abs());
            clock.doubts(1 + ahead, 1, 1, jumped);
            clock.doubts(50 + ahead, 50, 50, None);
            assert_eq!(clock.read(60, 60), shows(60, 60), "set right");
        }
    }

    #[test]
    fn a_clock_one_minute_ahead_is_trusted() {
        let mut clock = DueClock::new(Timestamp::EPOCH);
        let wall = Timestamp::EPOCH.after(TOLERANCE);
        let reading = clock.read(wall, Duration::ZERO, HOLD);
        assert_eq!((reading.now, reading.is_doubted), (Timestamp::EPOCH, false));
        let more = wall.after(Duration::from_micros(1));
        assert!(clock.read(more, Duration::ZERO, HOLD).is_doubted);
    }

    #[test]
    fn a_jump_ahead_is_trusted_after_the_waiting_time() {
        let mut clock = Hours::start();
        clock.doubts(1001, 1, 1, Some(1000));
        clock.doubts(1100, 100, 100, None);
        assert_eq!(clock.read(1101, 101), shows(1101, 1101));
        clock.doubts(1202, 102, 1102, Some(100));
    }

    #[test]
    fn a_changed_waiting_time_applies_to_a_jump() {
        let mut clock = DueClock::new(Timestamp::EPOCH);
        let mut is_doubted = |passed, wait| {
            let [passed, wait] = [passed, wait].map(Duration::from_hours);
            clock.read(hour(1000).after(passed), passed, wait).is_doubted
        };
        assert!(is_doubted(1, 24) && is_doubted(20, 24));
        assert!(is_doubted(25, 8760) && is_doubted(1000, 8760));
        assert!(!is_doubted(1001, 1000));
    }

    #[test]
    fn another_jump_restarts_the_waiting_time() {
        let mut clock = Hours::start();
        clock.doubts(1001, 1, 1, Some(1000));
        clock.doubts(1051, 50, 50, Some(1));
        clock.doubts(1102, 101, 101, None);
        assert_eq!(clock.read(1151, 150), shows(1151, 1151));
    }

    #[test]
    fn a_jump_that_is_corrected_in_part_is_trusted_in_part() {
        let mut clock = Hours::start();
        clock.doubts(1001, 1, 1, Some(1000));
        let part = ClockReading { latest: hour(12), ..clock.read(12, 2) };
        assert_eq!((part.now, part.is_doubted), (hour(2), true));
        assert_eq!(clock.read(111, 101), shows(111, 111));
        clock.doubts(1102, 102, 112, Some(990));
    }

    #[test]
    fn a_start_with_a_doubted_clock_trusts_nothing_for_a_day() {
        let mut clock = Hours(DueClock::new_doubted(hour(1000)));
        for passed in [0, 1, 23] {
            // The jump was reported before the restart.
            let since_epoch = i64::try_from(passed).unwrap();
            clock.doubts(1000 + since_epoch, passed, since_epoch, None);
        }
        assert_eq!(clock.read(524, 24), shows(524, 524), "set back by 500 hours meanwhile");
        clock.doubts(1025, 25, 525, Some(500));
    }

    #[test]
    fn an_account_marked_between_jumps_waits_the_whole_time() {
        for walls in [[0, 1000, 0], [1000, 0, 1000], [-1000, 500, 1000], [1000, -1000, 1000]] {
            let mut clock = Hours::start();
            let mut marked = Vec::new();
            for passed in 0..400_u64 {
                let ahead = walls[usize::from(passed > 60) + usize::from(passed > 170)];
                let reading = clock.read(i64::try_from(passed).unwrap() + ahead, passed);
                marked.push((passed, reading.latest));
                let wait = Duration::from_hours(WAIT);
                let due = marked.iter().filter(|(_, at)| at.after(wait) <= reading.now);
                for (since, _) in due {
                    assert!(passed - since >= WAIT, "{walls:?}: marked {since}, due {passed}");
                }
            }
        }
    }
}
