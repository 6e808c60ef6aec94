//! From a directory to a database and back: the tables are the same, except row numbers and sessions.

use std::fs;

use serde_json::{Value, json};

use super::{exported, imported, run};
use crate::harness::cluster::execute;
use crate::harness::{Folders, names, python};

/// The texts of a table's rows in the order of the file.
fn row_texts(text: &str) -> Vec<String> {
    let file: serde_json::Map<String, Value> = serde_json::from_str(text).unwrap_or_default();
    let rows = file.get("_default").and_then(Value::as_object).cloned().unwrap_or_default();
    rows.into_iter().map(|(_, row)| row.to_string()).collect()
}

/// Every table as TinyDB reads it, each as the sorted texts of its rows; without sessions, and without
/// the setting that an export changes.
fn tables(folders: &Folders) -> Vec<(String, Vec<String>)> {
    let output = python("read_tables.py", &[&folders.data()], "");
    let files: Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut all = Vec::new();
    for (file, tables) in files.as_object().unwrap() {
        for (table, rows) in tables.as_object().unwrap() {
            let rows = rows.as_object().unwrap().values();
            let rows = rows.filter(|row| row["name"] != "event_stream_epoch");
            let mut rows: Vec<String> = rows.map(Value::to_string).collect();
            rows.sort();
            if !rows.is_empty() && file != "sessions.json" {
                all.push((format!("{file}: {table}"), rows));
            }
        }
    }
    all.sort();
    all
}

/// Expects the same tables, and names the first that differs.
#[track_caller]
fn assert_same(folders: &Folders, before: &[(String, Vec<String>)]) {
    let after = tables(folders);
    let files = |tables: &[(String, Vec<String>)]| {
        tables.iter().map(|(name, rows)| (name.clone(), rows.len())).collect::<Vec<_>>()
    };
    assert_eq!(files(&after), files(before));
    for ((name, rows), (_, expected)) in after.iter().zip(before) {
        let differs = rows.iter().zip(expected).find(|(row, expected)| row != expected);
        assert_eq!(differs, None, "{name}");
    }
}

#[track_caller]
fn assert_clean(folders: &Folders) {
    let (code, text, error) = run(folders, &["check", "data"]);
    assert_eq!(code, 0, "{text}{error}");
}

#[test]
fn a_flask_services_directory_comes_back() {
    let folders = Folders::new();
    folders.put_flask_data();
    let before = tables(&folders);
    let (url, report) = imported(&folders);
    for line in ["users.json                       3", "the file images.json", "tables of tasks"] {
        assert!(report.contains(line), "{report}");
    }
    let copy = exported(&url);
    assert_same(&copy, &before);
    assert_clean(&copy);
    assert_eq!(names(copy.root()), ["data"]);
    // TinyDB writes to it, too.
    let row = json!({"id": "new", "name": "x"}).to_string();
    let output = python("append_event.py", &[&copy.data_file("images.json")], &row);
    assert!(output.status.success());
    // The file of an export can be imported, and is then the same.
    let again = exported(&imported(&exported(&url)).0);
    assert_same(&again, &before);
}

/// The scheduled task of an account, and marks of its occurrences.
#[test]
fn schedules_and_their_marks_come_back() {
    let folders = Folders::new();
    folders.put_flask_data();
    let row_with = |file: &str, field: &str| {
        let rows = folders.rows(file).into_iter().map(|(_, row)| row);
        rows.into_iter().find(|row| !row[field].is_null()).unwrap()
    };
    let child = row_with("children.json", "user_id");
    let (user, child) = (&child["user_id"], &child["id"]);
    let task = json!({"id": "t", "user_id": user, "name": "Tidy", "points": 5, "is_good": true});
    let mut tasks = folders.json("tasks.json");
    tasks["_default"]["900"] = task;
    folders.put("tasks.json", &tasks.to_string());
    let table = |rows: Value| json!({"_default": rows}).to_string();
    let plan = json!({"who": "all", "every": "day", "from": "2026-02-09"});
    let schedule = json!([{"starts": "2026-02-09", "plan": plan}]);
    let details = json!({"id": "t", "user_id": user, "schedule": schedule});
    folders.put("task_details.json", &table(json!({"1": details})));
    let next = json!({"id": user, "language": null, "schedule_at": 1_770_768_000.5});
    folders.put("user_details.json", &table(json!({"1": next})));
    let mark = |day: &str, kind: &str| {
        json!({
            "user_id": user, "task_id": "t", "child_id": child, "day": day, "kind": kind,
            "note": null, "created_at": 1_770_662_535.25, "unknown": [1.50],
        })
    };
    let marks = json!({"1": mark("2026-02-10", "skipped"), "7": mark("2026-02-09", "penalty")});
    folders.put("schedule_marks.json", &table(marks));
    assert_clean(&folders);
    let before = tables(&folders);

    let (url, _) = imported(&folders);
    let found =
        execute(&url, "SELECT id || ' ' || schedule_at FROM accounts WHERE schedule_at > 0");
    assert_eq!(found, [format!("{} 1770768000500000", user.as_str().unwrap())]);
    let kept = "SELECT (expires_at - 1770662535250000) / 86400000000 || ' ' || left(id, 18)
        FROM records WHERE kind = 'schedule_marks' ORDER BY id";
    assert_eq!(execute(&url, kept), ["400 2026-02-09/penalty", "400 2026-02-10/skipped"]);
    let (code, text, error) = run(&folders, &["check", "--database-url", &url]);
    assert_eq!(code, 0, "{text}{error}");
    let copy = exported(&url);
    assert_same(&copy, &before);
    assert_clean(&copy);
}

/// Rows that are valid JSON for Python, and as strange as possible.
const CHILDREN: &str = r#"{"old": {"3": {"what": [NaN, 1e400]}}, "_default": {"4": {"id": "c\u0000\ud83d\ude00", "user_id": "u", "name": "\ud83d", "points": 5.0, "whole": 100000000000000000000000000, "none": [NaN, -Infinity], "tab": "\t\\\"é"}, "7": {"user_id": "u", "secret": "no record"}, "9": {"no": "owner"}}, "late": {}}"#;
const USERS: &str = r#"{"_default": {"1": {"id": "u", "email": "\u00c9va@Example.org", "first_name": "a\\nb", "x": NaN}, "2": {"id": "v", "email": "v@x.org", "role": "admin"}}}"#;
const EVENTS: [&str; 7] = [
    r#"{"id": "e1", "user_id": "u", "child_id": "c\u0000\ud83d\ude00", "entity_type": "task", "entity_id": "t", "action": "activated", "points_before": 0, "points_after": 5, "delta": 5, "occurred_at": "2026-01-05T11:00:00Z", "created_at": 1767610800.25, "metadata": {"n": NaN, "big": 123456789012345678901234567890}, "more": [1.50, -0.0, "\ud800"]}"#,
    r#"{"id": "e2", "user_id": null, "child_id": "gone", "entity_type": "task", "entity_id": "t", "action": "activated", "points_before": 0, "points_after": 5, "delta": 5, "occurred_at": 1767610801, "created_at": 1767610801, "metadata": null}"#,
    r#"{"id": "e3", "user_id": "nobody", "child_id": "gone2", "entity_type": "task", "entity_id": "t", "action": "activated", "points_before": 0, "points_after": 5, "delta": 5, "occurred_at": 1767610802, "created_at": 1767610802, "metadata": null}"#,
    r#"{"id": 5, "what": "is this"}"#,
    r#"{"id": 5, "user_id": "u", "child_id": "", "entity_type": "chore", "action": "Straße"}"#,
    r#"{"user_id": {"a": 1}, "child_id": "c\u0000\ud83d\ude00", "occurred_at": "soon"}"#,
    r#"{"id": "e7", "user_id":   "v"  , "child_id": "c2",  "entity_type":"penalty", "entity_id": "t", "action": "activated", "points_before": 9007199254740991, "points_after": 9007199254740990, "delta": -1, "occurred_at": 1767610803, "created_at": 1767610803, "metadata": {}}"#,
];

#[test]
fn strange_rows_come_back_byte_for_byte() {
    let folders = Folders::new();
    folders.put("children.json", CHILDREN);
    folders.put("users.json", USERS);
    // Numbers with gaps, and not in the order of the file.
    let rows = EVENTS.iter().enumerate().map(|(at, row)| format!("\"{}\": {row}", at * 3 + 2));
    let rows: Vec<String> = rows.collect();
    let tables = format!("{{\"t\": {{\"1\": {{}}}}, \"_default\": {{{}}}}}", rows.join(", "));
    folders.put("tracking_events.json", &tables);
    folders.put("other.json", "{\"a\": {\"1\": {\"x\":NaN}}}\n");
    folders.put("empty.json", "");
    folders.put("list.json", "[1]");
    folders.put("notes.txt", "x");
    let (url, report) = imported(&folders);
    for line in ["row 7 of children.json, which is no record", "row 9", "list.json", "notes.txt"] {
        assert!(report.contains(line), "{report}");
    }
    let (code, text, error) = run(&folders, &["check", "--database-url", &url]);
    assert_eq!(code, 3, "the events are wrong there, too: {text}{error}");

    let copy = exported(&url);
    let read = |name| fs::read_to_string(copy.data_file(name)).unwrap();
    assert_eq!(
        read("children.json"),
        CHILDREN
            .replace("\"4\":", "\"1\":")
            .replace("\"7\":", "\"2\":")
            .replace("\"9\":", "\"3\":")
    );
    assert_eq!(read("users.json"), USERS);
    let events = read("tracking_events.json");
    let mut rest = events.as_str();
    for event in EVENTS {
        rest = rest.split_once(event).unwrap_or_else(|| panic!("{event}: {rest}")).1;
    }
    assert!(events.starts_with("{\"t\": {\"1\": {}}, \"_default\": {\"1\": "), "{events}");
    assert_eq!(read("other.json"), "{\"a\": {\"1\": {\"x\":NaN}}}\n");
    assert_eq!(read("empty.json"), "");
    assert!(!copy.data_file("list.json").exists());
    // An export is not more wrong than the directory was.
    assert_eq!(run(&copy, &["check", "data"]).0, run(&folders, &["check", "data"]).0);
}

#[test]
fn an_indented_file_becomes_one_line_per_event() {
    let folders = Folders::new();
    folders.put_flask_data();
    let events = folders.json("tracking_events.json");
    let before = row_texts(&events.to_string());
    folders.put("tracking_events.json", &serde_json::to_string_pretty(&events).unwrap());
    let copy = exported(&imported(&folders).0);
    let text = fs::read_to_string(copy.data_file("tracking_events.json")).unwrap();
    assert_eq!(row_texts(&text), before);
    assert!(!text.contains('\n'));
}
