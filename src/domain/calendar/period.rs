//! The period of a query, whose bounds can be dates.

use std::fmt;

use super::day::{Day, DayStart};
use super::days::Calendar;
use super::zone::Zone;
use crate::domain::Timestamp;

/// A bound of a period: a moment, or a date of a zone that is still to be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    At(Timestamp),
    On(Day),
}

impl Bound {
    /// Parses a date, `2026-02-09`, or a moment, `2026-02-09T18:42:15Z`.
    pub fn parse(text: &str) -> Option<Self> {
        Day::parse(text).map(Self::On).or_else(|| Timestamp::parse_iso(text).map(Self::At))
    }
}

/// As [`Bound::parse`] reads it.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(moment) => moment.fmt(f),
            Self::On(day) => day.fmt(f),
        }
    }
}

/// The zone of a period's dates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum PeriodZone {
    #[default]
    Utc,
    /// The zone of the family that asks.
    Family,
    Named(Zone),
}

impl PeriodZone {
    /// Parses `family`, or the name of a zone.
    pub fn parse(text: &str) -> Option<Self> {
        if text == "family" { Some(Self::Family) } else { Zone::find(text).map(Self::Named) }
    }

    /// The zone, for a family with this one.
    fn of_family(&self, family: impl FnOnce() -> Zone) -> Zone {
        match self {
            Self::Utc => Zone::UTC,
            Self::Family => family(),
            Self::Named(zone) => zone.clone(),
        }
    }
}

/// The period of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// Inclusive. A date means its start.
    pub from: Option<Bound>,
    /// Exclusive. A date means its end.
    pub to: Option<Bound>,
    pub zone: PeriodZone,
}

impl Period {
    /// The first moment, and the first one after the period, for a family with this zone. A day starts at
    /// midnight here, whatever the family's settings say: events are queried by the clock.
    pub fn moments(&self, family: impl FnOnce() -> Zone) -> (Option<Timestamp>, Option<Timestamp>) {
        let calendar = Calendar::new(self.zone.of_family(family), DayStart::MIDNIGHT);
        let from = self.from.map(|bound| match bound {
            Bound::At(moment) => moment,
            Bound::On(day) => calendar.start_of(day),
        });
        let to = self.to.map(|bound| match bound {
            Bound::At(moment) => moment,
            Bound::On(day) if day.next() == day => Timestamp::MAX,
            Bound::On(day) => calendar.start_of(day.next()),
        });
        (from, to)
    }
}
