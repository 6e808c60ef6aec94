//! Days in a row.

use crate::domain::calendar::Day;

/// Consecutive days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The number of days that count: rest days and pauses within the run do not.
    pub days: u32,
    pub first: Day,
    pub last: Day,
}

/// What a day means for a streak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreakDay {
    /// It is part of one.
    Counts,
    /// It can still count.
    Open,
    /// It neither counts nor ends one.
    Neutral,
    /// It ends one.
    Missed,
}

/// The streaks of a child; `None` if there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Streaks {
    /// The streak that can still grow today.
    pub current: Option<Run>,
    /// The longest one; of equal ones the first.
    pub longest: Option<Run>,
}

impl Streaks {
    /// Computes the streaks of active days, in their order. Neutral days neither count nor end a streak, and
    /// today does not end one. Days after today do not count.
    pub fn of(
        active: impl IntoIterator<Item = Day>,
        today: Day,
        is_neutral: impl Fn(Day) -> bool,
    ) -> Self {
        let mut streaks = Self::default();
        let connects = |last: Day, day: Day| {
            let between = std::iter::successors(Some(last.next()), |day| Some(day.next()));
            between.take_while(|it| *it < day).all(&is_neutral)
        };
        let counts = |day: &Day| !is_neutral(*day);
        for day in active.into_iter().take_while(|day| *day <= today).filter(counts) {
            let run = match streaks.current {
                Some(run) if connects(run.last, day) => {
                    Run { days: run.days + 1, last: day, ..run }
                }
                _ => Run { days: 1, first: day, last: day },
            };
            streaks.current = Some(run);
            if streaks.longest.is_none_or(|longest| longest.days < run.days) {
                streaks.longest = Some(run);
            }
        }
        streaks.current = streaks.current.filter(|run| connects(run.last, today));
        streaks
    }
}
