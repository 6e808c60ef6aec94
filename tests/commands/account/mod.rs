//! `goldstar account`, with a server on the data directory, without one, and on a database.

mod changes;
mod socket;

use std::process::{Command, Output};

use serde_json::Value;

use crate::harness::{Folders, goldstar};

/// Runs a command on the data of a server.
fn account(folders: &Folders, arguments: &[&str]) -> Output {
    command(folders, arguments).output().unwrap()
}

fn command(folders: &Folders, arguments: &[&str]) -> Command {
    let mut command = goldstar(folders.root());
    command.arg("account").args(arguments);
    match folders.database.get() {
        Some(url) => command.args(["--database-url", url]),
        None => command.arg("--data-dir").arg(folders.data()),
    };
    command.arg("--log-dir").arg(folders.logs());
    command
}

/// What a command prints that must succeed.
fn said(folders: &Folders, arguments: &[&str]) -> String {
    let output = account(folders, arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The same as JSON.
fn json(folders: &Folders, arguments: &[&str]) -> Value {
    let arguments = [arguments, &["--json"]].concat();
    serde_json::from_str(&said(folders, &arguments)).unwrap()
}

/// The error output of a command that fails with that exit code.
fn refused(folders: &Folders, arguments: &[&str], code: i32) -> String {
    let output = account(folders, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}
