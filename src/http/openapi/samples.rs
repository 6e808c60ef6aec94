//! One example of each record. They are those of `docs/api.md`, from a real session.

use serde_json::{Value, json};

pub(crate) const MEMBER_ID: &str = "0b7c0cde-6f52-4a52-9bd5-3a0a8f2b9b10";
pub(crate) const CHILD_ID: &str = "7e29a927-0222-4c47-a312-a37762464203";
pub(crate) const MOMENT: &str = "2026-11-23T01:49:49.730293Z";
pub(crate) const USER_ID: &str = "59bda154-2a69-44a3-a7a6-8a5adbf4ac79";
const TASK_ID: &str = "f435a1ca-1254-4e99-a626-a09eabde92a2";
pub(crate) const REWARD_ID: &str = "67aadd88-dcea-4879-8d54-8f45bffe6d16";
pub(crate) const REQUEST_ID: &str = "b709676f-e8ca-4c4c-b5b2-b46e55499b9d";
pub(crate) const EVENT_ID: &str = "42f97cd9-a931-4025-97d6-c870d0148f74";

pub(crate) fn user() -> Value {
    json!({
        "id": USER_ID, "first_name": "Paula", "last_name": "Parent",
        "email": "paula@example.org", "role": "parent", "image_id": null,
        "created_at": "2026-11-23T01:49:48.460867Z",
        "updated_at": "2026-11-23T01:49:48.460867Z", "language": null, "verified": true,
    })
}

pub(crate) fn family_settings() -> Value {
    json!({
        "time_zone": "Europe/Berlin", "default_time_zone": "UTC", "day_starts_at": 0,
        "week_start": "monday", "rest_days": ["sunday"],
        "pauses": [{"from": "2026-08-01", "to": "2026-08-14"}], "daily_goal": null,
        "ranks": [{"name": "Newcomer", "threshold": 0}, {"name": "Helper", "threshold": 50}],
        "shows_ranking": false, "streak_rule": "any_task", "penalties_by_helpers": false,
    })
}

fn balance(from: &Value, to: &Value) -> Value {
    json!({
        "from": from, "to": to, "good": {"count": 3, "points": 15},
        "not_good": {"count": 1, "points": 2}, "ratio": 0.75, "points_spent": 0, "net_change": 13,
    })
}

pub(crate) fn progress() -> Value {
    let (monday, today) = (json!("2026-11-23"), json!("2026-11-24"));
    json!({
        "balance": {
            "today": balance(&today, &today), "week": balance(&monday, &today),
            "all_time": balance(&Value::Null, &Value::Null),
        },
        "streak": {
            "current": 2, "longest": 2, "current_from": monday, "current_to": today,
            "longest_from": monday, "longest_to": today,
        },
        "rank": {
            "number": 1, "name": "Newcomer", "threshold": 0, "points_earned": 15,
            "next": {"name": "Helper", "threshold": 50}, "points_needed": 35,
        },
        "badges": {
            "newest": [award()],
            "nearest": [{
                "badge_id": "helping-hand", "badge_name": "Helping hand", "metric": "tasks_done", "grade": 1,
                "value": 3, "threshold": 10,
            }],
        },
    })
}

pub(crate) fn statistics() -> Value {
    json!({
        "from": "2026-11-24", "to": "2026-11-24", "by": "day",
        "series": [{
            "from": "2026-11-24", "to": "2026-11-24", "points_earned": 15, "points_lost": 2,
            "points_spent": 0, "tasks_done": 3, "penalties": 1, "rewards_redeemed": 0,
        }],
        "tasks": [{"id": TASK_ID, "name": "Make the bed", "count": 3}],
        "penalties": [], "rewards": [],
    })
}

pub(crate) fn ranking() -> Value {
    json!({
        "period": "week", "by": "points_earned", "from": "2026-11-23", "to": "2026-11-24",
        "ranking": [{
            "place": 1, "child_id": CHILD_ID, "name": "Mía", "points_earned": 15, "tasks_done": 3,
            "good_ratio": 0.75,
        }],
    })
}

pub(crate) fn user_for_child() -> Value {
    json!({"id": USER_ID, "first_name": "Paula", "image_id": null})
}

pub(crate) fn session() -> Value {
    json!({
        "user": user(), "scope": "parent", "child_id": null, "family_id": USER_ID, "family_role": "owner",
    })
}

pub(crate) fn member() -> Value {
    json!({
        "id": MEMBER_ID, "first_name": "Oma", "last_name": "Parent", "role": "helper", "created_at": MOMENT,
    })
}

pub(crate) fn child() -> Value {
    json!({
        "id": CHILD_ID, "user_id": USER_ID, "name": "Mía", "age": 7, "points": 15, "tasks": [],
        "rewards": [], "image_id": null, "created_at": "2026-11-23T01:49:49.612435Z",
        "updated_at": MOMENT, "colour": null, "goal_reward_id": null, "reserved": 0,
    })
}

pub(crate) fn badge() -> Value {
    json!({
        "id": "busy-week", "user_id": null, "name": "Busy week", "icon": "broom", "metric": "tasks_done",
        "task_id": null, "thresholds": [10, 20, 30], "period": "week", "hidden": false, "created_at": null,
        "updated_at": null,
    })
}

pub(crate) fn award() -> Value {
    json!({
        "id": "busy-week.1.2026-11-23", "child_id": CHILD_ID, "badge_id": "busy-week", "grade": 1,
        "period": "2026-11-23", "badge_name": "Busy week", "metric": "tasks_done", "task_id": null,
        "threshold": 10, "earned_at": MOMENT, "tracking_event_id": EVENT_ID, "revoked_at": null,
    })
}

pub(crate) fn task() -> Value {
    json!({
        "id": TASK_ID, "user_id": USER_ID, "name": "Make the bed", "points": 5, "is_good": true,
        "image_id": null, "created_at": "2026-11-23T01:49:49.628560Z",
        "updated_at": "2026-11-23T01:49:49.628560Z", "requestable": true, "icon": null, "limit": null,
        "schedule": null,
    })
}

pub(crate) fn occurrence() -> Value {
    json!({
        "task_id": TASK_ID, "task_name": "Make the bed", "points": 5, "child_id": CHILD_ID,
        "day": "2026-11-23", "last_day": "2026-11-24", "state": "due", "due_at": "2026-11-23T17:30:00.000000Z",
        "ends_at": "2026-11-24T23:00:00.000000Z", "allowed": true, "note": null,
    })
}

pub(crate) fn schedule_statistics() -> Value {
    let completion = json!({"done": 3, "missed": 1, "open": 1, "skipped": 0, "rate": 0.75});
    let of = |fields: Value| {
        let mut own = completion.clone();
        if let (Some(own), Value::Object(fields)) = (own.as_object_mut(), fields) {
            own.extend(fields);
        }
        own
    };
    json!({
        "from": "2026-11-16", "to": "2026-11-22", "total": completion,
        "children": [of(json!({"child_id": CHILD_ID, "name": "Mía"}))],
        "weekdays": [of(json!({"weekday": "monday"}))],
        "tasks": [of(json!({"task_id": TASK_ID, "name": "Make the bed"}))],
    })
}

pub(crate) fn reward() -> Value {
    json!({
        "id": REWARD_ID, "user_id": USER_ID, "name": "Ice cream", "description": "", "cost": 12,
        "image_id": null, "created_at": "2026-11-23T01:49:49.679005Z",
        "updated_at": "2026-11-23T01:49:49.679005Z", "icon": null,
    })
}

pub(crate) fn pending_reward() -> Value {
    json!({
        "id": REQUEST_ID, "user_id": USER_ID, "child_id": CHILD_ID,
        "child_name": "Mía", "reward_id": REWARD_ID, "reward_name": "Ice cream",
        "created_at": "2026-11-23T01:49:49.750329Z", "cost": 12, "note": null,
    })
}

pub(crate) fn pending_task() -> Value {
    json!({
        "id": REQUEST_ID, "user_id": USER_ID, "child_id": CHILD_ID, "child_name": "Mía",
        "task_id": TASK_ID, "task_name": "Make the bed", "points": 5,
        "created_at": "2026-11-23T01:49:49.750329Z", "note": null,
    })
}

pub(super) fn tracking_event() -> Value {
    json!({
        "id": EVENT_ID, "user_id": USER_ID, "child_id": CHILD_ID, "entity_type": "task",
        "entity_id": TASK_ID, "action": "activated", "points_before": 10, "points_after": 15,
        "delta": 5, "occurred_at": MOMENT, "created_at": MOMENT,
        "metadata": {"name": "Make the bed", "points": 5, "actor": "parent"},
    })
}

pub(super) fn request_ended() -> Value {
    json!({
        "type": "request_ended",
        "payload": {
            "request_id": REQUEST_ID, "child_id": CHILD_ID, "entity_type": "reward",
            "entity_id": REWARD_ID, "ended": "redeemed", "ended_at": MOMENT,
            "tracking_event_id": EVENT_ID,
        },
    })
}

pub(super) fn records_changed() -> Value {
    json!({"type": "records_changed", "payload": {"kind": "reward", "id": REWARD_ID}})
}

pub(super) fn badge_awarded() -> Value {
    json!({"type": "badge_awarded", "payload": about_award("earned_at")})
}

pub(super) fn badge_revoked() -> Value {
    json!({"type": "badge_revoked", "payload": about_award("revoked_at")})
}

fn about_award(moment: &str) -> Value {
    json!({
        "award_id": "busy-week.1.2026-11-23", "child_id": CHILD_ID, "badge_id": "busy-week",
        "badge_name": "Busy week", "grade": 1, "period": "2026-11-23", moment: MOMENT,
        "tracking_event_id": EVENT_ID,
    })
}

pub(super) fn rank_changed() -> Value {
    json!({"type": "rank_changed", "payload": {
        "child_id": CHILD_ID, "number": 2, "name": "Helper", "threshold": 50, "points_earned": 50,
        "tracking_event_id": EVENT_ID,
    }})
}

pub(super) fn task_due() -> Value {
    json!({"type": "task_due", "payload": {
        "task_id": TASK_ID, "task_name": "Make the bed", "child_id": CHILD_ID, "date": "2026-11-23",
        "due_at": "2026-11-23T17:30:00.000000Z", "ends_at": "2026-11-23T23:00:00.000000Z",
    }})
}

pub(super) fn tasks_summary() -> Value {
    json!({"type": "tasks_summary", "payload": {
        "child_id": CHILD_ID, "from": "2026-11-22T17:30:00.000000Z", "to": MOMENT, "due": 2, "late": 1, "missed": 3,
    }})
}

pub(super) fn tracking_event_created() -> Value {
    json!({
        "type": "tracking_event_created",
        "payload": {
            "tracking_event_id": EVENT_ID, "child_id": CHILD_ID, "entity_type": "task",
            "entity_id": TASK_ID, "action": "activated", "points_before": 10, "points_after": 15,
            "delta": 5, "occurred_at": MOMENT,
        },
    })
}
