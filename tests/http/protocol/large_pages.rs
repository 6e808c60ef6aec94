//! Pages that are too large to be produced at once: they are sent in pieces, which clients do not
//! notice.

use std::io::Read;

use flate2::read::GzDecoder;
use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::harness::person::{Session, log_in};
use crate::harness::wire::Wire;
use crate::harness::{Client, Folders, Settings, TestServer, send};

const RECORDS: usize = 20;
/// The size of a record in an older file. One is much longer.
const BYTES: usize = 60_000;
const LONGEST: usize = 300_000;

fn text(n: usize) -> String {
    let length = if n == 7 { LONGEST } else { BYTES };
    (0..length)
        .map(|at| char::from(b'a' + u8::try_from((at * at + n * at) % 89 % 26).unwrap()))
        .collect()
}

fn events() -> Vec<Value> {
    let event = |n: usize| {
        json!({
            "id": format!("event-{n}"), "user_id": "admin-1", "child_id": "child-1",
            "entity_type": "task", "entity_id": "task-1", "action": "activated",
            "points_before": n, "points_after": n + 1, "delta": 1,
            "occurred_at": "2026-02-09T18:42:15.123456Z",
            "created_at": "2026-02-09T18:42:15.123456Z", "metadata": {"note": text(n)},
        })
    };
    (1..=RECORDS).map(event).collect()
}

fn children() -> Vec<Value> {
    let child = |n: usize| {
        json!({
            "id": format!("child-{n}"), "user_id": "admin-1", "name": format!("Child {n}"),
            "age": 7, "points": 5, "tasks": [], "rewards": [], "image_id": null,
            "created_at": null, "updated_at": null, "colour": null, "goal_reward_id": null,
            "reserved": 0, "avatar": text(n),
        })
    };
    (1..=RECORDS).map(child).collect()
}

/// A server with these records, and its administrator's session.
async fn start() -> (TestServer, Session) {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    for (file, rows) in [("tracking_events.json", events()), ("children.json", children())] {
        let rows = rows.into_iter().zip(1..).map(|(row, n)| (n.to_string(), row));
        let rows: Map<String, Value> = rows.collect();
        folders.put(file, &json!({"_default": rows}).to_string());
    }
    let server = TestServer::on(folders, Settings::default()).await;
    let login = log_in(&server.nobody(), "admin@example.org", "correct horse 0").await;
    (server, Session::in_answer(&login))
}

fn joined(field: &str, rows: &[Value]) -> String {
    let rows: Vec<String> = rows.iter().map(Value::to_string).collect();
    let (rows, total) = (rows.join(","), RECORDS);
    let reversals = if field == "tracking_events" { r#","reversals":{},"actors":{}"# } else { "" };
    format!(r#"{{"{field}":[{rows}]{reversals},"total":{total},"limit":500,"offset":0}}"#)
}

async fn get(client: &Client, session: &Session, path: &str, encoding: &str) -> (String, Vec<u8>) {
    let request = client.request(Method::GET, path).header("accept-encoding", encoding);
    let response = request.header("cookie", &session.cookie).send().await.unwrap();
    assert_eq!(response.status(), 200, "{path}");
    assert_eq!(response.headers()["content-type"], "application/json", "{path}");
    let header = |name| response.headers().get(name).map_or("", |value| value.to_str().unwrap());
    let about = format!("{} {}", header("content-encoding"), header("content-length"));
    (about, response.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_large_page_is_the_same_in_pieces() {
    let (server, session) = start().await;
    let nobody = server.nobody();
    let lists = [
        ("/admin/tracking?limit=500&order=asc", joined("tracking_events", &events())),
        ("/children/child-1/tracking?limit=500&order=asc", joined("tracking_events", &events())),
        ("/children", joined("children", &children())),
        ("/children/child-7", json!({"child": children()[6]}).to_string()),
    ];
    for (path, expected) in lists {
        let (about, plain) = get(&nobody, &session, path, "identity").await;
        assert_eq!(about, format!(" {}", expected.len()), "{path}");
        assert!(plain == expected.as_bytes(), "{path} differs");
        let (about, zipped) = get(&nobody, &session, path, "gzip").await;
        assert_eq!(about, "gzip ", "{path}");
        let mut plain = String::new();
        GzDecoder::new(&*zipped).read_to_string(&mut plain).unwrap();
        assert!(plain == expected, "{path} differs in its compressed form");
        let head = nobody.request(Method::HEAD, path).header("cookie", &session.cookie);
        let head = send(head).await;
        assert_eq!(head.header("content-length"), expected.len().to_string(), "{path}");
    }
}

/// When a session ends, the rest of a page in progress is not sent.
#[tokio::test]
async fn a_large_page_ends_early_when_its_session_ends() {
    let (server, session) = start().await;
    for path in ["/admin/tracking?limit=500", "/children"] {
        let login = log_in(&server.nobody(), "admin@example.org", "correct horse 0").await;
        let reader = Session::in_answer(&login);
        let mut wire = Wire::with_small_window(&server).await;
        wire.send(reader.head("GET", path, &[])).await;
        let head = wire.head().await;
        let length: usize = head.header("content-length").parse().unwrap();
        let logout = server.nobody().request(Method::POST, "/auth/logout");
        let logout = send(logout.header("cookie", &reader.cookie)).await;
        assert_eq!(logout.status, 204, "{path}");
        let rest = wire.drain().await;
        assert!(rest.len() < length, "{path}: all of {length} bytes came");
        let still = server.nobody().request(Method::GET, "/auth/me");
        assert_eq!(send(still.header("cookie", &session.cookie)).await.status, 200);
    }
}
