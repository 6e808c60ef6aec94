//! Time zones. Their rules are part of the program, so that all servers on one database agree.

use std::sync::LazyLock;

use jiff::tz::{Disambiguation, TimeZone, TimeZoneDatabase};

use super::day::Day;
use crate::domain::Timestamp;

/// The rules are parsed when a zone is first used, and kept.
static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// A time zone of the IANA database, such as Europe/Berlin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

impl Zone {
    pub const UTC: Self = Self(TimeZone::UTC);

    /// Finds a zone by its name. Upper and lower case are the same.
    pub fn find(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("UTC") {
            return Some(Self::UTC);
        }
        ZONES.get(name).ok().filter(|zone| zone.iana_name().is_some()).map(Self)
    }

    /// The names of all zones, in their order.
    pub fn names() -> Vec<String> {
        ZONES.available().map(|name| name.to_string()).collect()
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().unwrap_or("UTC")
    }

    /// The date, the hour and the minute that a clock in the zone shows.
    pub fn clock(&self, moment: Timestamp) -> (Day, i8, i8) {
        let shown = self.0.to_datetime(instant(moment));
        (Day(shown.date()), shown.hour(), shown.minute())
    }

    /// The date that a clock in the zone shows.
    pub(super) fn date_of(&self, moment: Timestamp) -> Day {
        Day(self.0.to_datetime(instant(moment)).date())
    }

    /// When a clock in the zone shows a time of the day: the first time if it does twice, and as long after
    /// the gap as the time is after its start if it skips that time.
    pub(super) fn moment_of(&self, day: Day, hour: i8, minute: i8) -> Timestamp {
        let clock = day.0.at(hour, minute, 0, 0);
        let moment =
            self.0.to_ambiguous_zoned_datetime(clock).disambiguate(Disambiguation::Compatible);
        // Only the last hours of year 9999 have no moment.
        moment.map_or(Timestamp::MAX, |moment| {
            Timestamp::from_micros(moment.timestamp().as_microsecond())
        })
    }
}

/// Clamped to the range of the library, whose last moment is 26 hours before the end of year 9999.
fn instant(moment: Timestamp) -> jiff::Timestamp {
    let bound = jiff::Timestamp::MAX.as_microsecond();
    jiff::Timestamp::from_microsecond(moment.as_micros().min(bound)).unwrap_or(jiff::Timestamp::MAX)
}
