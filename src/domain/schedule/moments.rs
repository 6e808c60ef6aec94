//! When something about the occurrences of a family changes because time passes.

use std::time::Duration;

use super::mark::MarkKind;
use super::occurrence::Occurrence;
use crate::domain::calendar::Calendar;
use crate::domain::progress::Span;
use crate::domain::{Child, Task, Timestamp};

/// A moment at which an occurrence becomes due, late or missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    pub at: Timestamp,
    /// [`MarkKind::Due`], [`MarkKind::Late`] or [`MarkKind::Missed`].
    pub kind: MarkKind,
}

/// The longest time between two moments of [`next_moment`]. What another program changes has an effect after it.
const LONGEST: Duration = Duration::from_hours(24);

impl Occurrence {
    /// Its moments, in their order.
    pub fn moments(&self) -> impl Iterator<Item = Moment> {
        let due = Moment { at: self.starts_at, kind: MarkKind::Due };
        let late = Moment { at: self.due_at, kind: MarkKind::Late };
        let missed = Moment { at: self.ends_at, kind: MarkKind::Missed };
        // One that is not to be done late is missed when it is due.
        [Some(due), Some(late).filter(|it| it.at < missed.at), Some(missed)].into_iter().flatten()
    }
}

/// The next time after a moment at which the occurrences of a family must be looked at; `None` if none of its tasks
/// can recur.
pub fn next_moment<'a>(
    tasks: impl Iterator<Item = &'a Task>,
    children: &[&Child],
    calendar: &Calendar,
    after: Timestamp,
) -> Option<Timestamp> {
    let today = calendar.day_of(after);
    let mut next = None;
    for task in tasks.filter(|task| task.is_good) {
        let Some(schedule) = &task.schedule else { continue };
        // An occurrence of an earlier version may not have ended.
        let first = today.plus(-schedule.longest_grace() - 1);
        if !schedule.is_active(first) {
            continue;
        }
        let span = Span { first, last: today.next() };
        let occurrences =
            children.iter().flat_map(|child| Occurrence::of(task, child, span, calendar));
        let moments =
            occurrences.flat_map(|it| it.moments().map(|moment| moment.at).collect::<Vec<_>>());
        let own = moments.filter(|at| *at > after).min();
        let latest = after.after(LONGEST);
        let own = own.map_or(latest, |at| at.min(latest));
        next = Some(next.map_or(own, |at: Timestamp| at.min(own)));
    }
    next
}
