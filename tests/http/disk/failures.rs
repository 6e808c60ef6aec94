//! Failing disks: a change that cannot be made durable does not happen. A file that is derived from
//! the changes never blocks a mutation; its contents are not lost, and not written twice.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use goldstar::app::Machine;
use serde_json::{Value, json};

use crate::harness::{
    Fails, Family, FaultyDisk, Scrape, Settings, TestServer, assert_error, event_ids, eventually,
    text,
};

async fn on_faulty_disk() -> (TestServer, FaultyDisk) {
    let disk = FaultyDisk::default();
    let machine = Machine { disk: Arc::new(disk.clone()), ..Machine::default() };
    let settings = Settings { machine, ..Settings::default() };
    (TestServer::with(settings).await, disk)
}

async fn health(server: &TestServer) -> Value {
    server.nobody().get("/health").await.expect(200)
}

fn backlog(health: &Value) -> u64 {
    let projections = health["projections"].as_array().unwrap();
    projections.iter().map(|projection| projection["backlog"].as_u64().unwrap()).sum()
}

/// Waits until all files are up to date.
async fn recovered(server: &TestServer) {
    eventually("health to be well again", async || {
        let health = health(server).await;
        (health["status"] == "ok" && backlog(&health) == 0).then_some(())
    })
    .await;
}

/// Three mutations that must succeed during a failure; returns the ids of their events.
async fn three_events(family: &Family) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(text(&family.event().await["id"]));
    }
    ids
}

/// Checks that the API returns these events, whatever the state of the files.
async fn assert_readable(family: &Family, ids: &[String]) {
    let path = format!("/children/{}/tracking?order=asc", family.child);
    let found = family.parent.get(&path).await.expect(200);
    let events = found["tracking_events"].as_array().unwrap();
    let found: Vec<String> = events.iter().map(|event| text(&event["id"])).collect();
    assert_eq!(found, ids, "an account's own writes are in its next read");
    let points = 50 + 5 * i64::try_from(ids.len()).unwrap();
    assert_eq!(family.parent.points(&family.child).await, points);
}

fn ids_on_disk(server: &TestServer) -> Vec<String> {
    server.folders.events().iter().map(|event| text(&event["id"])).collect()
}

/// Replaces a file by a folder; the file is renamed.
fn put_folder_in_place(path: &Path) {
    if path.exists() {
        fs::rename(path, path.with_extension("aside")).unwrap();
    }
    fs::create_dir(path).unwrap();
}

async fn assert_degraded(server: &TestServer, at_least: u64) {
    let health = eventually("the backlog", async || {
        let health = health(server).await;
        (health["status"] == "degraded" && backlog(&health) >= at_least).then_some(health)
    })
    .await;
    let projections = health["projections"].as_array().unwrap();
    let explained = projections.iter().any(|projection| projection["last_error"].is_string());
    assert!(explained, "{health}");
}

#[tokio::test]
async fn a_full_disk_under_the_tracking_file_blocks_nothing() {
    let (server, disk) = on_faulty_disk().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    let mut ids = three_events(&family).await;
    disk.fail_writes("tracking_events.json", ErrorKind::StorageFull);
    ids.extend(three_events(&family).await);
    assert_degraded(&server, 3).await;
    assert_readable(&family, &ids).await;
    for id in &ids {
        assert_eq!(stream.next().await.event_id(), *id, "streams go on");
    }
    eventually("the logs, which go on too", async || {
        (event_ids(&server.folders.lines_now(&family.parent.id)) == ids).then_some(())
    })
    .await;

    disk.repair();
    recovered(&server).await;
    assert_eq!(ids_on_disk(&server), ids);
    ids.extend(three_events(&family).await);
    assert_eq!(ids_on_disk(&server), ids);
    assert_readable(&family, &ids).await;
}

#[tokio::test]
async fn a_folder_instead_of_the_tracking_file_blocks_nothing() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let mut ids = three_events(&family).await;
    let path = server.folders.data_file("tracking_events.json");
    put_folder_in_place(&path);
    ids.extend(three_events(&family).await);
    eventually("the folder to be noticed", async || {
        (health(&server).await["status"] == "degraded").then_some(())
    })
    .await;
    ids.extend(three_events(&family).await);
    assert_readable(&family, &ids).await;
    assert!(path.is_dir(), "the folder is left alone");

    fs::remove_dir(&path).unwrap();
    recovered(&server).await;
    assert_eq!(ids_on_disk(&server), ids);
    server.restart().await;
    assert_eq!(ids_on_disk(&server), ids);
    assert_readable(&family, &ids).await;
}

#[tokio::test]
async fn a_folder_instead_of_a_log_blocks_nothing() {
    let server = TestServer::start().await;
    let (family, other) = (server.family().await, server.family().await);
    let path = server.folders.log_path(&family.parent.id);
    fs::create_dir_all(&path).unwrap();
    let mut ids = three_events(&family).await;
    let others = three_events(&other).await;
    assert_degraded(&server, 1).await;
    assert_eq!(ids_on_disk(&server).len(), 6);
    let logged = event_ids(&server.folders.log_lines(&other.parent.id));
    assert_eq!(logged, others, "a log falls behind alone");

    fs::remove_dir(&path).unwrap();
    recovered(&server).await;
    ids.extend(three_events(&family).await);
    assert_eq!(event_ids(&server.folders.log_lines(&family.parent.id)), ids);
}

#[tokio::test]
async fn a_log_that_was_behind_at_a_kill_catches_up_after_it() {
    let mut server = TestServer::process().await;
    let family = server.family().await;
    let path = server.folders.log_path(&family.parent.id);
    fs::create_dir_all(&path).unwrap();
    let mut ids = three_events(&family).await;
    server.kill();
    server.start_again().await;
    ids.extend(three_events(&family).await);
    fs::remove_dir(&path).unwrap();
    recovered(&server).await;
    assert_eq!(event_ids(&server.folders.log_lines(&family.parent.id)), ids);
    server.kill();
    server.start_again().await;
    assert_eq!(event_ids(&server.folders.log_lines(&family.parent.id)), ids);
}

#[tokio::test]
async fn a_full_disk_under_a_log_blocks_nothing() {
    let (server, disk) = on_faulty_disk().await;
    let family = server.family().await;
    let mut ids = three_events(&family).await;
    disk.fail_writes("tracking_user_", ErrorKind::StorageFull);
    ids.extend(three_events(&family).await);
    assert_degraded(&server, 1).await;
    disk.repair();
    recovered(&server).await;
    ids.extend(three_events(&family).await);
    let lines = server.folders.log_lines(&family.parent.id);
    assert_eq!(event_ids(&lines), ids, "no line torn, none twice");
}

#[tokio::test]
async fn small_tables_that_cannot_be_written_block_nothing() {
    let (mut server, disk) = on_faulty_disk().await;
    let family = server.family().await;
    disk.fail_writes("children.json", ErrorKind::Other);
    let ids = three_events(&family).await;
    eventually("the failure to be noticed", async || {
        (health(&server).await["status"] == "degraded").then_some(())
    })
    .await;
    assert_readable(&family, &ids).await;
    disk.repair();
    recovered(&server).await;
    server.stop().await;
    let child = server.folders.record("children.json", &family.child);
    assert_eq!(child["points"], 65);
}

/// While the journal cannot be written, all changes fail; afterwards they succeed.
async fn assert_refused_and_recovered(fails: Fails, kind: ErrorKind, status: u16, code: &str) {
    let (mut server, disk) = on_faulty_disk().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    let mut ids = three_events(&family).await;
    disk.fail_in("journal", fails, kind);
    for _ in 0..3 {
        let answer = family.parent.activate(&family.child, &family.task).await;
        assert_error(&answer, status, code);
    }
    let answer = family.parent.post("/children", json!({"name": "Aarav"})).await;
    assert_error(&answer, status, code);
    assert_readable(&family, &ids).await;
    disk.repair();
    ids.extend(three_events(&family).await);
    assert_readable(&family, &ids).await;
    for id in &ids {
        assert_eq!(stream.next().await.event_id(), *id, "no trace of what was refused");
    }
    assert_eq!(ids_on_disk(&server), ids);
    assert_eq!(event_ids(&server.folders.log_lines(&family.parent.id)), ids);
    server.restart().await;
    assert_readable(&family, &ids).await;
    assert_eq!(ids_on_disk(&server), ids);
}

/// While the last write has failed, the server is not healthy. It recovers without a request for a
/// change.
async fn assert_unhealthy_until_repaired(kind: ErrorKind, reason: &str) {
    let (server, disk) = on_faulty_disk().await;
    let family = server.family().await;
    disk.fail_in("journal", Fails::Writes, kind);
    let refused = family.parent.activate(&family.child, &family.task).await;
    assert!(refused.status >= 500, "{}", refused.text);
    for _ in 0..3 {
        let health = server.nobody().get("/health").await;
        assert_eq!((health.status, &health.body["status"]), (503, &"failing".into()));
        assert!(text(&health.body["reason"]).contains(reason), "{}", health.text);
        assert_eq!(Scrape::of(&server).await.get("writes_failing"), 1);
    }
    disk.repair();
    eventually("health to be well again", async || {
        (server.nobody().get("/health").await.body["status"] == "ok").then_some(())
    })
    .await;
    assert_eq!(Scrape::of(&server).await.get("writes_failing"), 0);
    family.event().await;
}

#[tokio::test]
async fn while_the_disk_is_full_the_server_is_not_healthy() {
    assert_unhealthy_until_repaired(ErrorKind::StorageFull, "the disk is full").await;
}

#[tokio::test]
async fn while_the_journal_cannot_be_written_the_server_is_not_healthy() {
    assert_unhealthy_until_repaired(ErrorKind::Other, "the journal can't be written").await;
}

#[tokio::test]
async fn a_full_disk_under_the_journal_is_an_error_and_nothing_changes() {
    let full = ErrorKind::StorageFull;
    assert_refused_and_recovered(Fails::Writes, full, 507, "STORAGE_FULL").await;
}

#[tokio::test]
async fn a_failing_disk_under_the_journal_is_an_error_and_nothing_changes() {
    assert_refused_and_recovered(Fails::Writes, ErrorKind::Other, 503, "NOT_DURABLE").await;
}

/// Activates until a failed sync makes a request fail; returns the ids of the events before that.
/// The store also syncs in the background, where a failure has no effect on requests.
async fn until_a_sync_fails(family: &Family, disk: &FaultyDisk) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..100 {
        disk.fail_once_in("journal", Fails::Syncs, ErrorKind::Other);
        let mut answer = family.parent.activate(&family.child, &family.task).await;
        if answer.status != 200 {
            assert_error(&answer, 503, "NOT_DURABLE");
            return ids;
        }
        ids.push(text(&answer.body["tracking_event"]["id"].take()));
    }
    panic!("no failed sync refused any of a hundred mutations");
}

#[tokio::test]
async fn a_sync_that_fails_once_affects_one_change_only() {
    let (mut server, disk) = on_faulty_disk().await;
    let family = server.family().await;
    let mut ids = three_events(&family).await;
    for _ in 0..2 {
        ids.extend(until_a_sync_fails(&family, &disk).await);
        ids.extend(three_events(&family).await);
        assert_eq!(ids_on_disk(&server), ids);
    }
    server.restart().await;
    assert_readable(&family, &ids).await;
}

#[tokio::test]
async fn after_an_unknown_outcome_the_server_is_read_only_until_a_restart() {
    let (mut server, disk) = on_faulty_disk().await;
    let family = server.family().await;
    let ids = three_events(&family).await;
    disk.fail_in("journal", Fails::Everything, ErrorKind::Other);
    let unknown = family.parent.activate(&family.child, &family.task).await;
    assert_error(&unknown, 503, "OUTCOME_UNKNOWN");
    disk.repair();
    let refused = family.parent.activate(&family.child, &family.task).await;
    assert_error(&refused, 503, "READ_ONLY");
    assert_readable(&family, &ids).await;
    let health = server.nobody().get("/health").await;
    assert_eq!((health.status, &health.body["status"]), (503, &"read_only".into()));

    server.stop_broken().await;
    server.start_again().await;
    let events = server.folders.events();
    assert!((3..=4).contains(&events.len()), "with it or without it");
    let points = events.last().unwrap()["points_after"].as_i64().unwrap();
    assert_eq!(family.parent.points(&family.child).await, points);
    assert_eq!(family.event().await["points_before"], points);
    let logged = event_ids(&server.folders.log_lines(&family.parent.id));
    assert_eq!(logged, ids_on_disk(&server));
}
