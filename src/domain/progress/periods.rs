//! Periods of days: days, weeks and months.

use crate::domain::calendar::{Day, Weekday};

/// Days from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub first: Day,
    pub last: Day,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeriodKind {
    #[default]
    Day,
    Week,
    Month,
}

impl PeriodKind {
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Month];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The first day of the period that contains a day.
    pub fn start(self, day: Day, week_start: Weekday) -> Day {
        match self {
            Self::Day => day,
            Self::Week => day.week(week_start),
            Self::Month => day.month(),
        }
    }

    /// The first day of the period after that of a day; the same day at the end of year 9999.
    pub fn next(self, day: Day, week_start: Weekday) -> Day {
        let start = self.start(day, week_start);
        match self {
            Self::Day => start.next(),
            Self::Week => start.plus(7),
            Self::Month => start.plus(31).month(),
        }
    }

    /// The period that contains a day.
    pub fn span(self, day: Day, week_start: Weekday) -> Span {
        let (first, next) = (self.start(day, week_start), self.next(day, week_start));
        // No day follows the end of year 9999.
        let last = if next > first { next.previous() } else { first };
        Span { first, last }
    }
}

impl Span {
    pub fn contains(self, day: Day) -> bool {
        self.first <= day && day <= self.last
    }

    /// The periods of which the span has at least one day, in their order. The first and the last are cut at
    /// the ends of the span.
    pub fn periods(self, kind: PeriodKind, week_start: Weekday) -> impl Iterator<Item = Self> {
        let mut first = Some(self.first);
        std::iter::from_fn(move || {
            let start = first.filter(|day| *day <= self.last)?;
            let next = kind.next(start, week_start);
            first = (next > start).then_some(next);
            let last = if next > start { next.previous().min(self.last) } else { self.last };
            Some(Self { first: start, last })
        })
    }
}
