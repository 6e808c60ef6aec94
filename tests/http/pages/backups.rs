//! Backups in the console.

use std::fs;
use std::time::Duration;

use goldstar::config::{BackupConfig, Config};

use super::{between, form, show, submit};
use crate::harness::{HOUR, Hand, Settings, TestServer, eventually, names};

#[tokio::test]
async fn a_backup_is_created_and_downloaded() {
    let server = TestServer::start().await;
    let admin = server.admin().await;
    let page = show(&admin, "/console/backups").await;
    assert!(page.contains("The server makes no backups by itself."), "{page}");
    let file = submit(&admin, "/console/backups/new", &[]).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.header("content-type"), "application/x-tar");
    let disposition = file.header("content-disposition");
    assert!(disposition.starts_with("attachment; filename=\"goldstar-"), "{disposition}");
    assert!(show(&admin, "/console/log").await.contains("Backup created"));
}

/// Makes a backup at the start.
fn with_backups(config: &mut Config) {
    let directory = config.storage.data_dir.with_file_name("backups");
    let interval = Duration::from_hours(24);
    config.storage.erasures_dir = Some(config.storage.data_dir.with_file_name("erasures"));
    config.storage.backups = Some(BackupConfig { directory, interval, keep: 2 });
}

#[tokio::test]
async fn backups_of_the_schedule_are_listed_verified_and_downloaded() {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: with_backups, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let admin = server.admin().await;
    let page = eventually("a backup", async || {
        let page = show(&admin, "/console/backups").await;
        page.contains("name=\"began\"").then_some(page)
    })
    .await;
    let began = between(&page, "name=\"began\" value=\"", "\"").to_owned();
    let fields = [("began", began.as_str())];
    // The backup is in the list before its job has ended.
    let verified = eventually("the end of the job", async || {
        let verified = submit(&admin, "/console/backups/verify", &fields).await;
        (!verified.text.contains("Another backup is being made")).then_some(verified)
    })
    .await;
    assert!(verified.text.contains("The backup is complete and readable"), "{}", verified.text);
    let folder = server.folders.root().join("backups");
    let file = folder.join(&names(&folder)[0]);
    let stored = fs::read(&file).unwrap();
    let sent = form(&admin, "/console/backups/download", &fields).send().await.unwrap();
    assert_eq!(sent.headers()["content-type"], "application/x-tar");
    assert_eq!(sent.bytes().await.unwrap(), stored);
    assert!(show(&admin, "/console/log").await.contains("Backup downloaded"));

    let mut damaged = stored;
    let middle = damaged.len() / 2;
    damaged[middle] ^= 1;
    fs::write(&file, damaged).unwrap();
    let verified = submit(&admin, "/console/backups/verify", &fields).await;
    assert!(verified.text.contains("The backup is damaged"), "{}", verified.text);
    for action in ["verify", "download"] {
        for other in ["", "2026-01-01T00:00:00Z", "../../users.json", "x"] {
            let form = format!("/console/backups/{action}");
            assert_eq!(submit(&admin, &form, &[("began", other)]).await.status, 404, "{other}");
        }
    }
    clock.forward(HOUR / 4);
    let refused = submit(&admin, "/console/backups/download", &fields).await;
    assert_eq!(refused.status, 403);
    assert!(refused.text.contains("Enter your password again"), "{}", refused.text);
}
