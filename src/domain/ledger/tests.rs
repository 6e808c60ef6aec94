use super::super::{Amount, Name, Note, TrackingEvent};
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
        colour: None,
        goal: None,
        pin: None,
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
        is_requestable: true,
        limit: None,
        schedule: None,
        icon: None,
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
        icon: None,
        extra: [].into(),
    }
}

fn origin(actor: Actor) -> EventOrigin {
    EventOrigin { event_id: "e".into(), actor, member: None, now: Timestamp::EPOCH, note: None }
}

fn event(fields: Result<EventFields, RuleViolation>) -> TrackingEvent {
    TrackingEvent::new(fields.unwrap()).unwrap()
}

#[test]
fn a_task_adds_its_points() {
    let child = child(3);
    let task = task(5, true);
    let event =
        event(activate(&child, &task, Answer::default(), Points::ZERO, origin(Actor::Parent)));
    assert_eq!((event.points_before.get(), event.points_after.get(), event.delta), (3, 8, 5));
    assert_eq!((event.entity_type, event.action), (EntityType::Task, Action::Activated));
    let metadata = Value::Object(event.metadata.clone().unwrap());
    let expected = serde_json::json!({"name": "Homework", "points": 5, "actor": "parent"});
    assert_eq!(metadata, expected);
}

#[test]
fn a_penalty_stops_at_the_floor_and_keeps_the_requested_delta() {
    for (points, floor, penalty, after) in
        [(10, 0, 8, 2), (5, 0, 8, 0), (0, 0, 8, 0), (-4, 0, 8, -4), (5, -10, 8, -3), (5, 3, 8, 3)]
    {
        let child = child(points);
        let floor = Points::new(floor).unwrap();
        let task = task(penalty, false);
        let event = event(activate(&child, &task, Answer::default(), floor, origin(Actor::Parent)));
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
    let result =
        activate(&highest, &task(1, true), Answer::default(), Points::ZERO, by_parent.clone());
    assert_eq!(result, Err(RuleViolation::PointsOutOfRange));
    let lowest = child(-Points::LIMIT);
    let event =
        event(activate(&lowest, &task(1, false), Answer::default(), Points::ZERO, by_parent));
    assert_eq!(event.points_after, lowest.points);
}

fn pending(cost: Option<i64>) -> PendingReward {
    PendingReward {
        id: "q".into(),
        user_id: "u".into(),
        child_id: "c".into(),
        child_name: Name::from_stored("Mía"),
        reward_id: "r".into(),
        reward_name: Name::from_stored("Ice cream"),
        created_at: Some(Timestamp::EPOCH),
        cost: cost.and_then(Amount::new),
        note: None,
        extra: [].into(),
    }
}

#[test]
fn a_request_needs_the_points_and_keeps_them() {
    let by_child = || origin(Actor::Child);
    let ask = |points, pending: Option<&PendingReward>| {
        request(&child(points), &reward(20), pending, &"q".into(), by_child())
    };
    let event = event(ask(20, None));
    assert_eq!((event.delta, event.action), (0, Action::Requested));
    let metadata = Value::Object(event.metadata.clone().unwrap());
    let expected = serde_json::json!({
        "name": "Ice cream", "cost": 20, "actor": "child", "request_id": "q",
    });
    assert_eq!(metadata, expected);
    assert_eq!(ask(19, None), Err(RuleViolation::InsufficientPoints { points_needed: 1 }));
    let result = ask(20, Some(&pending(Some(20))));
    assert_eq!(result, Err(RuleViolation::RewardAlreadyRequested));
}

#[test]
fn redeeming_subtracts_the_cost_or_fails() {
    let redeemed = event(redeem(&child(25), &reward(20), None, origin(Actor::Parent)));
    assert_eq!((redeemed.points_after.get(), redeemed.delta), (5, -20));
    assert_eq!(redeemed.metadata.as_ref().unwrap()["cost"], 20);
    let result = redeem(&child(-5), &reward(20), None, origin(Actor::Parent));
    assert_eq!(result, Err(RuleViolation::InsufficientPoints { points_needed: 25 }));
}

#[test]
fn a_request_keeps_its_cost() {
    let by_parent = || origin(Actor::Parent);
    let (child, reward) = (child(25), reward(20));
    let redeemed = event(redeem(&child, &reward, Some(&pending(Some(15))), by_parent()));
    assert_eq!(redeemed.delta, -15);
    let metadata = redeemed.metadata.as_ref().unwrap();
    assert_eq!((&metadata["cost"], &metadata["request_id"]), (&15.into(), &"q".into()));
    assert_eq!(metadata["requested_at"], "1970-01-01T00:00:00.000000Z");
    let older = event(redeem(&child, &reward, Some(&pending(None)), by_parent()));
    assert_eq!(older.delta, -20, "a request of an older file has none");
}

#[test]
fn only_a_pending_request_can_be_cancelled() {
    let by_child = || origin(Actor::Child);
    let event = event(cancel(&child(0), &reward(20), Some(&pending(Some(15))), by_child()));
    assert_eq!((event.delta, event.action), (0, Action::Cancelled));
    assert_eq!(event.metadata.as_ref().unwrap()["cost"], 15);
    let result = cancel(&child(0), &reward(20), None, by_child());
    assert_eq!(result, Err(RuleViolation::NoPendingRequest));
}

fn pending_task(points: i64) -> PendingTask {
    PendingTask {
        id: "q".into(),
        user_id: "u".into(),
        child_id: "c".into(),
        child_name: Name::from_stored("Mía"),
        task_id: "t".into(),
        task_name: Name::from_stored("Homework"),
        points: Amount::new(points).unwrap(),
        created_at: Timestamp::EPOCH,
        note: None,
    }
}

#[test]
fn only_a_requestable_task_can_be_requested_once() {
    let ask = |task: &Task, pending: Option<&PendingTask>| {
        request_task(&child(3), task, pending, &"q".into(), origin(Actor::Child))
    };
    let requested = event(ask(&task(5, true), None));
    assert_eq!((requested.delta, requested.action), (0, Action::Requested));
    assert_eq!(requested.metadata.as_ref().unwrap()["request_id"], "q");
    let not_requestable = Err(RuleViolation::TaskNotRequestable);
    assert_eq!(ask(&task(5, false), None), not_requestable);
    assert_eq!(ask(&Task { is_requestable: false, ..task(5, true) }, None), not_requestable);
    let result = ask(&task(5, true), Some(&pending_task(5)));
    assert_eq!(result, Err(RuleViolation::TaskAlreadyRequested));
}

#[test]
fn an_activation_gives_the_points_of_the_request_or_those_of_the_parent() {
    let request = pending_task(4);
    let approve = |given| {
        let answer = Answer { pending: Some(&request), given };
        let by_parent = origin(Actor::Parent);
        event(activate(&child(1), &task(5, true), answer, Points::ZERO, by_parent))
    };
    assert_eq!(approve(None).delta, 4);
    let other = approve(Amount::new(2));
    assert_eq!(other.delta, 2);
    let metadata = Value::Object(other.metadata.clone().unwrap());
    let expected = serde_json::json!({
        "name": "Homework", "points": 2, "actor": "parent", "request_id": "q",
        "requested_at": "1970-01-01T00:00:00.000000Z", "requested_points": 4,
    });
    assert_eq!(metadata, expected);
    let answer = Answer { pending: None, given: Amount::new(2) };
    let result = activate(&child(1), &task(5, true), answer, Points::ZERO, origin(Actor::Parent));
    assert!(matches!(result, Err(RuleViolation::Invalid(_))));
}

#[test]
fn a_task_is_cancelled_only_if_it_is_requested() {
    let by_child = || origin(Actor::Child);
    let request = pending_task(4);
    let event = event(cancel_task(&child(1), &task(5, true), Some(&request), by_child()));
    assert_eq!((event.delta, event.action), (0, Action::Cancelled));
    let result = cancel_task(&child(1), &task(5, true), None, by_child());
    assert_eq!(result, Err(RuleViolation::NoPendingRequest));
}

/// An event of a child that had 3 points, with this delta.
fn original(
    entity_type: EntityType,
    action: Action,
    delta: i64,
    metadata: &Value,
) -> TrackingEvent {
    let fields = EventFields {
        id: "o".into(),
        user_id: Some("u".into()),
        child_id: "c".into(),
        entity_type,
        entity_id: "t".to_owned(),
        action,
        points_before: Points::new(3).unwrap(),
        points_after: Points::new(3 + delta).unwrap(),
        delta,
        occurred_at: Timestamp::EPOCH,
        created_at: Timestamp::EPOCH,
        metadata: metadata.as_object().cloned(),
    };
    TrackingEvent::new(fields).unwrap()
}

fn reversed(
    points: i64,
    original: &TrackingEvent,
    is_partial: bool,
) -> Result<EventFields, RuleViolation> {
    let reversal = Reversal { original, name: None, is_partial };
    reverse(&child(points), reversal, Points::ZERO, origin(Actor::Parent))
}

#[test]
fn a_reversal_takes_back_the_recorded_delta() {
    let metadata = serde_json::json!({"name": "Dishes", "points": 8, "requested_delta": -8});
    let cut = original(EntityType::Penalty, Action::Activated, -3, &metadata);
    let event = event(reversed(4, &cut, false));
    assert_eq!((event.delta, event.points_after.get()), (3, 7));
    assert_eq!((event.entity_type, event.action), (EntityType::Penalty, Action::Cancelled));
    assert_eq!((&*event.entity_id, event.reverses()), ("t", Some("o")));
    let expected = serde_json::json!({
        "name": "Dishes", "points": 8, "actor": "parent", "reverses": "o",
    });
    assert_eq!(Value::Object(event.metadata.clone().unwrap()), expected);
}

#[test]
fn a_reversal_of_an_older_event_has_the_name_and_the_amount_that_are_known() {
    let rewarded = |metadata| original(EntityType::Reward, Action::Redeemed, -2, metadata);
    let named = |original: &TrackingEvent, name: Option<&Name>| {
        let reversal = Reversal { original, name, is_partial: false };
        let event = event(reverse(&child(0), reversal, Points::ZERO, origin(Actor::Parent)));
        let metadata = event.metadata.clone().unwrap();
        (metadata["name"].as_str().unwrap().to_owned(), metadata["cost"].as_i64())
    };
    let (older, present) = (rewarded(&Value::Null), Name::from_stored("Cinema"));
    assert_eq!(named(&older, Some(&present)), ("Cinema".to_owned(), Some(2)));
    assert_eq!(named(&older, None), (String::new(), Some(2)));
    let flask = rewarded(&serde_json::json!({"task_name": "Ice", "cost": 7}));
    assert_eq!(named(&flask, Some(&present)), ("Ice".to_owned(), Some(7)));
}

#[test]
fn a_reversal_does_not_push_points_below_the_floor() {
    let given = original(EntityType::Task, Action::Activated, 5, &Value::Null);
    assert_eq!(event(reversed(5, &given, false)).points_after.get(), 0);
    for (points, points_needed) in [(4, 1), (0, 5), (-2, 7)] {
        let refused = reversed(points, &given, false);
        assert_eq!(refused, Err(RuleViolation::InsufficientPoints { points_needed }));
        let partial = event(reversed(points, &given, true));
        assert_eq!(partial.points_after.get(), points.min(0), "of {points}");
        assert_eq!(partial.metadata.as_ref().unwrap()["requested_delta"], -5);
    }
    let whole = event(reversed(9, &given, true));
    assert_eq!((whole.delta, whole.metadata.as_ref().unwrap().get("requested_delta")), (-5, None));
    let taken = original(EntityType::Penalty, Action::Activated, -3, &Value::Null);
    let result = reversed(Points::LIMIT, &taken, false);
    assert_eq!(result, Err(RuleViolation::PointsOutOfRange));
}

#[test]
fn requests_cancellations_and_reversals_are_not_reversible() {
    let reversal = serde_json::json!({"reverses": "x"});
    for event in [
        original(EntityType::Reward, Action::Requested, 0, &Value::Null),
        original(EntityType::Reward, Action::Cancelled, 0, &Value::Null),
        original(EntityType::Task, Action::Cancelled, -3, &reversal),
    ] {
        assert_eq!(reversed(9, &event, true), Err(RuleViolation::NotReversible));
    }
    let nothing = original(EntityType::Penalty, Action::Activated, 0, &Value::Null);
    assert_eq!(event(reversed(9, &nothing, false)).delta, 0);
}

fn adjusted(points: i64, delta: i64, is_partial: bool) -> Result<EventFields, RuleViolation> {
    let note = Some(Note::from_stored("wrong".into()));
    let origin = EventOrigin { note, ..origin(Actor::Parent) };
    adjust(&child(points), Adjustment { delta, is_partial }, Points::ZERO, origin)
}

#[test]
fn an_adjustment_is_that_of_a_task_or_a_penalty() {
    for (delta, kind) in [(4, EntityType::Task), (-4, EntityType::Penalty)] {
        let event = event(adjusted(6, delta, false));
        assert_eq!((event.entity_type, event.action), (kind, Action::Activated));
        assert_eq!((&*event.entity_id, event.delta), ("adjustment", delta));
        let expected = serde_json::json!({
            "name": "Adjustment", "points": 4, "actor": "parent", "adjustment": true, "note": "wrong",
        });
        assert_eq!(Value::Object(event.metadata.clone().unwrap()), expected);
    }
}

#[test]
fn an_adjustment_does_not_push_points_below_the_floor() {
    let refused = adjusted(6, -7, false);
    assert_eq!(refused, Err(RuleViolation::InsufficientPoints { points_needed: 1 }));
    let partial = event(adjusted(6, -7, true));
    assert_eq!(partial.delta, -6);
    let metadata = partial.metadata.as_ref().unwrap();
    assert_eq!((&metadata["requested_delta"], &metadata["points"]), (&(-7).into(), &7.into()));
    assert_eq!(adjusted(Points::LIMIT, 1, true), Err(RuleViolation::PointsOutOfRange));
    let back = reversed(6, &partial, false).unwrap();
    assert_eq!((back.delta, back.metadata.unwrap()["name"].as_str()), (6, Some("Adjustment")));
}
