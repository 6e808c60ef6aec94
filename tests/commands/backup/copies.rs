//! The documented commands that copy backups to another machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{ARCHIVE, back_up, run};
use crate::harness::{Folders, block_of, forbidden};

/// Runs the documented commands of a program on a directory with a backup, and verifies the copy.
fn copy_with(program: &str, block: usize, places: &[(&str, &str)], fetched: &str) {
    let is_installed = Command::new(program).arg("version").output().is_ok();
    if !is_installed {
        return forbidden(&format!("copies of backups with {program}: it isn't installed"));
    }
    let folders = Folders::new();
    folders.put_flask_data();
    back_up(&folders);
    let root = folders.root();
    fs::create_dir(root.join("backups")).unwrap();
    fs::rename(root.join(ARCHIVE), root.join("backups/goldstar-2026-02-09T18-42-15Z.tar")).unwrap();
    fs::write(root.join("backups/goldstar-2026-02-10T18-42-15Z.tar.partial"), "x").unwrap();
    fs::write(root.join("password"), "correct horse").unwrap();
    let commands =
        block_of("docs/operations.md", "### Copies on another machine", "console", block);
    let commands = places.iter().fold(commands, |text, (from, to)| text.replace(from, to));
    let mut shell = Command::new("sh");
    let output = shell.args(["-ec", &commands]).env("HOME", root).current_dir(root).output();
    let output = output.unwrap();
    assert!(output.status.success(), "{commands}: {output:?}");
    let fetched = Path::new("fetched").join(fetched.trim_start_matches('/'));
    let copy = fetched.join("goldstar-2026-02-09T18-42-15Z.tar");
    let (code, text, error) = run(&folders, &["backup", "verify", copy.to_str().unwrap()]);
    assert_eq!(code, 0, "{text}{error}");
    assert_eq!(crate::harness::names(&root.join(fetched)), ["goldstar-2026-02-09T18-42-15Z.tar"]);
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
