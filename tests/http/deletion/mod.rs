//! Account deletion: the queue, the schedule, what remains of an account, the effects on others,
//! and interrupted deletions.

mod accounts;
mod canaries;
mod clock;
mod crashes;
mod due;
mod erasures;
mod families;
mod first_start;
pub(crate) mod folders;
mod home;
mod imported;
mod kills;
mod many;
mod marking;
mod members;
mod pictures;
mod queue;
mod runs;
mod unreadable;

use std::time::Duration;

use goldstar::config::Config;
use serde_json::{Value, json};

use crate::harness::{Admin, Answer, Client, Folders, PASSWORD, Parent};
use folders::put_users;

/// Marks a parent's account for deletion.
async fn mark(parent: &Parent) -> Answer {
    parent.post("/user/mark-for-deletion", json!({"password": PASSWORD})).await
}

/// Restores an account.
async fn restore(browser: &Client, email: &str, password: &str) -> Answer {
    let credentials = json!({"email": email, "password": password});
    browser.post("/auth/restore", credentials).await
}

/// The queue, as an administrator sees it.
async fn queue(admin: &Client) -> Value {
    admin.get("/admin/deletion-queue").await.expect(200)
}

/// The results of a run that an administrator starts.
async fn run(admin: &Admin) -> Vec<Value> {
    let mut answer = admin.act("/admin/deletion-queue/run").await.expect(200);
    answer["results"].as_array_mut().unwrap().drain(..).collect()
}

/// Sets the deletion threshold.
async fn set_threshold(admin: &Admin, hours: u32) {
    admin.put("/admin/deletion-threshold", json!({"hours": hours})).await.expect(200);
}

/// The result of a run for an account that was deleted.
fn deleted(id: &str) -> Value {
    json!({"id": id, "outcome": "deleted", "error": null})
}

/// Only the run at the start, and no later ones.
fn unscheduled(config: &mut Config) {
    config.service.deletion.interval = Duration::from_hours(24);
}

/// A schedule without pauses.
fn restless(config: &mut Config) {
    config.service.deletion.interval = Duration::from_millis(10);
}

/// Records a first start long ago, so that accounts can be deleted at once.
fn put_first_start(folders: &Folders) {
    let first_start = json!({"name": "account_deletion_first_start", "value": 1_767_225_600.0});
    folders.put("settings.json", &json!({"_default": {"1": first_start}}).to_string());
}

/// The password of the accounts of [`put_users`].
const OLD_PASSWORD: &str = "correct horse 0";
