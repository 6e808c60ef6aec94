//! The creation of tokens, and what lists show of them.

use goldstar::domain::ApiToken;
use reqwest::Method;
use serde_json::{Value, json};

use super::{Program, listed};
use crate::access::home::everything;
use crate::harness::{HOUR, Hand, PASSWORD, Settings, TestServer, assert_error, send, text};

const QUARTER: i64 = HOUR / 4;

fn body() -> Value {
    json!({"name": "Home Assistant", "scopes": ["activate", "read"]})
}

#[tokio::test]
async fn only_the_first_response_has_the_secret() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let mut wanted = body();
    wanted["child_id"] = family.child.clone().into();
    wanted["expires_at"] = "2100-01-01T00:00:00Z".into();
    assert_error(&family.parent.post("/tokens", wanted.clone()).await, 400, "VALIDATION_FAILED");
    wanted["expires_at"] = Value::Null;
    let created = family.parent.post("/tokens", wanted).await.expect(201);
    let (secret, token) = (text(&created["secret"]), &created["token"]);
    assert_eq!(secret.len(), 36);
    assert!(secret.starts_with("gs_") && secret[3..].chars().all(|c| c.is_ascii_alphanumeric()));
    assert_eq!(token["prefix"], secret[..7]);
    assert_eq!(token["name"], "Home Assistant");
    assert_eq!(token["scopes"], json!(["read", "activate"]));
    assert_eq!(token["child_id"], json!(family.child));
    for unknown in ["last_used_at", "last_address", "expires_at"] {
        assert_eq!(token[unknown], Value::Null, "{unknown}");
    }
    assert_eq!(json!(listed(&family.parent).await), json!([token]));
    // No file, no log and no row has more of it than the prefix.
    server.stop().await;
    for (path, bytes) in everything(&server.folders) {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains(&secret[7..]), "{}", path.display());
    }
    let sessions = server.folders.json("sessions.json").to_string();
    assert!(sessions.contains("token-") && !sessions.contains(&secret[7..]), "{sessions}");
}

#[tokio::test]
async fn a_repeat_returns_the_token_without_its_secret() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let ask = async |body: Value| {
        let request = parent.request(Method::POST, "/tokens").json(&body);
        send(request.header("Idempotency-Key", "k")).await
    };
    let first = ask(body()).await.expect(201);
    let mut again = body();
    again["password"] = PASSWORD.into();
    let repeated = ask(again).await;
    assert_eq!(repeated.header("idempotent-replayed"), "true");
    let repeated = repeated.expect(201);
    assert_eq!(repeated["token"], first["token"]);
    assert_eq!(repeated["secret"], Value::Null);
    let mut other = body();
    other["scopes"] = json!(["manage"]);
    assert_error(&ask(other).await, 422, "IDEMPOTENCY_KEY_REUSED");
    assert_eq!(listed(&parent).await.len(), 1);
    let path = format!("/tokens/{}", text(&first["token"]["id"]));
    parent.delete(&path).await.expect(204);
    assert_error(&ask(body()).await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn an_older_session_needs_the_password() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let parent = server.parent().await;
    clock.forward(QUARTER - 1);
    parent.post("/tokens", body()).await.expect(201);
    clock.forward(1);
    assert_error(&parent.post("/tokens", body()).await, 403, "PASSWORD_REQUIRED");
    let with = |password: &str| {
        let mut body = body();
        body["password"] = password.into();
        body
    };
    assert_error(&parent.post("/tokens", with("wrong")).await, 403, "WRONG_PASSWORD");
    parent.post("/tokens", with(PASSWORD)).await.expect(201);
}

#[tokio::test]
async fn wrong_passwords_are_counted() {
    let configure = |config: &mut goldstar::config::Config| config.service.logins.per_account = 2;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let parent = server.parent().await;
    let mut wrong = body();
    wrong["password"] = "wrong".into();
    let mut answer = parent.post("/tokens", wrong.clone()).await;
    for _ in 0..3 {
        answer = parent.post("/tokens", wrong.clone()).await;
    }
    assert_error(&answer, 429, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn invalid_requests_create_no_token() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let cases = [
        ("name", json!("")),
        ("name", Value::Null),
        ("scopes", json!([])),
        ("scopes", json!(["read", "read"])),
        ("scopes", json!(["write"])),
        ("scopes", json!("read")),
        ("expires_at", json!("2026-02-30T00:00:00Z")),
        ("expires_at", json!("2020-01-01T00:00:00Z")),
        ("expires_at", json!(5)),
        ("password", json!(5)),
    ];
    for (field, value) in cases {
        let mut body = body();
        body[field] = value;
        assert_error(&family.parent.post("/tokens", body).await, 400, "VALIDATION_FAILED");
    }
    let mut foreign = body();
    foreign["child_id"] = other.child.into();
    assert_error(&family.parent.post("/tokens", foreign).await, 404, "NOT_FOUND");
    let mut unknown = body();
    unknown["id"] = "mine".into();
    assert_error(&family.parent.post("/tokens", unknown).await, 400, "FIELD_NOT_ALLOWED");
    assert_eq!(listed(&family.parent).await.len(), 0);
}

#[tokio::test]
async fn an_account_has_at_most_twenty() {
    let server = TestServer::start().await;
    let house = crate::households::Household::new(&server, "parent").await;
    let owner = house.owner();
    let mut last = String::new();
    for _ in 0..ApiToken::MOST {
        last = Program::of(owner, server.nobody(), &["read"]).await.id;
    }
    let answer = owner.post("/tokens", body()).await;
    let details = assert_error(&answer, 409, "FAMILY_LIMIT_REACHED");
    assert_eq!(details["limit"], json!({"name": "api_tokens", "most": 20}));
    // Another adult of the family has tokens of its own.
    Program::of(&house.member, server.nobody(), &["read"]).await;
    assert_eq!(listed(&house.member).await.len(), 1);
    owner.delete(&format!("/tokens/{last}")).await.expect(204);
    owner.post("/tokens", body()).await.expect(201);
    assert_eq!(listed(owner).await.len(), ApiToken::MOST);
}

#[tokio::test]
async fn administrative_scopes_are_for_administrators() {
    let server = TestServer::start().await;
    let (admin, parent) = (server.admin().await, server.parent().await);
    let child = admin.child("Leo", 0).await;
    for scope in ["admin:read", "admin:write"] {
        let mut body = json!({"name": "Monitor", "scopes": [scope]});
        assert_error(&parent.post("/tokens", body.clone()).await, 403, "ADMIN_REQUIRED");
        admin.post("/tokens", body.clone()).await.expect(201);
        body["child_id"] = child.clone().into();
        assert_error(&admin.post("/tokens", body).await, 400, "VALIDATION_FAILED");
    }
}
