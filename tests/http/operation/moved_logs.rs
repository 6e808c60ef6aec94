//! The effects of log rotation by other programs, or of manual changes, while the server runs.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use crate::harness::{Family, Folders, TestServer, event_ids, eventually, text};

/// Changes an account's log; the second path can be used for its old contents.
type Deed = fn(log: &Path, aside: &Path);

fn copy_aside(log: &Path, aside: &Path) {
    fs::copy(log, aside).unwrap();
}

/// The methods of logrotate, by its settings, and of people.
const DEEDS: [(&str, Deed); 9] = [
    ("renamed", |log, aside| fs::rename(log, aside).unwrap()),
    ("renamed, and an empty one made", |log, aside| {
        fs::rename(log, aside).unwrap();
        File::create(log).unwrap();
    }),
    ("replaced by a copy", |log, aside| {
        let temporary = log.with_extension("temporary");
        fs::copy(log, &temporary).unwrap();
        fs::rename(log, aside).unwrap();
        fs::rename(&temporary, log).unwrap();
        File::create(log).unwrap();
    }),
    ("copied and truncated", |log, aside| {
        copy_aside(log, aside);
        File::options().write(true).open(log).unwrap().set_len(0).unwrap();
    }),
    ("overwritten by a shell", |log, aside| {
        copy_aside(log, aside);
        fs::write(log, "").unwrap();
    }),
    ("removed", |log, aside| {
        copy_aside(log, aside);
        fs::remove_file(log).unwrap();
    }),
    ("renamed in its folder", |log, aside| {
        copy_aside(log, aside);
        fs::rename(log, log.with_extension("log-20261127")).unwrap();
    }),
    ("removed with its folder", |log, aside| {
        copy_aside(log, aside);
        fs::remove_dir_all(log.parent().unwrap()).unwrap();
    }),
    ("moved with its folder", |log, aside| {
        copy_aside(log, aside);
        fs::rename(log.parent().unwrap(), aside.with_extension("folder")).unwrap();
    }),
];

async fn three_events(family: &Family) -> Vec<String> {
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(text(&family.event().await["id"]));
    }
    ids
}

/// The same, after they have their lines and the server has noted that.
async fn three_logged_events(server: &TestServer, family: &Family) -> Vec<String> {
    let ids = three_events(family).await;
    server.folders.log_lines(&family.parent.id);
    let through = format!(r#"\"through\":{},"#, server.folders.rows("tracking_events.json").len());
    eventually("the note", async || {
        let note = fs::read_to_string(server.folders.data_file("journal/followers"));
        note.unwrap_or_default().contains(&through).then_some(())
    })
    .await;
    ids
}

fn ids_in(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    event_ids(&text.lines().map(str::to_owned).collect::<Vec<_>>())
}

/// The path for the n-th log.
fn aside(folders: &Folders, n: usize) -> PathBuf {
    folders.root().join(format!("aside-{n}"))
}

#[tokio::test]
async fn each_event_has_its_line_once_whatever_happens_to_the_log() {
    for (what, deed) in DEEDS {
        let mut server = TestServer::process().await;
        let family = server.family().await;
        let log = server.folders.log_path(&family.parent.id);
        let mut ids = vec![three_logged_events(&server, &family).await];
        for then in ["goes on", "is killed", "is killed again", "is stopped"] {
            deed(&log, &aside(&server.folders, ids.len()));
            match then {
                "goes on" => {}
                "is stopped" => server.restart().await,
                _ => {
                    server.kill();
                    server.start_again().await;
                }
            }
            ids.push(three_logged_events(&server, &family).await);
            let found = ids_in(&log);
            assert_eq!(found, *ids.last().unwrap(), "{what}; the server {then}");
        }
        for (n, ids) in (1..).zip(&ids[..4]) {
            assert_eq!(ids_in(&aside(&server.folders, n)), *ids, "{what}");
        }
        assert_eq!(server.nobody().get("/health").await.expect(200)["status"], "ok", "{what}");
    }
}

/// There are further events before the kill, so that the log does not end with the moved lines.
#[tokio::test]
async fn a_kill_after_a_rotation_writes_no_line_again() {
    for (what, deed) in DEEDS {
        let mut server = TestServer::process().await;
        let family = server.family().await;
        let log = server.folders.log_path(&family.parent.id);
        three_logged_events(&server, &family).await;
        deed(&log, &aside(&server.folders, 1));
        let mut later = three_logged_events(&server, &family).await;
        server.kill();
        server.start_again().await;
        later.extend(three_logged_events(&server, &family).await);
        assert_eq!(ids_in(&log), later, "{what}");
    }
}

#[tokio::test]
async fn a_line_cut_by_a_truncation_is_not_completed() {
    let server = TestServer::start().await;
    let family = server.family().await;
    let log = server.folders.log_path(&family.parent.id);
    let first = three_logged_events(&server, &family).await;
    let file = File::options().write(true).open(&log).unwrap();
    file.set_len(file.metadata().unwrap().len() - 20).unwrap();
    let later = three_logged_events(&server, &family).await;
    let text = fs::read_to_string(&log).unwrap();
    assert!(text.ends_with('\n') && !text.contains('\0'), "{text:?}");
    let lines: Vec<_> = text.lines().map(str::to_owned).collect();
    assert_eq!(lines.len(), 6, "the cut line keeps a line of its own: {text}");
    assert_eq!(event_ids(&lines[3..]), later);
    assert_eq!(event_ids(&lines[..2]), first[..2]);
}

/// While a missing folder cannot be created, requests succeed; afterwards all lines are written.
#[tokio::test]
async fn a_folder_that_cannot_be_created_again_is_a_backlog() {
    let server = TestServer::start().await;
    let family = server.family().await;
    three_logged_events(&server, &family).await;
    fs::remove_dir_all(server.folders.logs()).unwrap();
    File::create(server.folders.logs()).unwrap();
    let mut later = three_events(&family).await;
    eventually("the backlog in the health", async || {
        let health = server.nobody().get("/health").await.expect(200);
        (health["status"] == "degraded").then_some(())
    })
    .await;
    fs::remove_file(server.folders.logs()).unwrap();
    eventually("the logs to catch up", async || {
        (server.nobody().get("/health").await.body["status"] == "ok").then_some(())
    })
    .await;
    later.extend(three_logged_events(&server, &family).await);
    assert_eq!(ids_in(&server.folders.log_path(&family.parent.id)), later);
}

/// A removed file takes up disk space while it is open.
#[tokio::test]
async fn a_removed_log_is_closed_while_nothing_happens() {
    let server = TestServer::process().await;
    let family = server.family().await;
    three_logged_events(&server, &family).await;
    let descriptors = PathBuf::from(format!("/proc/{}/fd", server.pid()));
    let open = || {
        let targets = fs::read_dir(&descriptors).unwrap();
        let targets = targets.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
        targets.filter(|target| target.to_string_lossy().contains("tracking_user_")).count()
    };
    assert_eq!(open(), 1);
    fs::remove_file(server.folders.log_path(&family.parent.id)).unwrap();
    eventually("the file to be closed", async || (open() == 0).then_some(())).await;
}
