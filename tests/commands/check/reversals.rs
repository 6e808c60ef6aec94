//! Reversals that do not fit the event that they name.

use serde_json::{Value, json};

use super::directory::check;
use super::events::{event, with_events};

/// The reversal of an event of five points.
fn reversal(id: &str, minute: u32, reversed: &str) -> Value {
    let mut reversal = event(id, minute, 5, -5);
    reversal["entity_type"] = json!("task");
    reversal["action"] = json!("cancelled");
    reversal["metadata"] = json!({"name": "", "points": 5, "reverses": reversed});
    reversal
}

#[test]
fn a_reversal_names_an_earlier_event_with_the_opposite_delta() {
    let uuid = "12345678-1234-4234-8234-123456789abc";
    let mut nothing = reversal("n", 1, "a");
    nothing["metadata"]["requested_delta"] = json!(-5);
    (nothing["points_after"], nothing["delta"]) = (json!(5), json!(0));
    for (id, reversal) in [
        ("a", reversal("b", 1, "a")),
        (uuid, reversal("b", 1, uuid)),
        // In part: the child had no points above the floor.
        ("a", nothing),
    ] {
        assert_eq!(check(&with_events([event(id, 0, 0, 5), reversal])).code, 0, "{id}");
    }
}

#[test]
fn a_reversal_of_another_event() {
    let with = |field: &str, value: Value| {
        let mut reversal = reversal("b", 1, "a");
        reversal[field] = value;
        reversal
    };
    let mut half = with("points_after", json!(3));
    half["delta"] = json!(-2);
    let mut more = half.clone();
    more["metadata"]["requested_delta"] = json!(-1);
    for (wrong, says) in [
        (reversal("b", 1, "x"), "reverses the event x, which doesn't exist"),
        (reversal("b", 1, "b"), "reverses row 1002, which was written after it"),
        (with("child_id", json!("00000000-0000-4000-8000-000000000002")), "the same child"),
        (with("entity_id", json!("other")), "the same task or reward"),
        (with("entity_type", json!("penalty")), "the same task or reward"),
        (half, "the opposite delta"),
        (more, "the opposite delta"),
    ] {
        let checked = check(&with_events([event("a", 0, 0, 5), wrong]));
        assert_eq!(checked.codes(), ["wrong_reversal"], "{says}");
        assert_eq!(checked.rows_with("wrong_reversal"), [1002]);
        let message = checked.findings()[0]["message"].as_str().unwrap();
        assert!(message.contains(says), "{message}");
    }
}

#[test]
fn a_reversal_that_another_one_precedes() {
    let mut second = reversal("c", 3, "a");
    (second["points_before"], second["points_after"]) = (json!(7), json!(2));
    let events = [event("a", 0, 0, 5), reversal("b", 1, "a"), event("d", 2, 0, 7), second];
    let checked = check(&with_events(events));
    assert_eq!(checked.codes(), ["wrong_reversal"]);
    assert_eq!(checked.rows_with("wrong_reversal"), [1004]);
}

#[test]
fn a_reversal_of_a_reversal() {
    let mut second = reversal("c", 2, "b");
    (second["points_before"], second["points_after"]) = (json!(0), json!(5));
    second["delta"] = json!(5);
    let checked = check(&with_events([event("a", 0, 0, 5), reversal("b", 1, "a"), second]));
    assert_eq!(checked.rows_with("wrong_reversal"), [1003]);
}
