//! The rules of the four mutations: how each changes a child's points. No other code changes points.

use serde_json::{Map, Value};

use super::{
    Action, Amount, Child, EntityType, EventError, EventFields, EventId, Points, RecordKind,
    Reward, RuleViolation, Task, Timestamp, TrackingEvent,
};

/// Who requested a mutation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A parent, or an administrator in their own family.
    Parent,
    Child,
}

/// The effect of one mutation on a child: its event without id and time.
#[derive(Clone, Debug, PartialEq)]
pub struct PointsChange {
    entity_type: EntityType,
    entity_id: String,
    action: Action,
    before: Points,
    after: Points,
    metadata: Map<String, Value>,
}

/// Adds a task's points or subtracts a penalty's. A penalty does not push the points below `floor`, and
/// does not change points that are below it already.
pub fn activate(
    child: &Child,
    task: &Task,
    floor: Points,
    actor: Actor,
) -> Result<PointsChange, RuleViolation> {
    let points = usable(task.points, RecordKind::Task)?;
    let requested = if task.is_good { points } else { -points };
    let mut metadata = about(task.name.as_str(), "points", points, actor);
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
    Ok(PointsChange {
        entity_type,
        entity_id: task.id.as_str().to_owned(),
        action: Action::Activated,
        before: child.points,
        after,
        metadata,
    })
}

/// Requests a reward. The child must have the points, which it keeps, and no pending request for it.
pub fn request(
    child: &Child,
    reward: &Reward,
    is_pending: bool,
    actor: Actor,
) -> Result<PointsChange, RuleViolation> {
    if is_pending {
        return Err(RuleViolation::RewardAlreadyRequested);
    }
    points_after_paying(child, reward)?;
    Ok(of_reward(child, reward, Action::Requested, child.points, actor))
}

/// Subtracts a reward's cost. A request is not necessary.
pub fn redeem(child: &Child, reward: &Reward, actor: Actor) -> Result<PointsChange, RuleViolation> {
    let after = points_after_paying(child, reward)?;
    Ok(of_reward(child, reward, Action::Redeemed, after, actor))
}

/// Cancels a pending request.
pub fn cancel(
    child: &Child,
    reward: &Reward,
    is_pending: bool,
    actor: Actor,
) -> Result<PointsChange, RuleViolation> {
    if !is_pending {
        return Err(RuleViolation::NoPendingRequest);
    }
    Ok(of_reward(child, reward, Action::Cancelled, child.points, actor))
}

/// How many more points a child needs for a reward; 0 if it has enough.
pub fn points_needed(child: &Child, reward: &Reward) -> i64 {
    reward.cost.get().saturating_sub(child.points.get()).max(0)
}

impl PointsChange {
    /// The child's points after the mutation.
    pub fn points_after(&self) -> Points {
        self.after
    }

    /// The event of this change.
    pub fn into_event(
        self,
        id: EventId,
        child: &Child,
        now: Timestamp,
    ) -> Result<TrackingEvent, EventError> {
        TrackingEvent::new(EventFields {
            id,
            user_id: Some(child.user_id.clone()),
            child_id: child.id.clone(),
            entity_type: self.entity_type,
            entity_id: self.entity_id,
            action: self.action,
            points_before: self.before,
            points_after: self.after,
            delta: self.after.get() - self.before.get(),
            occurred_at: now,
            created_at: now,
            metadata: Some(self.metadata),
        })
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
    actor: Actor,
) -> PointsChange {
    PointsChange {
        entity_type: EntityType::Reward,
        entity_id: reward.id.as_str().to_owned(),
        action,
        before: child.points,
        after,
        metadata: about(reward.name.as_str(), "cost", reward.cost.get(), actor),
    }
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
    use super::super::{Amount, Name};
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

    fn event(child: &Child, change: PointsChange) -> TrackingEvent {
        change.into_event("e".into(), child, Timestamp::EPOCH).unwrap()
    }

    #[test]
    fn a_task_adds_its_points() {
        let child = child(3);
        let change = activate(&child, &task(5, true), Points::ZERO, Actor::Parent).unwrap();
        let event = event(&child, change);
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
            let change = activate(&child, &task(penalty, false), floor, Actor::Parent).unwrap();
            let event = event(&child, change);
            assert_eq!(event.points_after.get(), after, "{points} - {penalty} from {floor}");
            assert_eq!(event.entity_type, EntityType::Penalty);
            let clamped = event.metadata.as_ref().unwrap().get("requested_delta");
            let expected = Value::from(-penalty);
            assert_eq!(clamped, (event.delta != -penalty).then_some(&expected));
        }
    }

    #[test]
    fn points_do_not_exceed_the_limit() {
        let result = activate(&child(Points::LIMIT), &task(1, true), Points::ZERO, Actor::Parent);
        assert_eq!(result, Err(RuleViolation::PointsOutOfRange));
        let lowest = child(-Points::LIMIT);
        let change = activate(&lowest, &task(1, false), Points::ZERO, Actor::Parent).unwrap();
        assert_eq!(change.points_after(), lowest.points);
    }

    #[test]
    fn a_request_needs_the_points_and_keeps_them() {
        let change = request(&child(20), &reward(20), false, Actor::Child).unwrap();
        let event = event(&child(20), change);
        assert_eq!((event.delta, event.action), (0, Action::Requested));
        assert_eq!(event.metadata.as_ref().unwrap()["actor"], "child");
        let result = request(&child(19), &reward(20), false, Actor::Child);
        assert_eq!(result, Err(RuleViolation::InsufficientPoints { points_needed: 1 }));
        let result = request(&child(20), &reward(20), true, Actor::Child);
        assert_eq!(result, Err(RuleViolation::RewardAlreadyRequested));
    }

    #[test]
    fn redeeming_subtracts_the_cost_or_fails() {
        let event = event(&child(25), redeem(&child(25), &reward(20), Actor::Parent).unwrap());
        assert_eq!((event.points_after.get(), event.delta), (5, -20));
        assert_eq!(event.metadata.as_ref().unwrap()["cost"], 20);
        let result = redeem(&child(-5), &reward(20), Actor::Parent);
        assert_eq!(result, Err(RuleViolation::InsufficientPoints { points_needed: 25 }));
    }

    #[test]
    fn only_a_pending_request_can_be_cancelled() {
        let event = event(&child(0), cancel(&child(0), &reward(20), true, Actor::Child).unwrap());
        assert_eq!((event.delta, event.action), (0, Action::Cancelled));
        let result = cancel(&child(0), &reward(20), false, Actor::Child);
        assert_eq!(result, Err(RuleViolation::NoPendingRequest));
    }
}
