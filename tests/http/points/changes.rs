//! The limits of changes per account and address, and of sign-ups per address.

use std::net::Ipv4Addr;
use std::time::Duration;

use serde_json::{Value, json};

use goldstar::config::Config;

use crate::harness::{
    Answer, Client, HOUR, Hand, PASSWORD, Parent, Settings, TestServer, assert_error, log_in,
};

const SECOND: i64 = 1_000_000;
const ELSEWHERE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 9);

fn limits(config: &mut Config, per_account: u32, per_address: u32) {
    config.service.changes.per_account = per_account;
    config.service.changes.per_address = per_address;
    config.service.changes.window = Duration::from_mins(1);
}

async fn server_with(configure: fn(&mut Config)) -> (Hand, TestServer) {
    let (hand, machine) = Hand::new();
    let settings = Settings { machine, configure, ..Settings::default() };
    (hand, TestServer::with(settings).await)
}

/// Checks the response to a change beyond the limit, and returns the seconds to wait.
#[track_caller]
fn assert_limited(answer: &Answer, code: &str) -> i64 {
    let details = assert_error(answer, 429, code);
    let seconds = details["retry_after"].as_i64().unwrap();
    assert_eq!(details, json!({"retry_after": seconds}));
    assert_eq!(answer.header("retry-after"), seconds.to_string());
    seconds
}

async fn change(client: &Client) -> Answer {
    client.post("/tasks", json!({"name": "Homework", "points": 5})).await
}

#[tokio::test]
async fn an_account_has_a_limited_number_of_changes() {
    let (hand, server) = server_with(|config| limits(config, 6, 0)).await;
    let (parent, other) = (server.parent().await, server.parent().await);
    // Changes count with any result and from any session of the family.
    let child = parent.child("Mía", 0).await;
    let kid = parent.hand_over(server.nobody(), &child).await;
    assert_eq!(parent.patch(&format!("/children/{child}"), json!({"x": 1})).await.status, 400);
    assert_eq!(parent.delete("/tasks/nowhere").await.status, 404);
    assert_eq!(parent.activate(&child, "nowhere").await.status, 404);
    assert_eq!(kid.ask_for(&child, "nowhere").await.status, 404);
    change(&parent).await.expect(201);
    for client in [&*parent, &*kid] {
        let answer = client.ask_for(&child, "nowhere").await;
        assert_eq!(assert_limited(&answer, "TOO_MANY_CHANGES"), 10, "a sixth of a minute");
    }
    parent.get("/tasks").await.expect(200);
    change(&other).await.expect(201);

    // The limit depends on the time elapsed, not on the wall clock.
    hand.jump(HOUR);
    assert_limited(&change(&parent).await, "TOO_MANY_CHANGES");
    hand.forward(9 * SECOND);
    assert_eq!(assert_limited(&change(&parent).await, "TOO_MANY_CHANGES"), 1);
    hand.forward(SECOND);
    change(&parent).await.expect(201);
    assert_limited(&change(&parent).await, "TOO_MANY_CHANGES");
}

/// A flood of requests with a stolen session cannot prevent its owner from ending it.
#[tokio::test]
async fn sessions_can_be_ended_whatever_was_changed() {
    let (_hand, server) = server_with(|config| limits(config, 1, 1)).await;
    let parent = server.parent().await;
    change(&parent).await.expect(201);
    assert_limited(&change(&parent).await, "TOO_MANY_CHANGES");
    let owner = server.nobody();
    log_in(&owner, &parent.email, PASSWORD).await.expect(200);
    let new = json!({"current_password": PASSWORD, "new_password": "another battery"});
    assert_eq!(owner.put("/auth/password", new).await.status, 204);
    assert_error(&change(&parent).await, 401, "UNAUTHENTICATED");
    assert_eq!(owner.act("/auth/logout").await.status, 204);
}

#[tokio::test]
async fn an_address_has_a_limited_number_of_changes() {
    let (_hand, server) = server_with(|config| limits(config, 3, 5)).await;
    let (one, other) = (server.parent().await, server.parent().await);
    let elsewhere = Parent::log_in(server.nobody_at(ELSEWHERE), &other.email, PASSWORD).await;
    for _ in 0..3 {
        change(&one).await.expect(201);
    }
    // Changes that the account's limit rejected do not count for the address.
    for _ in 0..5 {
        assert_eq!(assert_limited(&change(&one).await, "TOO_MANY_CHANGES"), 20);
    }
    for _ in 0..2 {
        change(&other).await.expect(201);
    }
    assert_eq!(assert_limited(&change(&other).await, "TOO_MANY_CHANGES"), 12);
    change(&elsewhere).await.expect(201);
    assert_eq!(assert_limited(&change(&elsewhere).await, "TOO_MANY_CHANGES"), 20);
}

fn account(n: usize) -> Value {
    let email = format!("sign-up-{n}@example.org");
    json!({"first_name": "Zoë", "last_name": "Example", "email": email, "password": PASSWORD})
}

#[tokio::test]
async fn an_address_may_create_a_limited_number_of_accounts() {
    let (hand, server) = server_with(|config| config.service.signups.per_address = 2).await;
    let (here, elsewhere) = (server.nobody(), server.nobody_at(ELSEWHERE));
    for n in 0..2 {
        here.post("/auth/signup", account(n)).await.expect(201);
    }
    let refused = here.post("/auth/signup", account(2)).await;
    assert_eq!(assert_limited(&refused, "TOO_MANY_ATTEMPTS"), 1800);
    elsewhere.post("/auth/signup", account(3)).await.expect(201);
    // Logins have their own limits.
    log_in(&here, "sign-up-0@example.org", PASSWORD).await.expect(200);
    hand.forward(1800 * SECOND);
    here.post("/auth/signup", account(4)).await.expect(201);
    assert_limited(&here.post("/auth/signup", account(5)).await, "TOO_MANY_ATTEMPTS");
}
