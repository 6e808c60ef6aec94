//! What a schedule says from a day on.

use std::sync::Arc;

use super::clock_time::ClockTime;
use super::recurrence::Recurrence;
use crate::domain::calendar::{Day, Weekday};

/// Who is to do a task, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    pub who: Who,
    pub recurrence: Recurrence,
    /// The first day on which the task can recur. Intervals of days, weeks and months count from it.
    pub from: Day,
    /// The last day.
    pub until: Option<Day>,
    /// When the task is due; `None` for the end of the day.
    pub due_time: Option<ClockTime>,
    /// The number of days after the day of an occurrence on which it can still be done, at most until the next
    /// occurrence of the same child.
    pub grace_days: u8,
    /// Whether only the first child can do an occurrence.
    pub is_for_one: bool,
    /// The id of the penalty that is activated for a missed occurrence.
    pub on_missed: Option<Arc<str>>,
}

/// The children of a schedule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// Every child of the family, from the day on which it was added.
    All,
    /// Those with these ids.
    Children(Arc<[Arc<str>]>),
    /// One after the other, in this order.
    Rotation { children: Arc<[Arc<str>]>, each: Turn },
}

/// When the turn of a child in a rotation ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    Occurrence,
    /// Weeks start on this day.
    Week(Weekday),
}

impl Turn {
    pub const NAMES: [&str; 2] = ["occurrence", "week"];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Occurrence => "occurrence",
            Self::Week(_) => "week",
        }
    }
}

impl Who {
    /// The ids of the children that it names.
    pub fn named(&self) -> &[Arc<str>] {
        match self {
            Self::All => &[],
            Self::Children(children) | Self::Rotation { children, .. } => children,
        }
    }
}

impl Plan {
    /// The greatest number of days in `grace_days`.
    pub const MAX_GRACE: u8 = 30;
    /// The greatest number of days, weeks or months between two occurrences.
    pub const MAX_INTERVAL: i64 = 99;
    /// The greatest number of children that a plan names.
    pub const MAX_CHILDREN: usize = 100;

    /// The first day at or after a day on which the task recurs.
    pub fn next(&self, day: Day) -> Option<Day> {
        let next = self.recurrence.next(self.from, day)?;
        (next.parts().0 <= super::LAST_YEAR && self.until.is_none_or(|until| next <= until))
            .then_some(next)
    }

    /// Whether a child is to do the task on a day on which it recurs. The first turn of a rotation is that of the
    /// first day at or after `starts`.
    pub(super) fn is_for(&self, child: &str, starts: Day, day: Day) -> bool {
        match &self.who {
            Who::All => true,
            Who::Children(children) => children.iter().any(|id| **id == *child),
            Who::Rotation { children, each } => {
                let turn = self.turn(*each, starts, day);
                let count = i32::try_from(children.len()).unwrap_or(i32::MAX);
                let index = usize::try_from(turn.rem_euclid(count.max(1))).unwrap_or_default();
                children.get(index).is_some_and(|id| **id == *child)
            }
        }
    }

    /// The number of turns before that of a day.
    fn turn(&self, each: Turn, starts: Day, day: Day) -> i32 {
        let count = |day| match each {
            Turn::Occurrence => self.recurrence.count_before(self.from, day),
            Turn::Week(week_start) => self.recurrence.weeks_before(self.from, day, week_start),
        };
        let first = self.next(starts).unwrap_or(starts);
        count(day) - count(first)
    }
}
