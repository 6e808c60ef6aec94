//! Sign-up, login and the password.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, PASSWORD, Parent, Settings, TestServer, assert_error, log_in, send};

fn account(email: &str) -> Value {
    json!({"first_name": "Zoë", "last_name": "Example", "email": email, "password": PASSWORD})
}

#[tokio::test]
async fn a_sign_up_creates_a_parent_and_logs_in() {
    let server = TestServer::start().await;
    let browser = server.nobody();
    let mut wanted = account(" Zoe@Example.org ");
    wanted["first_name"] = "  Zoë ".into();
    let answer = browser.post("/auth/signup", wanted).await;
    assert!(!answer.text.contains("scrypt"), "{}", answer.text);
    let user = answer.expect(201)["user"].take();
    assert_eq!(user["first_name"], "Zoë");
    assert_eq!(user["email"], "Zoe@Example.org");
    assert_eq!(user["role"], "parent");
    assert!(user.get("password").is_none());
    let me = browser.get("/auth/me").await.expect(200);
    assert_eq!(me["user"], user);
    assert_eq!((&me["scope"], &me["child_id"]), (&json!("parent"), &Value::Null));
}

#[tokio::test]
async fn an_email_address_has_one_account_whatever_its_case() {
    let server = TestServer::start().await;
    let first = account("zoe@example.org");
    server.nobody().post("/auth/signup", first).await.expect(201);
    let answer = server.nobody().post("/auth/signup", account("ZOE@example.ORG")).await;
    assert_error(&answer, 409, "EMAIL_TAKEN");
    log_in(&server.nobody(), "Zoe@EXAMPLE.org", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_sign_up_is_checked_field_by_field() {
    let server = TestServer::start().await;
    for (field, value) in [
        ("first_name", json!("")),
        ("first_name", json!("   ")),
        ("first_name", json!("x".repeat(101))),
        ("last_name", json!("line\nbreak")),
        ("last_name", json!(7)),
        ("last_name", Value::Null),
        ("email", json!("no-at-sign")),
        ("email", json!("a b@example.org")),
        ("email", json!(format!("{}@example.org", "x".repeat(250)))),
        ("password", json!("short")),
        ("password", json!("x".repeat(257))),
    ] {
        let mut wanted = account("field@example.org");
        wanted[field] = value.clone();
        let answer = server.nobody().post("/auth/signup", wanted).await;
        let details = assert_error(&answer, 400, "VALIDATION_FAILED");
        assert_eq!(details["field"], field, "{field}={value}");
    }
    let mut wanted = account("missing@example.org");
    wanted.as_object_mut().unwrap().remove("password");
    let answer = server.nobody().post("/auth/signup", wanted).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(answer.text.contains("password"), "{}", answer.text);
}

#[tokio::test]
async fn a_sign_up_cannot_create_an_administrator() {
    let server = TestServer::start().await;
    for (field, value) in [("role", json!("admin")), ("id", json!("mine"))] {
        let mut wanted = account("eve@example.org");
        wanted[field] = value;
        let answer = server.nobody().post("/auth/signup", wanted).await;
        assert_error(&answer, 400, "FIELD_NOT_ALLOWED");
    }
}

#[tokio::test]
async fn the_sign_up_can_be_closed() {
    let settings = Settings { signup_open: false, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let answer = server.nobody().post("/auth/signup", account("zoe@example.org")).await;
    assert_error(&answer, 403, "SIGNUP_CLOSED");
    server.admin().await.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_email_get_the_same_response() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let wrong = log_in(&server.nobody(), &parent.email, "wrong password").await;
    let unknown = log_in(&server.nobody(), "nobody@example.org", PASSWORD).await;
    assert_error(&wrong, 401, "INVALID_CREDENTIALS");
    assert_error(&unknown, 401, "INVALID_CREDENTIALS");
    assert_eq!(wrong.body, unknown.body);
    assert_eq!(wrong.header("set-cookie"), "");
}

#[tokio::test]
async fn a_login_does_not_rewrite_a_hash_of_usual_cost() {
    let mut server = TestServer::start().await;
    let hash = server.folders.record("users.json", "admin-1")["password"].take();
    server.admin().await;
    server.stop().await;
    assert_eq!(server.folders.record("users.json", "admin-1")["password"], hash);
}

/// The token in the cookie of an answer.
fn token(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie");
    let value = cookie.strip_prefix("session=").unwrap_or_else(|| panic!("{cookie}"));
    value.split(';').next().unwrap().to_owned()
}

#[tokio::test]
async fn a_password_change_ends_every_session_and_begins_a_new_one() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let browser = server.nobody();
    let stolen = token(&log_in(&browser, &parent.email, PASSWORD).await);
    let new = "another battery";

    let wrong = json!({"current_password": "wrong password", "new_password": new});
    let answer = browser.put("/auth/password", wrong).await;
    assert_error(&answer, 403, "WRONG_PASSWORD");
    let weak = json!({"current_password": PASSWORD, "new_password": "short"});
    let answer = browser.put("/auth/password", weak).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    parent.get("/auth/me").await.expect(200);

    let change = json!({"current_password": PASSWORD, "new_password": new});
    let answer = browser.put("/auth/password", change).await;
    assert_ne!(token(&answer), stolen);
    answer.expect(204);
    let me = browser.get("/auth/me").await.expect(200);
    assert_eq!((&me["user"]["id"], &me["scope"]), (&json!(parent.id), &json!("parent")));
    assert_error(&parent.get("/auth/me").await, 401, "UNAUTHENTICATED");
    let thief = server.nobody().request(Method::GET, "/auth/me").bearer_auth(&stolen);
    assert_error(&send(thief).await, 401, "UNAUTHENTICATED");
    let old = log_in(&server.nobody(), &parent.email, PASSWORD).await;
    assert_error(&old, 401, "INVALID_CREDENTIALS");
    Parent::log_in(server.nobody(), &parent.email, new).await;
}

#[tokio::test]
async fn a_password_change_gives_a_bearer_client_a_new_token() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let old = token(&log_in(&server.nobody(), &parent.email, PASSWORD).await);
    let change = json!({"current_password": PASSWORD, "new_password": "another battery"});
    let request = server.nobody().request(Method::PUT, "/auth/password").bearer_auth(&old);
    let answer = send(request.json(&change)).await;
    let new = token(&answer);
    assert_eq!((answer.status, &*answer.text), (204, ""));
    let me = |token| {
        let request = server.nobody().request(Method::GET, "/auth/me");
        send(request.bearer_auth(token))
    };
    assert_error(&me(old).await, 401, "UNAUTHENTICATED");
    assert_eq!(me(new).await.expect(200)["user"]["id"], *parent.id);
}

#[tokio::test]
async fn two_password_changes_at_once_do_not_both_succeed() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let change = |new: &str| {
        let body = json!({"current_password": PASSWORD, "new_password": new});
        let parent = parent.clone();
        async move { parent.put("/auth/password", body).await.status }
    };
    let statuses = tokio::join!(change("first new one"), change("second new one"));
    let good = [statuses.0, statuses.1].iter().filter(|status| **status < 300).count();
    assert_eq!(good, 1, "{statuses:?}");
}
