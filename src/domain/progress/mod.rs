//! What a child has achieved: everything is computed from its events.
//!
//! An event *counts* unless it is a reversal or was reversed. The figures of a day are those of its *work
//! day*: the day of the request if the event answers one, else the day on which it occurred.

mod contribution;
mod daily_sums;
mod figures;
mod periods;
mod ranking;
mod streak;

pub use contribution::{Contribution, ContributionKind, Subject};
pub use daily_sums::{DailySums, Frequency, Step};
pub use figures::Figures;
pub use periods::{PeriodKind, Span};
pub use ranking::{RankedBy, places};
pub use streak::{Run, StreakDay, Streaks};

#[cfg(test)]
pub(crate) mod tests;
