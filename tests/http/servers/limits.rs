//! Limits that count for both servers.

use std::time::Duration;

use futures_util::future::join_all;
use goldstar::config::Config;
use serde_json::json;

use crate::harness::{Answer, Parent, Settings, TestServer, log_in};

/// So that no attempt becomes available again during a test.
const WINDOW: Duration = Duration::from_hours(24);

fn few_logins(config: &mut Config) {
    config.service.logins.per_account = 5;
    config.service.logins.window = WINDOW;
}

fn few_sign_ups(config: &mut Config) {
    config.service.signups.per_address = 5;
    config.service.signups.window = WINDOW;
}

fn few_children(config: &mut Config) {
    config.service.family.children = 5;
}

async fn two(configure: fn(&mut Config)) -> [TestServer; 2] {
    TestServer::two(Settings { configure, ..Settings::default() }).await
}

/// Sends twelve requests at the same time, to each server in turn. Five have the first status, the
/// others the second one with that code.
async fn assert_five(
    servers: &[TestServer; 2],
    send: impl AsyncFn(&TestServer, usize) -> Answer,
    status: u16,
    refusal: (u16, &str),
) {
    let answers = join_all((0..12).map(|n| send(&servers[n % 2], n))).await;
    let allowed = answers.iter().filter(|answer| answer.status == status).count();
    assert_eq!(allowed, 5, "{answers:?}");
    for answer in answers.iter().filter(|answer| answer.status != status) {
        assert_eq!((answer.status, answer.body["code"].as_str().unwrap()), refusal);
    }
}

#[tokio::test]
async fn login_attempts_count_for_both_servers() {
    let servers = two(few_logins).await;
    let guess = async |server: &TestServer, _| {
        log_in(&server.nobody(), "admin@example.org", "wrong horse battery").await
    };
    assert_five(&servers, guess, 401, (429, "TOO_MANY_ATTEMPTS")).await;
    for server in &servers {
        let answer = log_in(&server.nobody(), "admin@example.org", "correct horse 0").await;
        assert_eq!(answer.status, 429, "{answer:?}");
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((1..=WINDOW.as_secs() / 5).contains(&wait), "{wait}");
        log_in(&server.nobody(), "other@example.org", "wrong").await.expect(401);
    }
}

#[tokio::test]
async fn sign_ups_count_for_both_servers() {
    let servers = two(few_sign_ups).await;
    let sign_up = async |server: &TestServer, n| {
        let account = json!({
            "first_name": "Zoë", "last_name": "Example", "email": format!("{n}@example.org"),
            "password": "correct horse battery",
        });
        server.nobody().post("/auth/signup", account).await
    };
    assert_five(&servers, sign_up, 201, (429, "TOO_MANY_ATTEMPTS")).await;
}

#[tokio::test]
async fn a_child_does_a_task_as_often_as_its_limit_allows_on_both_servers() {
    let servers = two(|_| ()).await;
    let family = servers[0].family().await;
    let limit = json!({"limit": {"count": 5, "per": "ever"}});
    family.parent.patch(&format!("/tasks/{}", family.task), limit).await.expect(200);
    let activate = async |server: &TestServer, _| {
        family.parent.at(server.socket_address()).activate(&family.child, &family.task).await
    };
    assert_five(&servers, activate, 200, (409, "LIMIT_REACHED")).await;
}

#[tokio::test]
async fn the_number_of_records_is_limited_for_both_servers() {
    let servers = two(few_children).await;
    let parent: Parent = servers[0].parent().await;
    let create = async |server: &TestServer, n| {
        let child = json!({"name": format!("Child {n}"), "age": 7, "points": 0});
        parent.at(server.socket_address()).post("/children", child).await
    };
    assert_five(&servers, create, 201, (409, "FAMILY_LIMIT_REACHED")).await;
}
