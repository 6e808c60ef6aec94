//! Changes of the machine by these tests, if it allows them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use crate::harness::{Client, Folders, Process, forbidden};

/// Whether the tests run as root; reports what cannot be tested otherwise.
pub(crate) fn is_root(what: &str) -> bool {
    let is_root = rustix::process::geteuid().is_root();
    if !is_root {
        forbidden(&format!("{what}: only root may do that"));
    }
    is_root
}

/// The error of a start that must fail.
pub(crate) fn refused(started: Result<Process, Output>) -> String {
    let Err(output) = started else { panic!("it has started") };
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    said
}

/// A client of a server that was started directly.
pub(crate) fn client_of(process: &Process) -> Client {
    Client::new(Arc::new(Mutex::new(process.address.clone())))
}

/// A folder and everything in it.
pub(crate) fn all_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![folder.to_owned()];
    let mut folders = found.clone();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                folders.push(entry.path());
            }
            found.push(entry.path());
        }
    }
    found
}

/// A library that is loaded into the program and makes one system call fail, as some file systems
/// do. `None` if nothing can be compiled.
pub(crate) fn failing_calls(folders: &Folders) -> Option<PathBuf> {
    let library = folders.root().join("failing.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/commands/folders/failing.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl");
    if !compiler.output().is_ok_and(|output| output.status.success()) {
        forbidden("tests of file systems that lack something: there is no C compiler");
        return None;
    }
    Some(library)
}
