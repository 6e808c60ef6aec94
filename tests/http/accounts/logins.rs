//! The limits of password attempts, for each account and each address.

use std::time::{Duration, Instant};

use goldstar::config::Config;
use serde_json::json;

use crate::harness::person::log_in_with;
use crate::harness::wire::assert_refusal;
use crate::harness::{
    Answer, Client, PASSWORD, Settings, TestServer, assert_error, eventually, log_in, send,
};

const WRONG: &str = "wrong horse battery";
/// A day, so that no attempt becomes available again during a test.
const WINDOW: u64 = 86_400;

/// Three attempts per account, any number per address.
fn per_account(config: &mut Config) {
    config.service.logins.per_account = 3;
    config.service.logins.per_address = 0;
    config.service.logins.window = Duration::from_secs(WINDOW);
}

/// Five attempts per address, any number per account.
fn per_address(config: &mut Config) {
    config.service.logins.per_account = 0;
    config.service.logins.per_address = 5;
    config.service.logins.window = Duration::from_secs(WINDOW);
}

async fn with(configure: fn(&mut Config)) -> TestServer {
    TestServer::with(Settings { configure, ..Settings::default() }).await
}

#[track_caller]
fn assert_too_many(answer: &Answer) -> u64 {
    assert_refusal(answer, 429, "TOO_MANY_ATTEMPTS");
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=WINDOW).contains(&seconds), "{seconds}");
    assert_eq!(answer.body["details"], json!({"retry_after": seconds}));
    assert_eq!(answer.header("set-cookie"), "");
    seconds
}

/// Tries this wrong password several times; each must count as an attempt.
async fn guess(client: &Client, email: &str, times: usize) {
    for _ in 0..times {
        let answer = log_in(client, email, WRONG).await;
        assert_refusal(&answer, 401, "INVALID_CREDENTIALS");
    }
}

async fn sign_up(client: &Client, email: &str) -> Answer {
    let account = json!({
        "first_name": "Zoë", "last_name": "Example", "email": email, "password": PASSWORD,
    });
    client.post("/auth/signup", account).await
}

async fn change_password(client: &Client, current: &str) -> Answer {
    let body = json!({"current_password": current, "new_password": "another horse battery"});
    client.put("/auth/password", body).await
}

#[tokio::test]
async fn an_account_has_a_limited_number_of_attempts() {
    let server = with(per_account).await;
    let parent = server.parent().await;
    let other = server.parent().await;
    guess(&server.nobody(), &parent.email, 3).await;
    for password in [WRONG, PASSWORD] {
        // The correct password is rejected, too. Otherwise an attacker could continue until it is
        // accepted.
        let wait = assert_too_many(&log_in(&server.nobody(), &parent.email, password).await);
        assert!(wait <= WINDOW / 3, "one of three tries comes back after a third of the window");
    }
    log_in(&server.nobody(), &other.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn the_spelling_of_an_email_address_does_not_give_more_attempts() {
    let server = with(per_account).await;
    let parent = server.parent().await;
    let upper = parent.email.to_uppercase();
    let spaced = format!(" {} ", parent.email);
    let written = [parent.email.as_str(), &upper, &spaced];
    let mut refused = 0;
    for email in written.into_iter().cycle().take(9) {
        let answer = log_in(&server.nobody(), email, WRONG).await;
        refused += usize::from(answer.status == 429);
    }
    // An address with spaces is invalid. It is an error of its own, and does not count.
    assert!(refused >= 3, "{refused}");
    assert_too_many(&log_in(&server.nobody(), &upper, PASSWORD).await);
}

/// Unknown addresses have the same limit, so that nobody finds out which accounts exist.
#[tokio::test]
async fn an_unknown_email_address_has_the_same_limit() {
    let server = with(per_account).await;
    guess(&server.nobody(), "nobody@example.org", 3).await;
    assert_too_many(&log_in(&server.nobody(), "nobody@example.org", PASSWORD).await);
}

#[tokio::test]
async fn simultaneous_attempts_are_all_counted() {
    let server = with(per_account).await;
    let parent = server.parent().await;
    let nobody = server.nobody();
    let attempts = (0..12).map(|_| log_in(&nobody, &parent.email, WRONG));
    let answers = futures_util::future::join_all(attempts).await;
    let (tried, refused): (Vec<_>, Vec<_>) =
        answers.iter().partition(|answer| answer.status == 401);
    assert_eq!((tried.len(), refused.len()), (3, 9), "no more than three were tried");
    for answer in refused {
        assert_too_many(answer);
    }
}

#[tokio::test]
async fn existing_sessions_stay_valid_at_the_limit() {
    let server = with(per_account).await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    guess(&server.nobody(), &family.parent.email, 3).await;
    assert_too_many(&log_in(&server.nobody(), &family.parent.email, PASSWORD).await);
    family.parent.get("/auth/me").await.expect(200);
    let event = family.event().await;
    assert_eq!(stream.next().await.event_id(), event["id"]);
    family.parent.act("/auth/logout").await.expect(204);
}

#[tokio::test]
async fn an_address_has_a_limited_number_of_attempts_over_all_accounts() {
    let server = with(per_address).await;
    let client = server.nobody();
    for n in 0..5 {
        guess(&client, &format!("nobody{n}@example.org"), 1).await;
    }
    assert_too_many(&log_in(&client, "nobody5@example.org", WRONG).await);
    let (email, password) = ("admin@example.org", "correct horse 0");
    assert_too_many(&log_in(&client, email, password).await);
}

#[tokio::test]
async fn forwarded_addresses_are_ignored_without_a_trusted_proxy() {
    let server = with(per_address).await;
    let client = server.nobody();
    let mut statuses = Vec::new();
    for n in 0..10 {
        let header = ("X-Forwarded-For", &*format!("198.51.100.{n}"));
        let email = format!("nobody{n}@example.org");
        let answer = log_in_with(&client, header, &email, WRONG).await;
        statuses.push(answer.status);
        if n >= 5 {
            assert_too_many(&answer);
        }
    }
    assert_eq!(statuses[..5], [401; 5]);
    for header in ["Forwarded", "X-Real-IP", "CF-Connecting-IP", "True-Client-IP", "X-Client-IP"] {
        let value = if header == "Forwarded" { "for=198.51.100.99" } else { "198.51.100.99" };
        let answer = log_in_with(&client, (header, value), "a@example.org", PASSWORD).await;
        assert_too_many(&answer);
    }
}

#[tokio::test]
async fn sign_ups_count_for_the_address() {
    let server = with(per_address).await;
    let client = server.nobody();
    for n in 0..5 {
        sign_up(&client, &format!("new{n}@example.org")).await.expect(201);
    }
    assert_too_many(&sign_up(&client, "new5@example.org").await);
    assert_too_many(&log_in(&client, "new0@example.org", PASSWORD).await);
}

/// The response says that an address is taken, so attempts must not be unlimited.
#[tokio::test]
async fn failed_sign_ups_count_for_the_address() {
    let server = with(per_address).await;
    let client = server.nobody();
    for _ in 0..5 {
        assert_refusal(&sign_up(&client, "admin@example.org").await, 409, "EMAIL_TAKEN");
    }
    assert_too_many(&sign_up(&client, "admin@example.org").await);
}

/// Somebody with another person's session could try the password by changing it.
#[tokio::test]
async fn password_changes_count_for_the_account() {
    let server = with(per_account).await;
    let parent = server.parent().await;
    for _ in 0..3 {
        assert_refusal(&change_password(&parent, WRONG).await, 403, "WRONG_PASSWORD");
    }
    assert_too_many(&change_password(&parent, PASSWORD).await);
    assert_too_many(&log_in(&server.nobody(), &parent.email, PASSWORD).await);
    parent.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn password_changes_count_for_the_address() {
    let server = with(per_address).await;
    // The sign-up is the first of the five attempts.
    let parent = server.parent().await;
    for _ in 0..4 {
        assert_refusal(&change_password(&parent, WRONG).await, 403, "WRONG_PASSWORD");
    }
    assert_too_many(&change_password(&parent, PASSWORD).await);
    assert_too_many(&log_in(&server.nobody(), "admin@example.org", "correct horse 0").await);
}

#[tokio::test]
async fn zero_means_no_limit() {
    let configure = |config: &mut Config| {
        config.service.logins.per_account = 0;
        config.service.logins.per_address = 0;
    };
    let server = with(configure).await;
    let client = server.nobody();
    for n in 0..110 {
        // Most are rejected before the password is hashed, which is fast; some are not.
        let password = if n % 10 == 0 { WRONG } else { "" };
        let answer = log_in(&client, "nobody@example.org", password).await;
        assert!(matches!(answer.status, 400 | 401), "{}", answer.text);
    }
}

/// The default limits. Some attempts may be available again in the meantime.
#[tokio::test]
async fn the_default_is_twenty_attempts() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    let nobody = server.nobody();
    guess(&nobody, &parent.email, 20).await;
    let refused = eventually("too many tries", async || {
        let answer = log_in(&nobody, &parent.email, PASSWORD).await;
        (answer.status != 200).then_some(answer)
    });
    assert_too_many(&refused.await);
}

/// Responses of other routes must not change.
#[tokio::test]
async fn other_routes_are_not_limited() {
    let server = with(per_address).await;
    let client = server.nobody();
    guess(&client, "nobody@example.org", 5).await;
    assert_too_many(&log_in(&client, "nobody@example.org", PASSWORD).await);
    client.get("/health").await.expect(200);
    assert_refusal(&client.get("/auth/me").await, 401, "UNAUTHENTICATED");
    let options = client.request(reqwest::Method::OPTIONS, "/auth/login");
    assert_eq!(send(options).await.status, 200);
}

#[tokio::test]
async fn each_address_behind_a_trusted_proxy_has_its_own_limit() {
    let server = with(|config| {
        config.service.logins.per_account = 4;
        config.service.logins.per_address = 2;
        config.http.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    })
    .await;
    let nobody = server.nobody();
    let email = "zoe@example.org";
    for (forwarded, status) in [
        ("198.51.100.1", 401),
        // The part of the header that the client itself wrote changes nothing.
        ("203.0.113.9, 198.51.100.1", 401),
        ("203.0.113.8, 198.51.100.1", 429),
        ("2001:db8::1", 401),
        ("2001:db8::2", 401),
        ("2001:db8::3", 429),
        // Another address; the account's limit still applies.
        ("198.51.100.2", 429),
        ("2001:db8:0:1::1", 429),
    ] {
        let answer = log_in_with(&nobody, ("X-Forwarded-For", forwarded), email, WRONG).await;
        assert_eq!(answer.status, status, "{forwarded}: {}", answer.text);
    }
    // Attempts that the account's limit rejected do not count for the address.
    for (other, status) in [("a@example.org", 401), ("b@example.org", 401), ("c@example.org", 429)]
    {
        let answer = log_in_with(&nobody, ("X-Forwarded-For", "198.51.100.2"), other, WRONG).await;
        assert_eq!(answer.status, status, "{other}: {}", answer.text);
    }
}

#[tokio::test]
async fn an_attempt_is_allowed_after_the_announced_wait() {
    let server = with(|config| {
        per_account(config);
        config.service.logins.per_account = 1;
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
    let wait = Duration::from_secs(assert_too_many(&refused.await));
    let ready = Instant::now() + wait;
    let allowed = eventually("another attempt", async || {
        let sent = Instant::now();
        let answer = attempt().await;
        assert!(answer.status != 429 || sent < ready, "refused after the announced wait");
        (answer.status != 429).then_some(answer)
    });
    assert_error(&allowed.await, 401, "INVALID_CREDENTIALS");
}
