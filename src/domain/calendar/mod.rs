//! The days of a family: dates in its time zone, as everything that counts by day sees them.

mod day;
mod days;
mod period;
mod settings;
mod zone;

pub use day::{Day, DayStart, Weekday};
pub use days::Calendar;
pub use period::{Bound, Period, PeriodZone};
pub use settings::{FamilySettings, Pause, Pauses, StreakRule, Weekdays};
pub use zone::Zone;

#[cfg(test)]
mod tests;
