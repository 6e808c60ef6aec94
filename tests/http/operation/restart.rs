//! Restarts and kills: all confirmed changes exist, exactly once. `tests/torture` kills at random
//! for longer.

use std::cell::RefCell;
use std::fs;
use std::path::PathBuf;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;
use tokio::sync::Notify;

use crate::harness::{
    Family, Process, TestServer, activate_path, end_of_frames, event_ids, python, text, try_send,
};

/// Checks that rows, log lines, stored points and responses agree.
async fn assert_one_history(server: &TestServer, family: &Family, acknowledged: &[String]) {
    let events = server.folders.events();
    let recorded: Vec<String> = events.iter().map(|event| text(&event["id"])).collect();
    for id in acknowledged {
        let times = recorded.iter().filter(|other| *other == id).count();
        assert_eq!(times, 1, "{id} was acknowledged");
    }
    let mut points = 50;
    for event in &events {
        assert_eq!(event["points_before"], points, "{event}");
        points = event["points_after"].as_i64().unwrap();
    }
    assert_eq!(family.parent.points(&family.child).await, points);
    let logged = event_ids(&server.folders.log_lines(&family.parent.id));
    assert_eq!(logged, recorded, "each event has its line once, in order");
}

#[tokio::test]
async fn a_restart_keeps_everything() {
    let mut server = TestServer::start().await;
    let family = server.family().await;
    let mut acknowledged = Vec::new();
    for _ in 0..3 {
        acknowledged.push(text(&family.event().await["id"]));
        family.parent.ask_for(&family.child, &family.reward).await.expect(200);
        let lists = ["/children", "/tasks", "/rewards", "/rewards/pending"];
        let before: Vec<Value> = read_all(&family, &lists).await;
        server.restart().await;
        assert_eq!(read_all(&family, &lists).await, before);
        family.parent.cancel(&family.child, &family.reward).await.expect(200);
        assert_one_history(&server, &family, &acknowledged).await;
    }
}

async fn read_all(family: &Family, paths: &[&str]) -> Vec<Value> {
    let mut bodies = Vec::new();
    for path in paths {
        bodies.push(family.parent.get(path).await.expect(200));
    }
    bodies
}

/// Eight clients activate until the server is killed, which happens after `enough` responses.
/// Returns the ids of the confirmed events.
async fn kill_under_load(server: &mut TestServer, family: &Family, enough: usize) -> Vec<String> {
    let acknowledged = RefCell::new(Vec::new());
    let reached = Notify::new();
    let client = || async {
        let path = activate_path(&family.child, &family.task);
        while let Ok(answer) = try_send(family.parent.request(Method::POST, &path)).await {
            let event = answer.expect(200)["tracking_event"].take();
            acknowledged.borrow_mut().push(text(&event["id"]));
            if acknowledged.borrow().len() == enough {
                reached.notify_one();
            }
        }
    };
    let killer = async {
        reached.notified().await;
        server.kill();
    };
    tokio::join!(join_all((0..8).map(|_| client())), killer);
    acknowledged.into_inner()
}

#[tokio::test]
async fn a_kill_keeps_accounts_sessions_and_requests() {
    let mut server = TestServer::process().await;
    let family = server.family().await;
    let child = family.parent.hand_over(server.nobody(), &family.child).await;
    child.ask_for(&family.child, &family.reward).await.expect(200);
    let lists = ["/children", "/tasks", "/rewards", "/rewards/pending", "/auth/me"];
    let before = read_all(&family, &lists).await;
    for _ in 0..2 {
        server.kill();
        server.start_again().await;
        assert_eq!(read_all(&family, &lists).await, before);
    }
    child.cancel(&family.child, &family.reward).await.expect(200);
}

#[tokio::test]
async fn a_stream_resumes_over_a_kill_without_gap_or_duplicate() {
    let mut server = TestServer::process().await;
    let family = server.family().await;
    let mut stream = family.parent.events("/events").await;
    family.event().await;
    let mut frames = stream.take(1).await;
    kill_under_load(&mut server, &family, 12).await;
    server.start_again().await;
    family.event().await;

    let recorded = server.folders.events();
    let mut resumed = family.parent.events_after(&frames[0].id).await;
    frames.extend(resumed.take(recorded.len() - 1).await);
    let heard: Vec<String> = frames.iter().map(|frame| frame.event_id().to_owned()).collect();
    let recorded: Vec<String> = recorded.iter().map(|event| text(&event["id"])).collect();
    assert_eq!(heard, recorded);
}

#[tokio::test]
async fn an_idempotency_key_survives_a_kill() {
    let mut server = TestServer::process().await;
    let family = server.family().await;
    let path = activate_path(&family.child, &family.task);
    let first = family.parent.act_once(&path, "k").await.expect(200);
    server.kill();
    server.start_again().await;
    let again = family.parent.act_once(&path, "k").await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.expect(200)["tracking_event"], first["tracking_event"]);
    assert_eq!(server.folders.events().len(), 1);
}

/// The newest segment of the journal.
fn journal_file(server: &TestServer) -> PathBuf {
    let files = server.folders.data_files().into_iter();
    let in_journal = |path: &PathBuf| path.parent().unwrap().ends_with("journal");
    let log = |path: &PathBuf| path.extension().is_none_or(|end| end != "json");
    files.filter(in_journal).filter(log).max().expect("there is a journal")
}

#[tokio::test]
async fn a_write_torn_by_a_power_cut_is_dropped() {
    let mut server = TestServer::process().await;
    let family = server.family().await;
    let mut acknowledged = Vec::new();
    for torn in [&b"\x07"[..], &[0; 4096], b"\x40\0\0\0half of a frame"] {
        acknowledged.push(text(&family.event().await["id"]));
        server.kill();
        let file = journal_file(&server);
        let mut journal = fs::read(&file).unwrap();
        journal.truncate(end_of_frames(&journal));
        journal.extend(torn);
        fs::write(&file, journal).unwrap();
        server.start_again().await;
        assert_one_history(&server, &family, &acknowledged).await;
    }
}

#[tokio::test]
async fn rows_that_another_program_wrote_after_a_kill_are_not_overwritten() {
    let mut server = TestServer::process().await;
    let family = server.family().await;
    let mut foreign = family.event().await;
    server.kill();
    foreign["id"] = "written-by-flask".into();
    let file = server.folders.data_file("tracking_events.json");
    python("append_event.py", &[&file], &foreign.to_string());
    let before = std::fs::read(&file).unwrap();
    let refused = Process::start(&server.folders, &[]).err().expect("it refuses");
    assert!(!refused.status.success());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(said.contains("tracking_events.json"), "{said}");
    assert_eq!(std::fs::read(&file).unwrap(), before);
}
