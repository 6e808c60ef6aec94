//! How often passwords may be tried.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use goldstar::config::Config;

use crate::harness::{
    Answer, Client, PASSWORD, Settings, TestServer, assert_error, eventually, log_in, send,
};

const WRONG: &str = "wrong password";

async fn server_with(configure: fn(&mut Config)) -> TestServer {
    TestServer::with(Settings { configure, ..Settings::default() }).await
}

/// Limits without the one that a test isn't about.
fn limits(config: &mut Config, per_account: u32, per_address: u32) {
    config.service.logins.per_account = per_account;
    config.service.logins.per_address = per_address;
}

fn trust_this_machine(config: &mut Config) {
    config.http.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
}

/// A login as it comes through a proxy.
async fn log_in_from(client: &Client, forwarded: &str, email: &str, password: &str) -> Answer {
    let body = json!({"email": email, "password": password});
    let request = client.request(Method::POST, "/auth/login").json(&body);
    send(request.header("X-Forwarded-For", forwarded)).await
}

/// Checks the answer to an attempt too many, and gives the seconds to wait.
#[track_caller]
fn assert_limited(answer: &Answer) -> u64 {
    let details = assert_error(answer, 429, "TOO_MANY_ATTEMPTS");
    let seconds = details["retry_after"].as_u64().unwrap();
    assert!(seconds >= 1);
    assert_eq!(answer.header("retry-after"), seconds.to_string());
    seconds
}

fn account(email: &str) -> Value {
    json!({"first_name": "Zoë", "last_name": "Example", "email": email, "password": PASSWORD})
}

#[tokio::test]
async fn an_account_is_tried_so_often_and_no_more() {
    let server = server_with(|config| limits(config, 3, 0)).await;
    let (parent, other) = (server.parent().await, server.parent().await);
    let nobody = server.nobody();
    for _ in 0..3 {
        let answer = log_in(&nobody, &parent.email, WRONG).await;
        assert_error(&answer, 401, "INVALID_CREDENTIALS");
    }
    for (email, password) in
        [(&parent.email, WRONG), (&parent.email, PASSWORD), (&parent.email.to_uppercase(), WRONG)]
    {
        let answer = log_in(&nobody, email, password).await;
        let seconds = assert_limited(&answer);
        assert!(seconds <= 200, "a third of the window: {seconds}");
        assert_eq!(answer.header("set-cookie"), "");
    }
    // Whoever is in stays in, and no other account is concerned.
    parent.get("/auth/me").await.expect(200);
    log_in(&nobody, &other.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn known_and_unknown_email_addresses_are_limited_alike() {
    let server = server_with(|config| limits(config, 2, 0)).await;
    let parent = server.parent().await;
    let nobody = server.nobody();
    for attempt in 0..4 {
        let known = log_in(&nobody, &parent.email, WRONG).await;
        let unknown = log_in(&nobody, "nobody@example.org", WRONG).await;
        assert_eq!(known.status, unknown.status, "{attempt}");
        assert_eq!(known.body["code"], unknown.body["code"], "{attempt}");
        assert_eq!(known.status, if attempt < 2 { 401 } else { 429 });
    }
}

#[tokio::test]
async fn a_flood_with_made_up_addresses_comes_from_one() {
    let server = server_with(|config| limits(config, 0, 5)).await;
    let nobody = server.nobody();
    let flood = (0..60).map(|n| {
        let (forwarded, email) = (format!("198.51.100.{n}"), format!("user{n}@example.org"));
        let nobody = &nobody;
        async move { log_in_from(nobody, &forwarded, &email, WRONG).await }
    });
    let answers = join_all(flood).await;
    let tried = answers.iter().filter(|answer| answer.status == 401).count();
    assert_eq!(tried, 5);
    for answer in answers.iter().filter(|answer| answer.status != 401) {
        assert_limited(answer);
    }
    // A sign-up costs as much as a login, and counts like one.
    assert_limited(&nobody.post("/auth/signup", account("zoe@example.org")).await);
}

#[tokio::test]
async fn behind_a_trusted_proxy_each_address_has_its_own_allowance() {
    let server = server_with(|config| {
        limits(config, 4, 2);
        trust_this_machine(config);
    })
    .await;
    let nobody = server.nobody();
    let email = "zoe@example.org";
    for (forwarded, status) in [
        ("198.51.100.1", 401),
        // What the client itself wrote before the proxy's word changes nothing.
        ("203.0.113.9, 198.51.100.1", 401),
        ("203.0.113.8, 198.51.100.1", 429),
        ("2001:db8::1", 401),
        ("2001:db8::2", 401),
        ("2001:db8::3", 429),
        // Another address, and the account's limit still holds.
        ("198.51.100.2", 429),
        ("2001:db8:0:1::1", 429),
    ] {
        let answer = log_in_from(&nobody, forwarded, email, WRONG).await;
        assert_eq!(answer.status, status, "{forwarded}: {}", answer.text);
    }
    // What the account's limit refused didn't use up the address's.
    for (other, status) in [("a@example.org", 401), ("b@example.org", 401), ("c@example.org", 429)]
    {
        let answer = log_in_from(&nobody, "198.51.100.2", other, WRONG).await;
        assert_eq!(answer.status, status, "{other}: {}", answer.text);
    }
}

#[tokio::test]
async fn sign_ups_are_limited_by_the_address() {
    let server = server_with(|config| limits(config, 1, 2)).await;
    let sign_up = async |email| server.nobody().post("/auth/signup", account(email)).await;
    sign_up("a@example.org").await.expect(201);
    assert_error(&sign_up("a@example.org").await, 409, "EMAIL_TAKEN");
    assert_limited(&sign_up("b@example.org").await);
}

#[tokio::test]
async fn a_password_change_is_an_attempt_too() {
    let server = server_with(|config| limits(config, 2, 0)).await;
    let parent = server.parent().await;
    let change = async |current| {
        let body = json!({"current_password": current, "new_password": "another battery"});
        parent.put("/auth/password", body).await
    };
    for _ in 0..2 {
        assert_error(&change(WRONG).await, 403, "WRONG_PASSWORD");
    }
    assert_limited(&change(PASSWORD).await);
    assert_limited(&log_in(&server.nobody(), &parent.email, PASSWORD).await);
    parent.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn retry_after_is_honest() {
    let server = server_with(|config| {
        limits(config, 1, 0);
        config.service.logins.window = Duration::from_secs(1);
    })
    .await;
    let nobody = server.nobody();
    let attempt = async || log_in(&nobody, "zoe@example.org", WRONG).await;
    // On a busy machine, a second may pass between the two.
    let refused = eventually("an attempt too many", async || {
        let (first, second) = tokio::join!(attempt(), attempt());
        [first, second].into_iter().find(|answer| answer.status == 429)
    });
    let wait = Duration::from_secs(assert_limited(&refused.await));
    let ready = Instant::now() + wait;
    let allowed = eventually("another attempt", async || {
        let sent = Instant::now();
        let answer = attempt().await;
        assert!(answer.status != 429 || sent < ready, "refused after the announced wait");
        (answer.status != 429).then_some(answer)
    });
    assert_error(&allowed.await, 401, "INVALID_CREDENTIALS");
}
