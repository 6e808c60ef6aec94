//! The mutations, which change a child's points or requests and record an event.
//!
//! Each is one transaction: [`ledger`] decides on the newest state, and the points, the pending request,
//! the event and the idempotency key are committed together.

use std::sync::Arc;

use super::corrections::Entity;
use super::keys::UsedKey;
use super::messages::of_restored;
use super::requests::{Pending, RequestEnd, ends_of, new_reward_request, new_task_request};
use super::schedules::announce;
use super::task_limits::{Bounds, LimitCheck, Prepared, TaskUses};
use super::{Caller, ChildState, FamilyLimits, Service, ServiceError, helpers};
use crate::domain::calendar::Calendar;
use crate::domain::ledger::{self, Adjustment, Answer, EventOrigin, Reversal};
use crate::domain::schedule::{MarkKind, Occurrence};
use crate::domain::{
    Child, Ending, EventError, EventFields, IdempotencyKey, IdempotencyRecord, Mutation, Operation,
    PendingReward, PendingTask, Points, RecordKind, RequestId, Reward, RuleViolation, Task,
    Timestamp, TrackingEvent,
};
use crate::store::{
    Change, Changes, Commit, Context, Decided, Malformed, ReadError, Scope, Snapshot, Store,
    StoredEvent,
};

/// The result of a mutation.
#[derive(Debug)]
pub struct Mutated {
    /// The child after the mutation.
    pub child: Arc<ChildState>,
    /// The event as a JSON object.
    pub event: Arc<str>,
    /// Whether the event is that of an earlier request with the same idempotency key.
    pub replayed: bool,
}

/// Decides a mutation.
struct Decider {
    caller: Caller,
    mutation: Mutation,
    /// The event that a reversal takes back, if the child has it. It never changes.
    original: Option<TrackingEvent>,
    key: Option<UsedKey>,
    floor: Points,
    limits: FamilyLimits,
    calendar: Calendar,
}

/// What a transaction results in.
enum Decision {
    /// The child after the mutation; and for a repeated one, the record of its key.
    Done(Arc<ChildState>, Option<Arc<IdempotencyRecord>>),
    /// Nothing changes: the ledger's change is not a valid event.
    Invalid(EventError),
    /// Nothing changes: the task has a limit or a schedule, and its uses must be read first, or again.
    NeedsMore,
}

/// The event of a mutation with its changes; `None` if more about the task must be read first.
type Effect = Option<(EventFields, Vec<Change>)>;

impl Service {
    /// Executes a mutation. A child may request something for itself and cancel its requests; a parent may
    /// execute every mutation.
    ///
    /// Fails if the family does not have the child, the task or the reward, and if a rule of the
    /// [`ledger`] forbids it.
    pub async fn mutate(
        &self,
        caller: &Caller,
        mutation: Mutation,
        key: Option<IdempotencyKey>,
    ) -> Result<Mutated, ServiceError> {
        if caller.child_id().is_some() && !mutation.operation.is_open_to_children() {
            return Err(ServiceError::ParentRequired);
        }
        helpers::check_mutation(caller, &mutation)?;
        let key = self.used_key(caller, key, || mutation.fingerprint());
        let (mut scope, mut original) = (caller.family(), None);
        if let Operation::Reverse(event_id) = &mutation.operation {
            let family = &caller.user().id;
            scope = Scope::Event(family.clone(), event_id.clone());
            let found = self.store.find_event(family, &mutation.child, event_id).await?;
            original = found.map(|stored| stored.event);
        }
        let decider = Arc::new(Decider {
            caller: caller.clone(),
            mutation,
            original,
            key,
            floor: self.settings().points_floor,
            limits: self.settings().family,
            calendar: self.calendar(caller.user()),
        });
        let mut prepared = Prepared::default();
        // The first attempt finds what must be read. Each one after the second means that another mutation of the
        // family has succeeded.
        loop {
            let shared = Arc::clone(&decider);
            let decide = move |records: &dyn Snapshot, context: &mut Context| {
                shared.decide(&prepared, records, context)
            };
            let Commit { value, event } =
                self.transact_within(scope.clone(), caller, decide).await?;
            match value {
                Decision::Done(child, first) => return self.mutated(child, first, event).await,
                Decision::Invalid(error) => return Err(ServiceError::internal(error)),
                Decision::NeedsMore => {
                    (prepared, scope) = self.prepare(caller, &decider.mutation).await?;
                }
            }
        }
    }

    /// The result of a mutation, or of the first one with its key.
    async fn mutated(
        &self,
        child: Arc<ChildState>,
        first: Option<Arc<IdempotencyRecord>>,
        event: Option<Arc<StoredEvent>>,
    ) -> Result<Mutated, ServiceError> {
        if let Some(first) = first {
            let event = self.first_event(&child.child, &first).await?;
            return Ok(Mutated { child, event, replayed: true });
        }
        let stored = event.ok_or_else(|| ServiceError::internal("a mutation without an event"))?;
        Ok(Mutated { child, event: Arc::clone(&stored.json), replayed: false })
    }

    /// Returns the event of an idempotency record. Fails if it is missing, because another program has
    /// emptied the history, and a later event may have its number: the mutation must not be repeated.
    async fn first_event(
        &self,
        child: &Child,
        first: &IdempotencyRecord,
    ) -> Result<Arc<str>, ServiceError> {
        let number =
            first.event().ok_or_else(|| ServiceError::internal("a key of a new record"))?;
        let found = self.store.event(&first.user_id, number).await?;
        let is_same = |found: &StoredEvent| {
            let StoredEvent { event, .. } = found;
            event.child_id == child.id && event.created_at == first.created_at
        };
        let missing = || Malformed {
            number: number.0,
            why: "an idempotency key refers to this event, but it does not exist".to_owned(),
        };
        let found = found.filter(is_same).ok_or_else(missing);
        Ok(found.map_err(ReadError::from)?.json)
    }
}

impl Decider {
    fn decide(
        &self,
        prepared: &Prepared,
        records: &dyn Snapshot,
        context: &mut Context,
    ) -> Decided<Decision> {
        let child = self.caller.child(records, &self.mutation.child)?;
        // A repeat succeeds even if the task or reward no longer exists.
        let first = self.key.as_ref().map(|key| key.first(records)).transpose()?.flatten();
        if let Some(first) = first {
            let done = Decision::Done(ChildState::of(child, records), Some(first));
            return Ok((Changes::none(), done));
        }
        let effect = self.effect(prepared, records, &child, context)?;
        let Some((fields, request)) = effect else {
            return Ok((Changes::none(), Decision::NeedsMore));
        };
        let event = match TrackingEvent::new(fields) {
            Ok(event) => event,
            Err(error) => return Ok((Changes::none(), Decision::Invalid(error))),
        };
        let (points, updated_at) = (event.points_after, Some(context.now()));
        let child = Child { points, updated_at, ..(*child).clone() };
        let put = Change::PutChild(child.clone());
        let state = ChildState::after(Arc::new(child), records, &request);
        let remember = self.key.as_ref().map(|key| key.stored(None));
        let changes = Changes {
            records: [put].into_iter().chain(request).collect(),
            event: Some(event),
            remember,
            lease: None,
        };
        Ok((changes, Decision::Done(state, None)))
    }

    /// Returns the event, and the changes of the pending request that begins or ends with it.
    fn effect(
        &self,
        prepared: &Prepared,
        records: &dyn Snapshot,
        child: &Child,
        context: &mut Context,
    ) -> Result<Effect, RuleViolation> {
        self.check_named_request(records)?;
        if let LimitCheck::Unknown = self.check_limit(prepared, child, records, context.now())? {
            return Ok(None);
        }
        let (event_id, now) = (context.new_id(), context.now());
        let note = self.mutation.details.note.clone();
        let member = self.caller.member().map(|member| member.id.clone());
        let origin = EventOrigin { event_id, actor: self.caller.actor(), member, now, note };
        let effect = match &self.mutation.operation {
            Operation::Activate(task) => {
                let task = self.caller.task(records, task)?;
                helpers::check_task(&self.caller, &task, records)?;
                let pending = self.pending_task(records, child, &task)?;
                let (pending, given) = (pending.as_deref(), self.mutation.details.points);
                let answer = Answer { pending, given };
                let event = ledger::activate(child, &task, answer, self.floor, origin)?;
                let Some(done) = self.done(prepared, child, &task, pending, records, now) else {
                    return Ok(None);
                };
                let (event, ended) = ending(event, pending, Ending::Activated, records);
                (event, ended.into_iter().chain(done).collect())
            }
            Operation::RequestTask(task) => {
                let task = self.caller.task(records, task)?;
                let request = new_task_request(child, &task, origin.note.clone(), context);
                let pending = self.pending_task(records, child, &task)?;
                let (pending, id) = (pending.as_deref(), &request.id);
                let event = ledger::request_task(child, &task, pending, id, origin)?;
                self.limits.check_requests(records, &child.user_id)?;
                (event, vec![Change::PutPendingTask(request)])
            }
            Operation::CancelTask(task) => {
                let task = self.caller.task(records, task)?;
                let pending = self.pending_task(records, child, &task)?;
                let event = ledger::cancel_task(child, &task, pending.as_deref(), origin)?;
                ending(event, pending.as_deref(), Ending::Cancelled, records)
            }
            Operation::Request(reward) => {
                let reward = self.caller.reward(records, reward)?;
                let request = new_reward_request(child, &reward, origin.note.clone(), context);
                let pending = self.pending_reward(records, child, &reward)?;
                let (pending, id) = (pending.as_deref(), &request.id);
                let event = ledger::request(child, &reward, pending, id, origin)?;
                self.limits.check_requests(records, &child.user_id)?;
                (event, vec![Change::PutPending(request)])
            }
            Operation::Redeem(reward) => {
                let reward = self.caller.reward(records, reward)?;
                let pending = self.pending_reward(records, child, &reward)?;
                let event = ledger::redeem(child, &reward, pending.as_deref(), origin)?;
                ending(event, pending.as_deref(), Ending::Redeemed, records)
            }
            Operation::Cancel(reward) => {
                let reward = self.caller.reward(records, reward)?;
                let pending = self.pending_reward(records, child, &reward)?;
                let event = ledger::cancel(child, &reward, pending.as_deref(), origin)?;
                ending(event, pending.as_deref(), Ending::Cancelled, records)
            }
            Operation::Reverse(_) => self.reversal(records, child, origin)?,
            Operation::Adjust(delta) => {
                let is_partial = self.mutation.details.is_partial;
                let adjustment = Adjustment { delta: *delta, is_partial };
                (ledger::adjust(child, adjustment, self.floor, origin)?, Vec::new())
            }
        };
        Ok(Some(effect))
    }

    /// Fails if the task's limit is reached. An answer to a request is allowed: the request has counted. So is an
    /// activation by which a parent exceeds the limit.
    fn check_limit(
        &self,
        prepared: &Prepared,
        child: &Child,
        records: &dyn Snapshot,
        now: Timestamp,
    ) -> Result<LimitCheck, RuleViolation> {
        let (Operation::Activate(id) | Operation::RequestTask(id)) = &self.mutation.operation
        else {
            return Ok(LimitCheck::Allowed);
        };
        let is_pending = records.pending_task(&self.mutation.child, id).is_some();
        if is_pending || self.mutation.details.is_forced {
            return Ok(LimitCheck::Allowed);
        }
        let (user, calendar) = (self.caller.user(), &self.calendar);
        let task = self.caller.task(records, id)?;
        let bounds = Bounds::of(&task, child, calendar, calendar.day_of(now));
        let by_other =
            bounds.as_ref().is_some_and(|it| it.is_requested_by_other(calendar, records, user));
        let mark = records.task_mark(&user.id);
        TaskUses::check(prepared.uses.as_ref(), bounds.as_ref(), mark, by_other)
    }

    /// The message that an occurrence of a task was done, if it is the first one; `None` if the marks of the task's
    /// occurrences must be read first.
    fn done(
        &self,
        prepared: &Prepared,
        child: &Child,
        task: &Task,
        pending: Option<&PendingTask>,
        records: &dyn Snapshot,
        now: Timestamp,
    ) -> Option<Vec<Change>> {
        let day = self.calendar.day_of(pending.map_or(now, |request| request.created_at));
        let Some(occurrence) = Occurrence::at(task, child, day, &self.calendar) else {
            return Some(Vec::new());
        };
        prepared.work_day.filter(|first| *first <= day)?;
        Some(announce(&occurrence, task, MarkKind::Done, &child.user_id, records, now))
    }

    /// Returns the event, and the changes that restore the request that the reversed event ended.
    fn reversal(
        &self,
        records: &dyn Snapshot,
        child: &Child,
        origin: EventOrigin,
    ) -> Result<(EventFields, Vec<Change>), RuleViolation> {
        let original = self.original.as_ref().ok_or(RuleViolation::NotFound(RecordKind::Event))?;
        if let Some(reversal) = records.reversal_of(&original.id) {
            return Err(RuleViolation::AlreadyReversed(reversal));
        }
        helpers::check_reversal(&self.caller, original, origin.now)?;
        let entity = Entity::of(original, &self.caller, records);
        let name = entity.as_ref().map(Entity::name);
        let is_partial = self.mutation.details.is_partial;
        let reversal = Reversal { original, name, is_partial };
        let mut event = ledger::reverse(child, reversal, self.floor, origin)?;
        let restored = entity.and_then(|it| it.restored_request(original, child, records));
        let Some((request, changes)) = restored else { return Ok((event, Vec::new())) };
        self.limits.check_requests(records, &child.user_id)?;
        ledger::add_restored_request(&mut event, &request);
        // The event names the task or reward, and not the request.
        let message = of_restored(&request, child, original.entity_type, event.occurred_at);
        Ok((event, changes.into_iter().chain([message]).collect()))
    }

    /// Fails if the request that the mutation names has ended: also if its task or reward no longer exists.
    fn check_named_request(&self, records: &dyn Snapshot) -> Result<(), RuleViolation> {
        let Some(named) = &self.mutation.details.request_id else { return Ok(()) };
        match records.ended_request(&self.caller.user().id, named) {
            // A child does not see the requests of other children.
            Some(ended) if ended.child_id == self.mutation.child => {
                Err(RuleViolation::RequestGone(Some(ended)))
            }
            _ => Ok(()),
        }
    }

    /// Returns the child's pending request for a task. Fails if the mutation names another request.
    fn pending_task(
        &self,
        records: &dyn Snapshot,
        child: &Child,
        task: &Task,
    ) -> Result<Option<Arc<PendingTask>>, RuleViolation> {
        let pending = records.pending_task(&child.id, &task.id);
        self.check_pending(pending.as_deref().map(|request| &request.id))?;
        Ok(pending)
    }

    /// Returns the child's pending request for a reward. Fails if the mutation names another request.
    fn pending_reward(
        &self,
        records: &dyn Snapshot,
        child: &Child,
        reward: &Reward,
    ) -> Result<Option<Arc<PendingReward>>, RuleViolation> {
        let pending = records.pending(&child.id, &reward.id);
        self.check_pending(pending.as_deref().map(|request| &request.id))?;
        Ok(pending)
    }

    fn check_pending(&self, pending: Option<&RequestId>) -> Result<(), RuleViolation> {
        match &self.mutation.details.request_id {
            Some(named) if pending != Some(named) => Err(RuleViolation::RequestGone(None)),
            _ => Ok(()),
        }
    }
}

/// An event, and the changes that end the request that it answers.
fn ending<R: Pending>(
    event: EventFields,
    pending: Option<&R>,
    ended: Ending,
    records: &dyn Snapshot,
) -> (EventFields, Vec<Change>) {
    let changes = ends_of(pending, &RequestEnd::with(&event, ended), records);
    (event, changes)
}
