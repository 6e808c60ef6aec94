//! The occurrences of a child as calendar programs show them.

use std::sync::Arc;

use super::super::{Service, ServiceError};
use crate::domain::progress::Span;
use crate::domain::schedule::{Occurrence, OccurrenceState};
use crate::domain::{ChildId, Task, Timestamp, UserId};

/// An occurrence in a calendar.
#[derive(Clone, Debug)]
pub struct FeedEvent {
    pub task: Arc<Task>,
    pub occurrence: Occurrence,
    pub state: OccurrenceState,
    /// When it is due; `None` if it has no time of the day.
    pub due_at: Option<Timestamp>,
}

impl Service {
    /// Returns what a child is to do on the days of a span, without what was skipped or is paused; `None` if the child
    /// does not exist or the account is marked for deletion.
    pub(in crate::service) async fn calendar_events(
        &self,
        family: &UserId,
        child_id: &ChildId,
        span: Span,
    ) -> Result<Option<Vec<FeedEvent>>, ServiceError> {
        let found = self.family_schedule_from(family, span.first).await?;
        let Some((family, records)) = found else { return Ok(None) };
        let Some(child) = family.children.iter().find(|child| child.id == *child_id) else {
            return Ok(None);
        };
        let events = family.occurrences(child, span).into_iter().map(|(task, occurrence)| {
            let state = family.state(&occurrence, &*records);
            let due_at = has_time(task, &occurrence).then_some(occurrence.due_at);
            FeedEvent { task: Arc::clone(task), occurrence, state, due_at }
        });
        let mut events: Vec<_> = events.collect();
        events
            .retain(|it| ![OccurrenceState::Skipped, OccurrenceState::Paused].contains(&it.state));
        events.sort_by_key(|it| (it.occurrence.day, it.occurrence.due_at));
        Ok(Some(events))
    }
}

/// Whether the task is due at a time of the day.
fn has_time(task: &Task, occurrence: &Occurrence) -> bool {
    let version = task.schedule.as_ref().and_then(|schedule| schedule.in_effect(occurrence.day));
    let plan = version.and_then(|version| version.plan.as_ref());
    plan.is_some_and(|plan| plan.due_time.is_some())
}
