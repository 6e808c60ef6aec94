//! `goldstar check --database-url`

use serde_json::{Value, json};

use super::{imported, run};
use crate::check::directory::{add, edit, flask};
use crate::harness::Folders;
use crate::harness::cluster::execute;

/// The exit code and the report of a database.
pub(super) fn check(url: &str) -> (i32, Value) {
    let (code, text, error) = run(&Folders::new(), &["check", "--json", "--database-url", url]);
    (code, serde_json::from_str(&text).unwrap_or_else(|fault| panic!("{fault}: {text}{error}")))
}

/// The kind, the file and the message of each finding.
pub(super) fn findings(report: &Value) -> Vec<[String; 3]> {
    let text = |finding: &Value, field: &str| finding[field].as_str().unwrap().to_owned();
    let findings = report["findings"].as_array().unwrap().iter();
    findings.map(|it| ["code", "file", "message"].map(|field| text(it, field))).collect()
}

#[test]
fn a_clean_database_is_clean() {
    let (url, _) = imported(&flask());
    let (code, report) = check(&url);
    assert_eq!((code, report["status"].as_str()), (0, Some("clean")), "{report}");
    let events = report["tables"].as_array().unwrap().last().unwrap();
    assert_eq!(
        (events["file"].as_str(), events["rows"].as_u64()),
        (Some("tracking_events.json"), Some(71))
    );
    assert!(report["database"].as_str().unwrap().contains("/tmp"), "{report}");
    // A directory that is named comes first.
    let folders = flask();
    let (code, text, _) = run(&folders, &["check", "data", "--database-url", &url]);
    assert_eq!(code, 0);
    assert!(text.starts_with("data: clean"), "{text}");
}

#[test]
fn faults_of_the_directory_are_found_in_the_database() {
    let folders = flask();
    edit(&folders, "children.json", |file| {
        let row = file["_default"].as_object_mut().unwrap().values_mut().next().unwrap();
        row["points"] = (row["points"].as_i64().unwrap() + 1).into();
    });
    edit(&folders, "pending_rewards.json", |file| {
        let row = file["_default"].as_object_mut().unwrap().values_mut().next().unwrap();
        row["reward_id"] = "gone".into();
    });
    let (code, text, _) = run(&folders, &["check", "data", "--json"]);
    let of_directory = findings(&serde_json::from_str(&text).unwrap());
    let (url, _) = imported(&folders);
    let (code_of_database, of_database) = check(&url);
    assert_eq!((code, code_of_database), (3, 3));
    let kinds = |found: &[[String; 3]]| {
        let kinds = found.iter().map(|[code, file, _]| format!("{code} {file}"));
        let mut kinds: Vec<String> = kinds.filter(|kind| !kind.contains("other_table")).collect();
        kinds.sort();
        kinds
    };
    let expected = kinds(&of_directory);
    assert_eq!(kinds(&findings(&of_database)), expected);
    assert_eq!(expected, ["broken_reference pending_rewards.json", "child_points children.json"]);
}

#[test]
fn a_member_has_an_account_in_another_family() {
    const OWNER: &str = "6513270e-269e-4d37-b2a7-4de452e6b438";
    const MEMBER: &str = "076b3e36-bb23-43f5-9b06-258e7e26f36a";
    let folders = flask();
    for (number, account, role) in [(1, OWNER, "owner"), (2, MEMBER, "helper")] {
        let row = json!({
            "id": role, "user_id": OWNER, "account_id": account, "first_name": "O", "last_name": "P",
            "role": role, "created_at": 1.0,
        });
        add(&folders, "members.json", number, row);
    }
    add(&folders, "user_details.json", 1, json!({"id": MEMBER, "member_of": OWNER}));
    let (url, _) = imported(&folders);
    let (code, report) = check(&url);
    assert_eq!((code, report["status"].as_str()), (0, Some("clean")), "{report}");
    for (kind, field, account) in
        [("members", "account_id", MEMBER), ("user_details", "member_of", OWNER)]
    {
        let (before, after) =
            (format!("\"{field}\": *\"{account}\""), format!("\"{field}\": \"gone\""));
        let changed = format!("regexp_replace(row, '{before}', '{after}')");
        execute(&url, &format!("UPDATE records SET row = {changed} WHERE kind = '{kind}'"));
    }
    let (_, report) = check(&url);
    let found: Vec<_> = findings(&report).into_iter().map(|[kind, file, _]| (kind, file)).collect();
    for file in ["members.json", "user_details.json"] {
        assert!(found.contains(&("broken_reference".to_owned(), file.to_owned())), "{report}");
    }
}
