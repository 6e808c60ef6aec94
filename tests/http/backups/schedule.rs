//! Backups that the server makes by itself.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use goldstar::config::{BackupConfig, Config};
use serde_json::Value;

use super::restored;
use crate::harness::{
    FaultyDisk, Folders, HOUR, Hand, Scrape, Settings, TestServer, eventually, names,
};

const KEEP: usize = 2;

/// A backup is due whenever the clock has moved, and [`KEEP`] are kept.
fn scheduled(config: &mut Config) {
    let directory = config.storage.data_dir.with_file_name("backups");
    let interval = Duration::from_secs(1);
    config.storage.erasures_dir = Some(config.storage.data_dir.with_file_name("erasures"));
    config.storage.backups = Some(BackupConfig { directory, interval, keep: KEEP });
}

fn folder(folders: &Folders) -> PathBuf {
    folders.root().join("backups")
}

/// The names of the complete backups, once there are others than before.
async fn next(server: &TestServer, before: &[String]) -> Vec<String> {
    eventually("another backup", async || {
        let mut found = names_in(server);
        found.retain(|name| name.starts_with("goldstar-") && name.ends_with("Z.tar"));
        // The oldest one is removed after the newest has its name.
        (found != before && found.len() <= KEEP).then_some(found)
    })
    .await
}

fn names_in(server: &TestServer) -> Vec<String> {
    let folder = folder(&server.folders);
    if folder.exists() { names(&folder) } else { Vec::new() }
}

async fn health(server: &TestServer) -> (Value, Value) {
    let mut health = server.nobody().get("/health").await.expect(200);
    let last = health["last_backup_at"].take();
    let projections = health["projections"].as_array_mut().unwrap();
    (last, projections.iter_mut().find(|it| it["name"] == "backups").unwrap()["last_error"].take())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_newest_backups_are_kept() {
    let (clock, machine) = Hand::new();
    let settings = Settings { machine, configure: scheduled, ..Settings::default() };
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let folder = folder(&folders);
    fs::create_dir(&folder).unwrap();
    // A backup that was killed, and files of somebody else.
    let other = ["goldstar-2026-01-01T00-00-00Z.tar.gz", "goldstar.tar", "notes.partial"];
    for name in other.into_iter().chain(["goldstar-2026-01-01T00-00-00Z.tar.partial"]) {
        fs::write(folder.join(name), "x").unwrap();
    }
    let server = TestServer::on(folders, settings).await;
    let family = server.family().await;
    let mut backups = next(&server, &[]).await;
    assert_eq!(backups.len(), 1);
    for _ in 0..3 {
        family.event().await;
        clock.forward(HOUR);
        let before = backups.clone();
        backups = next(&server, &before).await;
        assert_eq!(backups.len(), KEEP);
        assert_eq!(backups[0], *before.last().unwrap());
    }
    let mode = fs::metadata(folder.join(&backups[1])).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let copy = restored(&fs::read(folder.join(&backups[1])).unwrap());
    assert_eq!(copy.events().len(), 3);
    let log = server.admin().await.get("/admin/log").await.expect(200);
    assert_eq!(log["total"], 0, "the schedule is no action of a person");
    let (last, error) = health(&server).await;
    let time = backups[1].strip_prefix("goldstar-").unwrap().strip_suffix("Z.tar").unwrap();
    let time = format!("{}:{}:{}", &time[..13], &time[14..16], &time[17..]);
    assert!(last.as_str().unwrap().starts_with(&time), "{last} is not of {time}");
    assert_eq!(error, Value::Null);
    let scrape = Scrape::of(&server).await;
    assert!(scrape.get("last_backup_time_seconds") > 1_700_000_000);
    assert_eq!(scrape.get("backup_failures_total"), 0);
    let mut kept = names_in(&server);
    kept.retain(|name| !backups.contains(name));
    assert_eq!(kept, other, "a killed backup stays, or a foreign file does not");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_backup_is_reported_and_removes_nothing() {
    let (clock, machine) = Hand::new();
    let disk = FaultyDisk::default();
    let machine = goldstar::app::Machine { disk: Arc::new(disk.clone()), ..machine };
    let settings = Settings { machine, configure: scheduled, ..Settings::default() };
    let mut server = TestServer::with(settings).await;
    let backups = next(&server, &[]).await;
    disk.fail_writes("goldstar-", ErrorKind::StorageFull);
    clock.forward(HOUR);
    let error = eventually("the failure", async || {
        let (_, error) = health(&server).await;
        error.as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(error, "no storage space");
    let answer = server.nobody().get("/health").await.expect(200);
    assert_eq!(answer["status"], "degraded", "{answer}");
    assert_eq!(names_in(&server), backups);
    assert!(Scrape::of(&server).await.get("backup_failures_total") >= 1);
    disk.repair();
    clock.forward(HOUR);
    assert_eq!(next(&server, &backups).await.len(), 2);
    eventually("the end of the failure", async || {
        (health(&server).await.1 == Value::Null).then_some(())
    })
    .await;
    // The schedule continues after a restart.
    let backups = names_in(&server);
    server.restart().await;
    assert_eq!(health(&server).await.1, Value::Null);
    clock.forward(HOUR);
    assert_eq!(next(&server, &backups).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_old_backup_that_cannot_be_removed_is_reported() {
    let (clock, machine) = Hand::new();
    let disk = FaultyDisk::default();
    let machine = goldstar::app::Machine { disk: Arc::new(disk.clone()), ..machine };
    let settings = Settings { machine, configure: scheduled, ..Settings::default() };
    let server = TestServer::with(settings).await;
    let mut backups = next(&server, &[]).await;
    for _ in 1..KEEP {
        clock.forward(HOUR);
        backups = next(&server, &backups).await;
    }
    let (before, _) = health(&server).await;
    disk.fail_removals("goldstar-", ErrorKind::PermissionDenied);
    clock.forward(HOUR);
    let error = eventually("the failure", async || {
        let (_, error) = health(&server).await;
        error.as_str().map(str::to_owned)
    })
    .await;
    assert_eq!(error, "permission denied");
    // The new one is complete, and the old ones are there.
    assert_eq!(names_in(&server).len(), KEEP + 1);
    assert_ne!(health(&server).await.0, before);
    disk.repair();
    clock.forward(HOUR);
    assert_eq!(next(&server, &backups).await.len(), KEEP);
    eventually("the end of the failure", async || {
        (health(&server).await.1 == Value::Null).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_several_servers_makes_the_backups() {
    let servers = TestServer::two(Settings { configure: scheduled, ..Settings::default() }).await;
    let found = eventually("a backup", async || {
        let found = servers.each_ref().map(names_in);
        let is_complete = |names: &Vec<String>| names.iter().any(|name| name.ends_with("Z.tar"));
        found.iter().any(is_complete).then_some(found)
    })
    .await;
    assert!(found.iter().any(Vec::is_empty), "both make backups: {found:?}");
}
