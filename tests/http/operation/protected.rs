//! Who may see how the server is.

use goldstar::config::Config;
use goldstar::http::{Monitoring, Secret};
use reqwest::Method;

use crate::harness::person::Session;
use crate::harness::wire::assert_refusal;
use crate::harness::{Answer, Client, Settings, TestServer, send};

const TOKEN: &str = "a-token-of-the-monitoring-program";

fn protected(config: &mut Config) {
    config.http.monitoring =
        Monitoring { is_open: false, token: Some(Secret::new(TOKEN.to_owned())) };
}

fn protected_without_token(config: &mut Config) {
    config.http.monitoring = Monitoring { is_open: false, token: None };
}

async fn with(configure: fn(&mut Config)) -> TestServer {
    TestServer::with(Settings { configure, ..Settings::default() }).await
}

async fn ask(client: &Client, path: &str, token: &str) -> Answer {
    send(client.request(Method::GET, path).bearer_auth(token)).await
}

#[tokio::test]
async fn open_monitoring_is_anyones() {
    let server = TestServer::start().await;
    for path in ["/metrics", "/api/metrics", "/metrics/"] {
        let answer = server.nobody().get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        assert_eq!(answer.header("content-type"), kind);
    }
    let health = server.nobody().get("/health").await.expect(200);
    assert!(health["projections"].is_array(), "{health}");
}

#[tokio::test]
async fn protected_metrics_are_not() {
    let server = with(protected).await;
    let nobody = server.nobody();
    let parent = server.parent().await;
    for path in ["/metrics", "/api/metrics", "/metrics/"] {
        assert_refusal(&nobody.get(path).await, 401, "UNAUTHENTICATED");
        assert_refusal(&parent.get(path).await, 403, "ADMIN_REQUIRED");
        let long = TOKEN.repeat(2);
        for wrong in ["", "x", &TOKEN[1..], &TOKEN[..TOKEN.len() - 1], &TOKEN.to_uppercase(), &long]
        {
            assert_refusal(&ask(&nobody, path, wrong).await, 401, "UNAUTHENTICATED");
        }
        assert_eq!(ask(&nobody, path, TOKEN).await.status, 200);
        assert_eq!(server.admin().await.get(path).await.status, 200);
    }
}

/// What a load balancer asks must be answered without a secret, and tells none.
#[tokio::test]
async fn protected_health_says_only_whether_it_is_well() {
    let server = with(protected).await;
    let parent = server.parent().await;
    for health in [server.nobody().get("/health").await, parent.get("/health").await] {
        let health = health.expect(200);
        assert_eq!(health["status"], "ok");
        assert_eq!(health.as_object().unwrap().len(), 1, "{health}");
    }
    let wrong = ask(&server.nobody(), "/health", "wrong").await;
    assert!(wrong.body["projections"].is_null(), "{}", wrong.text);
    for health in
        [ask(&server.nobody(), "/health", TOKEN).await, server.admin().await.get("/health").await]
    {
        let health = health.expect(200);
        assert!(health["projections"].is_array(), "{health}");
    }
}

#[tokio::test]
async fn the_monitoring_token_opens_nothing_else() {
    let server = with(protected).await;
    let nobody = server.nobody();
    for path in ["/admin/tracking", "/children", "/auth/me", "/events"] {
        assert_refusal(&ask(&nobody, path, TOKEN).await, 401, "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn without_a_token_only_administrators_see_the_metrics() {
    let server = with(protected_without_token).await;
    for token in ["", "x", "None"] {
        assert_refusal(&ask(&server.nobody(), "/metrics", token).await, 401, "UNAUTHENTICATED");
    }
    assert_eq!(server.admin().await.get("/metrics").await.status, 200);
}

/// A child of the administrator's isn't one.
#[tokio::test]
async fn an_administrators_child_sees_nothing() {
    let server = with(protected).await;
    let admin = server.admin().await;
    let child = admin.child("Ben", 5).await;
    let browser = server.nobody();
    let login =
        crate::harness::person::log_in(&browser, "admin@example.org", "correct horse 0").await;
    let session = Session::in_answer(&login);
    let body = serde_json::json!({"child_id": child});
    browser.post("/auth/child-session", body).await.expect(200);
    let answer = browser.get("/metrics").await;
    assert_eq!(answer.status, 403, "{}", answer.text);
    assert!(browser.get("/health").await.body["projections"].is_null());
    // The parent's session has become the child's: the old token shows nothing more.
    assert!(!ask(&server.nobody(), "/metrics", &session.token).await.text.contains("goldstar_"));
}
