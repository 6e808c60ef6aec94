//! Schedules: which child is to do a task on which days.
//!
//! An *occurrence* is a task that a child is to do on a day. Occurrences are computed from the schedule, and what
//! became of them from the events. Only what cannot be computed is stored, as a [`Mark`].
//!
//! The days of an occurrence are its day and the days of grace after it, until the day before the next occurrence of
//! the same task and child. So a day belongs to at most one occurrence, and an event to that of its work day.

mod clock_time;
mod due_days;
mod fields;
mod form;
mod mark;
mod moments;
mod occurrence;
mod plan;
mod recurrence;
mod rrule;
mod versions;

pub use clock_time::ClockTime;
pub use due_days::DueDays;
pub use fields::PlanForm;
pub use form::PlanDefaults;
pub use mark::{Mark, MarkKey, MarkKind};
pub use moments::{Moment, next_moment};
pub use occurrence::{Fact, Occurrence, OccurrenceState};
pub use plan::{Plan, Turn, Who};
pub use recurrence::{DayOfMonth, Recurrence};
pub use versions::{Schedule, Version};

/// The years of the dates in a schedule. They bound how long the computation of an occurrence takes.
const FIRST_YEAR: i16 = 2000;
const LAST_YEAR: i16 = 2199;

#[cfg(test)]
mod tests;
