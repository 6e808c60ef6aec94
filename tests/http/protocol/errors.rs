//! All errors have one form; and the routes exist at the addresses that front ends use.

use reqwest::Method;
use serde_json::json;

use crate::harness::{TestServer, assert_error, send};

#[tokio::test]
async fn unknown_routes_have_the_form_of_every_error() {
    let server = TestServer::start().await;
    for path in ["/nowhere", "/api/nowhere", "/api/api/children", "/children/x/y/z", "/"] {
        assert_error(&server.nobody().get(path).await, 404, "NOT_FOUND");
    }
}

#[tokio::test]
async fn a_wrong_method_names_the_right_ones() {
    let server = TestServer::start().await;
    for (path, allowed) in
        [("/auth/login", "POST"), ("/admin/tracking", "GET"), ("/children", "POST")]
    {
        let answer = server.nobody().delete(path).await;
        assert_error(&answer, 405, "METHOD_NOT_ALLOWED");
        let allow = answer.header("allow");
        for allowed in [allowed, "OPTIONS"] {
            assert!(allow.split(',').any(|method| method.trim() == allowed), "{allow}");
        }
    }
}

#[tokio::test]
async fn options_returns_the_allowed_methods() {
    let server = TestServer::start().await;
    for (path, methods) in [
        ("/children", &["GET", "HEAD", "OPTIONS", "POST"][..]),
        ("/api/children", &["GET", "HEAD", "OPTIONS", "POST"]),
        ("/api/children/", &["GET", "HEAD", "OPTIONS", "POST"]),
        ("/auth/login", &["OPTIONS", "POST"]),
        ("/children/x", &["DELETE", "GET", "HEAD", "OPTIONS", "PATCH"]),
    ] {
        let answer = send(server.nobody().request(Method::OPTIONS, path)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let allow = answer.header("allow");
        let mut allowed: Vec<&str> = allow.split(',').map(str::trim).collect();
        allowed.sort_unstable();
        assert_eq!(allowed, methods, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    let unknown = send(server.nobody().request(Method::OPTIONS, "/nowhere")).await;
    assert_error(&unknown, 404, "NOT_FOUND");
    assert_eq!(unknown.header("allow"), "");
}

#[tokio::test]
async fn a_body_that_is_not_a_json_object_is_rejected() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    for body in
        ["", "{", "[]", "null", "\"text\"", "{\"name\": \"a\" \"b\"}", "\u{0}", "{\"name\": NaN}"]
    {
        let request = parent.request(Method::POST, "/children");
        let request = request.header("content-type", "application/json").body(body);
        let answer = send(request).await;
        assert_error(&answer, 400, "INVALID_JSON");
    }
}

#[tokio::test]
async fn another_content_type_is_refused() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let request = parent.request(Method::POST, "/children");
    let request = request.header("content-type", "text/plain").body("{\"name\": \"Mía\"}");
    let answer = send(request).await;
    assert_error(&answer, 415, "UNSUPPORTED_MEDIA_TYPE");
}

#[tokio::test]
async fn a_too_large_body_is_refused() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let answer = parent.post("/children", json!({"name": "x".repeat(4 << 20)})).await;
    assert_error(&answer, 413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn a_trailing_slash_and_a_prefix_find_the_route() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let plain = family.parent.get("/children").await.expect(200);
    for path in ["/children/", "/api/children", "/api/children/"] {
        assert_eq!(family.parent.get(path).await.expect(200), plain, "{path}");
    }
    let path = crate::harness::activate_path(&family.child, &family.task);
    family.parent.act(&format!("/api{path}/")).await.expect(200);
}

#[tokio::test]
async fn an_unknown_field_is_not_silently_dropped() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let child = json!({"name": "Mía", "ponits": 100});
    let answer = parent.post("/children", child).await;
    assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
    assert!(answer.text.contains("ponits"), "{}", answer.text);
}

#[tokio::test]
async fn health_of_a_working_server_is_ok() {
    let server = TestServer::start().await;
    for path in ["/health", "/api/health"] {
        let health = server.nobody().get(path).await.expect(200);
        assert_eq!(health["status"], "ok", "{health}");
        let projections = health["projections"].as_array().unwrap();
        let names: Vec<_> = projections.iter().map(|one| one["name"].as_str().unwrap()).collect();
        let all = [
            "tables",
            "tracking_events.json",
            "audit_log",
            "live",
            "account_deletion",
            "badges",
            "schedules",
            "webhooks",
            "housekeeping",
            "clock",
        ];
        assert_eq!(names, all);
    }
}
