//! The definition of a badge.

use std::sync::Arc;

use super::metric::Metric;
use crate::domain::{Icon, Id, Invalid, Name, Timestamp, UserId};

pub type BadgeId = Id<Badge>;

/// A badge that children earn, in up to three grades.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Badge {
    /// That of a built-in badge is a word, and never changes.
    pub id: BadgeId,
    /// `None` for a built-in badge, which every family has.
    pub user_id: Option<UserId>,
    pub name: Name,
    pub icon: Option<Icon>,
    pub metric: Metric,
    /// What each grade needs.
    pub thresholds: Thresholds,
    /// Whether it can be earned again in each week or month; `None` if all of the history counts.
    pub period: Option<BadgePeriod>,
    /// `None` for a built-in badge.
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
}

impl Badge {
    /// The maximum number of a family's own badges.
    pub const MOST: usize = 50;

    /// Fails if the metric and the period do not fit: a streak can be longer than a month.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.metric == Metric::StreakDays && self.period.is_some() {
            return Err(Invalid::new("period", "must be null for the metric streak_days"));
        }
        Ok(())
    }
}

/// The recurring period of a badge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadgePeriod {
    Week,
    Month,
}

impl BadgePeriod {
    pub const NAMES: [&str; 2] = ["week", "month"];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Week => Self::NAMES[0],
            Self::Month => Self::NAMES[1],
        }
    }

    pub fn find(name: &str) -> Option<Self> {
        [Self::Week, Self::Month].into_iter().find(|period| period.as_str() == name)
    }
}

/// The grade of an award.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Grade {
    Bronze = 1,
    Silver,
    Gold,
}

impl Grade {
    pub const ALL: [Self; 3] = [Self::Bronze, Self::Silver, Self::Gold];

    /// From 1 for bronze to 3 for gold.
    pub fn number(self) -> u8 {
        self as u8
    }

    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|grade| i64::from(grade.number()) == number)
    }
}

/// The values of a metric that the grades need: one to three, each greater than the one before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Thresholds(Arc<[i64]>);

impl Thresholds {
    /// The greatest threshold.
    pub const MAX: i64 = 1_000_000_000;

    /// Checks thresholds from a request.
    pub fn parse(field: &'static str, values: &[i64]) -> Result<Self, Invalid> {
        let invalid = |rule: String| Err(Invalid::new(field, rule));
        if values.is_empty() || values.len() > Grade::ALL.len() {
            return invalid("must have one to three numbers".to_owned());
        }
        if values.iter().any(|value| !(1..=Self::MAX).contains(value)) {
            return invalid(format!("must have numbers between 1 and {}", Self::MAX));
        }
        if !values.is_sorted_by(|one, next| one < next) {
            return invalid(
                "must have numbers of which each is greater than the one before".into(),
            );
        }
        Ok(Self(values.into()))
    }

    pub fn values(&self) -> &[i64] {
        &self.0
    }

    /// The grades with their thresholds, from bronze.
    pub fn iter(&self) -> impl Iterator<Item = (Grade, i64)> {
        Grade::ALL.into_iter().zip(self.0.iter().copied())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_rise() {
        for good in [&[1][..], &[1, 2], &[5, 10, 1_000_000_000]] {
            assert_eq!(Thresholds::parse("thresholds", good).unwrap().values(), good);
        }
        for bad in [&[][..], &[0], &[-1], &[2, 2], &[3, 2], &[1, 2, 3, 4], &[1_000_000_001]] {
            assert!(Thresholds::parse("thresholds", bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn grades_have_numbers() {
        for grade in Grade::ALL {
            assert_eq!(Grade::from_number(i64::from(grade.number())), Some(grade));
        }
        assert_eq!(Grade::from_number(0), None);
        assert_eq!(Grade::from_number(4), None);
    }
}
