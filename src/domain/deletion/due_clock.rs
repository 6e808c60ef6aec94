use std::time::Duration;

use crate::domain::Timestamp;

/// A machine's clock that is ahead by no more than this is taken for right: clocks are set by
/// seconds all the time.
const TOLERANCE: Duration = Duration::from_mins(1);
/// For how long a start amid a doubt believes nothing.
const HOLD: Duration = Duration::from_hours(24);

/// The clock by which deletions are due. It believes what the machine's clock shows at the start,
/// and goes on by how much time really passes: what is deleted because somebody has set a clock
/// wrongly is lost. It never shows more than the machine's clock, which may have been ahead at the
/// start and set right since.
///
/// A machine's clock that has jumped ahead is believed once as much time has passed since as a
/// marked account waits: by then, whoever was marked before the jump has really waited for so long.
///
/// It is read with two times: the machine's clock, and how much time has passed since the start by a
/// clock that nobody sets.
#[derive(Debug)]
pub struct DueClock {
    /// When the start was, as far as is believed.
    start: Timestamp,
    /// What isn't believed yet.
    jump: Option<Jump>,
}

/// The machine's clock is ahead of the time that has passed.
#[derive(Debug)]
struct Jump {
    /// When the start was by that clock.
    start: Timestamp,
    /// When it was seen first, since the start; none where that was before the start.
    seen: Option<Duration>,
}

impl Jump {
    /// When, since the start, it is believed.
    fn believed_at(&self, wait: Duration) -> Duration {
        self.seen.map_or(HOLD, |seen| seen + wait)
    }
}

/// What a [`DueClock`] shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockReading {
    /// The time by which an account is due.
    pub now: Timestamp,
    /// The latest time that it may be: whoever is marked is marked no earlier, so that a clock that
    /// is set back, or believed later on, makes nobody due too early.
    pub latest: Timestamp,
    /// Whether the machine's clock is ahead, and not believed.
    pub is_doubted: bool,
    /// By how much it is ahead, where that is new.
    pub jumped: Option<Duration>,
}

impl DueClock {
    /// A clock that starts at the time that the machine's clock shows.
    pub fn new(wall: Timestamp) -> Self {
        Self { start: wall, jump: None }
    }

    /// A clock that starts while an earlier jump is doubted: it believes what the machine's clock
    /// shows after 24 hours.
    pub fn new_doubted(wall: Timestamp) -> Self {
        let jump = Jump { start: wall, seen: None };
        Self { start: Timestamp::EPOCH, jump: Some(jump) }
    }

    /// Reads the clock, where the machine's shows `wall`, `passed` has passed since the start, and
    /// marked accounts wait for `wait`.
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

    /// Compares the two clocks, and says by how much the machine's has jumped ahead since the last
    /// look.
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
        // Where it was set back since, in part or wholly.
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

    /// A clock that starts at hour 0, read at hours of the machine's clock and of the start's.
    struct Hours(DueClock);

    impl Hours {
        fn start() -> Self {
            Self(DueClock::new(Timestamp::EPOCH))
        }

        fn read(&mut self, wall: i64, passed: u64) -> ClockReading {
            let wait = Duration::from_hours(WAIT);
            self.0.read(hour(wall), Duration::from_hours(passed), wait)
        }

        /// Looks while the machine's clock is ahead: how much time has passed, and by how much it
        /// has jumped.
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

    /// What is shown while nothing is doubted.
    fn shows(now: i64, latest: i64) -> ClockReading {
        ClockReading { now: hour(now), latest: hour(latest), is_doubted: false, jumped: None }
    }

    #[test]
    fn it_follows_a_clock_that_runs() {
        let mut clock = Hours::start();
        for hours in [1, 2, 50, 1000] {
            assert_eq!(clock.read(hours, hours.unsigned_abs()), shows(hours, hours));
        }
    }

    #[test]
    fn a_clock_that_is_set_back_postpones_until_it_is_set_right() {
        let mut clock = Hours::start();
        assert_eq!(clock.read(10, 10), shows(10, 10));
        assert_eq!(clock.read(-1000, 11), shows(-1000, 11));
        assert_eq!(clock.read(11, 12), shows(11, 12));
        assert_eq!(clock.read(13, 13), shows(13, 13));
    }

    #[test]
    fn a_jump_ahead_counts_for_nothing_at_first() {
        for ahead in [1_i64, 24, 87_600] {
            let mut clock = Hours::start();
            let jumped = Some(ahead.unsigned_abs());
            clock.doubts(1 + ahead, 1, 1, jumped);
            clock.doubts(50 + ahead, 50, 50, None);
            assert_eq!(clock.read(60, 60), shows(60, 60), "set right");
        }
    }

    #[test]
    fn a_minute_ahead_is_neither_doubted_nor_followed() {
        let mut clock = DueClock::new(Timestamp::EPOCH);
        let wall = Timestamp::EPOCH.after(TOLERANCE);
        let reading = clock.read(wall, Duration::ZERO, HOLD);
        assert_eq!((reading.now, reading.is_doubted), (Timestamp::EPOCH, false));
        let more = wall.after(Duration::from_micros(1));
        assert!(clock.read(more, Duration::ZERO, HOLD).is_doubted);
    }

    #[test]
    fn a_jump_ahead_is_believed_when_everybody_has_waited_since() {
        let mut clock = Hours::start();
        clock.doubts(1001, 1, 1, Some(1000));
        clock.doubts(1100, 100, 100, None);
        assert_eq!(clock.read(1101, 101), shows(1101, 1101));
        clock.doubts(1202, 102, 1102, Some(100));
    }

    #[test]
    fn a_wait_that_is_made_longer_or_shorter_decides_when_a_jump_is_believed() {
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
    fn another_jump_begins_the_wait_anew() {
        let mut clock = Hours::start();
        clock.doubts(1001, 1, 1, Some(1000));
        clock.doubts(1051, 50, 50, Some(1));
        clock.doubts(1102, 101, 101, None);
        assert_eq!(clock.read(1151, 150), shows(1151, 1151));
    }

    #[test]
    fn a_jump_that_is_taken_back_in_part_is_believed_in_part() {
        let mut clock = Hours::start();
        clock.doubts(1001, 1, 1, Some(1000));
        let part = ClockReading { latest: hour(12), ..clock.read(12, 2) };
        assert_eq!((part.now, part.is_doubted), (hour(2), true));
        assert_eq!(clock.read(111, 101), shows(111, 111));
        clock.doubts(1102, 102, 112, Some(990));
    }

    #[test]
    fn a_start_amid_a_doubt_believes_nothing_for_a_day() {
        let mut clock = Hours(DueClock::new_doubted(hour(1000)));
        for passed in [0, 1, 23] {
            // It was told before.
            let since_epoch = i64::try_from(passed).unwrap();
            clock.doubts(1000 + since_epoch, passed, since_epoch, None);
        }
        assert_eq!(clock.read(524, 24), shows(524, 524), "set back by 500 hours meanwhile");
        clock.doubts(1025, 25, 525, Some(500));
    }

    /// Whoever is marked while the clock stands anywhere waits for as long as everybody.
    #[test]
    fn who_is_marked_amid_jumps_waits_no_less() {
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
                    assert!(passed - since >= WAIT, "{walls:?}: marked {since}, gone {passed}");
                }
            }
        }
    }
}
