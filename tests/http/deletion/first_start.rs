//! A directory that is new to Goldstar: nobody is deleted during the first 24 hours.

use std::process::Command;

use serde_json::{Value, json};

use super::folders::{marked, put_users};
use super::{deleted, queue, run, unscheduled};
use crate::harness::{
    Admin, DAY, Folders, HOUR, Hand, Settings, TestServer, goldstar, run_with_input,
};

/// Long ago, by the Flask service.
const MARKED_AT: &str = "2025-06-01T00:00:00Z";

fn put(folders: &Folders) {
    let mut begun = marked(MARKED_AT);
    begun["deletion_in_progress"] = true.into();
    let mut failed = marked(MARKED_AT);
    failed["deletion_attempts"] = 2.into();
    let users = [("waits", marked(MARKED_AT)), ("begun", begun), ("failed", failed)];
    put_users(folders, &users);
}

/// A server on accounts that were marked long ago, and its clock.
async fn first_start(folders: Folders) -> (TestServer, Hand) {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: unscheduled, ..Settings::default() };
    (TestServer::on(folders, settings).await, clock)
}

/// The results of a run for the three accounts.
async fn outcomes(admin: &Admin) -> Vec<String> {
    let outcome = |result: &Value| result["outcome"].as_str().unwrap().to_owned();
    run(admin).await.iter().map(outcome).collect()
}

/// Runs the deletion, and checks that no account is left. On a busy machine, the run of the server's start
/// can come so late that it has deleted them already.
async fn all_are_deleted(admin: &Admin) {
    run(admin).await;
    assert_eq!(queue(admin).await["count"], 0);
}

#[tokio::test]
async fn nobody_is_deleted_on_the_first_day() {
    let folders = Folders::new();
    put(&folders);
    let (mut server, clock) = first_start(folders).await;
    let admin = server.admin().await;
    // 24 hours after the start, at 2026-02-09T18:42:15Z.
    let due = queue(&admin).await["users"].as_array().unwrap().clone();
    assert_eq!(due.len(), 3);
    assert!(due.iter().all(|user| user["due_at"] == "2026-02-10T18:42:15.000000Z"), "{due:?}");
    assert_eq!(outcomes(&admin).await, ["held"; 3]);
    let held = run(&admin).await;
    assert!(held[0]["error"].as_str().unwrap().contains("first 24 hours"), "{held:?}");
    // Neither a restart nor a jump of the clock shortens the 24 hours.
    clock.forward(23 * HOUR);
    server.restart().await;
    assert_eq!(outcomes(&admin).await, ["held"; 3]);
    clock.jump(HOUR);
    assert_eq!(outcomes(&admin).await, ["held"; 3]);
    clock.jump(-HOUR);
    clock.forward(HOUR - 1);
    assert_eq!(outcomes(&admin).await, ["held"; 3]);
    assert_eq!(queue(&admin).await["count"], 3);
    clock.forward(1);
    all_are_deleted(&admin).await;
}

#[tokio::test]
async fn the_day_begins_with_the_first_server_and_not_with_another_command() {
    let folders = Folders::new();
    put(&folders);
    let root = folders.root().to_owned();
    let mut create = goldstar(&root);
    create.args(["admin", "create", "--email", "ada@example.org", "--data-dir", "data"]);
    assert!(run_with_input(create, "correct horse battery\n").status.success());
    let mut checkpoint: Command = goldstar(&root);
    assert!(checkpoint.args(["checkpoint", "--data-dir", "data"]).status().unwrap().success());
    let (server, clock) = first_start(folders).await;
    clock.forward(DAY - 1);
    let admin = server.admin().await;
    assert_eq!(outcomes(&admin).await, ["held"; 3]);
    clock.forward(1);
    all_are_deleted(&admin).await;
}

#[tokio::test]
async fn an_administrator_can_delete_one_account_on_the_first_day() {
    let folders = Folders::new();
    put(&folders);
    let (server, _clock) = first_start(folders).await;
    let admin = server.admin().await;
    let answer = admin.act("/admin/deletion-queue/waits/run").await.expect(200);
    assert_eq!(answer, json!({"results": [deleted("waits")]}));
    assert_eq!(queue(&admin).await["count"], 2);
}
