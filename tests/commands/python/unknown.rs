//! Fields that Goldstar does not know are kept byte for byte, and are returned.

use std::fs;

use serde_json::json;
use serde_json::value::RawValue;

use crate::harness::{Admin, Folders, Settings, TestServer, python};

/// Fields that Python writes and reads, with extreme values. Responses must contain the same,
/// except for Python's non-numbers.
fn members() -> Vec<String> {
    let deep = format!("{}1{}", "[".repeat(490), "]".repeat(490));
    vec![
        r#""half": "\ud83d""#.to_owned(),
        r#""halves": ["\udc15\ud83d", {"\ud800": 1, "\ud801": 2}]"#.to_owned(),
        format!("\"whole\": {}", 10_u8.to_string() + &"0".repeat(399)),
        r#""infinite": 1e999"#.to_owned(),
        r#""digits": -0.1000000000000000055511151231257827021181583404541015625"#.to_owned(),
        r#""forms": [5.0, 1E+2, -0, -0.0, true, null, {}, []]"#.to_owned(),
        r#""escapes": "\/\u00e9é\u007f\u2028 NaN, Infinity""#.to_owned(),
        format!("\"long\": \"{}\"", "x".repeat(200_000)),
        format!("\"deep\": {deep}"),
        "\"spaced\" :  {\"a\":1 ,\n\t\"b\" : [ ]}".to_owned(),
    ]
}

const NO_NUMBERS: &str = r#""none": [NaN, -Infinity, {"of": Infinity}]"#;
const NULLS: &str = r#""none": [null, null, {"of": null}]"#;

fn without_spaces(text: &str) -> String {
    text.replace([' ', '\n', '\t'], "")
}

/// Checks that a text is JSON and contains these members.
#[track_caller]
fn assert_answered<'a>(answer: &str, members: impl IntoIterator<Item = &'a String>) {
    serde_json::from_str::<&RawValue>(answer).unwrap();
    let answer = without_spaces(answer);
    assert!(answer.contains(&without_spaces(NULLS)), "{NULLS}");
    for member in members {
        assert!(answer.contains(&without_spaces(member)), "{member}");
    }
}

async fn admin_on(folders: &Folders) -> (TestServer, Admin) {
    TestServer::put_admin(folders);
    let server = TestServer::on(folders.clone(), Settings::default()).await;
    let admin = server.admin().await;
    (server, admin)
}

#[tokio::test]
async fn extreme_values_of_a_record_are_kept_and_returned() {
    let members = members();
    let unknown = format!("{}, {NO_NUMBERS}", members.join(",\n "));
    let folders = Folders::new();
    let known = r#""id": "c", "user_id": "admin-1", "points": 5.0, "name": "\ud83d", "age": 7.0"#;
    let half_name = r#""\udfff": "half a name""#;
    let twice = r#""twice": 1, "twice": 2"#;
    let row = format!("{{{known}, {unknown}, {half_name}, {twice}}}");
    let task = r#"{"id": "t", "points": 5}"#;
    folders.put("children.json", &format!("{{\"_default\": {{\"4\": {row}}}}}"));
    folders.put("tasks.json", &format!("{{\"_default\": {{\"1\": {task}}}}}"));

    let (mut server, admin) = admin_on(&folders).await;
    let listed = admin.get("/children").await;
    let read = admin.get("/children/c").await;
    let activated = admin.activate("c", "t").await;
    for answer in [listed, read, activated] {
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_answered(&answer.text, &members);
        assert!(answer.text.contains(r#""twice":2"#));
    }
    admin.patch("/children/c", json!({"age": 8})).await;
    server.stop().await;

    let kept = fs::read_to_string(folders.data_file("children.json")).unwrap();
    for member in members.iter().map(String::as_str).chain([NO_NUMBERS, half_name]) {
        let (name, value) = member.split_once(':').unwrap();
        let (name, value) = (name.trim(), value.trim());
        assert!(kept.contains(&format!("{name}: {value}")), "{member}");
    }
    assert!(kept.contains(r#""points": 10, "name": "\ud83d", "age": 8, "#), "{}", &kept[..200]);
    assert!(kept.contains(r#""twice": 2"#));
    assert!(python("open_tables.py", &[&folders.data()], "").status.success());
}

#[tokio::test]
async fn extreme_values_of_an_event_are_kept_and_returned() {
    let members: Vec<String> = members().into_iter().filter(|one| !one.contains('\n')).collect();
    let rows = [
        format!("{{\"id\": \"e1\", \"child_id\": \"c\", {}, {NO_NUMBERS}}}", members.join(", ")),
        // No metadata, other types of values, unknown words, or nothing at all.
        r#"{"id": 7, "user_id": 8, "child_id": "c", "entity_type": "chore", "action": 1}"#.into(),
        r#"{"id": "e3", "child_id": null, "occurred_at": NaN, "created_at": [], "delta": "x"}"#
            .into(),
        r#"{"id": "\ud83d", "child_id": "c", "occurred_at": 1768540641, "metadata": -Infinity}"#
            .into(),
        r#"{"id": "same", "child_id": "c"}"#.into(),
        r#"{"id": "same", "child_id": "c"}"#.into(),
        "{}".into(),
    ];
    let numbered = rows.iter().zip(1..).map(|(row, n)| format!("\"{n}\": {row}"));
    let text = format!("{{\"_default\": {{{}", numbered.collect::<Vec<_>>().join(", "));
    let folders = Folders::new();
    folders.put("tracking_events.json", &format!("{text}}}}}"));

    let (mut server, admin) = admin_on(&folders).await;
    let answer = admin.get("/admin/tracking?order=asc").await;
    assert_eq!(answer.status, 200);
    assert_answered(&answer.text, &members);
    assert!(answer.text.contains(&format!("\"total\":{}", rows.len())), "all are answered");
    for row in &rows[4..] {
        assert!(answer.text.contains(row), "{row}");
    }
    let of_child = admin.get("/admin/tracking?child_id=c&limit=1").await;
    assert!(of_child.text.contains("\"total\":5"), "{}", of_child.text);

    let family = server.family().await;
    family.event().await;
    server.stop().await;
    let kept = fs::read_to_string(folders.data_file("tracking_events.json")).unwrap();
    assert!(kept.starts_with(&format!("{text}, \"8\": {{")));
    assert!(python("open_tables.py", &[&folders.data()], "").status.success());
}

#[tokio::test]
async fn an_accounts_unknown_fields_are_returned_if_the_operator_lists_them() {
    let configure = |config: &mut goldstar::config::Config| {
        let listed = ["country_code", "postcode", "nested", "timezone"];
        config.http.account_fields = listed.map(str::to_owned).to_vec();
    };
    let settings = Settings { configure, ..Settings::default() };
    let mut server = TestServer::with(settings).await;
    server.stop().await;
    let mut users = server.folders.json("users.json");
    let shown = json!({
        "country_code": "de", "postcode": 10115, "nested": {"a": 1}, "verified": false,
    });
    let hidden = json!({
        "pin": "1234", "reset_token": "x", "hashtag": "#chores", "api_key": "x", "colour": "x",
    });
    let row = users["_default"]["1"].as_object_mut().unwrap();
    for (name, value) in shown.as_object().unwrap().iter().chain(hidden.as_object().unwrap()) {
        row.insert(name.clone(), value.clone());
    }
    server.folders.put("users.json", &users.to_string());

    server.start_again().await;
    let me = server.admin().await.get("/auth/me").await.expect(200);
    for (name, value) in shown.as_object().unwrap() {
        assert_eq!(&me["user"][name], value, "{name}");
    }
    for name in hidden.as_object().unwrap().keys() {
        assert!(me["user"].get(name).is_none(), "{name}");
    }
    server.stop().await;
    assert_eq!(server.folders.json("users.json"), users);
}

#[tokio::test]
async fn unknown_fields_of_other_records_are_returned_except_possible_secrets() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    server.stop().await;
    let mut children = server.folders.json("children.json");
    let row = children["_default"]["1"].as_object_mut().unwrap();
    for (name, value) in [("pin", "1234"), ("api_key", "x"), ("timezone", "Europe/Berlin")] {
        row.insert(name.to_owned(), value.into());
    }
    server.folders.put("children.json", &children.to_string());

    server.start_again().await;
    let child = family.parent.get(&format!("/children/{}", family.child)).await.expect(200);
    assert_eq!(child["child"]["timezone"], "Europe/Berlin");
    assert!(child["child"].get("pin").is_none() && child["child"].get("api_key").is_none());
    server.stop().await;
    assert_eq!(server.folders.json("children.json"), children);
}
