//! Penalties for occurrences that were missed.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{Service, ServiceError};
use super::family::FamilySchedule;
use super::job::{PastMoments, Processed};
use crate::domain::ledger::{self, Actor, Answer, EventOrigin};
use crate::domain::progress::Contribution;
use crate::domain::schedule::{Mark, MarkKind, Occurrence, OccurrenceState};
use crate::domain::{
    Action, Child, EventFilter, EventId, Page, Points, RuleViolation, SortOrder, Task, Timestamp,
    TrackingEvent, UserId,
};
use crate::store::{Change, Changes, Context, Fence, Scope, Snapshot, Store};

/// An occurrence that ended longer ago causes no penalty: the server noticed it too late.
const LONGEST_DELAY: Duration = Duration::from_hours(24);

/// What a reversal names, in the row of an event.
#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    metadata: Option<Map<String, Value>>,
}

impl Service {
    /// Activates the penalties of the occurrences that have ended, each in a transaction of its own. The store refuses
    /// a second one for the same occurrence. Stops when the family has changed, which a penalty itself may do.
    pub(super) async fn activate_penalties(
        &self,
        family: &FamilySchedule,
        past: &PastMoments,
        records: &dyn Snapshot,
        lease: &Fence,
    ) -> Result<Processed, ServiceError> {
        let ended = past.moments.iter().filter(|(_, occurrence, moment)| {
            moment.kind == MarkKind::Missed
                && occurrence.on_missed.is_some()
                && records.mark(&occurrence.key(MarkKind::Penalty)).is_none()
                && family.now.since(moment.at) <= LONGEST_DELAY
                && family.state(occurrence, records) == OccurrenceState::Missed
        });
        for (_, occurrence, _) in ended {
            if self.has_ended_otherwise(family, occurrence, records).await? {
                continue;
            }
            let scope = Scope::marks_since(&family.user.id, occurrence.day);
            let penalty = Penalty { family: family.clone(), occurrence: occurrence.clone() };
            let (lease, floor) = (lease.clone(), self.settings().points_floor);
            let decide = move |records: &dyn Snapshot, context: &mut Context| {
                if !penalty.family.is_current(records) {
                    return Ok((Changes::none(), Processed::Outdated));
                }
                let changes = penalty.changes(floor, records, context).unwrap_or_default();
                Ok((changes.under(Some(lease.clone())), Processed::Done))
            };
            match self.transact(scope, decide).await {
                Err(ServiceError::Refused(RuleViolation::AlreadyPenalised)) => {}
                other => {
                    if let Processed::Outdated = other?.value {
                        return Ok(Processed::Outdated);
                    }
                }
            }
        }
        Ok(Processed::Done)
    }

    /// Whether a parent has rejected the child's request of an occurrence, or reversed the event that belonged to it,
    /// after its end: the child did not miss it.
    async fn has_ended_otherwise(
        &self,
        family: &FamilySchedule,
        occurrence: &Occurrence,
        records: &dyn Snapshot,
    ) -> Result<bool, ServiceError> {
        let is_of = |at| occurrence.span().contains(family.calendar.day_of(at));
        let requests = records.ended_requests_of(&family.user.id);
        let is_rejected = requests.iter().any(|request| {
            *request.entity_id == *occurrence.task_id.as_str()
                && request.child_id == occurrence.child_id
                && request.ended_at >= occurrence.ends_at
                && request.requested_at.is_some_and(is_of)
        });
        Ok(is_rejected || self.was_reversed(&family.user.id, occurrence, is_of).await?)
    }

    /// Whether an event of an occurrence was reversed after its end.
    async fn was_reversed(
        &self,
        family: &UserId,
        occurrence: &Occurrence,
        is_of: impl Fn(Timestamp) -> bool,
    ) -> Result<bool, ServiceError> {
        let filter = EventFilter {
            action: Some(Action::Cancelled),
            entity_id: Some(occurrence.task_id.as_str().to_owned()),
            from: Some(occurrence.ends_at),
            ..EventFilter::of_family(family, Some(&occurrence.child_id))
        };
        let found = self.store.events(&filter, SortOrder::Ascending, Page::ALL).await?;
        for row in &found.events {
            let Some(original) = serde_json::from_str(row).ok().as_ref().and_then(Row::reverses)
            else {
                continue;
            };
            let found = self.store.find_event(family, &occurrence.child_id, &original).await?;
            let contribution = found.and_then(|stored| Contribution::of(&stored.event));
            if contribution.is_some_and(|it| is_of(it.worked_at)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Row {
    fn reverses(&self) -> Option<EventId> {
        let id = self.metadata.as_ref()?.get("reverses")?.as_str()?;
        Some(id.into())
    }
}

/// The penalty for an occurrence.
struct Penalty {
    /// The family as it was read.
    family: FamilySchedule,
    occurrence: Occurrence,
}

impl Penalty {
    /// The changes of the penalty; `None` if the occurrence was not missed after all, or the penalty cannot be activated.
    fn changes(
        &self,
        floor: Points,
        records: &dyn Snapshot,
        context: &mut Context,
    ) -> Option<Changes> {
        let (occurrence, now) = (&self.occurrence, context.now());
        let key = occurrence.key(MarkKind::Penalty);
        let is_missed = self.family.state(occurrence, records) == OccurrenceState::Missed;
        if !is_missed || records.mark(&key).is_some() {
            return None;
        }
        let task = records.task(occurrence.on_missed.as_ref()?).filter(|task| !task.is_good)?;
        let child = records.child(&occurrence.child_id)?;
        let event = self.event(&child, &task, floor, context);
        let event = event
            .inspect_err(|error| tracing::warn!(%error, "a penalty could not be activated"))
            .ok()?;
        let points = event.points_after;
        let put = Change::PutChild(Child { points, updated_at: Some(now), ..Child::clone(&child) });
        let user_id = child.user_id.clone();
        let mark = Change::PutMark(Mark { user_id, key, note: None, created_at: now });
        Some(Changes { records: vec![put, mark], event: Some(event), ..Changes::none() })
    }

    fn event(
        &self,
        child: &Child,
        task: &Task,
        floor: Points,
        context: &mut Context,
    ) -> Result<TrackingEvent, ServiceError> {
        let (event_id, now) = (context.new_id(), context.now());
        let origin =
            EventOrigin { event_id, actor: Actor::Schedule, member: None, now, note: None };
        let mut fields = ledger::activate(child, task, Answer::default(), floor, origin)?;
        let Occurrence { task_id, day, .. } = &self.occurrence;
        let missed = json!({"task_id": task_id.as_str(), "date": day.to_string()});
        fields.metadata.get_or_insert_default().insert("occurrence".to_owned(), missed);
        TrackingEvent::new(fields).map_err(ServiceError::internal)
    }
}
