//! What children are to do by the schedules of their tasks.

mod calendar;
mod edits;
mod family;
mod job;
mod messages;
mod penalties;
mod skips;
mod state;
mod statistics;
mod streaks;

use std::collections::HashMap;
use std::sync::Arc;

pub use calendar::FeedEvent;
pub(super) use edits::{rescheduled, with_next_look, without_child};
use family::FamilySchedule;
pub(super) use messages::announce;
pub use skips::Skip;
pub(super) use state::ScheduleJob;
pub use statistics::{Completion, ScheduleStatistics};

use super::{Caller, Parent, Service, ServiceError, spawn};
use crate::domain::calendar::Day;
use crate::domain::progress::Span;
use crate::domain::schedule::{MarkKind, Occurrence, OccurrenceState};
use crate::domain::{Child, ChildId, Note, Task, TaskId};
use crate::store::Snapshot;

/// An occurrence as responses show it.
#[derive(Clone, Debug)]
pub struct ShownOccurrence {
    pub task: Arc<Task>,
    pub occurrence: Occurrence,
    pub state: OccurrenceState,
    /// Whether the child can do or request it now.
    pub is_allowed: bool,
    /// The note of the parent who skipped it.
    pub note: Option<Note>,
}

/// What a child is to do on a day.
#[derive(Debug)]
pub struct Today {
    pub day: Day,
    pub occurrences: Vec<ShownOccurrence>,
}

impl Service {
    /// Returns what a child is to do on a day, by default today: the occurrences of that day, and earlier ones that
    /// can still be done on it and wait for it. Fails if the caller may not read the child.
    pub async fn occurrences_of_day(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        day: Option<Day>,
    ) -> Result<Today, ServiceError> {
        let day = day.unwrap_or_else(|| self.today(caller.user()));
        let (family, child, records) = self.schedule_of(caller, child_id, day).await?;
        let span = Span { first: day.plus(-family.longest_grace()), last: day };
        let mut occurrences = family.shown(&child, span, &*records);
        occurrences.retain(|it| {
            let waits = it.state.is_open() || it.state == OccurrenceState::Requested;
            it.occurrence.day == day || (it.occurrence.last >= day && waits)
        });
        Ok(Today { day, occurrences })
    }

    /// Returns the occurrences of a child on the days of a span. Fails if the caller may not read the child.
    pub async fn schedule(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        span: Span,
    ) -> Result<Vec<ShownOccurrence>, ServiceError> {
        let (family, child, records) = self.schedule_of(caller, child_id, span.first).await?;
        Ok(family.shown(&child, span, &*records))
    }

    /// Returns the occurrences of all children of the caller's family on the days of a span; `None` if there are too
    /// many for one response.
    pub async fn family_schedule(
        &self,
        parent: &Parent,
        span: Span,
    ) -> Result<Option<Vec<ShownOccurrence>>, ServiceError> {
        let family = self.family_schedule_from(&parent.user().id, span.first).await?;
        let (family, records) = family.ok_or(ServiceError::Unauthenticated)?;
        if family.is_too_large(span) {
            return Ok(None);
        }
        let all = spawn::blocking(move || {
            let of = |child: &Arc<Child>| family.shown(child, span, &*records);
            let mut all: Vec<_> = family.children.iter().flat_map(of).collect();
            in_order(&mut all);
            all
        });
        all.await.map(Some).map_err(ServiceError::internal)
    }

    /// The schedule of the caller's family from a day on, and a child that the caller may read.
    async fn schedule_of(
        &self,
        caller: &Caller,
        child_id: &ChildId,
        first: Day,
    ) -> Result<(FamilySchedule, Arc<Child>, Arc<dyn Snapshot>), ServiceError> {
        let family = self.family_schedule_from(&caller.user().id, first).await?;
        let (family, records) = family.ok_or(ServiceError::Unauthenticated)?;
        let child = caller.child(&*records, child_id)?;
        Ok((family, child, records))
    }
}

impl FamilySchedule {
    /// The occurrences of a child, in the order of their days and of the day.
    fn shown(&self, child: &Child, span: Span, records: &dyn Snapshot) -> Vec<ShownOccurrence> {
        let tasks: Vec<(&Task, bool)> = self
            .tasks
            .iter()
            .map(|task| (&**task, records.pending_task(&child.id, &task.id).is_some()))
            .collect();
        let available = self.counted().availability(child, &tasks, records);
        let available: HashMap<&TaskId, bool> = tasks
            .iter()
            .map(|(task, _)| &task.id)
            .zip(available.iter().map(|it| it.is_available))
            .collect();
        let shown = self.occurrences(child, span).into_iter().map(|(task, occurrence)| {
            let state = self.state(&occurrence, records);
            let skip = records.mark(&occurrence.key(MarkKind::Skipped));
            ShownOccurrence {
                is_allowed: state.is_open() && available.get(&task.id).is_none_or(|it| *it),
                note: skip.and_then(|skip| skip.note.clone()),
                task: Arc::clone(task),
                occurrence,
                state,
            }
        });
        let mut shown: Vec<_> = shown.collect();
        in_order(&mut shown);
        shown
    }
}

/// Sorts by day, then by the time when they are due; equal ones keep the order of their tasks.
fn in_order(occurrences: &mut [ShownOccurrence]) {
    occurrences.sort_by_key(|it| (it.occurrence.day, it.occurrence.due_at));
}
