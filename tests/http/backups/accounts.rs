//! An account is in a backup completely, or completely anonymised.

use std::sync::Arc;

use goldstar::app::Machine;
use serde_json::{Value, json};

use super::{back_up, begin, restored};
use crate::deletion::folders::{put_histories, put_users};
use crate::harness::database::is_on_postgres;
use crate::harness::{Admin, FaultyDisk, Folders, Settings, TestServer, log_in, names};

const EVENTS: usize = 9_000;

/// A server with an account of that many events, which is marked for deletion.
async fn server(settings: Settings) -> (TestServer, Admin) {
    let folders = Folders::new();
    put_users(&folders, &[("u-1", json!({}))]);
    put_histories(&folders, &["u-1".to_owned()], EVENTS);
    let server = TestServer::on(folders, settings).await;
    let leaver = server.nobody();
    log_in(&leaver, "u-1@example.org", "correct horse 0").await.expect(200);
    leaver
        .post("/user/mark-for-deletion", json!({"password": "correct horse 0"}))
        .await
        .expect(202);
    let admin = server.admin().await;
    (server, admin)
}

async fn delete(admin: &Admin) -> Value {
    let mut run = admin.act("/admin/deletion-queue/u-1/run").await.expect(200);
    run["results"][0]["outcome"].take()
}

/// How many events of a copy have an account.
fn owned(copy: &Folders) -> usize {
    let events = copy.events();
    assert_eq!(events.len(), EVENTS);
    events.iter().filter(|event| event["user_id"] == "u-1").count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_deleted_meanwhile_is_complete() {
    let (server, admin) = server(Settings::default()).await;
    let mut wire = begin(&server).await;
    // A client that reads slowly does not delay the deletion.
    assert_eq!(delete(&admin).await, "deleted");
    let mut archive = String::new();
    while let Some(chunk) = wire.chunk().await {
        archive.push_str(&chunk);
    }
    let copy = restored(archive.as_bytes());
    assert_eq!((owned(&copy), copy.rows("users.json").len()), (EVENTS, 2));
    let later = back_up(&admin).await;
    assert!(!later.windows(5).any(|bytes| bytes == b"\"u-1\""), "it was deleted");
    let copy = restored(&later);
    assert_eq!((owned(&copy), copy.rows("users.json").len()), (0, 1));
    assert!(!names(&server.folders.data()).iter().any(|name| name.contains("backup")));
}

#[tokio::test]
async fn an_account_whose_deletion_has_started_is_anonymised() {
    if is_on_postgres() {
        return;
    }
    let disk = FaultyDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
    let (_server, admin) = server(Settings { machine, ..Settings::default() }).await;
    disk.fail_writes("erasures.json", std::io::ErrorKind::Other);
    assert_eq!(delete(&admin).await, "failed");
    disk.repair();
    let archive = back_up(&admin).await;
    assert!(!archive.windows(3).any(|bytes| bytes == b"u-1"), "its audit log is there, too");
    let copy = restored(&archive);
    assert_eq!((owned(&copy), copy.rows("users.json").len()), (0, 1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deletion_ends_a_backup_for_which_there_is_no_space() {
    if is_on_postgres() {
        return;
    }
    let disk = FaultyDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
    let (server, admin) = server(Settings { machine, ..Settings::default() }).await;
    let mut wire = begin(&server).await;
    disk.fail_writes("tracking_events.json.backup", std::io::ErrorKind::StorageFull);
    assert_eq!(delete(&admin).await, "deleted");
    let rest = wire.drain().await;
    assert!(!rest.ends_with(b"\r\n0\r\n\r\n"), "it looks complete");
    disk.repair();
    restored(&back_up(&admin).await);
}
