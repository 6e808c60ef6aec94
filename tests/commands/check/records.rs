//! Faults of the small tables that are not damage.

use serde_json::{Value, json};

use super::directory::{add, check, edit, flask, replace};
use crate::harness::Folders;

const ZOE: &str = "6513270e-269e-4d37-b2a7-4de452e6b438";
const BED: &str = "9531985d-5d9d-49f8-9818-e811892f902b";
const MIA: &str = "c6f87718-6d76-407e-881e-d162ae2eb154";
const ICE_CREAM: &str = "92276658-1e27-41c0-8a6a-63ec24ede6a4";

/// The offset of the text of that row.
fn byte_of(folders: &Folders, file: &str, row: u64) -> usize {
    let text = std::fs::read_to_string(folders.data_file(file)).unwrap();
    let name = format!("\"{row}\":");
    let at = text.rfind(&name).unwrap() + name.len();
    at + text[at..].find('{').unwrap()
}

#[test]
fn a_flask_services_directory_has_no_faults() {
    let checked = check(&flask());
    assert_eq!((checked.code, &checked.report["status"]), (0, &json!("clean")), "{checked:#?}");
    for (file, rows) in [
        ("users.json", 3),
        ("children.json", 6),
        ("tasks.json", 16),
        ("rewards.json", 9),
        ("pending_rewards.json", 3),
        ("tracking_events.json", 71),
    ] {
        let table = checked.table(file);
        assert_eq!((&table["state"], &table["rows"]), (&json!("present"), &json!(rows)), "{file}");
    }
    assert_eq!(checked.table("sessions.json")["state"], "missing");
}

#[test]
fn an_empty_file_of_another_program_is_not_a_fault() {
    let folders = Folders::new();
    folders.put("users.json", r#"{"_default": {}}"#);
    assert_eq!(check(&folders).code, 0);
    folders.put("mine.json", "");
    assert_eq!(check(&folders).code, 0);
}

/// The mark of an occurrence, with these fields.
fn mark(fields: &Value) -> Value {
    let mut row = json!({
        "user_id": ZOE, "task_id": BED, "child_id": MIA, "day": "2026-02-09", "kind": "skipped",
        "created_at": 1.0,
    });
    row.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    row
}

#[test]
fn rows_that_are_not_records() {
    let folders = flask();
    for (number, (file, row, why)) in (50..).zip([
        ("users.json", json!({"id": "u"}), "`email`"),
        ("children.json", json!({"id": "c", "user_id": ZOE, "points": 1.5}), "`points`"),
        ("tasks.json", json!({"id": "t", "points": "many"}), "`points`"),
        ("rewards.json", json!({"id": 7, "cost": 1}), "`id`"),
        ("sessions.json", json!({}), "`token_sha256`"),
        ("settings.json", json!({"value": 1}), "`name`"),
        ("schedule_marks.json", mark(&json!({"kind": "of a newer version"})), "`kind`"),
        ("schedule_marks.json", mark(&json!({"day": "Monday"})), "`day`"),
        (
            "task_details.json",
            json!({"id": "t", "user_id": ZOE, "schedule": "daily"}),
            "`schedule`",
        ),
    ]) {
        let before = folders.data_file(file).exists().then(|| folders.json(file));
        add(&folders, file, number, row);
        let byte = byte_of(&folders, file, number);
        check(&folders).expect_one("unreadable_row", &json!([file, number, byte]), why);
        folders.put(file, &before.unwrap_or_else(|| json!({"_default": {}})).to_string());
    }
}

#[test]
fn duplicate_ids_numbers_and_fields() {
    let folders = flask();
    let first = folders.json("children.json")["_default"]["2"].clone();
    add(&folders, "children.json", 60, first);
    let place = json!(["children.json", 60, byte_of(&folders, "children.json", 60)]);
    check(&folders).expect_one("duplicate_id", &place, "row 2");

    let folders = flask();
    let text = r#"{"_default": {"1": {"id": "a", "name": "x", "points": 1, "user_id": null}, "1": {"id": "b", "points": 1}}}"#;
    folders.put("tasks.json", text);
    let place = json!(["tasks.json", 1, byte_of(&folders, "tasks.json", 1)]);
    check(&folders).expect_one("duplicate_row", &place, "same number");

    let folders = flask();
    replace(&folders, "users.json", "{\"id\"", "{\"role\": \"parent\", \"id\"");
    let place = json!(["users.json", 1, byte_of(&folders, "users.json", 1)]);
    check(&folders).expect_one("duplicate_field", &place, "`role`");

    let folders = flask();
    replace(&folders, "tasks.json", "{\"_default\"", "{\"_default\": {}, \"_default\"");
    let second = json!(["tasks.json", null, 29]);
    check(&folders).expect_one("duplicate_field", &second, "second time");
}

#[test]
fn two_accounts_with_one_address() {
    let folders = flask();
    let hash = folders.json("users.json")["_default"]["1"]["password"].clone();
    let account = json!({"id": "u", "email": " Parent0@EXAMPLE.org", "password": hash});
    add(&folders, "users.json", 9, account);
    let place = json!(["users.json", 9, byte_of(&folders, "users.json", 9)]);
    check(&folders).expect_one("duplicate_email", &place, "row 1");
}

fn webhook(user: &str, child: &Value) -> Value {
    json!({
        "id": "w", "user_id": user, "url": "https://example.org/", "events": ["task.due"],
        "child_id": child, "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "last_event": "0",
        "last_message": 0, "created_at": 1.0, "updated_at": 1.0,
    })
}

fn delivery() -> Value {
    json!({
        "webhook_id": "gone", "user_id": ZOE, "number": 1, "message_id": "m", "type": "task.due",
        "source": "test", "created_at": 1.0, "status": "failed", "attempts": 1,
        "attempted_at": 1.0, "error": "timeout",
    })
}

#[test]
fn references_to_missing_records() {
    let moments = |extra: &Value| {
        let mut row = json!({"created_at": 1.0, "last_used_at": 1.0, "expires_at": 2.0});
        row.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        row
    };
    let request = |child: &str, reward: &str, user: &str| json!({"id": "p", "child_id": child, "reward_id": reward, "user_id": user});
    let feed = |user: &str, child: &str| json!({"id": "f", "secret_sha256": "s", "user_id": user, "child_id": child, "created_at": 1.0});
    let member = |user: &str, account: &str| json!({"id": "m", "user_id": user, "account_id": account, "first_name": "O", "last_name": "P", "role": "helper", "created_at": 1.0});
    for (file, row, says) in [
        ("children.json", json!({"id": "c", "user_id": "gone", "points": 0}), "account gone"),
        ("tasks.json", json!({"id": "t", "user_id": "gone", "points": 1}), "account gone"),
        ("rewards.json", json!({"id": "r", "user_id": "gone", "cost": 1}), "account gone"),
        ("pending_rewards.json", request("gone", ICE_CREAM, ZOE), "child gone"),
        ("pending_rewards.json", request(MIA, "gone", ZOE), "reward gone"),
        ("pending_rewards.json", request(MIA, ICE_CREAM, "gone"), "account gone"),
        ("sessions.json", moments(&json!({"token_sha256": "t", "user_id": "gone"})), "account"),
        (
            "sessions.json",
            moments(&json!({"token_sha256": "t", "user_id": ZOE, "child_id": "gone"})),
            "child gone",
        ),
        ("schedule_marks.json", mark(&json!({"user_id": "gone"})), "account gone"),
        ("schedule_marks.json", mark(&json!({"child_id": "gone"})), "child gone"),
        ("schedule_marks.json", mark(&json!({"task_id": "gone"})), "task gone"),
        (
            "idempotency_keys.json",
            moments(&json!({"user_id": "gone", "key": "k", "mutation": "m", "event_row": 1})),
            "account gone",
        ),
        ("calendar_feeds.json", feed(ZOE, "gone"), "child gone"),
        ("calendar_feeds.json", feed("gone", MIA), "account gone"),
        ("webhooks.json", webhook("gone", &Value::Null), "account gone"),
        ("webhooks.json", webhook(ZOE, &json!("gone")), "child gone"),
        ("webhook_deliveries.json", delivery(), "webhook gone"),
        ("members.json", member("gone", ZOE), "account gone"),
        ("user_details.json", json!({"id": ZOE, "member_of": "gone"}), "account gone"),
        (
            "sessions.json",
            moments(
                &json!({"token_sha256": "member-t", "user_id": ZOE, "member_account_id": "gone"}),
            ),
            "account gone, which is no member",
        ),
        ("members.json", member(ZOE, "gone"), "account gone"),
    ] {
        let folders = flask();
        add(&folders, file, 70, row);
        let place = json!([file, 70, byte_of(&folders, file, 70)]);
        check(&folders).expect_one("broken_reference", &place, says);
    }
}

#[test]
fn references_into_a_damaged_file_are_not_reported() {
    let folders = flask();
    folders.put("users.json", "{\"_default\": {\"1\":");
    folders.put("rewards.json", "{}{}");
    let checked = check(&folders);
    assert_eq!(checked.codes(), ["cut_off", "two_roots"]);
    assert_eq!(
        checked.table("users.json"),
        &json!({"file": "users.json", "state": "damaged", "rows": null})
    );
    // The readable rows are checked anyway.
    add(&folders, "children.json", 9, json!({"id": 5}));
    assert_eq!(check(&folders).codes(), ["cut_off", "two_roots", "unreadable_row"]);
}

#[test]
fn a_file_of_another_program_that_is_not_json() {
    let folders = flask();
    folders.put("notes.json", "[1, 2");
    folders.put("notes.txt", "[1, 2");
    check(&folders).expect_one("other_file", &json!(["notes.json", null, 5]), "it is not JSON");
    edit(&folders, "images.json", |images| *images = json!([1]));
    folders.put("notes.json", "NaN");
    assert_eq!(check(&folders).code, 0);
}
