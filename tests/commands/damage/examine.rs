//! The checks of every damaged directory.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use serde_json::Value;

use super::bases::{rows, run, salvage, tables};
use crate::harness::{Client, Folders, Process, log_in, python};

/// The fields that identify the records of each file.
const KEYS: [(&str, &str); 9] = [
    ("users.json", "id"),
    ("children.json", "id"),
    ("tasks.json", "id"),
    ("rewards.json", "id"),
    ("pending_rewards.json", "id"),
    ("tracking_events.json", "id"),
    ("sessions.json", "token_sha256"),
    ("idempotency_keys.json", "key"),
    ("settings.json", "name"),
];

/// The files of a folder: the bytes of each, and its last change.
type Contents = BTreeMap<PathBuf, (Vec<u8>, SystemTime)>;

fn contents(folders: &Folders) -> Contents {
    let files = folders.data_files().into_iter();
    let look = |path: PathBuf| {
        let changed = fs::metadata(&path).unwrap().modified().unwrap();
        let bytes = fs::read(&path).unwrap();
        (path, (bytes, changed))
    };
    files.map(look).collect()
}

/// The result of a salvage.
pub(crate) struct Examined {
    /// The copy, after a server has run on it.
    pub(crate) copy: Folders,
    /// The rows of the copy before that, as TinyDB reads them.
    pub(crate) tables: Value,
    /// The report.
    pub(crate) report: Value,
}

/// Examines a directory in which `file` is damaged. `expected` are its tables without damage. A row
/// that is missing there was removed, and need not be restored. `None` if no row can have changed:
/// then the rows must be those that Python reads.
pub(crate) async fn examine(folders: &Folders, file: &str, expected: Option<&Value>) -> Examined {
    let before = contents(folders);
    let check = run(&["check"], &folders.data());
    let said = String::from_utf8_lossy(&check.stdout);
    assert_eq!(check.status.code(), Some(78), "{check:?}");
    assert!(said.contains(file), "{said}");
    let (copy, code, report) = salvage(folders);
    assert!(code == 0 || code == 3, "{code}");
    assert_eq!(contents(folders), before, "something was written into the damaged directory");

    assert_refused(folders, file);
    let after = contents(folders);
    // Each process writes its id there, even if it fails.
    for (path, was) in before.iter().filter(|(path, _)| !path.ends_with(".goldstar.lock")) {
        assert_eq!(after.get(path), Some(was), "{} has changed", path.display());
    }

    let copied = tables(&copy);
    assert_all_is_there(folders, &copied, expected);
    for entry in report["files"].as_array().unwrap() {
        let name = entry["file"].as_str().unwrap();
        assert_eq!(entry["rows"], rows(&copied, name).len(), "{name}");
    }
    assert_serves(&copy, &copied).await;
    Examined { copy, tables: copied, report }
}

fn assert_refused(folders: &Folders, file: &str) {
    let Err(refused) = Process::start(folders, &[]) else { panic!("it started") };
    let said = String::from_utf8_lossy(&refused.stderr);
    assert_eq!(refused.status.code(), Some(78), "{said}");
    for part in [file, "from byte ", "goldstar salvage "] {
        assert!(said.contains(part), "no {part}: {said}");
    }
}

/// Checks that every row that Python can parse in the damaged files is in the copy.
fn assert_all_is_there(folders: &Folders, copied: &Value, expected: Option<&Value>) {
    let output = python("reachable_rows.py", &[&folders.data()], "");
    let reachable: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (file, key) in KEYS {
        let found = rows(copied, file);
        let reached: Vec<&Value> = reachable[file].as_array().into_iter().flatten().collect();
        for row in &reached {
            let is_same = |other: &&Value| other[key] == row[key];
            let was_removed =
                expected.is_some_and(|tables| !rows(tables, file).iter().any(is_same));
            let kept: Vec<_> = found.iter().filter(|other| is_same(other)).collect();
            assert!(was_removed || !kept.is_empty(), "{file} has lost {row}");
            assert!(kept.len() <= 1, "{file} has twice {row}");
            if expected.is_none() {
                assert!(reached.contains(kept[0]), "{file}: {} is not {row}", kept[0]);
            }
        }
        if expected.is_none() {
            // Only this row is new: it makes the ids of event streams different from those before.
            let is_epoch = |row: &&Value| row["name"] == "event_stream_epoch";
            let mut found = found.iter().filter(|row| !is_epoch(row));
            assert!(found.all(|row| reached.contains(row)), "{file}: more than can be read");
        }
    }
}

/// Checks that a server starts on the copy, and that a remaining account can log in.
async fn assert_serves(copy: &Folders, copied: &Value) {
    let server = Process::start(copy, &[]).unwrap_or_else(|output| panic!("{output:?}"));
    let client = Client::new(Arc::new(Mutex::new(server.address.clone())));
    let account = rows(copied, "users.json").into_iter().next();
    let email = account.map_or("nobody@example.org", |account| account["email"].as_str().unwrap());
    let number: String = email.chars().filter(char::is_ascii_digit).collect();
    let answer = log_in(&client, email, &format!("correct horse {number}")).await;
    answer.expect(if account.is_some() { 200 } else { 401 });
    assert!(server.stop("TERM").success());
}
