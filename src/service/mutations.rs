//! The four mutations, which change a child's points or requests and record an event.
//!
//! Each is one transaction: [`ledger`] decides on the newest state, and the points, the pending request,
//! the event and the idempotency key are committed together.

use std::sync::Arc;

use super::{Caller, FamilyLimits, Parent, Service, ServiceError};
use crate::domain::ledger::{self, EventOrigin};
use crate::domain::{
    Child, ChildId, EventError, EventFields, IdempotencyKey, IdempotencyRecord, KeyTime, Mutation,
    PendingReward, Points, Reward, RewardId, RuleViolation, TaskId, TrackingEvent,
};
use crate::store::{
    Change, Changes, Commit, Context, Decided, Malformed, ReadError, Snapshot, Store, StoredEvent,
};

/// The result of a mutation.
#[derive(Debug)]
pub struct Mutated {
    /// The child after the mutation.
    pub child: Arc<Child>,
    /// The event as a JSON object.
    pub event: Arc<str>,
    /// Whether the event is that of an earlier request with the same idempotency key.
    pub replayed: bool,
}

/// Decides a mutation.
struct Decider {
    caller: Caller,
    mutation: Mutation,
    key: Option<IdempotencyKey>,
    /// The time by which keys expire; `None` without a key.
    key_time: Option<KeyTime>,
    floor: Points,
    limits: FamilyLimits,
}

/// The child after a mutation; and for a repeated one, the record of its key.
type Decision = (Arc<Child>, Option<Arc<IdempotencyRecord>>);

impl Service {
    /// Adds a task's points to a child, or subtracts a penalty's.
    ///
    /// Fails if the family does not have the child or the task.
    pub async fn activate(
        &self,
        parent: &Parent,
        child: ChildId,
        task: TaskId,
        key: Option<IdempotencyKey>,
    ) -> Result<Mutated, ServiceError> {
        self.mutate(parent, Mutation::Activate(child, task), key).await
    }

    /// Requests a reward for a child.
    ///
    /// Fails if the caller may not read the child or the reward, if the child does not have enough
    /// points, and if the reward is already requested.
    pub async fn request(
        &self,
        caller: &Caller,
        child: ChildId,
        reward: RewardId,
        key: Option<IdempotencyKey>,
    ) -> Result<Mutated, ServiceError> {
        self.mutate(caller, Mutation::Request(child, reward), key).await
    }

    /// Subtracts a reward's cost from a child's points, and ends a pending request for it.
    ///
    /// Fails if the family does not have the child or the reward, and if the child does not have enough
    /// points.
    pub async fn redeem(
        &self,
        parent: &Parent,
        child: ChildId,
        reward: RewardId,
        key: Option<IdempotencyKey>,
    ) -> Result<Mutated, ServiceError> {
        self.mutate(parent, Mutation::Redeem(child, reward), key).await
    }

    /// Cancels a request for a reward.
    ///
    /// Fails if the caller may not read the child or the reward, and if there is no request.
    pub async fn cancel(
        &self,
        caller: &Caller,
        child: ChildId,
        reward: RewardId,
        key: Option<IdempotencyKey>,
    ) -> Result<Mutated, ServiceError> {
        self.mutate(caller, Mutation::Cancel(child, reward), key).await
    }

    async fn mutate(
        &self,
        caller: &Caller,
        mutation: Mutation,
        key: Option<IdempotencyKey>,
    ) -> Result<Mutated, ServiceError> {
        let key_time = key.as_ref().map(|_| self.key_time());
        let decider = Decider {
            caller: caller.clone(),
            mutation,
            key,
            key_time,
            floor: self.settings.points_floor,
            limits: self.settings.family,
        };
        let decide =
            move |records: &dyn Snapshot, context: &mut Context| decider.decide(records, context);
        let Commit { value, event } = self.transact_as(caller, decide).await?;
        let (child, first) = value.map_err(ServiceError::internal)?;
        if let Some(first) = first {
            let event = self.first_event(&child, &first).await?;
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
        let found = self.store.event(&first.user_id, first.event).await?;
        let is_same = |found: &StoredEvent| {
            let StoredEvent { event, .. } = found;
            event.child_id == child.id && event.created_at == first.created_at
        };
        let missing = || Malformed {
            number: first.event.0,
            why: "an idempotency key refers to this event, but it does not exist".to_owned(),
        };
        let found = found.filter(is_same).ok_or_else(missing);
        Ok(found.map_err(ReadError::from)?.json)
    }
}

impl Decider {
    /// The value is an error, and nothing changes, if the ledger's change is not a valid event.
    fn decide(
        &self,
        records: &dyn Snapshot,
        context: &mut Context,
    ) -> Decided<Result<Decision, EventError>> {
        let child = self.caller.child(records, self.mutation.child_id())?;
        // A repeat succeeds even if the task or reward no longer exists.
        if let Some(first) = self.first(records)? {
            return Ok((Changes::none(), Ok((child, Some(first)))));
        }
        let (fields, request) = self.effect(records, &child, context)?;
        let event = match TrackingEvent::new(fields) {
            Ok(event) => event,
            Err(error) => return Ok((Changes::none(), Err(error))),
        };
        let (points, updated_at) = (event.points_after, Some(context.now()));
        let child = Child { points, updated_at, ..(*child).clone() };
        let put = Change::PutChild(child.clone());
        let remember = self.key.clone().map(|key| (key, self.mutation.fingerprint()));
        let changes = Changes {
            records: [put].into_iter().chain(request).collect(),
            event: Some(event),
            remember,
            lease: None,
        };
        Ok((changes, Ok((Arc::new(child), None))))
    }

    /// Returns the record of the key if it was used for this mutation before. Fails if it was used for
    /// another one.
    fn first(
        &self,
        records: &dyn Snapshot,
    ) -> Result<Option<Arc<IdempotencyRecord>>, RuleViolation> {
        let Some(key) = &self.key else { return Ok(None) };
        let found = records
            .idempotency_record(&self.caller.user().id, key)
            .filter(|first| self.key_time.as_ref().is_some_and(|time| first.is_live(time)));
        match found {
            Some(first) if *first.fingerprint != *self.mutation.fingerprint() => {
                Err(RuleViolation::IdempotencyKeyReused)
            }
            found => Ok(found),
        }
    }

    /// Returns the event, and the change of the pending request that begins or ends with it.
    fn effect(
        &self,
        records: &dyn Snapshot,
        child: &Child,
        context: &mut Context,
    ) -> Result<(EventFields, Option<Change>), RuleViolation> {
        let (event_id, now) = (context.new_id(), context.now());
        let origin = EventOrigin { event_id, actor: self.caller.actor(), now };
        match &self.mutation {
            Mutation::Activate(_, task) => {
                let task = self.caller.task(records, task)?;
                Ok((ledger::activate(child, &task, self.floor, origin)?, None))
            }
            Mutation::Request(_, reward) => {
                let reward = self.caller.reward(records, reward)?;
                let is_pending = records.pending(&child.id, &reward.id).is_some();
                let change = ledger::request(child, &reward, is_pending, origin)?;
                self.limits.check_requests(records, &child.user_id)?;
                Ok((change, Some(Change::PutPending(new_request(child, &reward, context)))))
            }
            Mutation::Redeem(_, reward) => {
                let reward = self.caller.reward(records, reward)?;
                let request = end_of_request(records, child, &reward);
                Ok((ledger::redeem(child, &reward, origin)?, request))
            }
            Mutation::Cancel(_, reward) => {
                let reward = self.caller.reward(records, reward)?;
                let request = end_of_request(records, child, &reward);
                Ok((ledger::cancel(child, &reward, request.is_some(), origin)?, request))
            }
        }
    }
}

fn new_request(child: &Child, reward: &Reward, context: &mut Context) -> PendingReward {
    PendingReward {
        id: context.new_id(),
        user_id: child.user_id.clone(),
        child_id: child.id.clone(),
        child_name: child.name.clone(),
        reward_id: reward.id.clone(),
        reward_name: reward.name.clone(),
        created_at: Some(context.now()),
        extra: [].into(),
    }
}

fn end_of_request(records: &dyn Snapshot, child: &Child, reward: &Reward) -> Option<Change> {
    let request = records.pending(&child.id, &reward.id)?;
    Some(Change::RemovePending(request.id.clone()))
}
