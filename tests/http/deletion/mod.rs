//! Account deletion: the queue, the schedule, what remains of an account, and what happens to others,
//! also when a deletion is interrupted.

mod canaries;
mod clock;
mod crashes;
mod due;
mod families;
mod first_start;
mod folders;
mod home;
mod imported;
mod kills;
mod many;
mod marking;
mod pictures;
mod queue;
mod runs;
mod unreadable;

use std::time::Duration;

use goldstar::config::Config;
use serde_json::{Value, json};

use crate::harness::{Admin, Answer, Client, Folders, PASSWORD, Parent, TestServer};

/// Marks a parent's account for deletion.
async fn mark(parent: &Parent) -> Answer {
    parent.post("/user/mark-for-deletion", json!({"password": PASSWORD})).await
}

/// Takes an account out of the queue.
async fn restore(browser: &Client, email: &str, password: &str) -> Answer {
    let credentials = json!({"email": email, "password": password});
    browser.post("/auth/restore", credentials).await
}

/// The queue, as an administrator sees it.
async fn queue(admin: &Client) -> Value {
    admin.get("/admin/deletion-queue").await.expect(200)
}

/// What became of each account of a run that an administrator asked for.
async fn run(admin: &Admin) -> Vec<Value> {
    let mut answer = admin.act("/admin/deletion-queue/run").await.expect(200);
    answer["results"].as_array_mut().unwrap().drain(..).collect()
}

/// Has marked accounts wait for so long.
async fn set_threshold(admin: &Admin, hours: u32) {
    admin.put("/admin/deletion-threshold", json!({"hours": hours})).await.expect(200);
}

/// What a run says of an account that is gone.
fn deleted(id: &str) -> Value {
    json!({"id": id, "outcome": "deleted", "error": null})
}

/// No schedule but for the run at the start.
fn unscheduled(config: &mut Config) {
    config.service.deletion.interval = Duration::from_hours(24);
}

/// A schedule without a pause.
fn restless(config: &mut Config) {
    config.service.deletion.interval = Duration::from_millis(10);
}

/// Says that Goldstar has served the directory for long, so that the first day without deletions is
/// over.
fn put_first_start(folders: &Folders) {
    let first_start = json!({"name": "account_deletion_first_start", "value": 1_767_225_600.0});
    folders.put("settings.json", &json!({"_default": {"1": first_start}}).to_string());
}

/// Writes accounts as an older service would have: the administrator's, and one for each of these,
/// with these fields besides.
fn put_users(folders: &Folders, users: &[(&str, Value)]) {
    TestServer::put_admin(folders);
    let mut file = folders.json("users.json");
    for (number, (id, fields)) in (2..).zip(users) {
        let mut user = file["_default"]["1"].clone();
        user["id"] = (*id).into();
        user["email"] = format!("{id}@example.org").into();
        user["role"] = "parent".into();
        for (name, value) in fields.as_object().unwrap() {
            user[name] = value.clone();
        }
        file["_default"][format!("{number}")] = user;
    }
    folders.put("users.json", &file.to_string());
}

/// The password of those accounts.
const OLD_PASSWORD: &str = "correct horse 0";
