//! Faults of events that are not damage.

use std::fs;

use serde_json::{Value, json};

use super::directory::{Checked, add, check, edit, flask};
use crate::harness::Folders;

const FILE: &str = "tracking_events.json";
const ZOE: &str = "6513270e-269e-4d37-b2a7-4de452e6b438";
/// A child that was deleted, so that its points are unknown.
const GONE: &str = "00000000-0000-4000-8000-000000000001";

/// An event of the deleted child.
pub(super) fn event(id: &str, minute: u32, before: i64, delta: i64) -> Value {
    let kind = if delta < 0 { "penalty" } else { "task" };
    let at = format!("2026-03-01T10:{minute:02}:00Z");
    json!({
        "id": id, "user_id": ZOE, "child_id": GONE, "entity_type": kind, "entity_id": "gone",
        "action": "activated", "points_before": before, "points_after": before + delta,
        "delta": delta, "occurred_at": at, "created_at": at, "metadata": null,
    })
}

/// The Flask service's directory with these events, numbered from 1001.
pub(super) fn with_events(events: impl IntoIterator<Item = Value>) -> Folders {
    let folders = flask();
    for (number, event) in (1001..).zip(events) {
        add(&folders, FILE, number, event);
    }
    folders
}

fn checked(events: impl IntoIterator<Item = Value>) -> Checked {
    check(&with_events(events))
}

#[test]
fn events_of_deleted_records_are_not_broken_references() {
    let mut anonymous = event("b", 1, 5, -3);
    anonymous["user_id"] = Value::Null;
    assert_eq!(checked([event("a", 0, 0, 5), anonymous]).code, 0);
}

#[test]
fn a_wrong_field() {
    for (field, value, code, says) in [
        ("delta", json!(4), "wrong_delta", "delta 4 does not lead from 0 to 5"),
        ("delta", json!(i64::MAX), "wrong_delta", "does not lead"),
        ("entity_type", json!("penalty"), "wrong_delta", "can't have delta 5"),
        ("entity_type", json!("chore"), "unknown_word", "\"chore\""),
        ("action", json!("Activated"), "unknown_word", "\"Activated\""),
        ("action", json!("redeemed"), "wrong_action", "task can't be redeemed"),
        ("entity_type", json!("reward"), "wrong_action", "reward can't be activated"),
        ("id", json!(5), "unreadable_field", "`id`"),
        ("entity_id", json!(""), "missing_field", "`entity_id` is empty"),
        ("points_after", json!(5.5), "unreadable_field", "`points_after`"),
        ("points_before", json!("0"), "unreadable_field", "`points_before`"),
        ("delta", json!(null), "unreadable_field", "`delta`"),
        ("occurred_at", json!("soon"), "unreadable_field", "`occurred_at`"),
        ("created_at", json!("2026-13-01"), "unreadable_field", "`created_at`"),
        ("created_at", json!("2026-02-01T00:00:00Z"), "recorded_too_early", "before it occurred"),
        ("metadata", json!([1]), "unreadable_field", "`metadata`"),
        ("user_id", json!("nobody"), "event_of_no_account", "nobody"),
        ("user_id", json!(7), "unreadable_field", "`user_id`"),
    ] {
        let mut event = event("a", 0, 0, 5);
        event[field] = value;
        let folders = with_events([event]);
        let text = fs::read_to_string(folders.data_file(FILE)).unwrap();
        let byte = text.rfind("\"1001\":").unwrap() + "\"1001\":".len();
        check(&folders).expect_one(code, &json!([FILE, 1001, byte]), says);
    }
}

#[test]
fn a_missing_field() {
    let whole = event("a", 0, 0, 5);
    for field in whole.as_object().unwrap().keys() {
        let mut event = whole.clone();
        event.as_object_mut().unwrap().remove(field);
        let checked = checked([event]);
        assert_eq!(checked.codes(), ["missing_field"], "{field}");
        let message = checked.findings()[0]["message"].as_str().unwrap();
        assert_eq!(message, format!("`{field}` is missing"));
    }
}

#[test]
fn requests_and_cancellations_leave_the_points_as_they_are() {
    for (action, delta, is_right) in [
        ("requested", 0, true),
        ("cancelled", 0, true),
        ("redeemed", -5, true),
        ("requested", 5, false),
        ("cancelled", -5, false),
        ("redeemed", 5, false),
    ] {
        let mut event = event("a", 0, 10, delta);
        (event["entity_type"], event["action"]) = (json!("reward"), json!(action));
        let checked = checked([event]);
        let expected: &[&str] = if is_right { &[] } else { &["wrong_delta"] };
        assert_eq!(checked.codes(), expected, "{action} {delta}");
    }
}

#[test]
fn duplicate_ids_numbers_and_fields() {
    let uuid = "12345678-1234-4234-8234-123456789abc";
    for id in ["any", uuid] {
        let twice = [event(id, 0, 0, 5), event("b", 1, 5, 5), event(id, 2, 10, 5)];
        let checked = checked(twice);
        assert_eq!(checked.codes(), ["duplicate_id"]);
        assert_eq!(checked.rows_with("duplicate_id"), [1003]);
    }
    // TinyDB sees two different ids.
    let upper = uuid.to_uppercase();
    assert_eq!(checked([event(uuid, 0, 0, 5), event(&upper, 1, 5, 5)]).code, 0);

    let folders = with_events([event("a", 0, 0, 5), event("b", 1, 5, 5)]);
    let text = fs::read_to_string(folders.data_file(FILE)).unwrap();
    folders.put(FILE, &text.replace("\"1002\"", "\"1001\""));
    assert_eq!(check(&folders).rows_with("duplicate_row"), [1001]);
    folders.put(FILE, &text.replace("{\"id\":\"a\"", "{\"delta\":1,\"id\":\"a\""));
    let checked = check(&folders);
    assert_eq!(
        (checked.codes(), checked.rows_with("duplicate_field")),
        (vec!["duplicate_field"], vec![1001])
    );
}

#[test]
fn an_order_that_goes_back_in_time() {
    let checked = checked([event("a", 5, 0, 5), event("b", 1, 5, 5), event("c", 9, 10, 5)]);
    assert_eq!(checked.code, 0, "points follow the order of writing");
    assert_eq!(checked.codes(), [""; 0]);
    let [note] = &checked.notes_of("wrong_order")[..] else { panic!("{checked:#?}") };
    assert_eq!(note["row"], 1002);
    assert!(note["message"].as_str().unwrap().contains("row 1001"));
}

#[test]
fn rows_ahead_of_the_clock_are_reported() {
    let mut ahead = event("a", 0, 0, 5);
    for field in ["occurred_at", "created_at"] {
        ahead[field] = json!("2199-01-01T00:00:00Z");
    }
    let folders = with_events([ahead]);
    edit(&folders, "children.json", |file| {
        file["_default"]["2"]["updated_at"] = json!(7_226_582_400.0);
    });
    let checked = check(&folders);
    assert_eq!((checked.code, checked.codes()), (0, Vec::new()));
    let notes = checked.notes_of("time_ahead");
    let places: Vec<_> = notes.iter().map(|note| json!([note["file"], note["row"]])).collect();
    assert_eq!(places, [json!(["children.json", 2]), json!([FILE, 1001])]);
}

#[test]
fn the_first_break_of_a_chain_is_named() {
    let events = [
        event("a", 0, 0, 5),
        event("b", 1, 6, 5),
        event("c", 2, 11, -4),
        event("d", 3, 9, 5),
        event("e", 4, 0, 5),
    ];
    let folders = with_events(events);
    let says = "starts with 6 points, but the previous event of child \
                00000000-0000-4000-8000-000000000001, row 1001, ends with 5; there are 2 more such \
                breaks after it";
    check(&folders).expect_one("chain_break", &json!([FILE, 1002, null]), says);
    // If an event between them is unreadable, it is unknown whether the others continue each other.
    edit(&folders, FILE, |file| {
        let rows = file["_default"].as_object_mut().unwrap();
        rows["1002"]["points_after"] = json!("many");
        rows.remove("1004");
        rows.remove("1005");
    });
    assert_eq!(check(&folders).codes(), ["unreadable_field"]);
}

#[test]
fn events_at_one_moment_follow_in_the_order_of_writing() {
    let mut recorded_later = event("b", 0, 10, 5);
    recorded_later["created_at"] = json!("2026-03-01T10:00:00.5Z");
    assert_eq!(checked([event("a", 0, 5, 5), recorded_later]).code, 0);
    assert_eq!(checked([event("a", 0, 0, 5), event("b", 0, 5, 5), event("c", 0, 10, 5)]).code, 0);
}

#[test]
fn a_childs_points_agree_with_its_events() {
    let folders = flask();
    edit(&folders, "children.json", |file| file["_default"]["2"]["points"] = json!(52));
    let says = "has 52 points, but its last event";
    check(&folders).expect_one("child_points", &json!(["children.json", 2, null]), says);
    // A child without events has its opening points.
    let child = json!({"id": "new", "user_id": ZOE, "points": 40});
    let folders = flask();
    add(&folders, "children.json", 70, child);
    assert_eq!(check(&folders).code, 0);
}
