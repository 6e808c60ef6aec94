//! When days start and end.

use super::day::{Day, DayStart};
use super::zone::Zone;
use crate::domain::Timestamp;

/// How a family divides time into days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    zone: Zone,
    day_starts_at: DayStart,
}

impl Calendar {
    pub fn new(zone: Zone, day_starts_at: DayStart) -> Self {
        Self { zone, day_starts_at }
    }

    pub fn zone(&self) -> &Zone {
        &self.zone
    }

    /// The day that contains the moment.
    ///
    /// A clock that is set back can show the hour at which a day starts twice: the day starts with the first.
    pub fn day_of(&self, moment: Timestamp) -> Day {
        let day = self.zone.date_of(moment);
        if moment < self.start_of(day) {
            return Day(day.0.yesterday().unwrap_or(day.0));
        }
        // Where a clock is set back over midnight, the new day has started although the date is the old one.
        let next = day.next();
        if next > day && self.start_of(next) <= moment { next } else { day }
    }

    /// The first moment of the day. If the clock skips the hour at which it starts, the first moment after it; of
    /// a date that the zone skips as a whole, which has no moments, the start of the next.
    pub fn start_of(&self, day: Day) -> Timestamp {
        self.zone.moment_of(day, self.day_starts_at.hours(), 0)
    }

    /// The moment of a day at which a clock shows a time. A time before the hour at which days start is that of
    /// the next date.
    pub fn at(&self, day: Day, hour: i8, minute: i8) -> Timestamp {
        let date = if hour < self.day_starts_at.hours() { day.next() } else { day };
        self.zone.moment_of(date, hour, minute)
    }
}
