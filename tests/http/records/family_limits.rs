//! The limits of a family.

use futures_util::future::join_all;
use serde_json::{Value, json};

use goldstar::config::Config;
use goldstar::service::FamilyLimits;

use crate::harness::{
    Admin, Answer, Client, Folders, HOUR, Hand, PASSWORD, Settings, TestServer, assert_error,
    eventually, log_in, reward_path, text,
};

/// No limits, except those that a test sets.
const NONE: FamilyLimits =
    FamilyLimits { children: 0, tasks: 0, rewards: 0, requests: 0, sessions: 0, display_bytes: 0 };

fn settings(configure: fn(&mut Config)) -> Settings {
    Settings { configure, ..Settings::default() }
}

fn two_of_each(config: &mut Config) {
    config.service.family = FamilyLimits { children: 2, tasks: 2, rewards: 2, ..NONE };
}

#[track_caller]
fn assert_full(answer: &Answer, name: &str, most: usize) {
    let details = assert_error(answer, 409, "FAMILY_LIMIT_REACHED");
    assert_eq!(details, json!({"limit": {"name": name, "most": most}}));
}

/// The kinds of records, and a body for each.
fn kinds() -> [(&'static str, &'static str, Value); 3] {
    [
        ("children", "child", json!({"name": "Mía"})),
        ("tasks", "task", json!({"name": "Homework", "points": 5})),
        ("rewards", "reward", json!({"name": "Ice cream", "cost": 5})),
    ]
}

#[tokio::test]
async fn a_family_has_a_limited_number_of_each_record() {
    let server = TestServer::with(settings(two_of_each)).await;
    let (parent, other) = (server.parent().await, server.parent().await);
    for (list, record, new) in kinds() {
        let path = format!("/{list}");
        let first = parent.post(&path, new.clone()).await.expect(201);
        parent.post(&path, new.clone()).await.expect(201);
        assert_full(&parent.post(&path, new.clone()).await, list, 2);
        // Existing records can be changed and deleted, and other families are not affected.
        let own = format!("{path}/{}", text(&first[record]["id"]));
        parent.patch(&own, json!({"name": "another"})).await.expect(200);
        other.post(&path, new.clone()).await.expect(201);
        assert_eq!(parent.delete(&own).await.status, 204);
        parent.post(&path, new.clone()).await.expect(201);
        assert_full(&parent.post(&path, new).await, list, 2);
    }
}

#[tokio::test]
async fn additions_at_the_same_time_do_not_pass_a_limit() {
    let server = TestServer::with(settings(two_of_each)).await;
    let parent = server.parent().await;
    for (list, _, new) in kinds() {
        let path = format!("/{list}");
        let answers = join_all((0..20).map(|_| parent.post(&path, new.clone()))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 2, "{list}");
        let kept = parent.get(&path).await.expect(200)[list].take();
        assert_eq!(kept.as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn a_family_has_a_limited_number_of_pending_requests() {
    let configure: fn(&mut Config) =
        |config| config.service.family = FamilyLimits { requests: 1, ..NONE };
    let server = TestServer::with(settings(configure)).await;
    let family = server.family().await;
    let (parent, child) = (&family.parent, &family.child);
    let other = parent.reward("A trip", 5).await;
    let request = reward_path(child, &family.reward, "request");
    let first = parent.act_once(&request, "key").await.expect(200)["tracking_event"].take();
    assert_full(&parent.ask_for(child, &other).await, "pending_requests", 1);
    // A repeat creates nothing.
    let repeat = parent.act_once(&request, "key").await.expect(200)["tracking_event"].take();
    assert_eq!(repeat, first);
    assert_error(&parent.ask_for(child, &family.reward).await, 409, "REWARD_ALREADY_REQUESTED");
    parent.activate(child, &family.task).await.expect(200);
    parent.redeem(child, &other).await.expect(200);
    assert_full(&parent.ask_for(child, &other).await, "pending_requests", 1);
    parent.redeem(child, &family.reward).await.expect(200);
    parent.ask_for(child, &other).await.expect(200);
}

#[tokio::test]
async fn the_lists_of_a_child_have_a_limited_size() {
    let configure: fn(&mut Config) =
        |config| config.service.family = FamilyLimits { display_bytes: 10, ..NONE };
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let long = ["0123456789", "abcdef"];
    let old = json!({"id": "old", "user_id": "admin-1", "name": "Mía", "tasks": long});
    folders.put("children.json", &json!({"_default": {"1": old}}).to_string());
    let server = TestServer::on(folders, settings(configure)).await;
    let Admin(parent) = server.admin().await;
    let new = |tasks: &[&str], rewards: &[&str]| {
        parent.post("/children", json!({"name": "Noah", "tasks": tasks, "rewards": rewards}))
    };
    let made = new(&["0123", "45"], &["6789"]).await.expect(201);
    assert_full(&new(&["0123", "45"], &["6789", "x"]).await, "display_bytes", 10);
    // The limit counts bytes, not characters.
    assert_full(&new(&["éééééx"], &[]).await, "display_bytes", 10);
    let path = format!("/children/{}", text(&made["child"]["id"]));
    assert_full(&parent.patch(&path, json!({"rewards": ["56789"]})).await, "display_bytes", 10);
    parent.patch(&path, json!({"tasks": [], "rewards": ["0123456789"]})).await.expect(200);

    // Lists that are already too long may stay, and may become shorter.
    let old = "/children/old";
    parent.patch(old, json!({"name": "Mia"})).await.expect(200);
    parent.patch(old, json!({"tasks": long})).await.expect(200);
    assert_full(&parent.patch(old, json!({"rewards": ["x"]})).await, "display_bytes", 10);
    let shorter = parent.patch(old, json!({"tasks": ["0123456789", "abc"]})).await;
    assert_eq!(shorter.expect(200)["child"]["tasks"], json!(["0123456789", "abc"]));
}

#[tokio::test]
async fn a_directory_beyond_the_limits_only_rejects_additions() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    for (list, field) in [("children", "points"), ("tasks", "points"), ("rewards", "cost")] {
        let row = |n: usize| json!({"id": format!("{list}-{n}"), "user_id": "admin-1", "name": "old", field: 9});
        let rows = json!({"_default": {"1": row(1), "2": row(2), "3": row(3)}});
        folders.put(&format!("{list}.json"), &rows.to_string());
    }
    let server = TestServer::on(folders, settings(two_of_each)).await;
    let Admin(parent) = server.admin().await;
    for (list, _, new) in kinds() {
        let path = format!("/{list}");
        assert_full(&parent.post(&path, new.clone()).await, list, 2);
        parent.patch(&format!("{path}/{list}-1"), json!({"name": "new"})).await.expect(200);
        assert_eq!(parent.delete(&format!("{path}/{list}-3")).await.status, 204);
        assert_full(&parent.post(&path, new).await, list, 2);
    }
    parent.activate("children-1", "tasks-1").await.expect(200);
    parent.ask_for("children-1", "rewards-1").await.expect(200);
    parent.redeem("children-1", "rewards-1").await.expect(200);
}

#[tokio::test]
async fn zero_is_no_limit() {
    let server = TestServer::with(settings(|config| config.service.family = NONE)).await;
    let parent = server.parent().await;
    let child = || parent.post("/children", json!({"name": "Mía"}));
    let answers = join_all((0..=100).map(|_| child())).await;
    assert!(answers.iter().all(|answer| answer.status == 201));
}

/// A new browser that is logged in to the account.
async fn logged_in(server: &TestServer, email: &str) -> Client {
    let browser = server.nobody();
    log_in(&browser, email, PASSWORD).await.expect(200);
    browser
}

#[tokio::test]
async fn a_login_too_many_ends_the_session_that_was_unused_for_longest() {
    let (hand, machine) = Hand::new();
    let configure: fn(&mut Config) =
        |config| config.service.family = FamilyLimits { sessions: 3, ..NONE };
    let server = TestServer::with(Settings { machine, ..settings(configure) }).await;
    let family = server.family().await;
    let first = &family.parent;
    hand.forward(2 * HOUR);
    let second = logged_in(&server, &first.email).await;
    let mut stream = second.events("/events").await;
    let kid = first.hand_over(server.nobody(), &family.child).await;
    // The first session is used, which is written in the background.
    hand.forward(2 * HOUR);
    for browser in [&**first, &*kid] {
        browser.get("/auth/me").await.expect(200);
    }
    eventually("the uses of two sessions", async || {
        let rows = server.folders.rows("sessions.json");
        let latest = rows.iter().filter_map(|(_, row)| row["last_used_at"].as_f64());
        let latest = latest.fold(0.0, f64::max);
        let used = rows.iter().filter(|(_, row)| row["last_used_at"].as_f64() == Some(latest));
        (used.count() == 2).then_some(())
    })
    .await;
    let another = server.parent().await;
    let third = logged_in(&server, &first.email).await;
    stream.assert_end().await;
    assert_error(&second.get("/auth/me").await, 401, "UNAUTHENTICATED");
    for browser in [&**first, &*kid, &third, &*another] {
        browser.get("/auth/me").await.expect(200);
    }
}

#[tokio::test]
async fn logins_at_the_same_time_leave_no_more_sessions_than_the_limit() {
    let configure: fn(&mut Config) = |config| {
        config.service.family = FamilyLimits { sessions: 2, ..NONE };
        config.service.logins.per_account = 0;
    };
    let server = TestServer::with(settings(configure)).await;
    let parent = server.parent().await;
    let browsers = join_all((0..6).map(|_| logged_in(&server, &parent.email))).await;
    let answers = join_all(browsers.iter().map(|browser| browser.get("/auth/me"))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 2);
}
