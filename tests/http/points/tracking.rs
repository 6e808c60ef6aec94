//! `GET /admin/tracking`: every filter, alone and combined, compared with a reference over all
//! rows.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::harness::{Admin, Folders, Settings, TestServer, assert_error, text};

/// A history of a Flask service: `count` events of three families with five children, four events
/// at each time, and in another order than that of time.
fn put_history(folders: &Folders, count: u64) {
    let rows = (1..=count).map(|n| (n.to_string(), history_row(n)));
    let table: serde_json::Map<String, Value> = rows.collect();
    folders.put("tracking_events.json", &json!({"_default": table}).to_string());
    let children = json!({"_default": {"1": {
        "id": "child-0", "user_id": "admin-1", "name": "Mía", "age": 6, "points": 0,
    }}});
    folders.put("children.json", &children.to_string());
}

fn history_row(n: u64) -> Value {
    let kinds = [
        ("task", "activated", 5),
        ("penalty", "activated", -3),
        ("reward", "requested", 0),
        ("reward", "redeemed", -20),
        ("reward", "cancelled", 0),
    ];
    let (entity_type, action, delta) = kinds[usize::try_from(n * 7 % 5).unwrap()];
    let start = DateTime::parse_from_rfc3339("2026-01-05T22:00:00Z").unwrap();
    // The groups of four come in the order 0, 2, 1, 4, 3, 6, 5 …
    let four = n / 4;
    let place = if four.is_multiple_of(2) { four.saturating_sub(1) } else { four + 1 };
    let seconds = i64::try_from(place * 977).unwrap();
    let occurred_at = (start + chrono::TimeDelta::seconds(seconds)).with_timezone(&Utc);
    let created_at =
        occurred_at + chrono::TimeDelta::milliseconds(i64::try_from(n * 3 % 4).unwrap());
    json!({
        "id": format!("event-{n}"),
        "user_id": if n.is_multiple_of(11) { Value::Null } else { format!("admin-{}", n % 3).into() },
        "child_id": format!("child-{}", n % 5),
        "entity_type": entity_type,
        "entity_id": format!("{entity_type}-{}", n % 2),
        "action": action,
        "points_before": 100, "points_after": 100 + delta, "delta": delta,
        "occurred_at": python_form(occurred_at, n), "created_at": python_form(created_at, n),
        "metadata": if n.is_multiple_of(13) { Value::Null } else { json!({"task_name": "Zähne putzen"}) },
    })
}

/// The forms in which Python services write a time.
fn python_form(moment: DateTime<Utc>, n: u64) -> String {
    let form =
        if n.is_multiple_of(2) { "%Y-%m-%dT%H:%M:%S%.6f+00:00" } else { "%Y-%m-%dT%H:%M:%S%.6fZ" };
    moment.format(form).to_string()
}

async fn server_with_history(count: u64) -> (TestServer, Admin) {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    put_history(&folders, count);
    let server = TestServer::on(folders, Settings::default()).await;
    let admin = server.admin().await;
    (server, admin)
}

fn moment(value: &Value) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(value.as_str().unwrap()).unwrap().with_timezone(&Utc)
}

/// The reference: the rows that match a query, oldest first.
fn expected(rows: &[Value], query: &[(&str, &str)]) -> Vec<Value> {
    let matches = |row: &&Value| {
        query.iter().all(|(name, value)| match *name {
            "from" => moment(&row["occurred_at"]) >= moment(&json!(value)),
            "to" => moment(&row["occurred_at"]) < moment(&json!(value)),
            field => row[field] == *value,
        })
    };
    let mut found: Vec<Value> = rows.iter().filter(matches).cloned().collect();
    // Stable: rows with equal times stay in the order of writing.
    found.sort_by_key(|row| (moment(&row["occurred_at"]), moment(&row["created_at"])));
    found
}

async fn ask(admin: &Admin, query: &[(&str, &str)]) -> Value {
    admin.get_with("/admin/tracking", query).await.expect(200)
}

/// Every combination of one value, or none, for each parameter.
fn combinations() -> Vec<Vec<(&'static str, &'static str)>> {
    let values: [(&str, &[&str]); 7] = [
        ("child_id", &["child-1", "nobody"]),
        ("user_id", &["admin-1"]),
        ("entity_type", &["penalty", "reward"]),
        ("entity_id", &["reward-1"]),
        ("action", &["activated", "redeemed"]),
        ("from", &["2026-01-06T03:25:40Z"]),
        ("to", &["2026-01-06T16:00:00.5+01:00"]),
    ];
    let mut all = vec![Vec::new()];
    for (name, values) in values {
        for old in all.clone() {
            all.extend(values.iter().map(|value| [&old[..], &[(name, *value)]].concat()));
        }
    }
    all
}

#[tokio::test]
async fn every_filter_alone_and_combined_finds_what_it_should() {
    let (server, admin) = server_with_history(220).await;
    let rows = server.folders.events();
    let combinations = combinations();
    assert_eq!(combinations.len(), 3 * 2 * 3 * 2 * 3 * 2 * 2);
    let mut not_empty = 0;
    for query in combinations {
        let mut expected = expected(&rows, &query);
        let ascending = [&query[..], &[("order", "asc"), ("limit", "500")]].concat();
        let found = ask(&admin, &ascending).await;
        assert_eq!(found["tracking_events"], json!(expected), "{query:?}");
        assert_eq!(found["total"], expected.len(), "{query:?}");

        expected.reverse();
        expected.truncate(50);
        let newest = ask(&admin, &query).await;
        assert_eq!(newest["tracking_events"], json!(expected), "{query:?}");
        not_empty += usize::from(!expected.is_empty());
    }
    assert!(not_empty > 50, "the history is too thin: {not_empty}");
}

#[tokio::test]
async fn rows_are_returned_with_all_their_fields() {
    let (server, admin) = server_with_history(30).await;
    let found = ask(&admin, &[("order", "asc"), ("entity_id", "task-1")]).await;
    let rows = server.folders.events();
    for event in found["tracking_events"].as_array().unwrap() {
        let row = rows.iter().find(|row| row["id"] == event["id"]).unwrap();
        assert_eq!(row, event);
    }
}

#[tokio::test]
async fn pages_have_bounds_and_follow_one_another() {
    let (server, admin) = server_with_history(620).await;
    let first = ask(&admin, &[]).await;
    assert_eq!((&first["limit"], &first["offset"]), (&json!(50), &json!(0)));
    assert_eq!(first["tracking_events"].as_array().unwrap().len(), 50);
    assert_eq!(first["total"], 620);

    let capped = ask(&admin, &[("limit", "600")]).await;
    assert_eq!(capped["limit"], 500);
    assert_eq!(capped["tracking_events"].as_array().unwrap().len(), 500);

    let mut pages = Vec::new();
    for offset in ["0", "250", "500", "750"] {
        let query = [("limit", "250"), ("offset", offset), ("order", "asc")];
        let page = ask(&admin, &query).await;
        assert_eq!(page["offset"].to_string(), offset);
        assert_eq!(page["total"], 620);
        pages.extend(page["tracking_events"].as_array().unwrap().clone());
    }
    assert_eq!(pages, expected(&server.folders.events(), &[]));
}

#[tokio::test]
async fn a_bare_date_means_the_whole_day() {
    let (server, admin) = server_with_history(400).await;
    let rows = server.folders.events();
    for (query, bounds) in [
        (
            [("from", "2026-01-06"), ("to", "2026-01-06")],
            [("from", "2026-01-06T00:00:00Z"), ("to", "2026-01-07T00:00:00Z")],
        ),
        (
            [("from", "2026-01-05"), ("to", "2026-01-06T12:00:00Z")],
            [("from", "2026-01-05T00:00:00Z"), ("to", "2026-01-06T12:00:00Z")],
        ),
    ] {
        let expected = expected(&rows, &bounds);
        assert!(!expected.is_empty() && expected.len() < rows.len());
        let query = [&query[..], &[("order", "asc"), ("limit", "500")]].concat();
        let found = ask(&admin, &query).await;
        assert_eq!(found["tracking_events"], json!(expected), "{query:?}");
    }
}

#[tokio::test]
async fn from_is_inclusive_and_to_exclusive() {
    let (server, admin) = server_with_history(40).await;
    let all = expected(&server.folders.events(), &[]);
    let at = text(&all[20]["occurred_at"]);
    let from = ask(&admin, &[("from", &at), ("order", "asc")]).await;
    let to = ask(&admin, &[("to", &at), ("order", "asc")]).await;
    let count = |found: &Value| found["total"].as_u64().unwrap();
    assert_eq!(count(&from) + count(&to), 40);
    let first = moment(&from["tracking_events"][0]["occurred_at"]);
    assert_eq!(first, moment(&json!(at)));
}

#[tokio::test]
async fn a_bad_parameter_is_named() {
    let (_server, admin) = server_with_history(4).await;
    for (name, value) in [
        ("limit", "0"),
        ("limit", "-1"),
        ("limit", "ten"),
        ("limit", "1.5"),
        ("limit", ""),
        ("offset", "-1"),
        ("offset", "x"),
        ("order", "newest"),
        ("order", "ASC"),
        ("entity_type", "chore"),
        ("entity_type", ""),
        ("action", "done"),
        ("from", "yesterday"),
        ("from", "2026-02-30"),
        ("to", "2026-13-01T00:00:00Z"),
        ("to", "1770662535"),
        ("page", "2"),
    ] {
        let answer = admin.get_with("/admin/tracking", &[(name, value)]).await;
        let details = assert_error(&answer, 400, "INVALID_PARAMETER");
        assert_eq!(details["parameter"], name, "{name}={value}");
    }
    let twice = admin.get("/admin/tracking?limit=1&limit=2").await;
    let details = assert_error(&twice, 400, "INVALID_PARAMETER");
    assert_eq!(details["parameter"], "limit");
}

#[tokio::test]
async fn only_an_administrator_may_query() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let answer = family.parent.get("/admin/tracking").await;
    assert_error(&answer, 403, "ADMIN_REQUIRED");
    let answer = server.nobody().get("/admin/tracking").await;
    assert_error(&answer, 401, "UNAUTHENTICATED");
}

#[tokio::test]
async fn a_deleted_childs_events_are_still_returned() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let event = family.event().await;
    let path = format!("/children/{}", family.child);
    assert_eq!(family.parent.delete(&path).await.status, 204);
    let admin = server.admin().await;
    for restarted in [false, true] {
        if restarted {
            server.restart().await;
        }
        let found = ask(&admin, &[("child_id", &family.child)]).await;
        assert_eq!(found["tracking_events"], json!([event]));
        assert_eq!(found["total"], 1);
    }
}

#[tokio::test]
async fn a_family_sees_its_own_childs_events() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let sibling = family.parent.child("Aarav", 0).await;
    let first = family.event().await;
    other.event().await;
    family.parent.activate(&sibling, &family.task).await.expect(200);
    let asked = family.parent.ask_for(&family.child, &family.reward).await.expect(200);

    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let path = format!("/children/{}/tracking", family.child);
    for browser in [&*family.parent, &*child] {
        let found = browser.get(&path).await.expect(200);
        let events = json!([asked["tracking_event"], first]);
        assert_eq!(found["tracking_events"], events);
        assert_eq!(found["total"], 2);
        // Filters can only restrict the family's events.
        let found = browser.get_with(&path, &[("entity_type", "task")]).await.expect(200);
        assert_eq!(found["total"], 1);
        let query = [("limit", "1"), ("offset", "1")];
        let found = browser.get_with(&path, &query).await.expect(200);
        assert_eq!(found["tracking_events"], json!([first]));
    }
}

#[tokio::test]
async fn an_administrator_is_a_parent_too() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let (child, task) = (admin.child("Mía", 0).await, admin.task("Homework", 15).await);
    let event = admin.activate(&child, &task).await.expect(200)["tracking_event"].take();
    assert_eq!(event["user_id"], *admin.id);
    let found = ask(&admin, &[("user_id", &admin.id)]).await;
    assert_eq!(found["tracking_events"], json!([event]));
    // A family's own routes never return another family's events.
    let family = server.family().await;
    let answer = admin.activate(&family.child, &family.task).await;
    assert_eq!(answer.status, 404);
}
