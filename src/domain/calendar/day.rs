//! Dates, and when they start.

use std::fmt;

use jiff::ToSpan;
use jiff::civil::Date;

/// A date, such as 2026-02-09.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(pub(super) Date);

impl Day {
    /// The first day that [`Self::parse`] accepts.
    pub const FIRST: Self = Self(Date::constant(0, 1, 1));

    /// Parses `2026-02-09`; from year 0 to year 9999.
    pub fn parse(text: &str) -> Option<Self> {
        let is_plain = text.len() == 10 && text.as_bytes()[0].is_ascii_digit();
        let date: Date = text.parse().ok().filter(|_| is_plain)?;
        Some(Self(date))
    }

    /// The day after; the same day at the end of year 9999.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(self.0))
    }

    /// The day before; the same day at the start of the calendar.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(self.0.yesterday().unwrap_or(self.0))
    }

    /// So many days later, at most the end of year 9999, or earlier if the number is negative.
    #[must_use]
    pub fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days.days()))
    }

    /// The number of days from `self` to a later day; negative if it is earlier.
    pub fn days_until(self, later: Self) -> i32 {
        self.0.until(later.0).map_or(0, |span| span.get_days())
    }

    /// The first day of its week, if weeks start on that day.
    #[must_use]
    pub fn week(self, start: Weekday) -> Self {
        let since = (self.weekday() as i32 - start as i32).rem_euclid(7);
        self.plus(-since)
    }

    /// The first day of its month.
    #[must_use]
    pub fn month(self) -> Self {
        Self(self.0.first_of_month())
    }

    /// The first day of the month that comes so many months after its own; `None` before year -9999 and after 9999.
    pub fn months_later(self, months: i32) -> Option<Self> {
        let number = self.month_number() + months;
        let year = i16::try_from(number.div_euclid(12)).ok()?;
        let month = i8::try_from(number.rem_euclid(12) + 1).ok()?;
        Date::new(year, month, 1).ok().map(Self)
    }

    /// The number of months from the month of `self` to that of a later day; negative if it is earlier.
    pub fn months_until(self, later: Self) -> i32 {
        later.month_number() - self.month_number()
    }

    /// The number of its month since January of year 0.
    fn month_number(self) -> i32 {
        i32::from(self.0.year()) * 12 + i32::from(self.0.month()) - 1
    }

    /// Its year, its month from 1 to 12, and its day of the month from 1.
    pub fn parts(self) -> (i16, i8, i8) {
        (self.0.year(), self.0.month(), self.0.day())
    }

    pub fn weekday(self) -> Weekday {
        Weekday::of(self.0)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The hour at which a day starts, from 0 to 6: what happens before it belongs to the day before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayStart(i8);

impl DayStart {
    pub const MIDNIGHT: Self = Self(0);
    pub const MAX: i64 = 6;

    pub fn from_hours(hours: i64) -> Option<Self> {
        i8::try_from(hours).ok().filter(|_| (0..=Self::MAX).contains(&hours)).map(Self)
    }

    pub fn hours(self) -> i8 {
        self.0
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Weekday {
    #[default]
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    pub const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Monday => "monday",
            Self::Tuesday => "tuesday",
            Self::Wednesday => "wednesday",
            Self::Thursday => "thursday",
            Self::Friday => "friday",
            Self::Saturday => "saturday",
            Self::Sunday => "sunday",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|day| day.as_str() == name)
    }

    fn of(date: Date) -> Self {
        let number = date.weekday().to_monday_zero_offset();
        usize::try_from(number)
            .ok()
            .and_then(|number| Self::ALL.get(number))
            .copied()
            .unwrap_or_default()
    }
}
