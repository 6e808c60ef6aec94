//! What an administrator does only after a login a short time ago, or with the password.

use goldstar::config::Config;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{
    Answer, Client, HOUR, Hand, Parent, Settings, TestServer, assert_error, send,
};

const ADMIN_PASSWORD: &str = "correct horse 0";
const QUARTER: i64 = HOUR / 4;

/// The requests for an account that need it.
fn guarded(id: &str) -> [(Method, String); 5] {
    [
        (Method::POST, "/admin/backup".to_owned()),
        (Method::POST, format!("/admin/accounts/{id}/reset-link")),
        (Method::POST, format!("/admin/accounts/{id}/promote")),
        (Method::POST, format!("/admin/deletion-queue/{id}/run")),
        (Method::DELETE, format!("/admin/accounts/{id}")),
    ]
}

async fn ask(admin: &Client, (method, path): &(Method, String), body: Option<Value>) -> Answer {
    let request = admin.request(method.clone(), path);
    send(if let Some(body) = body { request.json(&body) } else { request }).await
}

#[tokio::test]
async fn a_session_of_a_quarter_of_an_hour_needs_the_password() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let (admin, paula) = (server.admin().await, server.parent().await);
    clock.forward(QUARTER - 1);
    admin.act(&format!("/admin/accounts/{}/reset-link", paula.id)).await.expect(201);
    clock.forward(1);
    for request in guarded(&paula.id) {
        for body in [None, Some(json!({}))] {
            let answer = ask(&admin, &request, body).await;
            assert_error(&answer, 403, "PASSWORD_REQUIRED");
        }
        let wrong = ask(&admin, &request, Some(json!({"password": "wrong"}))).await;
        assert_error(&wrong, 403, "WRONG_PASSWORD");
        for (field, value, code) in [
            ("password", json!(5), "VALIDATION_FAILED"),
            ("pasword", json!(ADMIN_PASSWORD), "FIELD_NOT_ALLOWED"),
        ] {
            let answer = ask(&admin, &request, Some(json!({field: value}))).await;
            assert_error(&answer, 400, code);
        }
    }
    paula.get("/children").await.expect(200);

    let password = json!({"password": ADMIN_PASSWORD});
    for request in guarded(&paula.id) {
        if request.1.starts_with("/admin/deletion-queue") {
            admin.act(&format!("/admin/accounts/{}/mark-for-deletion", paula.id)).await.expect(202);
        }
        let answer = ask(&admin, &request, Some(password.clone())).await;
        if request.0 == Method::DELETE {
            assert_eq!(answer.status, 404, "the run has deleted the account: {}", answer.text);
        } else {
            assert!(answer.status < 300, "{request:?}: {}", answer.text);
        }
    }
    // Other changes need no password, and a new session is young again.
    let other = server.parent().await;
    admin.act(&format!("/admin/accounts/{}/end-sessions", other.id)).await.expect(204);
    let again = Parent::log_in(server.nobody(), &admin.email, ADMIN_PASSWORD).await;
    again.delete(&format!("/admin/accounts/{}", other.id)).await.expect(200);
}

#[tokio::test]
async fn a_clock_that_is_set_back_makes_no_session_young() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let (admin, paula) = (server.admin().await, server.parent().await);
    clock.jump(-1);
    let answer = admin.act(&format!("/admin/accounts/{}/promote", paula.id)).await;
    assert_error(&answer, 403, "PASSWORD_REQUIRED");
}

#[tokio::test]
async fn a_wrong_password_counts_as_an_attempt() {
    let configure = |config: &mut Config| config.service.logins.per_account = 3;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let (admin, paula) = (server.admin().await, server.parent().await);
    let path = format!("/admin/accounts/{}/reset-link", paula.id);
    let wrong = json!({"password": "wrong"});
    assert_error(&admin.post(&path, wrong.clone()).await, 403, "WRONG_PASSWORD");
    assert_error(&admin.post(&path, wrong.clone()).await, 403, "WRONG_PASSWORD");
    assert_error(&admin.post(&path, wrong).await, 429, "TOO_MANY_ATTEMPTS");
}
