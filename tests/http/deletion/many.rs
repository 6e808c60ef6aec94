//! A thousand accounts that are due at once, of which a hundred fail.

use std::io::ErrorKind;
use std::sync::Arc;

use serde_json::Value;

use super::folders::{marked, put_histories, put_users};
use super::home::Home;
use super::{restless, run};
use crate::harness::{
    DAY, FaultyDisk, Folders, HOUR, Hand, Scrape, Settings, TestServer, eventually,
};

const MINUTE: i64 = HOUR / 60;
const FINE: i64 = 900;
const STUCK: i64 = 100;

/// The number of accounts with that status.
async fn count(server: &TestServer, status: &str) -> i64 {
    Scrape::of(server).await.get(&format!("deletion_queue{{status=\"{status}\"}}"))
}

/// Waits until that many accounts have the status, while another family sends requests.
async fn until(server: &TestServer, other: &Home, status: &str, wanted: i64) {
    // The deadline applies to each account, not to all of them.
    let mut last = -1;
    loop {
        let changed = async || {
            other.event().await;
            let now = count(server, status).await;
            (now != last || now == wanted).then_some(now)
        };
        last = eventually("another account", changed).await;
        if last == wanted {
            return;
        }
    }
}

#[tokio::test]
async fn a_thousand_accounts_are_deleted_except_those_that_fail() {
    let folders = Folders::new();
    let fine = (0..FINE).map(|n| format!("fine-{n}"));
    let ids: Vec<_> = fine.chain((0..STUCK).map(|n| format!("stuck-{n}"))).collect();
    let users: Vec<_> = ids.iter().map(|id| (id.clone(), marked("2026-01-01T00:00:00Z"))).collect();
    put_users(&folders, &users);
    put_histories(&folders, &ids, 3);
    std::fs::create_dir_all(folders.logs()).unwrap();
    for id in &ids {
        std::fs::write(folders.log_path(id), "a line\n").unwrap();
    }
    let disk = FaultyDisk::default();
    disk.fail_removals("tracking_user_stuck", ErrorKind::PermissionDenied);
    let (clock, mut machine) = Hand::new();
    machine.disk = Arc::new(disk.clone());
    let settings = Settings { machine, configure: restless, ..Settings::default() };
    let mut server = TestServer::on(folders, settings).await;
    let admin = server.admin().await;
    let other = Home::of(server.parent().await).await;

    // Nobody is deleted during the first 24 hours.
    clock.forward(DAY);
    until(&server, &other, "pending", 0).await;
    for minutes in [1, 4, 16, 64, 256, 360, 360, 360, 360] {
        until(&server, &other, "retrying", STUCK).await;
        until(&server, &other, "in_progress", 0).await;
        let tried = tried(&server).await;
        clock.forward(minutes * MINUTE);
        let again = async || (self::tried(&server).await >= tried + STUCK).then_some(());
        eventually("another attempt at each", again).await;
    }
    until(&server, &other, "failed", STUCK).await;
    assert_eq!(tried(&server).await, 10 * STUCK);
    let health = server.nobody().get("/health").await.expect(200);
    assert_eq!(health["status"], "degraded");

    disk.repair();
    let results = run(&admin).await;
    assert_eq!(results.len(), 100);
    assert!(results.iter().all(|result| result["outcome"] == "deleted"), "{results:?}");
    server.stop().await;
    assert_eq!(server.folders.rows("users.json").len(), 2, "the administrator and the other");
    for (_, child) in server.folders.rows("children.json") {
        assert_eq!(child["user_id"], *other.parent.id);
    }
    let events = server.folders.events();
    let nobodys = events.iter().filter(|event| event["user_id"].is_null());
    assert_eq!(nobodys.count(), 3 * ids.len());
    let is_others = |event: &&Value| event["user_id"] == *other.parent.id;
    assert_eq!(events.iter().filter(is_others).count(), events.len() - 3 * ids.len());
}

/// The number of failed attempts.
async fn tried(server: &TestServer) -> i64 {
    Scrape::of(server).await.get("deletion_failures_total")
}
