//! What limits guesses, open requests and polls.

use goldstar::config::Config;
use serde_json::json;

use super::MINUTE;
use super::{devices_path, show_code};
use crate::harness::database::is_on_postgres;
use crate::harness::{Hand, Settings, TestServer, assert_error};

#[tokio::test]
async fn wrong_codes_are_limited_per_account() {
    let configure = |config: &mut Config| config.service.logins.per_account = 3;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let (family, other) = (server.family().await, server.family().await);
    let shown = show_code(&server.nobody(), "Tablet").await;
    let wrong = json!({"user_code": "BCDF-GHJK"});
    let guess = async || family.parent.post("/device-codes/inspect", wrong.clone()).await;
    for _ in 0..2 {
        assert_error(&guess().await, 400, "INVALID_DEVICE_CODE");
    }
    let path = devices_path(&family.child);
    let third = family.parent.post(&path, wrong.clone()).await;
    assert_error(&third, 400, "INVALID_DEVICE_CODE");
    let refused = guess().await;
    assert_error(&refused, 429, "TOO_MANY_ATTEMPTS");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    // The right one does not tell that it is right, either.
    let right = json!({"user_code": shown.user_code});
    assert_error(&family.parent.post(&path, right.clone()).await, 429, "TOO_MANY_ATTEMPTS");
    other.parent.post("/device-codes/inspect", right).await.expect(200);
}

#[tokio::test]
async fn wrong_codes_are_limited_per_address() {
    let configure = |config: &mut Config| config.service.logins.per_address = 5;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let family = server.family().await;
    let parent = &family.parent;
    // The sign-up was the first attempt.
    for _ in 1..5 {
        let wrong = parent.post("/device-codes/inspect", json!({"user_code": "BCDF-GHJK"})).await;
        assert_error(&wrong, 400, "INVALID_DEVICE_CODE");
    }
    let wrong = parent.post("/device-codes/inspect", json!({"user_code": "BCDF-GHJK"})).await;
    assert_error(&wrong, 429, "TOO_MANY_ATTEMPTS");
    let device_code = json!({"device_code": "0".repeat(64)});
    let wrong = server.nobody().post("/auth/device-token", device_code).await;
    assert_error(&wrong, 429, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn codes_that_no_device_has_count_for_the_address_only() {
    let configure = |config: &mut Config| config.service.logins.per_address = 5;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let device_code = json!({"device_code": "0".repeat(64)});
    let ask = async || server.nobody().post("/auth/device-token", device_code.clone()).await;
    for _ in 0..5 {
        assert_error(&ask().await, 400, "INVALID_DEVICE_CODE");
    }
    assert_error(&ask().await, 429, "TOO_MANY_ATTEMPTS");
}

#[tokio::test]
async fn an_address_has_a_limited_number_of_open_requests() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let tablet = server.nobody();
    for _ in 0..10 {
        show_code(&tablet, "Tablet").await;
        clock.forward(MINUTE / 2);
    }
    let refused = tablet.post("/auth/device-codes", json!({"device_name": "Eleventh"})).await;
    let details = assert_error(&refused, 429, "TOO_MANY_ATTEMPTS");
    assert_eq!(details["retry_after"], 300, "until the first one ends");
    clock.forward(5 * MINUTE);
    show_code(&tablet, "Eleventh").await;
}

#[tokio::test]
async fn a_device_that_asks_too_often_is_told_to_slow_down() {
    let (clock, machine) = Hand::new();
    let server = TestServer::with(Settings { machine, ..Settings::default() }).await;
    let family = server.family().await;
    let (tablet, other) = (server.nobody(), server.nobody());
    let (shown, second) = (show_code(&tablet, "Tablet").await, show_code(&other, "Other").await);
    for _ in 0..3 {
        assert_error(&shown.fetch(&tablet).await, 400, "AUTHORIZATION_PENDING");
    }
    let refused = shown.fetch(&tablet).await;
    let details = assert_error(&refused, 429, "SLOW_DOWN");
    assert_eq!(refused.header("retry-after"), details["retry_after"].to_string());
    assert_error(&second.fetch(&other).await, 400, "AUTHORIZATION_PENDING");
    if !is_on_postgres() {
        // The database counts by its own clock.
        for _ in 0..5 {
            clock.forward(5 * MINUTE / 60);
            assert_error(&shown.fetch(&tablet).await, 400, "AUTHORIZATION_PENDING");
        }
        shown.confirm(&family.parent, &family.child).await;
        clock.forward(5 * MINUTE / 60);
        shown.fetch(&tablet).await.expect(200);
    }
}
