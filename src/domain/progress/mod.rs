//! What a child has achieved: everything is computed from its events.
//!
//! An event *counts* unless it is a reversal or was reversed. The figures of a day are those of its *work
//! day*: the day of the request if the event answers one, else the day on which it occurred.

mod deed;
mod figures;
mod history;
mod periods;
mod ranking;
mod streak;

pub use deed::{Deed, DeedKind, Subject};
pub use figures::Figures;
pub use history::{Frequency, History, Step};
pub use periods::{PeriodKind, Span};
pub use ranking::{RankedBy, places};
pub use streak::{Run, Streaks};

#[cfg(test)]
mod tests;
