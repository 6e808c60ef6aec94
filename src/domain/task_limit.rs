//! How often a child may do a task.

use super::Invalid;
use super::calendar::{Day, Weekday};
use super::progress::{PeriodKind, Span};

/// How often each child may do a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskLimit {
    count: u16,
    pub per: LimitPeriod,
}

/// The period in which a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitPeriod {
    Day,
    Week,
    /// The whole history.
    Ever,
}

impl TaskLimit {
    pub const MAX: i64 = 100;

    /// Checks a number from a request. The error names the field.
    pub fn new(field: &'static str, count: i64, per: LimitPeriod) -> Result<Self, Invalid> {
        let rule = || format!("must have a `count` between 1 and {}", Self::MAX);
        let valid = u16::try_from(count).ok().filter(|_| (1..=Self::MAX).contains(&count));
        valid.map(|count| Self { count, per }).ok_or_else(|| Invalid::new(field, rule()))
    }

    pub fn count(self) -> u32 {
        self.count.into()
    }
}

impl LimitPeriod {
    pub const ALL: [Self; 3] = [Self::Day, Self::Week, Self::Ever];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Ever => "ever",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|period| period.as_str() == name)
    }

    /// The days of the period that contains today; `None` for the whole history. The day after it is when the
    /// limit counts from zero again.
    pub fn days(self, today: Day, week_start: Weekday) -> Option<Span> {
        let kind = match self {
            Self::Day => PeriodKind::Day,
            Self::Week => PeriodKind::Week,
            Self::Ever => return None,
        };
        Some(kind.span(today, week_start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_has_a_bounded_number() {
        for good in [1, 100] {
            let limit = TaskLimit::new("limit", good, LimitPeriod::Day).unwrap();
            assert_eq!(i64::from(limit.count()), good);
        }
        for bad in [0, -1, 101, i64::MAX] {
            assert!(TaskLimit::new("limit", bad, LimitPeriod::Day).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_days_of_a_period() {
        let day = |text| Day::parse(text).unwrap();
        let days = |period: LimitPeriod| period.days(day("2026-02-11"), Weekday::Sunday);
        let span = |first, last| Some(Span { first: day(first), last: day(last) });
        assert_eq!(days(LimitPeriod::Day), span("2026-02-11", "2026-02-11"));
        assert_eq!(days(LimitPeriod::Week), span("2026-02-08", "2026-02-14"));
        assert_eq!(days(LimitPeriod::Ever), None);
    }
}
