//! Files and directories that lose their names while the server runs: no start would find what is
//! written to them.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::harness::{Folders, Process, Settings, TestServer, eventually, goldstar, names, text};

/// The newest segment of the journal.
fn segment(folders: &Folders) -> std::path::PathBuf {
    let journal = folders.data_file("journal");
    let newest = names(&journal).into_iter().filter(|name| name.ends_with(".journal")).max();
    journal.join(newest.unwrap())
}

fn copy(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(status.success());
}

/// Renames the data directory, and replaces it by nothing or by a copy.
fn move_data(folders: &Folders, puts_copy: bool) {
    let aside = folders.root().join("aside");
    fs::rename(folders.data(), &aside).unwrap();
    if puts_copy {
        copy(&aside, &folders.data());
    }
}

/// Removes the data directory, in which the server may be writing a file.
fn remove_data(folders: &Folders) {
    while folders.data().exists() {
        if let Err(error) = fs::remove_dir_all(folders.data()) {
            assert_eq!(error.kind(), ErrorKind::DirectoryNotEmpty, "{error}");
        }
    }
}

/// Removes or replaces something that the server writes to.
type Loss = fn(&Folders);

/// The kinds of loss.
const LOSSES: [(&str, Loss); 6] = [
    ("the data directory is moved", |folders| move_data(folders, false)),
    ("the data directory is replaced by a copy", |folders| move_data(folders, true)),
    ("the data directory is removed", remove_data),
    ("the journal's file is removed", |folders| fs::remove_file(segment(folders)).unwrap()),
    ("the journal's file is replaced by a copy", |folders| {
        let segment = segment(folders);
        let aside = folders.root().join("aside");
        fs::rename(&segment, &aside).unwrap();
        copy(&aside, &segment);
    }),
    ("the journal's folder is moved", |folders| {
        fs::rename(folders.data_file("journal"), folders.root().join("aside")).unwrap();
    }),
];

#[tokio::test]
async fn no_change_succeeds_once_the_files_are_lost() {
    for (loss, lose) in LOSSES {
        let server = TestServer::process().await;
        let family = server.family().await;
        family.event().await;
        lose(&server.folders);
        let refused = family.parent.activate(&family.child, &family.task).await;
        assert_eq!(refused.body["code"], "READ_ONLY", "{loss}: {}", refused.text);
        assert_eq!(refused.status, 503, "{loss}");
        assert_eq!(family.parent.points(&family.child).await, 55, "{loss}: reading goes on");
    }
}

/// Waits until `/health` reports that no changes are accepted; returns the reason.
async fn read_only(server: &TestServer) -> String {
    eventually("the loss to be noticed", async || {
        let health = server.nobody().get("/health").await;
        (health.status == 503).then(|| {
            assert_eq!(health.body["status"], "read_only", "{}", health.text);
            text(&health.body["reason"])
        })
    })
    .await
}

#[tokio::test]
async fn an_idle_server_notices_the_loss() {
    for (loss, lose) in LOSSES {
        let server = TestServer::process().await;
        lose(&server.folders);
        let reason = read_only(&server).await;
        assert!(reason.contains("removed") || reason.contains("replaced"), "{loss}: {reason}");
        let asked = goldstar(server.folders.root())
            .args(["health", "--url", &server.nobody().url("")])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&asked.stderr).into_owned();
        assert!(!asked.status.success() && said.contains(&reason), "{loss}: {said}");
    }
}

/// A directory that replaces the original, such as a backup, belongs to the next server.
#[tokio::test]
async fn a_directory_in_the_same_place_is_not_touched() {
    let mut server = TestServer::process().await;
    let family = server.family().await;
    family.event().await;
    // After a restart, no earlier change is still being written.
    server.restart().await;
    move_data(&server.folders, true);
    fs::remove_file(server.folders.data_file("tasks.json")).unwrap_or_default();
    let contents = |folders: &Folders| -> Vec<(String, Vec<u8>)> {
        let files = folders.data_files().into_iter();
        files.map(|path| (path.display().to_string(), fs::read(&path).unwrap())).collect()
    };
    let before = contents(&server.folders);
    read_only(&server).await;
    let (status, said) = server.stop_by("TERM");
    assert!(!status.success(), "it could not complete its files: {said}");
    assert!(before == contents(&server.folders), "the other directory was changed");
}

#[tokio::test]
async fn a_removed_lock_file_does_not_let_a_second_server_start() {
    let server = TestServer::process().await;
    let lock = server.folders.data_file(".goldstar.lock");
    for _ in 0..3 {
        fs::remove_file(&lock).unwrap();
        let second = Process::start(&server.folders, &[]);
        let said = second.err().expect("a second server has started");
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.contains("in use") || said.contains("uses"), "{said}");
        // Older versions check only the file. It is created again, with the lock of the same
        // server.
        eventually("the lock file", async || {
            let pid = fs::read_to_string(&lock).unwrap_or_default();
            (pid.trim() == server.pid().to_string()).then_some(())
        })
        .await;
        let taken = Command::new("flock").arg("-n").arg(&lock).arg("true").status().unwrap();
        assert!(!taken.success(), "nobody holds the file");
    }
    server.family().await.event().await;
}

#[tokio::test]
async fn a_check_notices_a_running_server_even_without_the_lock_file() {
    let server = TestServer::process().await;
    let folders = &server.folders;
    let check = || {
        let directory = folders.data();
        goldstar(folders.root()).arg("check").arg(directory).output().unwrap()
    };
    fs::remove_file(folders.data_file(".goldstar.lock")).unwrap();
    let by_server = check();
    assert!(by_server.status.success(), "the server answers: {by_server:?}");
    fs::remove_file(folders.data_file("goldstar.sock")).unwrap();
    let without = check();
    assert!(!without.status.success(), "{without:?}");
}

#[tokio::test]
async fn an_idle_server_creates_a_removed_tracking_file_again() {
    let mut server = TestServer::with(Settings::default()).await;
    let family = server.family().await;
    let event = family.event().await;
    let path = server.folders.data_file("tracking_events.json");
    fs::remove_file(&path).unwrap();
    eventually("the file", async || path.exists().then_some(())).await;
    let rows = |server: &TestServer| -> Vec<Value> { server.folders.events() };
    assert_eq!(rows(&server), [event]);
    family.event().await;
    server.restart().await;
    assert_eq!(rows(&server).len(), 2);
}

#[tokio::test]
async fn a_tracking_file_that_another_program_replaces_is_reported_while_idle() {
    let server = TestServer::with(Settings::default()).await;
    let family = server.family().await;
    family.event().await;
    let path = server.folders.data_file("tracking_events.json");
    let aside = server.folders.root().join("aside");
    fs::rename(&path, &aside).unwrap();
    copy(&aside, &path);
    let error = eventually("the other file to be noticed", async || {
        let health = server.nobody().get("/health").await.expect(200);
        let found = health["projections"][1]["last_error"].as_str().map(str::to_owned);
        found.filter(|_| health["status"] == "degraded")
    })
    .await;
    assert!(error.contains("another program has written tracking_events.json"), "{error}");
    fs::rename(&aside, &path).unwrap();
    eventually("all to be well", async || {
        (server.nobody().get("/health").await.body["status"] == "ok").then_some(())
    })
    .await;
}
