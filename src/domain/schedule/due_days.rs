//! Days on which a child did everything that was due.

use std::collections::BTreeMap;

use super::occurrence::OccurrenceState;
use crate::domain::calendar::Day;
use crate::domain::progress::{StreakDay, Streaks};

/// What became of the occurrences of each day. A day on which nothing was due is missing.
#[derive(Clone, Debug, Default)]
pub struct DueDays(BTreeMap<Day, DueDay>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DueDay {
    AllDone,
    /// Something can still be done.
    Open,
    Missed,
}

impl DueDays {
    /// Adds an occurrence. Skipped and paused ones were not due.
    pub fn add(&mut self, day: Day, state: OccurrenceState) {
        use OccurrenceState as State;
        let new = match state {
            State::Done => DueDay::AllDone,
            State::Upcoming | State::Due | State::Late | State::Requested => DueDay::Open,
            State::Missed => DueDay::Missed,
            State::Skipped | State::Paused => return,
        };
        let worst = |old: DueDay| match (old, new) {
            (DueDay::Missed, _) | (_, DueDay::Missed) => DueDay::Missed,
            (DueDay::Open, _) | (_, DueDay::Open) => DueDay::Open,
            _ => DueDay::AllDone,
        };
        self.0.entry(day).and_modify(|old| *old = worst(*old)).or_insert(new);
    }

    /// The streaks of the days on which everything was done. A day on which nothing was due, or on which something can
    /// still be done, neither counts nor ends a streak.
    pub fn streaks(&self, today: Day) -> Streaks {
        let done = self.0.iter().filter(|(_, day)| **day == DueDay::AllDone);
        let is_neutral = |day| !matches!(self.0.get(&day), Some(DueDay::AllDone | DueDay::Missed));
        Streaks::of(done.map(|(day, _)| *day), today, is_neutral)
    }

    /// What a day means for [`Self::streaks`].
    pub fn streak_day(&self, day: Day) -> StreakDay {
        match self.0.get(&day) {
            Some(DueDay::AllDone) => StreakDay::Counts,
            Some(DueDay::Open) => StreakDay::Open,
            Some(DueDay::Missed) => StreakDay::Missed,
            None => StreakDay::Neutral,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_if_everything_was_done() {
        use OccurrenceState as State;
        use StreakDay::{Counts, Missed, Neutral, Open};

        let day = |number: i32| Day::parse("2026-02-01").unwrap().plus(number - 1);
        let mut days = DueDays::default();
        let mut add = |number, states: &[State]| {
            for state in states {
                days.add(day(number), *state);
            }
        };
        add(1, &[State::Done]);
        add(2, &[State::Done, State::Done, State::Skipped]);
        add(3, &[State::Done, State::Missed]);
        add(4, &[State::Done]);
        add(5, &[State::Skipped]);
        add(6, &[State::Paused]);
        // Nothing was due on the 7th.
        add(8, &[State::Done]);
        add(9, &[State::Late, State::Done]);
        add(10, &[State::Done]);
        add(11, &[State::Due]);
        let streaks = days.streaks(day(11));
        let run = |run: Option<crate::domain::progress::Run>| {
            run.map(|run| (run.days, run.first, run.last))
        };
        assert_eq!(run(streaks.current), Some((3, day(4), day(10))));
        let kinds = [1, 3, 5, 7, 11].map(|number| days.streak_day(day(number)));
        assert_eq!(kinds, [Counts, Missed, Neutral, Neutral, Open]);
        assert_eq!(run(streaks.longest), Some((3, day(4), day(10))));
        days.add(day(9), State::Missed);
        let streaks = days.streaks(day(11));
        assert_eq!(run(streaks.current), Some((1, day(10), day(10))));
        assert_eq!(run(streaks.longest), Some((2, day(1), day(2))));
    }
}
