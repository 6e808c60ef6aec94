//! The documented commands that copy backups to another machine.

use std::fs;
use std::process::Command;

use super::{ARCHIVE, assert_clean, back_up, run};
use crate::harness::{Folders, block_of, forbidden, names};

/// Runs the documented commands of a program on a directory with a backup and a copy of the erasure list, and restores
/// what was fetched.
fn copy_with(program: &str, block: usize, places: &[(&str, &str)], fetched: &str) {
    let is_installed = Command::new(program).arg("version").output().is_ok();
    if !is_installed {
        return forbidden(&format!("copies of backups with {program}: it isn't installed"));
    }
    let folders = Folders::new();
    folders.put_flask_data();
    back_up(&folders);
    let root = folders.root();
    let (backup, list) = ("goldstar-2026-02-09T18-42-15Z.tar", "erasures.json");
    for folder in ["backups/goldstar", "backups/erasures"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    fs::rename(root.join(ARCHIVE), root.join("backups/goldstar").join(backup)).unwrap();
    fs::copy(folders.data_file(list), root.join("backups/erasures").join(list)).unwrap();
    fs::write(root.join("backups/goldstar/goldstar-2026-02-10T18-42-15Z.tar.partial"), "x")
        .unwrap();
    fs::write(root.join("password"), "correct horse").unwrap();
    let commands =
        block_of("docs/operations.md", "### Copies on another machine", "console", block);
    let commands = places.iter().fold(commands, |text, (from, to)| text.replace(from, to));
    let mut shell = Command::new("sh");
    let output = shell.args(["-ec", &commands]).env("HOME", root).current_dir(root).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{commands}: {output:?}");
    let fetched = root.join("fetched").join(fetched);
    let (backups, lists) = (fetched.join("goldstar"), fetched.join("erasures"));
    assert_eq!((names(&backups), names(&lists)), (vec![backup.to_owned()], vec![list.to_owned()]));
    let (backup, lists) = (backups.join(backup), lists.to_str().unwrap().to_owned());
    let restore = ["restore", backup.to_str().unwrap(), "--erasures", &lists];
    let copy = Folders::new();
    let (code, text, error) =
        run(&copy, &[&restore[..], &["--data-dir", "data", "--log-dir", "logs"]].concat());
    assert_eq!(code, 0, "{text}{error}");
    assert_clean(&copy, &["data"]);
}

#[test]
fn restic_copies_backups() {
    // It keeps the whole path, which is unknown here, so that the copy starts at the root.
    let places = [
        ("/mnt/other/restic", "restic"),
        ("/etc/goldstar/restic", "password"),
        ("/mnt/backup", "backups"),
    ];
    copy_with("restic", 0, &places, "backups");
}

#[test]
fn rclone_copies_backups() {
    let places = [("remote:goldstar", ":local:remote"), ("/mnt/backup", "backups")];
    copy_with("rclone", 1, &places, "");
}
