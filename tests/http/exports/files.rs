//! The contents of exported files.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::{Value, json};

use super::home::{event, start, table};
use crate::harness::{Client, Family, Settings, TestServer, assert_error, python, text};

const HEADER: &str = "id,user_id,child_id,entity_type,entity_id,action,points_before,points_after,\
    delta,occurred_at,created_at,name,points,cost,note,reverses,actor\r\n";

/// The columns that the events below have in common.
fn common(n: usize, user_id: &str) -> String {
    let moment = format!("2026-02-09T18:42:15.{n:06}Z");
    format!("event-{n},{user_id},child-1,task,task-1,activated,{n},{},1,{moment},{moment},", n + 1)
}

/// Metadata, and its columns in a CSV file.
fn hostile() -> Vec<(Value, &'static str)> {
    vec![
        (json!({"name": "plain", "points": 5, "actor": "parent"}), "plain,5,,,,parent"),
        (json!({"name": "=1+1", "points": -5}), "'=1+1,-5,,,,"),
        (json!({"name": "+49 30", "cost": 7}), "'+49 30,,7,,,"),
        (json!({"name": "-2", "note": "@SUM(A1)"}), "'-2,,,'@SUM(A1),,"),
        (json!({"name": "\t=1", "note": "\r=1"}), "'\t=1,,,\"'\r=1\",,"),
        (json!({"name": "=cmd|' /C calc'!A0,\"x\""}), "\"'=cmd|' /C calc'!A0,\"\"x\"\"\",,,,,"),
        (json!({"name": "say \"hi\", twice"}), "\"say \"\"hi\"\", twice\",,,,,"),
        (json!({"name": "two\r\nlines\n"}), "\"two\r\nlines\n\",,,,,"),
        (
            json!({"name": "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{202e}abc"}),
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd} \u{202e}abc,,,,,",
        ),
        (json!({"name": "Mía 🐕; = x", "reverses": "event-1"}), "Mía 🐕; = x,,,,event-1,"),
        (
            json!({"name": ["=1", {"a": null}], "points": "=5"}),
            "\"[\"\"=1\"\", {\"\"a\"\": null}]\",'=5,,,,",
        ),
        (Value::Null, ",,,,,"),
    ]
}

#[tokio::test]
async fn a_csv_file_has_these_bytes() {
    let hostile = hostile();
    let mut rows: Vec<Value> =
        hostile.iter().enumerate().map(|(n, (metadata, _))| event(n, metadata)).collect();
    // An account that was deleted since.
    rows[0]["user_id"] = Value::Null;
    // Python writes numbers that JSON does not have.
    let last = rows.len();
    let with_nan = event(last, &json!({"name": "n", "points": 0.5, "cost": 1}));
    rows.push(with_nan);
    let events = table(rows).replace("0.5", "NaN");
    // Python's `json` writes a space here, and the cell contains what is stored.
    let events = events.replace(r#"["=1",{"a":null}]"#, r#"["=1", {"a": null}]"#);
    let server = start(&events, Settings::default()).await;
    let admin = server.admin().await;
    let mut expected = HEADER.to_owned();
    for (n, (_, cells)) in hostile.iter().enumerate() {
        let user_id = if n == 0 { "" } else { "admin-1" };
        expected.extend([&*common(n, user_id), *cells, "\r\n"]);
    }
    expected.extend([&*common(last, "admin-1"), "n,,1,,,\r\n"]);
    let answer = admin.get("/admin/tracking/export?order=asc").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(answer.text, expected);
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    assert_eq!(answer.header("cache-control"), "no-store");
    let name = answer.header("content-disposition");
    let date = name.strip_prefix("attachment; filename=\"goldstar-events-").unwrap();
    assert!(date.len() == "2026-02-09.csv\"".len() && date.ends_with(".csv\""), "{name}");

    let output = python("read_csv.py", &[], &answer.text);
    let read: Vec<Vec<String>> = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read.len(), last + 2);
    assert!(read.iter().all(|row| row.len() == 17), "{read:?}");
    for (row, (metadata, _)) in read[1..].iter().zip(&hostile) {
        let Some(name) = metadata["name"].as_str() else { continue };
        assert_eq!(row[11].strip_prefix('\'').unwrap_or(&row[11]), name);
    }

    let bom = admin.get("/admin/tracking/export?order=asc&bom=true&format=csv").await;
    assert_eq!(bom.text, format!("\u{feff}{expected}"));
    let nothing = admin.get("/admin/tracking/export?child_id=nobody").await;
    assert_eq!(nothing.text, HEADER);
    let zipped = admin.request(Method::GET, "/admin/tracking/export?order=asc");
    let zipped = zipped.header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(zipped.headers()["content-encoding"], "gzip");
    let (mut plain, zipped) = (String::new(), zipped.bytes().await.unwrap());
    GzDecoder::new(&*zipped).read_to_string(&mut plain).unwrap();
    assert_eq!(plain, expected);
}

#[tokio::test]
async fn names_of_the_api_are_in_the_file() {
    let server = TestServer::start().await;
    let Family { parent, child, .. } = server.family().await;
    let names = ["=1+1", "@home, \"quoted\"", "+1", "-1", "\u{5e9}\u{5dc}\u{5d5}\u{5dd}"];
    for name in names {
        let task = parent.task(name, 5).await;
        parent.activate(&child, &task).await.expect(200);
    }
    let path = format!("/children/{child}/tracking/export?order=asc");
    let file = parent.get(&path).await;
    let output = python("read_csv.py", &[], &file.text);
    let read: Vec<Vec<String>> = serde_json::from_slice(&output.stdout).unwrap();
    let cells: Vec<&str> = read[1..].iter().map(|row| row[11].as_str()).collect();
    assert_eq!(cells, ["'=1+1", "'@home, \"quoted\"", "'+1", "'-1", names[4]]);
    assert!(read[1..].iter().all(|row| row[12] == "5" && row[16] == "parent"), "{read:?}");
}

/// Rows with line breaks between their fields, as a file with an indentation has them.
#[tokio::test]
async fn each_line_of_an_ndjson_file_is_an_event() {
    let events: Vec<Value> = (0..3).map(|n| event(n, &json!({"name": "a\nb"}))).collect();
    let file: Value = serde_json::from_str(&table(events.clone())).unwrap();
    let indented = serde_json::to_string_pretty(&file).unwrap();
    let server = start(&indented, Settings::default()).await;
    let answer = server.admin().await.get("/admin/tracking/export?format=ndjson&order=asc").await;
    assert_eq!(answer.header("content-type"), "application/x-ndjson");
    let lines: Vec<Value> =
        answer.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines, events);
}

/// A history of two families with events of all kinds.
async fn two_families(server: &TestServer) -> [Family; 2] {
    let families = [server.family().await, server.family().await];
    for n in 0..24 {
        let Family { parent, child, task, penalty, reward } = &families[n % 2];
        let answer = match n / 2 % 6 {
            0 => parent.activate(child, task).await,
            1 | 4 => parent.ask_for(child, reward).await,
            2 => parent.cancel(child, reward).await,
            3 => parent.activate(child, penalty).await,
            _ => parent.redeem(child, reward).await,
        };
        assert!(matches!(answer.status, 200 | 409), "{}", answer.text);
    }
    families
}

async fn assert_same(client: &Client, path: &str, query: &[(&str, &str)]) -> usize {
    let page = [query, &[("limit", "500")]].concat();
    let page = client.get_with(path, &page).await.expect(200);
    let export = [query, &[("format", "ndjson")]].concat();
    let export = client.get_with(&format!("{path}/export"), &export).await;
    assert_eq!(export.status, 200, "{}", export.text);
    let lines: Vec<Value> =
        export.text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(Value::from(lines), page["tracking_events"], "{query:?}");
    page["total"].as_u64().unwrap().try_into().unwrap()
}

#[tokio::test]
async fn an_export_contains_the_pages_of_the_query() {
    let server = TestServer::start().await;
    let families = two_families(&server).await;
    let admin = server.admin().await;
    let all = admin.get("/admin/tracking?order=asc&limit=500").await.expect(200);
    let events = all["tracking_events"].as_array().unwrap();
    let moment = |n: usize| text(&events[n]["occurred_at"]);
    let (early, late) = (moment(4), moment(events.len() - 4));
    let (one, other) = (&families[0], &families[1]);
    let filters: [&[Option<(&str, &str)>]; 6] = [
        &[None, Some(("child_id", &one.child)), Some(("user_id", &other.parent.id))],
        &[None, Some(("entity_type", "task")), Some(("entity_type", "reward"))],
        &[None, Some(("action", "activated")), Some(("action", "requested"))],
        &[None, Some(("entity_id", &one.penalty))],
        &[None, Some(("from", &early)), Some(("to", &late))],
        &[None, Some(("order", "asc"))],
    ];
    // Each combination has a number; a prime step visits different ones.
    let combinations: usize = filters.iter().map(|choices| choices.len()).product();
    let mut found = 0;
    for step in 0..60 {
        let mut number = step * 97 % combinations;
        let mut query = Vec::new();
        for choices in filters {
            query.extend(choices[number % choices.len()]);
            number /= choices.len();
        }
        found += assert_same(&admin, "/admin/tracking", &query).await;
    }
    assert!(found > 100, "only {found}");
    let of_child = format!("/children/{}/tracking", one.child);
    for query in [&[][..], &[("action", "activated")], &[("order", "asc"), ("to", &*late)]] {
        assert!(assert_same(&one.parent, &of_child, query).await > 0);
    }
}

#[tokio::test]
async fn wrong_parameters_are_errors() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    for (query, name) in [
        ("format=xml", "format"),
        ("format=", "format"),
        ("bom=1", "bom"),
        ("format=ndjson&bom=true", "bom"),
        ("limit=5", "limit"),
        ("offset=5", "offset"),
        ("action=done", "action"),
        ("from=yesterday", "from"),
    ] {
        let answer = admin.get(&format!("/admin/tracking/export?{query}")).await;
        let details = assert_error(&answer, 400, "INVALID_PARAMETER");
        assert_eq!(details["parameter"], name, "{query}");
    }
}
