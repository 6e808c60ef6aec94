//! Contents of older services' files, and values that lock an account or change points.

use serde_json::{Value, json};

use super::directory::{add, check, edit, flask, run};

const ZOE: &str = "6513270e-269e-4d37-b2a7-4de452e6b438";

#[test]
fn an_account_with_an_unusable_hash() {
    for (hash, says) in [
        (json!(""), "there is no password hash"),
        (Value::Null, "there is no password hash"),
        (json!("secret"), "does not have the form"),
        (json!("md5$salt$00"), "is unknown"),
        (json!("scrypt:1073741824:8:1$salt$00"), "exceeds the cost limits"),
        (json!("scrypt:32768:8:1$salt$00"), "does not fit its method"),
    ] {
        let folders = flask();
        edit(&folders, "users.json", |file| file["_default"]["2"]["password"] = hash);
        let checked = check(&folders);
        assert_eq!((checked.code, checked.codes()), (3, vec!["unverifiable_password"]), "{says}");
        assert_eq!(checked.rows_with("unverifiable_password"), [2]);
        let message = checked.findings()[0]["message"].as_str().unwrap();
        assert!(message.contains(says) && message.contains("nobody can log in"), "{message}");
    }
}

#[test]
fn an_account_whose_hash_is_expensive_to_check() {
    for (method, digest) in [("scrypt:32768:8:10", 64), ("pbkdf2:sha256:1000000", 32)] {
        let folders = flask();
        let hash = format!("{method}$salt${}", "0".repeat(2 * digest));
        edit(&folders, "users.json", |file| file["_default"]["2"]["password"] = hash.into());
        assert_eq!(check(&folders).code, 0, "{method}");
    }
    for (method, digest) in [("scrypt:32768:8:13", 64), ("pbkdf2:sha256:2000001", 32)] {
        let folders = flask();
        let hash = format!("{method}$salt${}", "0".repeat(2 * digest));
        edit(&folders, "users.json", |file| file["_default"]["2"]["password"] = hash.into());
        let checked = check(&folders);
        assert_eq!((checked.code, checked.codes()), (3, vec!["expensive_password"]), "{method}");
        assert_eq!(checked.rows_with("expensive_password"), [2]);
        let message = checked.findings()[0]["message"].as_str().unwrap();
        assert!(message.contains("next login"), "{message}");
    }
}

#[test]
fn an_unreadable_deletion_mark() {
    for (mark, at, says) in [
        (json!(true), json!(1_770_662_535_000_i64), "milliseconds"),
        (json!(true), json!("soon"), "`marked_for_deletion_at` is not a time"),
        (json!(true), Value::Null, "`marked_for_deletion_at` is missing"),
        (json!("yes"), json!(1_770_662_535), "`marked_for_deletion` is not true or false"),
    ] {
        let folders = flask();
        edit(&folders, "users.json", |file| {
            file["_default"]["2"]["marked_for_deletion"] = mark;
            file["_default"]["2"]["marked_for_deletion_at"] = at;
        });
        let checked = check(&folders);
        assert_eq!((checked.code, checked.codes()), (3, vec!["unreadable_mark"]), "{says}");
        assert_eq!(checked.rows_with("unreadable_mark"), [2]);
        let message = checked.findings()[0]["message"].as_str().unwrap();
        assert!(message.contains(says) && message.contains("an administrator"), "{message}");
    }
}

#[test]
fn an_empty_table_file() {
    for file in ["users.json", "sessions.json", "tracking_events.json"] {
        let folders = crate::harness::Folders::new();
        folders.put(file, "");
        let checked = check(&folders);
        checked.expect_one("empty_file", &json!([file, null, null]), "is empty");
        assert_eq!(checked.table(file)["rows"], 0);
    }
}

#[test]
fn rows_in_an_unknown_table() {
    for file in ["tasks.json", "tracking_events.json"] {
        // All rows are in another table: before an empty default table, after one, or without one.
        for (before, after) in [
            (r#"{"_default": {}, "old": "#, "}"),
            (r#"{"old": "#, r#", "_default": {}}"#),
            (r#"{"old": "#, "}"),
        ] {
            let folders = flask();
            let rows = folders.json(file)["_default"].to_string();
            folders.put(file, &format!("{before}{rows}{after}"));
            let checked = check(&folders);
            assert!(checked.codes().contains(&"rows_in_other_table"), "{checked:?}");
            assert_eq!((checked.code, checked.rows_with("rows_in_other_table")), (3, vec![1]));
            let found = &checked.findings()[0];
            let text = std::fs::read_to_string(folders.data_file(file)).unwrap();
            assert!(
                text[usize::try_from(found["byte"].as_u64().unwrap()).unwrap()..].starts_with('{')
            );
            assert!(found["message"].as_str().unwrap().contains("\"old\""), "{found}");
        }
        // Only some rows are.
        let folders = flask();
        edit(&folders, file, |value| {
            let row = value["_default"]["5"].clone();
            value["spare"] = json!({"1": {"x": 1}, "5": row});
        });
        assert_eq!(check(&folders).rows_with("rows_in_other_table"), [5]);
        // Rows of another kind are only a note.
        let folders = flask();
        edit(&folders, file, |value| value["meta"] = json!({"1": {"version": 3}, "2": {}}));
        let checked = check(&folders);
        assert_eq!((checked.code, &checked.report["status"]), (0, &json!("clean")));
        let [.., note] = &*checked.notes else { panic!("no note: {checked:?}") };
        assert_eq!((&note["code"], &note["file"]), (&json!("other_table"), &json!(file)));
        assert!(note["message"].as_str().unwrap().contains("\"meta\" has 2 rows"), "{note}");
        let (code, text, _) = run(&folders, &["check", "data"]);
        assert!(code == 0 && text.contains("note other_table ("), "{text}");
        // A table without rows, or a value that is not a table, is not reported.
        let folders = flask();
        edit(&folders, file, |value| (value["a"], value["b"]) = (json!({}), json!([1])));
        assert_eq!(check(&folders).notes.len(), check(&flask()).notes.len());
        // If the default table is empty, rows of any kind in another table are a warning.
        let folders = crate::harness::Folders::new();
        folders.put(file, r#"{"_default": {}, "meta": {"7": {"version": 3}}}"#);
        assert_eq!(check(&folders).rows_with("rows_in_other_table"), [7]);
    }
}

#[test]
fn points_and_costs_below_zero() {
    let folders = flask();
    let task = json!({"id": "t", "user_id": ZOE, "name": "T", "points": -5, "is_good": true});
    add(&folders, "tasks.json", 70, task);
    let reward = json!({"id": "r", "user_id": ZOE, "name": "R", "cost": -5.0});
    add(&folders, "rewards.json", 70, reward);
    let checked = check(&folders);
    assert_eq!((checked.code, checked.codes()), (3, vec!["negative_amount"]));
    assert_eq!(checked.rows_with("negative_amount"), [70, 70]);

    // The settings may allow points below zero.
    let folders = flask();
    let child = json!({"id": "c", "user_id": ZOE, "points": -5});
    add(&folders, "children.json", 70, child);
    let checked = check(&folders);
    assert_eq!((checked.code, checked.findings().len()), (0, 0));
    let note = checked.notes.iter().find(|note| note["code"] == "negative_points").unwrap();
    assert_eq!((&note["file"], &note["row"]), (&json!("children.json"), &json!(70)));
}

#[test]
fn marked_accounts_are_listed_with_their_due_time() {
    let folders = flask();
    edit(&folders, "users.json", |file| {
        for (row, at) in [("2", json!(1_770_662_535)), ("3", json!("soon"))] {
            file["_default"][row]["marked_for_deletion"] = json!(true);
            file["_default"][row]["marked_for_deletion_at"] = at;
        }
    });
    let listed = |checked: &super::directory::Checked| checked.report["deletion"].clone();
    let deletion = listed(&check(&folders));
    assert_eq!(deletion["is_first_start"], true);
    assert_eq!(
        (&deletion["threshold_hours"], &deletion["not_before"]),
        (&json!(720), &json!(null))
    );
    let accounts = deletion["accounts"].as_array().unwrap();
    let times = |account: &Value| (account["marked_at"].clone(), account["due_at"].clone());
    let due = (json!("2026-02-09T18:42:15.000000Z"), json!("2026-03-11T18:42:15.000000Z"));
    assert_eq!((&accounts[0]["row"], times(&accounts[0])), (&json!(2), due));
    assert_eq!((&accounts[1]["row"], times(&accounts[1])), (&json!(3), (Value::Null, Value::Null)));
    let (code, text, _) = run(&folders, &["check", "data"]);
    assert_eq!(code, 3, "the unreadable mark is a warning");
    assert!(text.contains("marked for deletion (2), after 720 hours"), "{text}");
    assert!(text.contains("due at 2026-03-11T18:42:15.000000Z"), "{text}");
    assert!(text.contains("never served this directory"), "{text}");

    // Only a server starts the first 24 hours, and this is another command.
    assert_eq!(run(&folders, &["checkpoint", "--data-dir", "data"]).0, 0);
    assert_eq!(listed(&check(&folders))["is_first_start"], true);
    edit(&folders, "settings.json", |file| {
        file["_default"]["1"]["value"] = json!(1_780_000_000);
        let threshold = json!({"name": "account_deletion_threshold_hours", "value": 24});
        file["_default"]["2"] = threshold;
    });
    let deletion = listed(&check(&folders));
    assert_eq!(
        (&deletion["is_first_start"], &deletion["threshold_hours"]),
        (&json!(false), &json!(24))
    );
    assert_eq!(deletion["accounts"][0]["due_at"], "2026-05-29T20:26:40.000000Z");
}
