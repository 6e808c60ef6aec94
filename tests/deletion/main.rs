//! What an account leaves behind, and what becomes of everyone else: whatever breaks its deletion
//! off, whatever goes on beside it, and however many accounts go at once.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

#[expect(
    dead_code,
    unused_imports,
    reason = "shared with the tests of the API, which use the rest"
)]
#[path = "../api/harness/mod.rs"]
mod harness;

mod canaries;
mod clock;
mod crashes;
mod families;
mod first_start;
mod folders;
mod home;
mod imported;
mod kills;
mod many;
mod pictures;
mod unreadable;

use std::time::Duration;

use goldstar::config::Config;
use serde_json::{Value, json};

use harness::{Admin, Answer, Client, PASSWORD, Parent};

/// Marks a parent's account for deletion.
async fn mark(parent: &Parent) -> Answer {
    parent.post("/user/mark-for-deletion", json!({"password": PASSWORD})).await
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
