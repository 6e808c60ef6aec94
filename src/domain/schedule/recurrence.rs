//! The days on which a task recurs.

use crate::domain::calendar::{Day, Weekday, Weekdays};

/// On which days a task is to be done. Every method takes bounded time, whatever the days are: days, weeks and
/// single dates are computed, months are visited up to the last year of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recurrence {
    /// On one date.
    Once(Day),
    /// Every `interval` days, from the first day on.
    Days { interval: i32 },
    /// On days of every `interval`-th week, from the week of the first day on.
    Weeks { interval: i32, on: Weekdays, week_start: Weekday },
    /// On a day of every `interval`-th month, from the month of the first day on.
    Months { interval: i32, on: DayOfMonth },
}

/// A day of a month.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayOfMonth {
    /// From 1 to 31. A month without it is left out.
    Number(i8),
    Last,
}

impl DayOfMonth {
    /// Its date in the month that starts on a day.
    fn within(self, first: Day) -> Option<Day> {
        let last = first.plus(31).month().previous();
        match self {
            Self::Last => Some(last),
            Self::Number(number) => {
                let day = first.plus(i32::from(number) - 1);
                (day <= last).then_some(day)
            }
        }
    }
}

impl Recurrence {
    /// The first day of the recurrence at or after a day, if it starts with the day `first`.
    pub fn next(&self, first: Day, day: Day) -> Option<Day> {
        let day = day.max(first);
        match *self {
            Self::Once(date) => (date >= day).then_some(date),
            Self::Days { interval } => {
                let over = first.days_until(day).rem_euclid(interval);
                Some(day.plus((interval - over) % interval))
            }
            Self::Weeks { interval, on, week_start } => {
                let start = first.week(week_start);
                let over = week_number(start, day, week_start).rem_euclid(interval);
                // In this week if it is one of them, else in the next of them.
                let rest = (over == 0).then(|| in_week(day, day.week(week_start), on)).flatten();
                let next = day.week(week_start).plus(7 * (interval - over));
                rest.or_else(|| in_week(next, next, on))
            }
            Self::Months { interval, on } => {
                // From the last of them that is not after the month of the day.
                let passed = first.months_until(day) / interval;
                let mut months = months(first, interval, passed);
                months.find_map(|month| on.within(month).filter(|it| *it >= day))
            }
        }
    }

    /// The number of its days before a day, if it starts with the day `first`.
    pub fn count_before(&self, first: Day, day: Day) -> i32 {
        if day <= first {
            return 0;
        }
        match *self {
            Self::Once(date) => i32::from(date >= first && date < day),
            Self::Days { interval } => (first.days_until(day) - 1) / interval + 1,
            Self::Weeks { interval, on, week_start } => {
                let start = first.week(week_start);
                let in_all = i32::try_from(on.iter().count()).unwrap_or_default();
                // From the start of the first week, also the days of that week before the first day.
                let before = |day: Day| {
                    let weeks = week_number(start, day, week_start);
                    let whole = (weeks + interval - 1) / interval * in_all;
                    let is_one = weeks % interval == 0;
                    whole + if is_one { days_in_week(day, week_start, on) } else { 0 }
                };
                before(day) - before(first)
            }
            // Every month has the day.
            Self::Months { interval, on: on @ (DayOfMonth::Number(..=28) | DayOfMonth::Last) } => {
                let passed = first.months_until(day);
                let is_before = |month: Day, day: Day| on.within(month).is_some_and(|it| it < day);
                let is_one = passed % interval == 0 && is_before(day.month(), day);
                (passed + interval - 1) / interval + i32::from(is_one)
                    - i32::from(is_before(first.month(), first))
            }
            Self::Months { interval, on } => {
                let days = months(first, interval, 0).take_while(|month| *month < day);
                let days = days.filter_map(|month| on.within(month));
                let count = days.filter(|it| *it >= first && *it < day).count();
                i32::try_from(count).unwrap_or(i32::MAX)
            }
        }
    }

    /// The number of its weeks before that of a day, if it starts with the day `first`.
    pub(super) fn weeks_before(&self, first: Day, day: Day, week_start: Weekday) -> i32 {
        let interval = if let Self::Weeks { interval, .. } = *self { interval } else { 1 };
        week_number(first.week(week_start), day.max(first), week_start) / interval
    }
}

/// The number of weeks from the one that starts on `start` to that of a day.
fn week_number(start: Day, day: Day, week_start: Weekday) -> i32 {
    start.days_until(day.week(week_start)) / 7
}

/// The first of the weekdays from a day on, in the week that starts on `start`.
fn in_week(day: Day, start: Day, on: Weekdays) -> Option<Day> {
    let week = (0..7).map(|number| start.plus(number));
    week.filter(|it| *it >= day).find(|it| on.contains(it.weekday()))
}

/// How many of the weekdays precede a day in its week.
fn days_in_week(day: Day, week_start: Weekday, on: Weekdays) -> i32 {
    let start = day.week(week_start);
    let before = (0..7).map(|number| start.plus(number)).take_while(|it| *it < day);
    i32::try_from(before.filter(|it| on.contains(it.weekday())).count()).unwrap_or_default()
}

/// The first days of every `interval`-th month from that of a day on, without the first ones, until the last year of a
/// schedule.
fn months(first: Day, interval: i32, without: i32) -> impl Iterator<Item = Day> {
    std::iter::successors(first.months_later(without * interval), move |month| {
        month.months_later(interval)
    })
    .take_while(|month| month.parts().0 <= super::LAST_YEAR)
}
