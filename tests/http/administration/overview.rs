//! What there is on the server: sessions, settings, and how much of everything.

use serde_json::{Value, json};

use crate::harness::{Settings, TestServer, assert_error};

#[tokio::test]
async fn sessions_of_all_accounts_are_listed_without_secrets() {
    let server = TestServer::start().await;
    let (admin, family) = (server.admin().await, server.family().await);
    family.parent.hand_over(server.nobody(), &family.child).await;
    admin.act(&format!("/admin/accounts/{}/reset-link", family.parent.id)).await.expect(201);
    let page = admin.get("/admin/sessions").await;
    assert!(!page.text.contains("token") && !page.text.contains("reset-"), "{}", page.text);
    let page = page.expect(200);
    let sessions = page["sessions"].as_array().unwrap();
    assert_eq!((&page["total"], sessions.len()), (&json!(3), 3), "a link is no session");
    let mut seen: Vec<(&Value, &Value)> =
        sessions.iter().map(|session| (&session["email"], &session["scope"])).collect();
    seen.sort_by_key(|(_, scope)| scope.to_string());
    let (parent, admins) = (json!(family.parent.email), json!(admin.email));
    let expected = [(&admins, "admin"), (&parent, "child"), (&parent, "parent")];
    let found: Vec<_> =
        seen.iter().map(|(email, scope)| (*email, scope.as_str().unwrap())).collect();
    assert_eq!(found, expected);
    let first = admin.get("/admin/sessions?limit=1&offset=2").await.expect(200);
    assert_eq!(first["sessions"][0], sessions[2]);
    for path in ["/admin/sessions", "/admin/stats", "/admin/settings"] {
        assert_error(&family.parent.get(path).await, 403, "ADMIN_REQUIRED");
    }
}

#[tokio::test]
async fn everything_is_counted() {
    let server = TestServer::start().await;
    let (admin, family) = (server.admin().await, server.family().await);
    let marked = server.parent().await;
    admin.act(&format!("/admin/accounts/{}/mark-for-deletion", marked.id)).await.expect(202);
    family.event().await;
    let stats = admin.get("/admin/stats").await.expect(200);
    for (field, expected) in [
        ("accounts", 3),
        ("administrators", 1),
        ("marked_accounts", 1),
        ("sessions", 2),
        ("children", 1),
        ("tasks", 2),
        ("rewards", 1),
        ("events", 1),
        ("events_last_day", 1),
        ("events_last_month", 1),
    ] {
        assert_eq!(stats[field], expected, "{field}: {stats}");
    }
    assert!(stats["bytes"].as_u64().unwrap() > 0, "{stats}");
}

#[tokio::test]
async fn the_settings_in_effect_are_listed_without_secrets() {
    let flags = vec!["--tasks-per-family=7".to_owned()];
    let script = "export GOLDSTAR_MONITORING_TOKEN=0123456789abcdef0123456789abcdef";
    let settings = Settings { binary: true, flags, script, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let admin = server.admin().await;
    let answer = admin.get("/admin/settings").await;
    assert!(!answer.text.contains("0123456789abcdef"), "{}", answer.text);
    let body = answer.expect(200);
    let settings = body["settings"].as_array().unwrap();
    let is_there =
        |line: &str, origin: &str| settings.contains(&json!({"line": line, "origin": origin}));
    assert!(is_there("tasks_per_family = 7", "--tasks-per-family"), "{body}");
    assert!(is_there("# monitoring_token is set", "GOLDSTAR_MONITORING_TOKEN"), "{body}");
    assert!(is_there("login_window = 600", "default"), "{body}");
}
