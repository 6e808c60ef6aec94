//! The four mutations: what changes a child's points and its requests, and becomes an event.
//!
//! All four go the same way: one decision on the newest state, in which [`ledger`] rules alone, and
//! one commit of the points, the pending request, the event and the idempotency key together.

use std::sync::Arc;

use super::{Caller, FamilyLimits, Outcome, Parent, Service, ServiceError, blocking};
use crate::clock;
use crate::domain::ledger::{self, PointsChange};
use crate::domain::{
    Child, ChildId, EventError, IdempotencyKey, IdempotencyRecord, KeyTime, Mutation,
    PendingReward, Points, Reward, RewardId, RuleViolation, TaskId, Timestamp,
};
use crate::store::{Change, Changes, Malformed, NewEvent, ReadError, StoredEvent, View};

/// What a mutation did.
#[derive(Debug)]
pub struct Mutated {
    /// The child as it is now.
    pub child: Arc<Child>,
    /// The event, as the JSON object of its row.
    pub event: Arc<str>,
    /// Whether it is the event of an earlier request with the same idempotency key.
    pub replayed: bool,
}

/// What was decided.
enum Decision {
    /// The event is new.
    Done(Arc<Child>),
    /// A request with the same key became an event before.
    Repeated(Arc<Child>, Arc<IdempotencyRecord>),
    /// The ledger's points_change made no event. It can't happen while the ledger is right.
    Impossible(EventError),
}

/// A mutation on its way to its decision.
struct Order {
    caller: Caller,
    mutation: Mutation,
    key: Option<IdempotencyKey>,
    /// The time by which keys are over; none without a key.
    key_time: Option<KeyTime>,
    floor: Points,
    limits: FamilyLimits,
}

/// What a mutation does, before it is made an event.
struct Effect {
    points_change: PointsChange,
    /// The pending request that begins or ends.
    request: Option<Change>,
}

impl Service {
    /// A child has done a task, or gets a penalty.
    ///
    /// Refuses a child or a task that the family doesn't have.
    pub async fn activate(
        &self,
        parent: &Parent,
        child: ChildId,
        task: TaskId,
        key: Option<IdempotencyKey>,
    ) -> Result<Mutated, ServiceError> {
        self.mutate(parent, Mutation::Activate(child, task), key).await
    }

    /// A child asks for a reward.
    ///
    /// Refuses a child or a reward that the caller may not see, a reward that the child can't pay
    /// or has asked for already.
    pub async fn request(
        &self,
        caller: &Caller,
        child: ChildId,
        reward: RewardId,
        key: Option<IdempotencyKey>,
    ) -> Result<Mutated, ServiceError> {
        self.mutate(caller, Mutation::Request(child, reward), key).await
    }

    /// A child gets a reward and pays for it; its request for it, if any, ends.
    ///
    /// Refuses a child or a reward that the family doesn't have, and one that the child can't pay.
    pub async fn redeem(
        &self,
        parent: &Parent,
        child: ChildId,
        reward: RewardId,
        key: Option<IdempotencyKey>,
    ) -> Result<Mutated, ServiceError> {
        self.mutate(parent, Mutation::Redeem(child, reward), key).await
    }

    /// A request for a reward is withdrawn.
    ///
    /// Refuses a child or a reward that the caller may not see, and where nothing was asked for.
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
        let order = Order {
            caller: caller.clone(),
            mutation,
            key,
            key_time,
            floor: self.settings.points_floor,
            limits: self.settings.family,
        };
        let decide = move |view: &dyn View, now| order.decide(view, now);
        match self.transact_as(caller, decide).await? {
            Outcome { value: Decision::Done(child), event: Some(recorded) } => {
                Ok(Mutated { child, event: Arc::clone(&recorded.json), replayed: false })
            }
            Outcome { value: Decision::Repeated(child, first), .. } => {
                let event = self.first_event(&child, &first).await?;
                Ok(Mutated { child, event, replayed: true })
            }
            Outcome { value: Decision::Impossible(error), .. } => {
                Err(ServiceError::internal(error))
            }
            Outcome { event: None, .. } => {
                Err(ServiceError::internal("the store kept a mutation without its event"))
            }
        }
    }

    /// The event that a key stands for. Where another program has emptied the history, it is gone,
    /// and a later event may have its number: then this fails, since the mutation was made.
    async fn first_event(
        &self,
        child: &Child,
        first: &IdempotencyRecord,
    ) -> Result<Arc<str>, ServiceError> {
        let (history, row) = (self.store.history(), first.event_row);
        let read = blocking::spawn(move || history.event(row));
        let found = read.await.map_err(ServiceError::internal)??;
        let is_it = |found: &StoredEvent| {
            let StoredEvent { event, .. } = found;
            event.child_id == child.id && event.created_at == first.created_at
        };
        let missing = || Malformed {
            row,
            why: "an idempotency key stands for it, but it is not there".to_owned(),
        };
        let found = found.filter(is_it).ok_or_else(missing);
        Ok(found.map_err(ReadError::from)?.json)
    }
}

impl Order {
    fn decide(self, view: &dyn View, now: Timestamp) -> Result<(Changes, Decision), RuleViolation> {
        let child = self.caller.child(view, self.mutation.child_id())?;
        // Before the entity is looked up: a repeat is answered even where that is gone by now.
        if let Some(first) = self.answered_before(view)? {
            let decision = Decision::Repeated(child, first);
            return Ok((Changes::none(), decision));
        }
        let effect = self.effect(view, &child, now)?;
        let points = effect.points_change.points_after();
        let event = match effect.points_change.into_event(clock::new_id(), &child, now) {
            Ok(event) => event,
            Err(error) => return Ok((Changes::none(), Decision::Impossible(error))),
        };
        let child = Child { points, updated_at: Some(now), ..(*child).clone() };
        let put = Change::PutChild(child.clone());
        let changes = Changes {
            records: [put].into_iter().chain(effect.request).collect(),
            event: Some(NewEvent {
                event,
                remember: self.key.map(|key| (key, self.mutation.fingerprint())),
            }),
        };
        Ok((changes, Decision::Done(Arc::new(child))))
    }

    /// What the key stands for, where it is the key of this very mutation. Refuses the key of
    /// another one.
    fn answered_before(
        &self,
        view: &dyn View,
    ) -> Result<Option<Arc<IdempotencyRecord>>, RuleViolation> {
        let remembered = self
            .key
            .as_ref()
            .and_then(|key| view.remembered(&self.caller.user().id, key))
            .filter(|first| self.key_time.as_ref().is_some_and(|time| first.is_live(time)));
        match remembered {
            None => Ok(None),
            Some(first) if *first.fingerprint == *self.mutation.fingerprint() => Ok(Some(first)),
            Some(_) => Err(RuleViolation::IdempotencyKeyReused),
        }
    }

    fn effect(
        &self,
        view: &dyn View,
        child: &Child,
        now: Timestamp,
    ) -> Result<Effect, RuleViolation> {
        let actor = self.caller.actor();
        match &self.mutation {
            Mutation::Activate(_, task) => {
                let task = self.caller.task(view, task)?;
                Ok(Effect {
                    points_change: ledger::activate(child, &task, self.floor, actor)?,
                    request: None,
                })
            }
            Mutation::Request(_, reward) => {
                let reward = self.caller.reward(view, reward)?;
                let is_pending = view.pending(&child.id, &reward.id).is_some();
                let points_change = ledger::request(child, &reward, is_pending, actor)?;
                self.limits.check_requests(view, &child.user_id)?;
                Ok(Effect {
                    points_change,
                    request: Some(Change::PutPending(new_request(child, &reward, now))),
                })
            }
            Mutation::Redeem(_, reward) => {
                let reward = self.caller.reward(view, reward)?;
                Ok(Effect {
                    points_change: ledger::redeem(child, &reward, actor)?,
                    request: end_of_request(view, child, &reward),
                })
            }
            Mutation::Cancel(_, reward) => {
                let reward = self.caller.reward(view, reward)?;
                let request = end_of_request(view, child, &reward);
                Ok(Effect {
                    points_change: ledger::cancel(child, &reward, request.is_some(), actor)?,
                    request,
                })
            }
        }
    }
}

fn new_request(child: &Child, reward: &Reward, now: Timestamp) -> PendingReward {
    PendingReward {
        id: clock::new_id(),
        user_id: child.user_id.clone(),
        child_id: child.id.clone(),
        child_name: child.name.clone(),
        reward_id: reward.id.clone(),
        reward_name: reward.name.clone(),
        created_at: Some(now),
        extra: [].into(),
    }
}

fn end_of_request(view: &dyn View, child: &Child, reward: &Reward) -> Option<Change> {
    let request = view.pending(&child.id, &reward.id)?;
    Some(Change::RemovePending(request.id.clone()))
}
