//! Tests each cell of the table of routes and roles.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use reqwest::RequestBuilder;
use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use super::home::{By, CANARY, everything, server, shown};
use super::table::{IDS, ROLES, Row, TABLE, filled};
use crate::harness::{Answer, TestServer, text, try_send};

/// The ways in which each cell is tested.
const WAYS: [(&str, By); 4] =
    [("", By::Cookie), ("", By::Bearer), ("/api", By::Cookie), ("/api", By::Bearer)];

/// The code of no device.
const NO_CODE: &str = "BCDF-GHJK";

/// The code that a new device shows.
async fn code(server: &TestServer) -> String {
    let name = json!({"device_name": "Tablet"});
    text(&server.nobody().post("/auth/device-codes", name).await.expect(200)["user_code"])
}

/// The request of a row, without a session. The codes in an allowed one exist.
pub(crate) async fn request_of(
    server: &TestServer,
    row: &Row,
    is_allowed: bool,
    prefix: &str,
    ids: &[(&str, &str)],
) -> RequestBuilder {
    let path = format!("{prefix}{}", filled(row.path(), ids));
    let mut request = server.nobody().request(row.method(), &path);
    if let Some(body) = row.body() {
        let code = if is_allowed && body.contains("{code}") {
            code(server).await
        } else {
            NO_CODE.to_owned()
        };
        let body = filled(body, ids).replace("{code}", &code);
        request = request.header(CONTENT_TYPE, "application/json").body(body);
    }
    request
}

/// The response to the role, with its session of that number.
async fn answer(
    server: &TestServer,
    row: &Row,
    role: usize,
    n: usize,
    (prefix, by): (&str, By),
) -> Answer {
    let request = request_of(server, row, row.2[role] < 400, prefix, &IDS).await;
    answer_to(row, shown(request, ROLES[role], n, by)).await
}

pub(crate) async fn answer_to(row: &Row, request: RequestBuilder) -> Answer {
    if row.path() != "/events" {
        return try_send(request).await.unwrap();
    }
    // A stream does not end, so only its head is read.
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: String::new(), body: serde_json::Value::Null }
}

/// `/tasks/{}` for `/tasks/{id}`.
fn without_names(path: &str) -> String {
    let parts = path.split('/').map(|part| if part.starts_with('{') { "{}" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

fn files_below(path: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(path) else { return vec![path.to_owned()] };
    entries.flat_map(|entry| files_below(&entry.unwrap().path())).collect()
}

#[tokio::test]
async fn no_route_is_missing_from_the_table() {
    let document = server().await.nobody().get("/openapi.json").await.expect(200);
    let mut routes: BTreeSet<String> = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        let methods = item.as_object().unwrap().keys();
        routes.extend(methods.map(|it| format!("{} {}", it.to_uppercase(), without_names(path))));
    }
    // The only page that is missing in the document.
    for file in files_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http")) {
        let source = fs::read_to_string(&file).unwrap();
        for route in source.split(".route(\"").skip(1) {
            assert!(route.contains("\", get("), "{}: this one is no GET: {route}", file.display());
            routes.insert(format!("GET {}", without_names(route.split('"').next().unwrap())));
        }
    }
    assert!(routes.contains("GET /demo"), "{routes:?}");
    let rows = TABLE.iter().map(|row| format!("{} {}", row.method(), without_names(row.path())));
    let rows: BTreeSet<String> = rows.collect();
    assert_eq!(rows.len(), TABLE.len(), "a route is there twice");
    assert_eq!(rows, routes);
}

#[tokio::test]
async fn forbidden_requests_change_no_byte() {
    let mut server = server().await;
    let before = everything(&server.folders);
    let mut tried = 0;
    for row in TABLE {
        for (role, status) in row.2.iter().enumerate().filter(|(_, status)| **status >= 400) {
            for way in WAYS {
                let answer = answer(&server, row, role, 0, way).await;
                let cell = format!("{} for {} by {way:?}", row.0, ROLES[role]);
                assert_eq!(answer.status, *status, "{cell}: {}", answer.text);
                assert!(!answer.text.contains(CANARY), "{cell}: {}", answer.text);
                tried += 1;
            }
        }
    }
    assert!(tried > 300, "only {tried}");
    assert!(everything(&server.folders) == before, "a refused request has changed a file");
    server.stop().await;
    let after = everything(&server.folders);
    for path in before.keys().filter(|path| path.parent() == Some(&server.folders.data())) {
        assert!(after.get(path) == before.get(path), "{} has changed", path.display());
    }
}

/// Tests the granted requests, each role on its own directory, with the prefixes in turn.
async fn assert_granted(by: By, prefixes: [&str; 2]) {
    for (role, who) in ROLES.iter().enumerate() {
        let mut home = server().await;
        for (n, row) in TABLE.iter().enumerate().filter(|(_, row)| row.2[role] < 400) {
            if row.ends_sessions() {
                home = server().await;
            }
            let way = (prefixes[n % 2], by);
            let answer = answer(&home, row, role, n, way).await;
            let cell = format!("{} for {who} by {way:?}", row.0);
            assert_eq!(answer.status, row.2[role], "{cell}: {}", answer.text);
            let is_foreign = ["nobody", "another parent", "another member"].contains(who);
            let is_login = ["/auth/", "/user"].iter().any(|it| row.path().starts_with(it));
            let leaks = is_foreign && !is_login && answer.text.contains(CANARY);
            assert!(!leaks, "{cell}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn allowed_requests_succeed_with_a_cookie() {
    assert_granted(By::Cookie, ["", "/api"]).await;
}

#[tokio::test]
async fn allowed_requests_succeed_with_a_bearer_token() {
    assert_granted(By::Bearer, ["/api", ""]).await;
}
