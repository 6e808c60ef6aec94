use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

const MICROS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// A point in time in UTC with microseconds, from year 0 to year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);
    /// The start of year 0, the earliest time with a text form.
    pub const MIN: Self = Self(-62_167_219_200 * MICROS_PER_SECOND);
    /// The end of year 9999, the latest time with a text form.
    pub const MAX: Self = Self(253_402_300_800 * MICROS_PER_SECOND - 1);
    /// 24 hours in microseconds.
    pub const DAY_MICROS: i64 = SECONDS_PER_DAY * MICROS_PER_SECOND;

    /// `micros` microseconds after the epoch, clamped to [`Self::MIN`] and [`Self::MAX`].
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Unix seconds, rounded to the nearest microsecond; `None` if they are out of bounds or not a
    /// number.
    pub fn from_unix_seconds(seconds: f64) -> Option<Self> {
        let micros = (seconds * 1e6).round();
        #[expect(clippy::cast_precision_loss, reason = "the bounds need no exactness")]
        let within = (Self::MIN.0 as f64..=Self::MAX.0 as f64).contains(&micros);
        #[expect(clippy::cast_possible_truncation, reason = "checked against the bounds")]
        within.then_some(Self(micros as i64))
    }

    /// Unix seconds, exact to the microsecond for two centuries after the epoch.
    #[expect(clippy::cast_precision_loss, reason = "2⁵³ microseconds are 285 years")]
    pub fn as_unix_seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Microseconds since the epoch.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// This time plus `duration`, at most [`Self::MAX`].
    pub fn after(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// This time minus `duration`, at least [`Self::MIN`].
    pub fn before(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }

    /// The duration from `earlier` to this time; zero if `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// Parses an ISO 8601 time, such as `2026-02-09T18:42:15Z`. The fraction is optional. The zone can
    /// be `Z`, an offset, or missing, which means UTC. `T` can be a space.
    pub fn parse_iso(text: &str) -> Option<Self> {
        if let Some(moment) = parse_usual_form(text.as_bytes()) {
            return Some(moment);
        }
        let micros = DateTime::parse_from_rfc3339(text).map(|moment| moment.timestamp_micros());
        let micros = micros.or_else(|_| {
            // As Python's `strftime("%z")` writes an offset.
            DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z")
                .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%z"))
                .map(|moment| moment.timestamp_micros())
        });
        let micros = micros.or_else(|_| {
            NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f")
                .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f"))
                .map(|moment| moment.and_utc().timestamp_micros())
        });
        micros.ok().filter(|micros| (Self::MIN.0..=Self::MAX.0).contains(micros)).map(Self)
    }

    /// Parses a date, such as `2026-02-09`, as the start of that day in UTC.
    pub fn parse_date(text: &str) -> Option<Self> {
        if text.len() != 10 {
            return None;
        }
        let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        Some(Self(date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros()))
    }
}

impl fmt::Display for Timestamp {
    /// `2026-02-09T18:42:15.123456Z`: always UTC, always six digits. Faster than `chrono`'s formatter;
    /// each mutation writes six times.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = DateTime::from_timestamp_micros(self.0).unwrap_or_default();
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        for (digits, number) in [
            (0..4, moment.year().unsigned_abs()),
            (5..7, moment.month()),
            (8..10, moment.day()),
            (11..13, moment.hour()),
            (14..16, moment.minute()),
            (17..19, moment.second()),
            (20..26, moment.timestamp_subsec_micros()),
        ] {
            put_digits(&mut text[digits], number);
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

/// Writes a number right-aligned over zeros.
fn put_digits(text: &mut [u8], mut number: u32) {
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

/// Parses the forms that Goldstar and Python write. Faster than `chrono`'s parser; a start reads two
/// times for each event.
fn parse_usual_form(text: &[u8]) -> Option<Timestamp> {
    let number = |from: usize, len: usize| {
        text.get(from..from + len)?.iter().try_fold(0_i64, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0'))
        })
    };
    let mark = |at: usize, mark: u8| (*text.get(at)? == mark).then_some(());
    let (year, month, day) = (number(0, 4)?, number(5, 2)?, number(8, 2)?);
    let (hour, minute, second) = (number(11, 2)?, number(14, 2)?, number(17, 2)?);
    mark(4, b'-').and(mark(7, b'-')).and(mark(10, b'T')).and(mark(13, b':')).and(mark(16, b':'))?;
    let (fraction, zone) = match text.get(19) {
        Some(b'.') => (number(20, 6)?, &text[26..]),
        _ => (0, &text[19..]),
    };
    let utc = zone == b"Z" || zone == b"+00:00";
    let in_range = (1..=12).contains(&month) && (1..=28).contains(&day);
    if !utc || !in_range || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let days = days_before(year, month) + day - 1;
    let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
    Some(Timestamp(seconds * MICROS_PER_SECOND + fraction))
}

/// Days from the epoch to the first of a month, in the proleptic Gregorian calendar, counted from
/// March so that the leap day is a year's last.
fn days_before(year: i64, month: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let months_since_march = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // 0000-03-01 is 719,468 days before the epoch.
    year * 365 + leap_days + (153 * months_since_march + 2) / 5 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_supported_forms_are_parsed() {
        let moment = Timestamp::from_micros(1_770_662_535_000_000);
        for text in [
            "2026-02-09T18:42:15Z",
            "2026-02-09T18:42:15+00:00",
            "2026-02-09T18:42:15.000000Z",
            "2026-02-09T18:42:15.0+00:00",
            "2026-02-09T19:42:15+01:00",
            "2026-02-09T13:12:15.000-0530",
            "2026-02-09 18:42:15+00:00",
            "2026-02-09T18:42:15",
            "2026-02-09 18:42:15",
            "2026-02-09 18:42:15.000",
        ] {
            assert_eq!(Timestamp::parse_iso(text), Some(moment), "{text}");
        }
        assert_eq!(moment.to_string(), "2026-02-09T18:42:15.000000Z");
        assert_eq!(Timestamp::from_unix_seconds(1_770_662_535.0), Some(moment));
    }

    #[test]
    fn invalid_times_are_not_parsed() {
        for text in ["", "yesterday", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-02-09"]
        {
            assert_eq!(Timestamp::parse_iso(text), None, "{text}");
        }
        assert_eq!(Timestamp::parse_date("2026-02-30"), None);
        assert_eq!(Timestamp::parse_date("2026-2-3"), None);
        assert_eq!(Timestamp::from_unix_seconds(f64::NAN), None);
        assert_eq!(Timestamp::from_unix_seconds(1e300), None);
    }

    proptest::proptest! {
        #[test]
        fn a_formatted_time_is_parsed_to_the_same_time(
            micros in Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros()
        ) {
            let moment = Timestamp::from_micros(micros);
            let text = moment.to_string();
            proptest::prop_assert_eq!(Timestamp::parse_iso(&text), Some(moment));
            if let Some(fast) = parse_usual_form(text.as_bytes()) {
                proptest::prop_assert_eq!(fast, moment);
            }
        }
    }
}
