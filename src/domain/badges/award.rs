//! What a child has earned.

use std::fmt;

use super::definition::{BadgeId, Grade};
use super::metric::Metric;
use crate::domain::calendar::Day;
use crate::domain::{ChildId, EventId, Name, Timestamp, UserId};

/// A grade of a badge that a child has earned. It contains what a certificate prints, so that it does not
/// depend on the definition, which can be updated and deleted later.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Award {
    pub user_id: UserId,
    pub key: AwardKey,
    /// The badge's name at that time.
    pub badge_name: Name,
    pub metric: Metric,
    /// The value that was needed.
    pub threshold: i64,
    pub earned_at: Timestamp,
    /// The event that reached it; `None` if the passing of time did.
    pub event_id: Option<EventId>,
    /// When a reversal removed what it needed; `None` if the child has it.
    pub revoked_at: Option<Timestamp>,
}

/// Identifies an award: no other has the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AwardKey {
    pub child_id: ChildId,
    pub badge_id: BadgeId,
    pub grade: Grade,
    /// `None` if all of the history counts.
    pub period: Option<AwardPeriod>,
}

/// The week or month in which an award was earned, by its first day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AwardPeriod {
    Week(Day),
    Month(Day),
}

impl AwardPeriod {
    pub fn first_day(self) -> Day {
        let (Self::Week(day) | Self::Month(day)) = self;
        day
    }

    /// Parses the form of [`Display`](fmt::Display).
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() == "2026-02".len() {
            return Day::parse(&format!("{text}-01")).map(Self::Month);
        }
        Day::parse(text).map(Self::Week)
    }
}

/// `2026-02-09` for the week that starts on that day, `2026-02` for a month.
impl fmt::Display for AwardPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Week(day) => day.fmt(f),
            Self::Month(day) => f.write_str(&day.to_string()[.."2026-02".len()]),
        }
    }
}

/// `busy-week.2.2026-02-09`, which is unique among the awards of a child.
impl fmt::Display for AwardKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.badge_id, self.grade.number())?;
        self.period.map_or(Ok(()), |period| write!(f, ".{period}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_read_as_they_are_written() {
        for text in ["2026-02-09", "2026-02"] {
            assert_eq!(AwardPeriod::parse(text).unwrap().to_string(), text);
        }
        for bad in ["", "2026", "2026-13", "2026-02-30", "2026-W07"] {
            assert_eq!(AwardPeriod::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn keys_have_a_text() {
        let key = AwardKey {
            child_id: "c".into(),
            badge_id: "busy-week".into(),
            grade: Grade::Silver,
            period: AwardPeriod::parse("2026-02-09"),
        };
        assert_eq!(key.to_string(), "busy-week.2.2026-02-09");
        assert_eq!(AwardKey { period: None, ..key }.to_string(), "busy-week.2");
    }
}
