//! Entries that are not regular files.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;

use super::system::{client_of, refused};
use crate::harness::{Folders, Parent, Process, TestServer, goldstar};

const FILES: [&str; 6] = [
    "users.json",
    "tracking_events.json",
    "journal/checkpoint.json",
    "journal/format.json",
    "journal/00000000000000000001.journal",
    ".goldstar.lock",
];

/// A name, and the function that creates it.
type Kind = (&'static str, fn(&Path));

/// What can have the name of a file.
const KINDS: [Kind; 5] = [
    ("a named pipe", make_pipe),
    ("a socket", |path| drop(UnixListener::bind(path).unwrap())),
    ("a device", |path| symlink("/dev/zero", path).unwrap()),
    ("an endless link", |path| symlink(path.file_name().unwrap(), path).unwrap()),
    ("a folder", |path| fs::create_dir(path).unwrap()),
];

fn make_pipe(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn folders_with(file: &str, make: fn(&Path)) -> Folders {
    let folders = Folders::new();
    folders.put_flask_data();
    fs::create_dir(folders.data_file("journal")).unwrap();
    let path = folders.data_file(file);
    if path.exists() {
        fs::remove_file(&path).unwrap();
    }
    make(&path);
    folders
}

/// A folder of that name contains no journal, and is not touched.
fn is_harmless(file: &str, what: &str) -> bool {
    file.ends_with(".journal") && what == "a folder"
}

#[test]
fn pipes_and_devices_neither_block_a_start_nor_count_as_files() {
    for file in FILES {
        for (what, make) in KINDS {
            if is_harmless(file, what) {
                continue;
            }
            let folders = folders_with(file, make);
            let said = refused(Process::start(&folders, &[]));
            assert!(said.contains(file), "{what} as {file}: {said}");
            let is_named = said.contains("must be a regular file") || said.contains("links");
            assert!(is_named, "{what} as {file}: {said}");
        }
    }
}

#[test]
fn pipes_and_devices_do_not_block_a_check() {
    for file in FILES {
        for (what, make) in KINDS {
            if is_harmless(file, what) {
                continue;
            }
            let folders = folders_with(file, make);
            let mut check = goldstar(folders.root());
            let output = check.arg("check").arg(folders.data()).output().unwrap();
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{what} as {file}: {said}");
            assert!(said.contains(file), "{what} as {file}: {said}");
        }
    }
}

#[test]
fn other_entries_than_files_beside_the_data_are_ignored() {
    for (what, make) in KINDS {
        let folders = folders_with("other.json", make);
        let mut check = goldstar(folders.root());
        let output = check.arg("check").arg(folders.data()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        // A link without an end cannot be read.
        let expected = i32::from(what == "an endless link");
        let code = output.status.code().unwrap();
        assert!(code == expected || code == 3, "{what}: {code} {said}");
        let process = Process::start(&folders, &[]).unwrap_or_else(|output| panic!("{output:?}"));
        assert!(process.stop("TERM").success());
    }
}

#[test]
fn a_symbolic_link_as_lock_file_is_not_followed() {
    let folders = Folders::new();
    folders.put_flask_data();
    let other = folders.root().join("other");
    fs::write(&other, "somebody else's").unwrap();
    symlink(&other, folders.data_file(".goldstar.lock")).unwrap();
    let said = refused(Process::start(&folders, &[]));
    assert!(said.contains(".goldstar.lock") && said.contains("a symbolic link"), "{said}");
    assert_eq!(fs::read_to_string(&other).unwrap(), "somebody else's");
}

#[tokio::test]
async fn a_symbolic_link_as_temporary_file_is_not_followed() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let other = folders.root().join("other");
    fs::write(&other, "somebody else's").unwrap();
    symlink(&other, folders.data_file("users.json.tmp")).unwrap();
    let process = Process::start(&folders, &[]).unwrap_or_else(|output| panic!("{output:?}"));
    // The next rewrite also replaces an entry that is created in the meantime.
    if !folders.data_file("users.json.tmp").exists() {
        symlink(&other, folders.data_file("users.json.tmp")).unwrap();
    }
    let parent = Parent::sign_up(client_of(&process)).await;
    assert!(process.stop("TERM").success());
    assert_eq!(folders.record("users.json", &parent.id)["email"], parent.email.as_str());
    assert_eq!(fs::read_to_string(&other).unwrap(), "somebody else's");
    assert!(fs::symlink_metadata(folders.data_file("users.json")).unwrap().is_file());
}

#[tokio::test]
async fn a_link_to_a_data_file_works_until_it_is_replaced() {
    let folders = Folders::new();
    TestServer::put_admin(&folders);
    let elsewhere = folders.root().join("elsewhere.json");
    fs::rename(folders.data_file("users.json"), &elsewhere).unwrap();
    symlink(&elsewhere, folders.data_file("users.json")).unwrap();
    let before = fs::read_to_string(&elsewhere).unwrap();
    let process = Process::start(&folders, &[]).unwrap_or_else(|output| panic!("{output:?}"));
    let parent = Parent::sign_up(client_of(&process)).await;
    assert!(process.stop("TERM").success());
    let rows = folders.rows("users.json");
    assert!(rows.len() > 1 && rows.last().unwrap().1["id"] == parent.id.as_str());
    assert_eq!(fs::read_to_string(&elsewhere).unwrap(), before);
}
