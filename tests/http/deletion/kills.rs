//! The real program, killed at times throughout a deletion.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use serde_json::json;

use super::crashes::Rest;
use super::folders::{copy_of, files, holders, marked, put_histories, put_users};
use super::queue;
use crate::harness::{DEADLINE, Folders, Process, Settings, TestServer, eventually, python};

const GONE: &str = "9d2f1c44-0000-4000-8000-account-gone";
const OTHER: &str = "9d2f1c44-0000-4000-8000-account-other";
/// The number of events of each account.
const EVENTS: usize = 400;
/// The program is killed after each number of visible file changes up to this.
const KILLS: usize = 40;

/// The properties of the files that can be read without opening them.
fn look(folders: &Folders) -> Vec<(PathBuf, Option<[i64; 3]>)> {
    let seen = |path: &PathBuf| {
        let found = fs::metadata(path).ok();
        found.map(|it| [it.ino().cast_signed(), it.len().cast_signed(), it.mtime_nsec()])
    };
    files(folders).into_iter().map(|path| (path.clone(), seen(&path))).collect()
}

/// Waits until the deletion has started and the files have changed that many times, or until the
/// account's record is deleted.
fn watch(folders: &Folders, changes: usize) {
    let log = folders.logs().join("account_deletion.log");
    let holds = |path: &PathBuf, text| fs::read_to_string(path).unwrap_or_default().contains(text);
    let users = folders.data_file("users.json");
    let start = Instant::now();
    let mut left = changes;
    let mut last = look(folders);
    while left > 0 && holds(&users, GONE) {
        assert!(start.elapsed() < DEADLINE, "no account is deleted");
        let now = look(folders);
        if now != last && holds(&log, "event=attempted") {
            left -= 1;
        }
        last = now;
        thread::yield_now();
    }
}

/// Two accounts of an older service, of which one is due.
fn prepared() -> Folders {
    let folders = Folders::new();
    let due = (GONE.to_owned(), marked("2026-01-01T00:00:00Z"));
    put_users(&folders, &[due, (OTHER.to_owned(), json!({}))]);
    // The first 24 hours, during which nobody is deleted, are over.
    let first_start = json!({"name": "account_deletion_first_start", "value": 1_767_225_600.0});
    folders.put("settings.json", &json!({"_default": {"1": first_start}}).to_string());
    folders.put("rewards.json", "");
    folders.put("pending_rewards.json", "");
    put_histories(&folders, &[GONE.to_owned(), OTHER.to_owned()], EVENTS);
    fs::create_dir_all(folders.logs()).unwrap();
    for id in [GONE, OTHER] {
        for suffix in ["", ".1", ".2"] {
            let path = format!("{}{suffix}", folders.log_path(id).display());
            fs::write(path, "2026-01-05T11:11:44.000000Z INFO an older line\n").unwrap();
        }
    }
    folders
}

#[tokio::test]
async fn a_killed_server_continues_the_deletion() {
    let prepared = prepared();
    let rest = Rest::of(&prepared, GONE, OTHER);
    let mut done = 0;
    let mut kept = Vec::new();
    for changes in 0..KILLS {
        let folders = copy_of(&prepared);
        let process = Process::start(&folders, &[])
            .unwrap_or_else(|output| panic!("the server did not start: {output:?}"));
        watch(&folders, changes);
        process.kill();
        let kill = format!("a kill after {changes} changes");
        done += usize::from(holders(&folders, GONE).is_empty());

        let mut server = TestServer::on(folders, Settings::default()).await;
        let admin = server.admin().await;
        let gone = async || (queue(&admin).await["count"] == 0).then_some(());
        eventually("the account's end", gone).await;
        server.stop().await;
        assert_eq!(Rest::of(&server.folders, "", OTHER), rest, "{kill}");
        let left = holders(&server.folders, GONE);
        assert!(left.is_empty(), "{kill}: {left:?}");
        kept.push(server.folders);
    }
    let data: Vec<_> = kept.iter().map(Folders::data).collect();
    python("open_tables.py", &data.iter().map(PathBuf::as_path).collect::<Vec<_>>(), "");
    assert!(done < KILLS, "every kill came when all was done");
}
