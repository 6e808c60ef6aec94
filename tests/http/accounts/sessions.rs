//! Sessions: the cookie, the bearer token, and a child's session.

use goldstar::config::Config;
use goldstar::domain::RuleViolation;
use goldstar::service::{ServiceError, Token};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::harness::{
    Answer, Client, MemoryServer, PASSWORD, TestServer, assert_error, eventually, log_in, send,
};

/// The token in an answer's cookie.
fn token_of(answer: &Answer) -> String {
    let cookie = answer.header("set-cookie");
    let token = cookie.strip_prefix("session=").unwrap_or_default();
    token.split(';').next().unwrap_or_default().to_owned()
}

async fn with_bearer(browser: &Client, path: &str, token: &str) -> Answer {
    send(browser.request(Method::GET, path).bearer_auth(token)).await
}

#[tokio::test]
async fn the_cookie_is_hidden_from_scripts() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let answer = log_in(&server.nobody(), &parent.email, PASSWORD).await;
    let cookie = answer.header("set-cookie");
    let attributes: Vec<&str> = cookie.split(';').map(str::trim).collect();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(attributes.contains(&attribute), "{cookie}");
    }
    let token = token_of(&answer);
    assert_eq!(token.len(), 64, "256 bits: {cookie}");
    assert!(!answer.text.contains(&token), "in the cookie alone");
}

#[tokio::test]
async fn the_same_token_is_a_bearer_token() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let token = token_of(&log_in(&server.nobody(), &parent.email, PASSWORD).await);
    let me = with_bearer(&server.nobody(), "/auth/me", &token).await.expect(200);
    assert_eq!(me["user"]["id"], *parent.id);
    for wrong in ["", "x", &token.replace(&token[..1], "_"), &token[1..]] {
        let answer = with_bearer(&server.nobody(), "/auth/me", wrong).await;
        assert_error(&answer, 401, "UNAUTHENTICATED");
    }
}

#[tokio::test]
async fn a_token_is_stored_as_its_hash_only() {
    let mut server = TestServer::start().await;
    let parent = server.parent().await;
    let token = token_of(&log_in(&server.nobody(), &parent.email, PASSWORD).await);
    let digest = Sha256::digest(token.as_bytes());
    let hash = digest.iter().fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"));
    // The file is written in the background.
    eventually("the session in its file", async || {
        let file = server.folders.data_file("sessions.json");
        std::fs::read_to_string(file).is_ok_and(|text| text.contains(&hash)).then_some(())
    })
    .await;
    for path in server.folders.data_files() {
        // A temporary file may have been renamed since.
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains(&token), "{}", path.display());
        assert!(!text.contains(PASSWORD), "{}", path.display());
    }
    server.stop().await;
    let sessions = server.folders.json("sessions.json").to_string();
    assert!(sessions.contains(&hash), "{sessions}");
    assert!(!sessions.contains(&token));
}

#[tokio::test]
async fn a_logout_ends_the_session_and_clears_the_cookie() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let browser = server.nobody();
    let token = token_of(&log_in(&browser, &parent.email, PASSWORD).await);
    let answer = browser.act("/auth/logout").await;
    assert!(matches!(answer.status, 200 | 204), "{}", answer.text);
    let cookie = answer.header("set-cookie");
    assert!(cookie.starts_with("session=;"), "{cookie}");
    assert!(cookie.contains("Max-Age=0") && cookie.contains("Path=/"), "{cookie}");
    let answer = with_bearer(&browser, "/auth/me", &token).await;
    assert_error(&answer, 401, "UNAUTHENTICATED");
    parent.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn sessions_outlive_a_restart() {
    let mut server = TestServer::start().await;
    let parent = server.parent().await;
    server.restart().await;
    let me = parent.get("/auth/me").await.expect(200);
    assert_eq!(me["user"]["id"], *parent.id);
}

#[tokio::test]
async fn a_browser_handed_to_a_child_has_the_childs_rights() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let sibling = family.parent.child("Aarav", 5).await;
    let browser = server.nobody();
    let old = token_of(&log_in(&browser, &family.parent.email, PASSWORD).await);
    let body = json!({"child_id": family.child});
    let answer = browser.post("/auth/child-session", body).await;
    assert_ne!(token_of(&answer), old, "another token");
    answer.expect(200);
    let me = browser.get("/auth/me").await.expect(200);
    assert_eq!((&me["scope"], &me["child_id"]), (&json!("child"), &json!(family.child)));
    // The parent's session has ended.
    let answer = with_bearer(&server.nobody(), "/auth/me", &old).await;
    assert_error(&answer, 401, "UNAUTHENTICATED");

    let children = browser.get("/children").await.expect(200);
    let ids: Vec<&Value> =
        children["children"].as_array().unwrap().iter().map(|c| &c["id"]).collect();
    assert_eq!(ids, [&json!(family.child)]);
    assert_eq!(browser.get(&format!("/children/{sibling}")).await.status, 404);
    for list in ["/tasks", "/rewards", "/rewards/pending"] {
        browser.get(list).await.expect(200);
    }
    let path = format!("/children/{}/rewards", family.child);
    browser.get(&path).await.expect(200);
}

#[tokio::test]
async fn a_child_session_of_an_administrator_is_not_an_administrators() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let me = admin.get("/auth/me").await.expect(200);
    assert_eq!(me["scope"], "admin");
    let child = admin.child("Mía", 0).await;
    admin.post("/auth/child-session", json!({"child_id": child})).await.expect(200);
    assert_error(&admin.get("/admin/tracking").await, 403, "ADMIN_REQUIRED");
}

#[tokio::test]
async fn a_child_session_needs_a_child() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let answer = parent.post("/auth/child-session", json!({})).await;
    assert_eq!(answer.status, 400, "{}", answer.text);
    assert!(answer.text.contains("child_id"), "{}", answer.text);
    parent.get("/auth/me").await.expect(200);
}

/// Each request finds out whose session it has before it reads the records of the family.
#[tokio::test]
async fn a_request_whose_session_ends_meanwhile_reads_nothing() {
    let server = MemoryServer::start(Config::default()).await;
    let family = server.family().await;
    let browser = server.nobody();
    let token = token_of(&log_in(&browser, &family.parent.email, PASSWORD).await);
    let caller = server.service.authenticate(&Token::presented(&token)).await.unwrap();
    let child = family.child.as_str().into();
    assert!(server.service.child(&caller, &child).await.is_ok());
    browser.act("/auth/logout").await.expect(204);
    let read = server.service.child(&caller, &child).await.map(|_| ());
    assert!(matches!(read, Err(ServiceError::Refused(RuleViolation::SessionEnded))), "{read:?}");
    server.stop().await;
}
