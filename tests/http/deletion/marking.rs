//! Marking an account for deletion, and restoring it.

use std::sync::Arc;

use futures_util::future::join_all;
use serde_json::{Value, json};

use super::{OLD_PASSWORD, mark, put_users, restore, unscheduled};
use crate::harness::{
    Client, Family, Folders, Hand, PASSWORD, Settings, TestServer, assert_error, log_in, logfmt,
};

/// Thirty days after the start of the manual clock.
const DUE_AT: &str = "2026-03-11T18:42:15.000000Z";

async fn with_clock_by_hand() -> TestServer {
    let (_, machine) = Hand::new();
    TestServer::with(Settings { machine, ..Settings::default() }).await
}

#[tokio::test]
async fn marking_ends_all_sessions_and_streams_of_the_account_and_of_no_other() {
    let server = with_clock_by_hand().await;
    let (family, other) = (server.family().await, server.family().await);
    let second = server.nobody();
    log_in(&second, &family.parent.email, PASSWORD).await.expect(200);
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let mut streams = Vec::new();
    for browser in [&*family.parent, &second, &*child] {
        streams.push(browser.events("/events").await);
    }
    let answer = mark(&family.parent).await;
    assert!(answer.header("set-cookie").contains("Max-Age=0"), "the cookie goes too");
    assert_eq!(answer.expect(202), json!({"due_at": DUE_AT}));
    for stream in &mut streams {
        stream.assert_end().await;
    }
    for browser in [&*family.parent, &second, &*child] {
        assert_error(&browser.get("/auth/me").await, 401, "UNAUTHENTICATED");
        assert_error(&browser.get("/tasks").await, 401, "UNAUTHENTICATED");
    }
    other.event().await;
}

#[tokio::test]
async fn only_the_right_password_learns_that_the_account_is_marked() {
    let server = with_clock_by_hand().await;
    let parent = server.parent().await;
    mark(&parent).await.expect(202);
    let browser = server.nobody();
    let answer = log_in(&browser, &parent.email, PASSWORD).await;
    let details = assert_error(&answer, 403, "ACCOUNT_MARKED_FOR_DELETION");
    assert_eq!(details, json!({"due_at": DUE_AT}));
    assert_eq!(answer.header("set-cookie"), "");
    let wrong = log_in(&browser, &parent.email, "wrong").await;
    assert_error(&wrong, 401, "INVALID_CREDENTIALS");
    let taken = json!({
        "first_name": "Zoë", "last_name": "Example", "email": parent.email, "password": PASSWORD,
    });
    assert_error(&browser.post("/auth/signup", taken).await, 409, "EMAIL_TAKEN");
}

#[tokio::test]
async fn a_restored_account_is_as_it_was() {
    let mut server = with_clock_by_hand().await;
    let family = server.family().await;
    family.event().await;
    let me = family.parent.get("/auth/me").await.expect(200);
    mark(&family.parent).await.expect(202);
    server.restart().await;
    let email = family.parent.email.to_uppercase();
    let restored = restore(&family.parent, &email, PASSWORD).await.expect(200);
    assert_eq!(restored["user"]["id"], *family.parent.id);
    let again = family.parent.get("/auth/me").await.expect(200);
    assert_eq!(again["user"]["email"], me["user"]["email"]);
    assert_eq!(family.parent.points(&family.child).await, 55);
    family.event().await;
    log_in(&server.nobody(), &family.parent.email, PASSWORD).await.expect(200);
    let twice = restore(&server.nobody(), &family.parent.email, PASSWORD).await;
    assert_error(&twice, 409, "NOT_MARKED_FOR_DELETION");
    mark(&family.parent).await.expect(202);
    server.stop().await;
    let user = server.folders.record("users.json", &family.parent.id);
    assert_eq!(user["marked_for_deletion"], true);
}

#[tokio::test]
async fn the_password_of_the_account_restores_it() {
    let server = TestServer::start().await;
    let parent = server.parent().await;
    mark(&parent).await.expect(202);
    let browser = server.nobody();
    let wrong = restore(&browser, &parent.email, "wrong").await;
    let unknown = restore(&browser, "nobody@example.org", PASSWORD).await;
    for answer in [&wrong, &unknown] {
        assert_error(answer, 401, "INVALID_CREDENTIALS");
    }
    assert_eq!(wrong.text, unknown.text);
    restore(&browser, &parent.email, PASSWORD).await.expect(200);
    browser.get("/children").await.expect(200);
}

#[tokio::test]
async fn an_account_cannot_be_restored_after_its_deletion_has_started() {
    let folders = Folders::new();
    let marked_at = "2026-02-01T00:00:00Z";
    let begun = |field: &str, value: Value| {
        let mut fields = json!({"marked_for_deletion": true, "marked_for_deletion_at": marked_at});
        fields[field] = value;
        fields
    };
    let (_, machine) = Hand::new();
    // The last attempt was so recent that the next one waits.
    let mut tried = begun("deletion_attempts", 1.into());
    tried["deletion_attempted_at"] = "2026-02-09T18:42:14Z".into();
    put_users(&folders, &[("tried", tried), ("waiting", begun("deletion_attempts", 0.into()))]);
    let configure = unscheduled;
    let server =
        TestServer::on(folders, Settings { machine, configure, ..Settings::default() }).await;
    let answer = restore(&server.nobody(), "tried@example.org", OLD_PASSWORD).await;
    assert_error(&answer, 409, "DELETION_IN_PROGRESS");
    let login = log_in(&server.nobody(), "tried@example.org", OLD_PASSWORD).await;
    assert_error(&login, 403, "ACCOUNT_MARKED_FOR_DELETION");
    restore(&server.nobody(), "waiting@example.org", OLD_PASSWORD).await.expect(200);
}

#[tokio::test]
async fn a_session_that_another_program_left_to_a_marked_account_is_over() {
    let mut server = TestServer::start().await;
    let parent = server.parent().await;
    parent.get("/auth/me").await.expect(200);
    server.stop().await;
    let mut users = server.folders.json("users.json");
    for user in users["_default"].as_object_mut().unwrap().values_mut() {
        if user["id"] == *parent.id {
            user["marked_for_deletion"] = true.into();
            user["marked_for_deletion_at"] = "2026-11-23T00:00:00+00:00".into();
        }
    }
    server.folders.put("users.json", &users.to_string());
    server.start_again().await;
    assert_error(&parent.get("/auth/me").await, 401, "UNAUTHENTICATED");
    assert_error(&parent.get("/events").await, 401, "UNAUTHENTICATED");
    restore(&parent, &parent.email, PASSWORD).await.expect(200);
}

#[tokio::test]
async fn the_last_administrator_cannot_mark_itself() {
    let folders = Folders::new();
    put_users(&folders, &[("second", json!({"role": "admin"}))]);
    let server = TestServer::on(folders, Settings::default()).await;
    let first = server.admin().await;
    let second = server.nobody();
    log_in(&second, "second@example.org", OLD_PASSWORD).await.expect(200);
    let confirmation = json!({"password": OLD_PASSWORD});
    let path = "/user/mark-for-deletion";
    // Both at the same time: one of them is the last administrator.
    let (one, other) = tokio::join!(
        first.post(path, confirmation.clone()),
        second.post(path, confirmation.clone())
    );
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [202, 409]);
    let (marked, refused, left) =
        if one.status == 202 { ("admin", other, &second) } else { ("second", one, &**first) };
    assert_error(&refused, 409, "LAST_ADMINISTRATOR");
    left.get("/admin/deletion-queue").await.expect(200);
    let email = format!("{marked}@example.org");
    restore(&server.nobody(), &email, OLD_PASSWORD).await.expect(200);
    left.post(path, confirmation).await.expect(202);
}

#[tokio::test]
async fn wrong_requests_get_an_error() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    let path = "/user/mark-for-deletion";
    let body = || json!({"password": PASSWORD});
    assert_error(&server.nobody().post(path, body()).await, 401, "UNAUTHENTICATED");
    assert_error(&child.post(path, body()).await, 403, "PARENT_REQUIRED");
    let parent = &family.parent;
    let wrong = parent.post(path, json!({"password": "wrong"})).await;
    assert_error(&wrong, 403, "WRONG_PASSWORD");
    let login = json!({"email": parent.email, "password": PASSWORD});
    for (path, good) in [(path, body()), ("/auth/restore", login)] {
        for (field, value, code) in [
            ("password", json!(null), "VALIDATION_FAILED"),
            ("password", json!(1), "VALIDATION_FAILED"),
            ("reason", json!("I moved"), "FIELD_NOT_ALLOWED"),
        ] {
            let mut bad = good.clone();
            bad[field] = value;
            let details = assert_error(&parent.post(path, bad).await, 400, code);
            assert_eq!(details["field"], field);
        }
        assert_error(&parent.post(path, json!({})).await, 400, "VALIDATION_FAILED");
        assert_error(&parent.post(path, json!([])).await, 400, "INVALID_JSON");
        assert_error(&parent.act(path).await, 415, "UNSUPPORTED_MEDIA_TYPE");
        assert_error(&parent.get(path).await, 405, "METHOD_NOT_ALLOWED");
    }
    parent.get("/auth/me").await.expect(200);
}

#[tokio::test]
async fn marking_and_restoring_count_as_attempts_at_the_password() {
    let configure = |config: &mut goldstar::config::Config| config.service.logins.per_account = 3;
    let server = TestServer::with(Settings { configure, ..Settings::default() }).await;
    let parent = server.parent().await;
    let wrong = json!({"password": "wrong"});
    for _ in 0..2 {
        let answer = parent.post("/user/mark-for-deletion", wrong.clone()).await;
        assert_error(&answer, 403, "WRONG_PASSWORD");
    }
    let answer = restore(&server.nobody(), &parent.email, "wrong").await;
    assert_error(&answer, 401, "INVALID_CREDENTIALS");
    assert_error(&mark(&parent).await, 429, "TOO_MANY_ATTEMPTS");
    let answer = restore(&server.nobody(), &parent.email, PASSWORD).await;
    assert_error(&answer, 429, "TOO_MANY_ATTEMPTS");
}

/// Activates until a request is rejected; returns the number of successes.
async fn activate_until_refused(family: Arc<Family>, browser: Client) -> usize {
    let mut done = 0;
    loop {
        let answer = browser.activate(&family.child, &family.task).await;
        if answer.status != 200 {
            assert_error(&answer, 401, "UNAUTHENTICATED");
            return done;
        }
        done += 1;
    }
}

#[tokio::test]
async fn requests_in_progress_change_nothing_of_a_marked_account() {
    let server = TestServer::start().await;
    let family = Arc::new(server.family().await);
    let mut browsers = Vec::new();
    for _ in 0..4 {
        let browser = server.nobody();
        log_in(&browser, &family.parent.email, PASSWORD).await.expect(200);
        browsers.push(tokio::spawn(activate_until_refused(Arc::clone(&family), browser)));
    }
    family.event().await;
    mark(&family.parent).await.expect(202);
    let done = join_all(browsers).await.into_iter().map(Result::unwrap).sum::<usize>();
    restore(&family.parent, &family.parent.email, PASSWORD).await.expect(200);
    let path = format!("/children/{}/tracking", family.child);
    let events = family.parent.get(&path).await.expect(200);
    assert_eq!(events["total"], done + 1);
}

#[tokio::test]
async fn the_deletion_log_does_not_identify_accounts() {
    let server = with_clock_by_hand().await;
    let (parent, other) = (server.parent().await, server.parent().await);
    mark(&parent).await.expect(202);
    restore(&parent, &parent.email, PASSWORD).await.expect(200);
    mark(&parent).await.expect(202);
    mark(&other).await.expect(202);
    let log = std::fs::read_to_string(server.folders.logs().join("account_deletion.log")).unwrap();
    let lines: Vec<_> = log.lines().map(logfmt).collect();
    let events: Vec<_> = lines.iter().map(|line| &*line["event"]).collect();
    assert_eq!(events, ["marked", "restored", "marked", "marked"]);
    assert_eq!(lines[0]["due_at"], DUE_AT);
    let account = |line: usize| &lines[line]["account"];
    assert_eq!((account(0), account(0)), (account(1), account(2)));
    assert_ne!(account(2), account(3));
    for line in log.lines() {
        assert!(line.starts_with("2026-02-09T18:42:15.000000Z INFO account="), "{line}");
    }
    for secret in [&*parent.id, &*parent.email, &*other.id, &*other.email, "Zoë"] {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
}
