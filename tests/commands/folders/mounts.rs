//! Single files that are mounted into a directory, as in containers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::system::refused;
use crate::harness::{Folders, Process, forbidden};

/// A file that is mounted over another, until this is dropped.
struct Mounted {
    path: PathBuf,
    _folders: Folders,
}

impl Mounted {
    fn new(folders: &Folders, path: &Path) -> Option<Self> {
        let source = folders.root().join("source");
        fs::copy(path, &source).unwrap();
        let mut mount = Command::new("mount");
        mount.arg("--bind").arg(&source).arg(path);
        if !mount.output().is_ok_and(|output| output.status.success()) {
            forbidden("a test of mounted files: nothing can be mounted");
            return None;
        }
        Some(Self { path: path.to_owned(), _folders: folders.clone() })
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("-l").arg(&self.path).status();
        let is_unmounted = unmounted.is_ok_and(|status| status.success());
        assert!(is_unmounted || std::thread::panicking(), "{} stays", self.path.display());
    }
}

#[test]
fn a_data_file_that_is_mounted_by_itself_is_refused_at_the_start() {
    let folders = Folders::new();
    folders.put_flask_data();
    let users = folders.data_file("users.json");
    let before = fs::read(&users).unwrap();
    let Some(mounted) = Mounted::new(&folders, &users) else { return };
    let said = refused(Process::start(&folders, &[]));
    assert!(said.contains("users.json") && said.contains("mount the whole folder"), "{said}");
    assert_eq!(fs::read(&users).unwrap(), before);
    drop(mounted);
    let process = Process::start(&folders, &[]).unwrap_or_else(|output| panic!("{output:?}"));
    assert!(process.stop("TERM").success());
}

#[test]
fn a_log_that_is_mounted_by_itself_is_refused_at_the_start() {
    let folders = Folders::new();
    fs::create_dir(folders.logs()).unwrap();
    let log = folders.log_path("u1");
    fs::write(&log, "").unwrap();
    let Some(_mounted) = Mounted::new(&folders, &log) else { return };
    let said = refused(Process::start(&folders, &[]));
    assert!(said.contains("tracking_user_u1.log is mounted by itself"), "{said}");
}

#[test]
fn a_file_of_another_program_may_be_mounted() {
    let folders = Folders::new();
    folders.put("another.txt", "somebody else's");
    let Some(_mounted) = Mounted::new(&folders, &folders.data_file("another.txt")) else { return };
    let process = Process::start(&folders, &[]).unwrap_or_else(|output| panic!("{output:?}"));
    assert!(process.stop("TERM").success());
}
