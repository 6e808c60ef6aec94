//! What a backup contains.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{back_up, restored};
use crate::harness::database::is_on_postgres;
use crate::harness::{Folders, Scrape, Settings, TestServer, event_ids, names, text};

/// Expects that the audit log of a family has a line for each of its events, and no others.
#[track_caller]
fn assert_lines(copy: &Folders, family: &str) {
    let of_family = copy.events().into_iter().filter(|event| event["user_id"] == family);
    let events: Vec<String> = of_family.map(|event| text(&event["id"])).collect();
    let lines = event_ids(&copy.lines_now(family));
    assert!(events.starts_with(&lines), "{lines:?} are not the first of {events:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_of_a_busy_server_is_of_one_moment() {
    let server = TestServer::process().await;
    let (admin, stop) = (server.admin().await, Arc::new(AtomicBool::new(false)));
    let mut families = Vec::new();
    for _ in 0..4 {
        let family = server.family().await;
        let stop = Arc::clone(&stop);
        families.push(tokio::spawn(async move {
            let mut acknowledged = Vec::new();
            while !stop.load(Ordering::SeqCst) {
                let event = family.event().await;
                acknowledged.push((std::time::Instant::now(), text(&event["id"])));
            }
            (family.parent.id.clone(), acknowledged)
        }));
    }
    let mut backups = Vec::new();
    for _ in 0..5 {
        backups.push((std::time::Instant::now(), back_up(&admin).await));
    }
    stop.store(true, Ordering::SeqCst);
    let mut acknowledged = Vec::new();
    for family in families {
        acknowledged.push(family.await.unwrap());
    }
    for (begun, archive) in &backups {
        let copy = restored(archive);
        let stored: HashSet<String> =
            copy.events().iter().map(|event| text(&event["id"])).collect();
        for (family, events) in &acknowledged {
            let is_stored = |(_, id): &(_, String)| stored.contains(id);
            let before = events.iter().take_while(|(at, _)| at < begun);
            assert!(before.clone().all(is_stored), "an event from before the backup is missing");
            // There is no gap.
            let first_missing = events.iter().position(|event| !is_stored(event));
            assert!(!events.iter().skip(first_missing.unwrap_or(events.len())).any(is_stored));
            if !is_on_postgres() {
                assert_lines(&copy, family);
            }
        }
        let mut points = HashMap::new();
        for event in copy.events() {
            points.insert(text(&event["child_id"]), event["points_after"].clone());
        }
        for (_, child) in copy.rows("children.json") {
            let last = points.get(&text(&child["id"]));
            assert!(last.is_none_or(|points| *points == child["points"]));
        }
    }
    let waits = Scrape::of(&server).await;
    assert!(is_on_postgres() || waits.get("backup_wait_seconds_count") == 5);
    assert_eq!(
        waits.get("backup_wait_seconds_bucket{le=\"0.05\"}"),
        waits.get("backup_wait_seconds_count")
    );
}

#[tokio::test]
async fn a_backup_contains_every_file_but_no_sessions() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    folders.put("pictures.json", r#"{"_default": {"1": {"id": "p", "data": "x"}}}"#);
    let server = TestServer::on(folders, Settings::default()).await;
    let family = server.family().await;
    family.event().await;
    let admin = server.admin().await;
    // A server without events and one with some.
    let copy = restored(&back_up(&admin).await);
    assert_eq!(copy.rows("pictures.json").len(), 1);
    assert!(!names(&copy.data()).contains(&"sessions.json".to_owned()));
    assert_eq!(copy.rows("users.json").len(), 2);
    let again = TestServer::on(copy, Settings::default()).await;
    let browser = again.nobody();
    crate::harness::log_in(&browser, &family.parent.email, crate::harness::PASSWORD)
        .await
        .expect(200);
    let events = browser.get("/family/tracking").await.expect(200);
    assert_eq!(events["total"], 1);
}

#[tokio::test]
async fn a_server_without_events_has_a_backup() {
    let server = TestServer::start().await;
    let copy = restored(&back_up(&server.admin().await).await);
    assert!(copy.events().is_empty());
}
