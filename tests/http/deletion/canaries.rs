//! After a deletion, no file contains any text of the account.

use std::fs;
use std::path::Path;

use reqwest::Method;
use serde_json::json;

use super::folders::{edit_user, holders, put_histories, put_users};
use super::home::Home;
use super::queue;
use crate::harness::{
    Admin, Client, Folders, Parent, Settings, TestServer, activate_path, adjust_path, assert_error,
    eventually, log_in, reward_path, send, task_path,
};

const ID: &str = "canary-id-5d1f";
const FIRST_NAME: &str = "Canaryfirstñ";
const LAST_NAME: &str = "Canarylast";
const CHILDREN: [&str; 2] = ["Canarychildone", "Canarychildtwé"];
const TASK: &str = "Canarytask";
const PENALTY: &str = "Canarypenalty";
const REWARD: &str = "Canaryreward";
const DREAM: &str = "Canarydream";
const KEY: &str = "canarykey";
const NOTE: &str = "Canarynote ñ";
const SKIP_NOTE: &str = "Canaryskipped";
const PASSWORD: &str = "correct horse 0";

fn email() -> String {
    format!("{ID}@example.org")
}

/// The program with small audit logs and with its server log in files.
fn settings(folders: &Folders) -> Settings {
    let own = format!("--server-log-dir={}", folders.logs().join("server").display());
    let flags = vec![own, "--server-log=trace".to_owned(), "--deletion-interval=1".to_owned()];
    Settings { binary: true, flags, log_max_bytes: 4096, log_backups: 5, ..Settings::default() }
}

/// An account of which every text is unique.
struct Canary {
    parent: Parent,
    /// The browser of the first child.
    child: Client,
    children: [String; 2],
    task: String,
}

impl Canary {
    async fn fill(server: &TestServer) -> Self {
        let parent = Parent::log_in(server.nobody(), &email(), PASSWORD).await;
        let children = [parent.child(CHILDREN[0], 90).await, parent.child(CHILDREN[1], 90).await];
        let task = parent.task(TASK, 5).await;
        let schedule = json!({"schedule": {"who": children, "every": "day"}});
        parent.patch(&format!("/tasks/{task}"), schedule).await.expect(200);
        let penalty = parent.penalty(PENALTY, 3).await;
        let (reward, dream) = (parent.reward(REWARD, 20).await, parent.reward(DREAM, 30).await);
        let browser = server.nobody();
        log_in(&browser, &email(), PASSWORD).await.expect(200);
        let body = json!({"child_id": children[0]});
        browser.post("/auth/child-session", body).await.expect(200);
        for child in &children {
            let today = parent.get(&format!("/children/{child}/today")).await.expect(200);
            let skip = json!({"date": today["occurrences"][0]["day"], "note": SKIP_NOTE});
            parent.post(&task_path(child, &task, "skip"), skip).await.expect(200);
            parent.activate(child, &penalty).await.expect(200);
            parent.ask_for(child, &reward).await.expect(200);
            parent.redeem(child, &reward).await.expect(200);
            parent.ask_for(child, &dream).await.expect(200);
            let noted = json!({"note": NOTE, "delta": 9});
            parent.post(&adjust_path(child), noted.clone()).await.expect(200);
            parent.post(&activate_path(child, &task), noted.clone()).await.expect(200);
            parent.post(&task_path(child, &task, "request"), noted).await.expect(200);
            parent.act(&format!("/children/{child}/calendar-feeds")).await.expect(201);
        }
        let path = reward_path(&children[0], &reward, "request");
        browser.post(&path, json!({"note": NOTE})).await.expect(200);
        browser.cancel(&children[0], &reward).await.expect(200);
        browser.post(&path, json!({"note": NOTE})).await.expect(200);
        Self { parent, child: browser, children, task }
    }

    /// Creates events with keys, enough for several rotated logs.
    async fn activate(&self, count: usize) {
        for number in 0..count {
            let path = activate_path(&self.children[number % 2], &self.task);
            let key = format!("{KEY} {number} of {count}");
            let request = self.parent.request(Method::POST, &path).header("Idempotency-Key", &key);
            send(request.json(&json!({"note": NOTE}))).await.expect(200);
        }
    }

    /// Sends requests that cause log lines: wrong passwords, ids in paths and in queries.
    async fn ask(&self, server: &TestServer, admin: &Admin) {
        let answer = log_in(&server.nobody(), &email(), "wrong guess").await;
        assert_error(&answer, 401, "INVALID_CREDENTIALS");
        admin.get(&format!("/admin/tracking?user_id={ID}")).await.expect(200);
        admin.get(&format!("/admin/tracking?user_id={ID}&action={LAST_NAME}")).await.expect(400);
        admin.get(&format!("/{ID}/{LAST_NAME}?email={}", email())).await.expect(404);
        let request = server.nobody().request(Method::GET, "/auth/me");
        send(request.header("X-Request-Id", ID).header("User-Agent", email())).await.expect(401);
        let request = self.child.request(Method::POST, "/user/mark-for-deletion");
        send(request.json(&json!({"password": PASSWORD}))).await.expect(403);
        let body = json!({"password": PASSWORD, LAST_NAME: ID});
        self.parent.post("/user/mark-for-deletion", body).await.expect(400);
    }
}

/// Makes the account's log fail: a folder has its name.
async fn fail_for_a_while(server: &mut TestServer, canary: &Canary) {
    let log = server.folders.log_path(ID);
    let aside = server.folders.root().join("aside");
    server.stop().await;
    fs::rename(&log, &aside).unwrap();
    fs::create_dir(&log).unwrap();
    server.start_again().await;
    canary.activate(11).await;
    health(&server.nobody(), "degraded").await;
    fs::remove_dir(&log).unwrap();
    fs::rename(&aside, &log).unwrap();
    health(&server.nobody(), "ok").await;
}

async fn health(anyone: &Client, status: &str) {
    let is = async || (anyone.get("/health").await.body["status"] == status).then_some(());
    eventually("the log's state", is).await;
}

/// Marks the account a month ago, as an operator could.
fn mark_long_ago(folders: &Folders) {
    edit_user(folders, ID, |user| {
        let at = user["marked_for_deletion_at"].as_f64().unwrap();
        user["marked_for_deletion_at"] = json!(at - 31.0 * 86_400.0);
    });
}

#[tokio::test]
async fn only_the_anonymised_history_of_a_deleted_account_remains() {
    let folders = Folders::new();
    let names = json!({"first_name": FIRST_NAME, "last_name": LAST_NAME});
    put_users(&folders, &[(ID, names)]);
    let settings = settings(&folders);
    let mut server = TestServer::on(folders, settings).await;
    let admin = server.admin().await;
    let other = Home::of(server.parent().await).await;
    let canary = Canary::fill(&server).await;
    canary.activate(60).await;
    other.day(&other.children[0]).await;
    canary.ask(&server, &admin).await;
    fail_for_a_while(&mut server, &canary).await;
    let body = json!({"password": PASSWORD});
    canary.parent.post("/user/mark-for-deletion", body).await.expect(202);
    let login = log_in(&server.nobody(), &email(), PASSWORD).await;
    assert_error(&login, 403, "ACCOUNT_MARKED_FOR_DELETION");
    server.stop().await;
    let rotated = format!("{}.1", server.folders.log_path(ID).display());
    assert!(Path::new(&rotated).exists(), "the test made too few events for a rotated log");
    for canary in
        [ID, FIRST_NAME, LAST_NAME, CHILDREN[0], CHILDREN[1], TASK, REWARD, NOTE, SKIP_NOTE]
    {
        assert!(!holders(&server.folders, canary).is_empty(), "{canary} was never there");
    }
    mark_long_ago(&server.folders);

    server.start_again().await;
    let gone = async || (queue(&admin).await["count"] == 0).then_some(());
    eventually("the account's end", gone).await;
    // The journal is removed at the end of the run.
    let clean = async || left(&server.folders).is_empty().then_some(());
    eventually("the end of all that was left of it, in a running server", clean).await;
    server.stop().await;
    assert_eq!(left(&server.folders), [""; 0]);
    // Names in the history stay, as the specification requires.
    for name in [TASK, PENALTY, REWARD, DREAM] {
        assert_eq!(holders(&server.folders, name), ["data/tracking_events.json"], "{name}");
    }
    let child = canary.children[0].as_str();
    let events = server.folders.events();
    assert!(events.iter().any(|event| event["child_id"] == child && event["user_id"].is_null()));
}

#[tokio::test]
async fn the_saved_index_of_a_long_history_does_not_name_a_deleted_account() {
    const EVENTS: usize = 16_400;
    const INDEX: &str = "data/journal/history.index";
    let folders = Folders::new();
    put_users(&folders, &[(ID, json!({}))]);
    put_histories(&folders, &[ID.to_owned()], EVENTS);
    let settings = settings(&folders);
    let mut server = TestServer::on(folders, settings).await;
    server.stop().await;
    assert!(holders(&server.folders, ID).contains(&INDEX.to_owned()));
    server.start_again().await;
    let admin = server.admin().await;
    let parent = Parent::log_in(server.nobody(), &email(), PASSWORD).await;
    parent.post("/user/mark-for-deletion", json!({"password": PASSWORD})).await.expect(202);
    server.stop().await;
    mark_long_ago(&server.folders);

    server.start_again().await;
    let clean = async || holders(&server.folders, ID).is_empty().then_some(());
    eventually("the end of the account, in a running server", clean).await;
    server.stop().await;
    assert!(server.folders.root().join(INDEX).exists(), "it is saved again");
    assert_eq!(holders(&server.folders, ID), [""; 0]);
    server.start_again().await;
    let found = admin.get("/admin/tracking?child_id=child-1&limit=1").await.expect(200);
    assert_eq!(found["total"], EVENTS);
    assert!(found["tracking_events"][0]["user_id"].is_null());
}

/// Each text of the account that a file still contains, with the file.
fn left(folders: &Folders) -> Vec<String> {
    let email = email();
    let [one, other] = CHILDREN;
    let canaries = [ID, FIRST_NAME, LAST_NAME, &email, one, other, KEY, NOTE, SKIP_NOTE];
    let found = |canary| {
        let holders = holders(folders, canary).into_iter();
        holders.map(move |file| format!("{canary} in {file}"))
    };
    canaries.into_iter().flat_map(found).collect()
}
