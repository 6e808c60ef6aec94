//! The rules of the four mutations: how each changes a child's points. No other code changes points.
//!
//! Each returns the event to record: the child then has its `points_after`.

use serde_json::{Map, Value};

use super::{
    Action, Amount, Child, EntityType, EventFields, EventId, Points, RecordKind, Reward,
    RuleViolation, Task, Timestamp,
};

/// Who requested a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A parent, or an administrator in their own family.
    Parent,
    Child,
}

/// What the event of a mutation contains besides the change.
#[derive(Clone, Debug)]
pub struct EventOrigin {
    pub event_id: EventId,
    pub actor: Actor,
    pub now: Timestamp,
}

/// Adds a task's points or subtracts a penalty's. A penalty does not push the points below `floor`, and
/// does not change points that are below it already.
pub fn activate(
    child: &Child,
    task: &Task,
    floor: Points,
    origin: EventOrigin,
) -> Result<EventFields, RuleViolation> {
    let points = usable(task.points, RecordKind::Task)?;
    let requested = if task.is_good { points } else { -points };
    let mut metadata = about(task.name.as_str(), "points", points, origin.actor);
    let sum = child.points.checked_add(requested);
    let after = if task.is_good {
        sum.ok_or(RuleViolation::PointsOutOfRange)?
    } else {
        let lowest = floor.min(child.points);
        sum.unwrap_or(lowest).max(lowest)
    };
    if after.get() - child.points.get() != requested {
        metadata.insert("requested_delta".to_owned(), requested.into());
    }
    let entity_type = if task.is_good { EntityType::Task } else { EntityType::Penalty };
    let entity = (entity_type, task.id.as_str());
    Ok(origin.event(child, entity, Action::Activated, after, metadata))
}

/// Requests a reward. The child must have the points, which it keeps, and no pending request for it.
pub fn request(
    child: &Child,
    reward: &Reward,
    is_pending: bool,
    origin: EventOrigin,
) -> Result<EventFields, RuleViolation> {
    if is_pending {
        return Err(RuleViolation::RewardAlreadyRequested);
    }
    points_after_paying(child, reward)?;
    Ok(of_reward(child, reward, Action::Requested, child.points, origin))
}

/// Subtracts a reward's cost. A request is not necessary.
pub fn redeem(
    child: &Child,
    reward: &Reward,
    origin: EventOrigin,
) -> Result<EventFields, RuleViolation> {
    let after = points_after_paying(child, reward)?;
    Ok(of_reward(child, reward, Action::Redeemed, after, origin))
}

/// Cancels a pending request.
pub fn cancel(
    child: &Child,
    reward: &Reward,
    is_pending: bool,
    origin: EventOrigin,
) -> Result<EventFields, RuleViolation> {
    if !is_pending {
        return Err(RuleViolation::NoPendingRequest);
    }
    Ok(of_reward(child, reward, Action::Cancelled, child.points, origin))
}

/// How many more points a child needs for a reward; 0 if it has enough.
pub fn points_needed(child: &Child, reward: &Reward) -> i64 {
    reward.cost.get().saturating_sub(child.points.get()).max(0)
}

impl EventOrigin {
    fn event(
        self,
        child: &Child,
        (entity_type, entity_id): (EntityType, &str),
        action: Action,
        points_after: Points,
        metadata: Map<String, Value>,
    ) -> EventFields {
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

fn points_after_paying(child: &Child, reward: &Reward) -> Result<Points, RuleViolation> {
    let cost = usable(reward.cost, RecordKind::Reward)?;
    match points_needed(child, reward) {
        0 => child.points.checked_add(-cost).ok_or(RuleViolation::PointsOutOfRange),
        points_needed => Err(RuleViolation::InsufficientPoints { points_needed }),
    }
}

fn of_reward(
    child: &Child,
    reward: &Reward,
    action: Action,
    after: Points,
    origin: EventOrigin,
) -> EventFields {
    let metadata = about(reward.name.as_str(), "cost", reward.cost.get(), origin.actor);
    let entity = (EntityType::Reward, reward.id.as_str());
    origin.event(child, entity, action, after, metadata)
}

fn about(name: &str, amount: &str, points: i64, actor: Actor) -> Map<String, Value> {
    let actor = match actor {
        Actor::Parent => "parent",
        Actor::Child => "child",
    };
    let mut metadata = Map::with_capacity(4);
    metadata.insert("name".to_owned(), name.into());
    metadata.insert(amount.to_owned(), points.into());
    metadata.insert("actor".to_owned(), actor.into());
    metadata
}

#[cfg(test)]
mod tests {
    use super::super::{Amount, Name, TrackingEvent};
    use super::*;

    fn child(points: i64) -> Child {
        Child {
            id: "c".into(),
            user_id: "u".into(),
            name: Name::from_stored("Mía"),
            age: None,
            points: Points::new(points).unwrap(),
            tasks: [].into(),
            rewards: [].into(),
            image_id: None,
            created_at: None,
            updated_at: None,
            extra: [].into(),
        }
    }

    fn task(points: i64, is_good: bool) -> Task {
        Task {
            id: "t".into(),
            user_id: None,
            name: Name::from_stored("Homework"),
            points: Amount::new(points).unwrap(),
            is_good,
            image_id: None,
            created_at: None,
            updated_at: None,
            extra: [].into(),
        }
    }

    fn reward(cost: i64) -> Reward {
        Reward {
            id: "r".into(),
            user_id: None,
            name: Name::from_stored("Ice cream"),
            description: "".into(),
            cost: Amount::new(cost).unwrap(),
            image_id: None,
            created_at: None,
            updated_at: None,
            extra: [].into(),
        }
    }

    fn origin(actor: Actor) -> EventOrigin {
        EventOrigin { event_id: "e".into(), actor, now: Timestamp::EPOCH }
    }

    fn event(fields: Result<EventFields, RuleViolation>) -> TrackingEvent {
        TrackingEvent::new(fields.unwrap()).unwrap()
    }

    #[test]
    fn a_task_adds_its_points() {
        let child = child(3);
        let task = task(5, true);
        let event = event(activate(&child, &task, Points::ZERO, origin(Actor::Parent)));
        assert_eq!((event.points_before.get(), event.points_after.get(), event.delta), (3, 8, 5));
        assert_eq!((event.entity_type, event.action), (EntityType::Task, Action::Activated));
        let metadata = Value::Object(event.metadata.clone().unwrap());
        let expected = serde_json::json!({"name": "Homework", "points": 5, "actor": "parent"});
        assert_eq!(metadata, expected);
    }

    #[test]
    fn a_penalty_stops_at_the_floor_and_keeps_the_requested_delta() {
        for (points, floor, penalty, after) in [
            (10, 0, 8, 2),
            (5, 0, 8, 0),
            (0, 0, 8, 0),
            (-4, 0, 8, -4),
            (5, -10, 8, -3),
            (5, 3, 8, 3),
        ] {
            let child = child(points);
            let floor = Points::new(floor).unwrap();
            let task = task(penalty, false);
            let event = event(activate(&child, &task, floor, origin(Actor::Parent)));
            assert_eq!(event.points_after.get(), after, "{points} - {penalty} from {floor}");
            assert_eq!(event.entity_type, EntityType::Penalty);
            let clamped = event.metadata.as_ref().unwrap().get("requested_delta");
            let expected = Value::from(-penalty);
            assert_eq!(clamped, (event.delta != -penalty).then_some(&expected));
        }
    }

    #[test]
    fn points_do_not_exceed_the_limit() {
        let by_parent = origin(Actor::Parent);
        let highest = child(Points::LIMIT);
        let result = activate(&highest, &task(1, true), Points::ZERO, by_parent.clone());
        assert_eq!(result, Err(RuleViolation::PointsOutOfRange));
        let lowest = child(-Points::LIMIT);
        let event = event(activate(&lowest, &task(1, false), Points::ZERO, by_parent));
        assert_eq!(event.points_after, lowest.points);
    }

    #[test]
    fn a_request_needs_the_points_and_keeps_them() {
        let by_child = || origin(Actor::Child);
        let event = event(request(&child(20), &reward(20), false, by_child()));
        assert_eq!((event.delta, event.action), (0, Action::Requested));
        assert_eq!(event.metadata.as_ref().unwrap()["actor"], "child");
        let result = request(&child(19), &reward(20), false, by_child());
        assert_eq!(result, Err(RuleViolation::InsufficientPoints { points_needed: 1 }));
        let result = request(&child(20), &reward(20), true, by_child());
        assert_eq!(result, Err(RuleViolation::RewardAlreadyRequested));
    }

    #[test]
    fn redeeming_subtracts_the_cost_or_fails() {
        let event = event(redeem(&child(25), &reward(20), origin(Actor::Parent)));
        assert_eq!((event.points_after.get(), event.delta), (5, -20));
        assert_eq!(event.metadata.as_ref().unwrap()["cost"], 20);
        let result = redeem(&child(-5), &reward(20), origin(Actor::Parent));
        assert_eq!(result, Err(RuleViolation::InsufficientPoints { points_needed: 25 }));
    }

    #[test]
    fn only_a_pending_request_can_be_cancelled() {
        let event = event(cancel(&child(0), &reward(20), true, origin(Actor::Child)));
        assert_eq!((event.delta, event.action), (0, Action::Cancelled));
        let result = cancel(&child(0), &reward(20), false, origin(Actor::Child));
        assert_eq!(result, Err(RuleViolation::NoPendingRequest));
    }
}
