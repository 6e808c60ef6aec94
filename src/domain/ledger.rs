//! The rules of the mutations: how each changes a child's points. No other code changes points.
//!
//! Each returns the event to record: the child then has its `points_after`.

mod corrections;

use serde_json::{Map, Value};

use super::{
    Action, Amount, Child, EntityType, EventFields, EventId, Invalid, MemberId, Note,
    PendingReward, PendingTask, Points, RecordKind, RequestId, Reward, RuleViolation, Task,
    Timestamp,
};

pub use corrections::{Adjustment, Reversal, add_restored_request, adjust, reverse};

/// Who requested a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A parent, or an administrator in their own family.
    Parent,
    Child,
    /// The server, for an occurrence that was missed.
    Schedule,
}

/// What the event of a mutation contains besides the change.
#[derive(Clone, Debug)]
pub struct EventOrigin {
    pub event_id: EventId,
    pub actor: Actor,
    /// Who acted, in a family with several adults; `None` for a child and the server.
    pub member: Option<MemberId>,
    pub now: Timestamp,
    pub note: Option<Note>,
}

/// Adds a task's points or subtracts a penalty's. A penalty does not push the points below `floor`, and
/// does not change points that are below it already.
///
/// A pending request gives the points that it recorded, or `given` if the parent decides otherwise.
pub fn activate(
    child: &Child,
    task: &Task,
    answer: Answer<'_>,
    floor: Points,
    origin: EventOrigin,
) -> Result<EventFields, RuleViolation> {
    let Answer { pending, given } = answer;
    if pending.is_none() && given.is_some() {
        let rule = "can be set only if the child has requested the task";
        return Err(Invalid::new("points", rule).into());
    }
    let points = given.or(pending.map(|request| request.points)).unwrap_or(task.points);
    let points = usable(points, RecordKind::Task)?;
    let requested = if task.is_good { points } else { -points };
    let mut metadata = about(task.name.as_str(), "points", points, origin.actor);
    let sum = child.points.checked_add(requested);
    let after = if task.is_good {
        sum.ok_or(RuleViolation::PointsOutOfRange)?
    } else {
        let lowest = floor.min(child.points);
        sum.unwrap_or(lowest).max(lowest)
    };
    add_requested_delta(&mut metadata, child, requested, after);
    let entity_type = if task.is_good { EntityType::Task } else { EntityType::Penalty };
    let entity = (entity_type, task.id.as_str());
    let mut event = origin.event(child, entity, Action::Activated, after, metadata);
    pending.inspect(|request| add_task_request(&mut event, request));
    Ok(event)
}

/// What an activation answers.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answer<'a> {
    /// The child's pending request for the task.
    pub pending: Option<&'a PendingTask>,
    /// The points that the parent gives, instead of those of the request.
    pub given: Option<Amount>,
}

/// Requests the points of a task. `id` is that of the new request.
pub fn request_task(
    child: &Child,
    task: &Task,
    pending: Option<&PendingTask>,
    id: &RequestId,
    origin: EventOrigin,
) -> Result<EventFields, RuleViolation> {
    if !task.is_good || !task.is_requestable {
        return Err(RuleViolation::TaskNotRequestable);
    }
    if pending.is_some() {
        return Err(RuleViolation::TaskAlreadyRequested);
    }
    let points = usable(task.points, RecordKind::Task)?;
    let mut event = of_task(child, task, Action::Requested, points, origin);
    add(&mut event, "request_id", id.as_str());
    Ok(event)
}

/// Cancels a pending request for a task.
pub fn cancel_task(
    child: &Child,
    task: &Task,
    pending: Option<&PendingTask>,
    origin: EventOrigin,
) -> Result<EventFields, RuleViolation> {
    let request = pending.ok_or(RuleViolation::NoPendingRequest)?;
    let mut event = of_task(child, task, Action::Cancelled, request.points.get(), origin);
    add_task_request(&mut event, request);
    Ok(event)
}

/// An event of a task that does not change the points.
fn of_task(
    child: &Child,
    task: &Task,
    action: Action,
    points: i64,
    origin: EventOrigin,
) -> EventFields {
    let metadata = about(task.name.as_str(), "points", points, origin.actor);
    origin.event(child, (EntityType::Task, task.id.as_str()), action, child.points, metadata)
}

fn add_task_request(event: &mut EventFields, request: &PendingTask) {
    add(event, "request_id", request.id.as_str());
    add(event, "requested_at", &request.created_at.to_string());
    let metadata = event.metadata.get_or_insert_default();
    metadata.insert("requested_points".to_owned(), request.points.get().into());
}

/// Requests a reward. The child must have the points, which it keeps, and no pending request for it.
/// `id` is that of the new request.
pub fn request(
    child: &Child,
    reward: &Reward,
    pending: Option<&PendingReward>,
    id: &RequestId,
    origin: EventOrigin,
) -> Result<EventFields, RuleViolation> {
    if pending.is_some() {
        return Err(RuleViolation::RewardAlreadyRequested);
    }
    points_after_paying(child, reward.cost)?;
    let mut event =
        of_reward(child, reward, Action::Requested, (child.points, reward.cost), origin);
    add(&mut event, "request_id", id.as_str());
    Ok(event)
}

/// Subtracts a reward's cost. A request is not necessary: with one, its cost counts.
pub fn redeem(
    child: &Child,
    reward: &Reward,
    pending: Option<&PendingReward>,
    origin: EventOrigin,
) -> Result<EventFields, RuleViolation> {
    let cost = cost_of(reward, pending);
    let after = points_after_paying(child, cost)?;
    let mut event = of_reward(child, reward, Action::Redeemed, (after, cost), origin);
    pending.inspect(|request| add_request(&mut event, request));
    Ok(event)
}

/// Cancels a pending request.
pub fn cancel(
    child: &Child,
    reward: &Reward,
    pending: Option<&PendingReward>,
    origin: EventOrigin,
) -> Result<EventFields, RuleViolation> {
    let request = pending.ok_or(RuleViolation::NoPendingRequest)?;
    let unchanged = (child.points, cost_of(reward, pending));
    let mut event = of_reward(child, reward, Action::Cancelled, unchanged, origin);
    add_request(&mut event, request);
    Ok(event)
}

/// What a child pays for a reward: the cost at the time of its request, if it has requested it.
pub fn cost_of(reward: &Reward, pending: Option<&PendingReward>) -> Amount {
    pending.and_then(|request| request.cost).unwrap_or(reward.cost)
}

/// How many more points a child needs to pay that cost; 0 if it has enough.
pub fn points_needed(child: &Child, cost: Amount) -> i64 {
    cost.get().saturating_sub(child.points.get()).max(0)
}

/// Adds the request that an event ends.
fn add_request(event: &mut EventFields, request: &PendingReward) {
    add(event, "request_id", request.id.as_str());
    if let Some(created_at) = request.created_at {
        add(event, "requested_at", &created_at.to_string());
    }
}

fn add(event: &mut EventFields, name: &str, value: &str) {
    event.metadata.get_or_insert_default().insert(name.to_owned(), value.into());
}

impl EventOrigin {
    fn event(
        self,
        child: &Child,
        (entity_type, entity_id): (EntityType, &str),
        action: Action,
        points_after: Points,
        mut metadata: Map<String, Value>,
    ) -> EventFields {
        if let Some(member) = &self.member {
            metadata.insert(EventFields::ACTOR_ID.to_owned(), member.as_str().into());
        }
        if let Some(note) = &self.note {
            metadata.insert("note".to_owned(), note.as_str().into());
        }
        EventFields {
            id: self.event_id,
            user_id: Some(child.user_id.clone()),
            child_id: child.id.clone(),
            entity_type,
            entity_id: entity_id.to_owned(),
            action,
            points_before: child.points,
            points_after,
            delta: points_after.get() - child.points.get(),
            occurred_at: self.now,
            created_at: self.now,
            metadata: Some(metadata),
        }
    }
}

/// Rejects a negative amount, which an older file may contain: a penalty would add points, and so would
/// redeeming a reward.
fn usable(amount: Amount, kind: RecordKind) -> Result<i64, RuleViolation> {
    if amount.get() < 0 { Err(RuleViolation::AmountOutOfRange(kind)) } else { Ok(amount.get()) }
}

fn points_after_paying(child: &Child, cost: Amount) -> Result<Points, RuleViolation> {
    let points = usable(cost, RecordKind::Reward)?;
    match points_needed(child, cost) {
        0 => child.points.checked_add(-points).ok_or(RuleViolation::PointsOutOfRange),
        points_needed => Err(RuleViolation::InsufficientPoints { points_needed }),
    }
}

fn of_reward(
    child: &Child,
    reward: &Reward,
    action: Action,
    (after, cost): (Points, Amount),
    origin: EventOrigin,
) -> EventFields {
    let metadata = about(reward.name.as_str(), "cost", cost.get(), origin.actor);
    let entity = (EntityType::Reward, reward.id.as_str());
    origin.event(child, entity, action, after, metadata)
}

fn about(name: &str, amount: &str, points: i64, actor: Actor) -> Map<String, Value> {
    let actor = match actor {
        Actor::Parent => "parent",
        Actor::Child => "child",
        Actor::Schedule => "schedule",
    };
    let mut metadata = Map::with_capacity(4);
    metadata.insert("name".to_owned(), name.into());
    metadata.insert(amount.to_owned(), points.into());
    metadata.insert("actor".to_owned(), actor.into());
    metadata
}

/// Adds the full delta if the real one is smaller.
fn add_requested_delta(
    metadata: &mut Map<String, Value>,
    child: &Child,
    delta: i64,
    after: Points,
) {
    if after.get() - child.points.get() != delta {
        metadata.insert("requested_delta".to_owned(), delta.into());
    }
}

#[cfg(test)]
mod tests;
