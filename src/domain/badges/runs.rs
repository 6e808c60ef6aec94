//! Days in a row, while days are added in any order.

use std::collections::BTreeMap;

use crate::domain::calendar::Day;

/// The runs of the days that were added, by their first days.
#[derive(Default)]
pub(super) struct Runs(BTreeMap<Day, Run>);

#[derive(Clone, Copy)]
struct Run {
    last: Day,
    days: u32,
}

impl Runs {
    /// Adds a day, which must not be there, and returns the number of days of its run. Neutral days do not end
    /// a run.
    pub(super) fn add(&mut self, day: Day, is_neutral: impl Fn(Day) -> bool) -> u32 {
        let connects = |last: Day, next: Day| {
            let between = std::iter::successors(Some(last.next()), |day| Some(day.next()));
            between.take_while(|it| *it < next).all(&is_neutral)
        };
        let (mut first, mut run) = (day, Run { last: day, days: 1 });
        let after = self.0.range(day..).next().map(|(first, run)| (*first, *run));
        if let Some((next, later)) = after.filter(|(next, _)| connects(day, *next)) {
            self.0.remove(&next);
            run = Run { last: later.last, days: run.days + later.days };
        }
        let before = self.0.range(..day).next_back().map(|(first, run)| (*first, *run));
        if let Some((start, earlier)) = before.filter(|(_, earlier)| connects(earlier.last, day)) {
            first = start;
            run.days += earlier.days;
        }
        self.0.insert(first, run);
        run.days
    }
}
