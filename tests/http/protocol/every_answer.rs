//! The properties of every response: the headers that keep it private, an id, and one form of
//! errors.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use goldstar::config::Config;
use reqwest::Method;
use serde_json::json;

use crate::harness::person::{Session, head};
use crate::harness::wire::{Wire, assert_hygiene, assert_refusal};
use crate::harness::{Answer, Family, Settings, TestServer, send};

/// Routes without private data, which any client may cache.
const KEPT: [&str; 2] = ["/openapi.json", "/docs/{file}"];

/// Every method and path in the documented table of routes, except those without private data.
fn routes() -> Vec<(String, String)> {
    let document = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/api.md");
    let text = fs::read_to_string(document).unwrap();
    let cells = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").nth(1));
    let codes = cells.filter_map(|cell| cell.strip_prefix('`')?.strip_suffix('`')?.split_once(' '));
    let is_method = |method: &str| method.bytes().all(|byte| byte.is_ascii_uppercase());
    let is_route = |path: &str| path.starts_with('/') && !KEPT.contains(&path);
    let routes = codes.filter(|(method, path)| is_method(method) && is_route(path));
    routes.map(|(method, path)| (method.to_owned(), path.to_owned())).collect()
}

/// The path with the family's ids.
fn with_ids(path: &str, family: &Family) -> String {
    let own = if path.starts_with("/tasks") {
        &family.task
    } else if path.starts_with("/rewards") {
        &family.reward
    } else {
        &family.child
    };
    let path = path.replace("{id}", own).replace("{task_id}", &family.task);
    path.replace("{reward_id}", &family.reward)
}

/// The response to a request on its own connection.
async fn answer(server: &TestServer, request: &str) -> Answer {
    Wire::connect(server).await.exchange(request).await
}

/// Checks all properties; returns the id.
fn check(answer: &Answer) -> String {
    if answer.status >= 400 {
        let code = answer.body["code"].as_str().unwrap_or_default();
        assert_refusal(answer, answer.status, code);
        let keys: Vec<&String> = answer.body.as_object().unwrap().keys().collect();
        assert_eq!(keys[..2], ["error", "code"], "{}", answer.text);
    }
    assert_hygiene(answer)
}

#[tokio::test]
async fn every_route_has_every_header() {
    let configure = |config: &mut Config| {
        config.service.logins.per_account = 0;
        config.service.logins.per_address = 0;
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let routes = routes();
    assert!(routes.len() > 30, "{routes:?}");
    let family = server.family().await;
    let stranger = Session::new(&server).await;
    let mut ids = BTreeSet::new();
    let mut count = 0;
    for (method, path) in &routes {
        let path = with_ids(path, &family);
        let own = Session::of(&server, &family.parent).await;
        let empty = ["Content-Type: application/json", "Content-Length: 2"];
        let nonsense = ["Content-Type: application/json", "Content-Length: 9"];
        for request in [
            head(method, &path, &[]),
            head(method, &path, &["Cookie: session=nonsense"]),
            head(method, &path, &["Authorization: Bearer nonsense"]),
            stranger.head(method, &path, &[]),
            head(method, &path, &empty) + "{}",
            own.head(method, &path, &nonsense) + "{\"a\": \"b\"",
            own.head(method, &format!("{path}?a=b"), &[]),
            own.head(method, &path, &empty) + "{}",
            own.head(method, &path, &[]),
        ] {
            // The stranger's logout would end a session that the next routes need.
            if path == "/auth/logout" && request.contains(&stranger.cookie) {
                continue;
            }
            let answer = answer(&server, &request).await;
            assert!(answer.status < 500, "{request}: {}", answer.text);
            ids.insert(check(&answer));
            count += 1;
        }
    }
    assert_eq!(ids.len(), count, "each has an id of its own");
}

#[tokio::test]
async fn unknown_routes_have_every_header() {
    let server = TestServer::start().await;
    let session = Session::new(&server).await;
    for (method, path, status, code) in [
        ("GET", "/nowhere", 404, "NOT_FOUND"),
        ("POST", "/", 404, "NOT_FOUND"),
        ("DELETE", "/health", 405, "METHOD_NOT_ALLOWED"),
        ("PUT", "/children", 405, "METHOD_NOT_ALLOWED"),
        ("BREW", "/children", 405, "METHOD_NOT_ALLOWED"),
        ("POST", "/events", 405, "METHOD_NOT_ALLOWED"),
        ("GET", "/children/none-of-mine", 404, "NOT_FOUND"),
        ("GET", "/children?limit=0", 400, "INVALID_PARAMETER"),
        ("GET", "/admin/tracking", 403, "ADMIN_REQUIRED"),
    ] {
        for request in
            [session.head(method, path, &[]), session.head(method, &format!("/api{path}"), &[])]
        {
            let answer = answer(&server, &request).await;
            assert_refusal(&answer, status, code);
            check(&answer);
            assert_eq!(answer.header("allow").is_empty(), status != 405, "{method} {path}");
        }
    }
    let options = answer(&server, &head("OPTIONS", "/children", &[])).await;
    assert_eq!(options.status, 200);
    check(&options);
}

/// With the id, an operator finds the log lines of a request. Clients cannot choose it.
#[tokio::test]
async fn the_id_of_a_request_is_the_servers() {
    let server = TestServer::start().await;
    for line in [
        "X-Request-Id: chosen",
        "X-Request-Id: ",
        "X-Request-Id: a\tb",
        "X-Request-Id: a\"b",
        "Request-Id: chosen",
    ] {
        let answer = answer(&server, &head("GET", "/health", &[line])).await;
        assert_ne!(check(&answer), "chosen");
    }
}

#[tokio::test]
async fn the_id_of_a_trusted_proxy_is_used() {
    let configure = |config: &mut Config| {
        config.http.trusted_proxies = vec!["127.0.0.1".parse::<std::net::IpAddr>().unwrap().into()];
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let chosen =
        answer(&server, &head("GET", "/health", &["X-Request-Id: from-the-proxy-1"])).await;
    assert_eq!(check(&chosen), "from-the-proxy-1");
    // An id that could break or fill a line of the log is not used.
    let long = format!("X-Request-Id: {}", "a".repeat(5000));
    for line in ["X-Request-Id: two words", "X-Request-Id: a\"b\\c", &long] {
        let answer = answer(&server, &head("GET", "/health", &[line])).await;
        let id = check(&answer);
        assert!(id.len() < 300 && !id.contains(['"', '\\']), "{id}");
    }
}

/// Errors that occur before a handler runs.
#[tokio::test]
async fn errors_before_a_handler_have_every_header() {
    let configure = |config: &mut Config| {
        config.http.limits.body_timeout = Duration::from_secs(1);
    };
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let json = "Content-Type: application/json";
    let mut ids = BTreeSet::new();
    for (request, status, code) in [
        (head("POST", "/auth/login", &[json, "Content-Length: 9"]), 408, "REQUEST_TIMEOUT"),
        (head("POST", "/auth/login", &[json, "Content-Length: 99999"]), 413, "PAYLOAD_TOO_LARGE"),
        (head("POST", "/auth/login", &["Content-Length: 2"]) + "{}", 415, "UNSUPPORTED_MEDIA_TYPE"),
    ] {
        let mut wire = Wire::connect(&server).await;
        let answer = wire.answer_while_sending(request.as_bytes()).await.expect("an answer");
        assert_refusal(&answer, status, code);
        assert!(ids.insert(check(&answer)), "an id of its own");
    }
}

#[tokio::test]
async fn responses_have_the_headers_against_misuse() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let answers = [
        parent.get("/children").await,
        parent.get("/nowhere").await,
        parent.delete("/children").await,
        parent.post("/children", json!({"name": "Mía"})).await,
        parent.post("/children", json!({"name": 1})).await,
        send(parent.request(Method::OPTIONS, "/children")).await,
        send(parent.request(Method::HEAD, "/health")).await,
        server.nobody().get("/auth/me").await,
    ];
    let events = parent.events("/events").await;
    for headers in answers.iter().map(|answer| &answer.headers).chain([&events.headers]) {
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
        ] {
            assert_eq!(headers[name], value, "{name}: {headers:?}");
        }
    }
}
