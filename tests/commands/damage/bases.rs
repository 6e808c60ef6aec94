//! The directories to damage.

use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::harness::{
    Answer, Folders, Parent, Settings, TestServer, activate_path, eventually, goldstar, python,
    reward_path,
};

/// A Flask service's directory.
pub(crate) fn flask() -> Folders {
    let folders = Folders::new();
    folders.put_flask_data();
    folders
}

/// The child of the first account, and records of the same account.
pub(crate) const CHILD: &str = "c6f87718-6d76-407e-881e-d162ae2eb154";
const TASK: &str = "9531985d-5d9d-49f8-9818-e811892f902b";
const REWARD: &str = "923a7369-94e3-4f91-9a61-dbe22e44158b";

/// The idempotency key of the first event that Goldstar wrote.
pub(crate) const KEY: &str = "first";

/// A directory of the Flask service on which Goldstar was killed: the journal contains all changes.
pub(crate) async fn killed() -> Folders {
    let settings = Settings { binary: true, ..Settings::default() };
    let mut server = TestServer::on(flask(), settings).await;
    let parent = first_parent(&server).await;
    parent.act_once(&activate_path(CHILD, TASK), KEY).await.expect(200);
    create_once(&parent).await.expect(201);
    for _ in 0..7 {
        parent.act(&activate_path(CHILD, TASK)).await.expect(200);
    }
    parent.act(&reward_path(CHILD, REWARD, "request")).await.expect(200);
    parent.act(&reward_path(CHILD, REWARD, "cancel")).await.expect(200);
    let child = parent.child("Newcomer", 12).await;
    eventually("the child in its file", async || {
        let text = fs::read_to_string(server.folders.data_file("children.json")).unwrap();
        text.contains(&child).then_some(())
    })
    .await;
    parent.patch(&format!("/children/{child}"), json!({"age": 9})).await.expect(200);
    server.kill();
    server.folders.clone()
}

/// Creates a task with a key.
pub(crate) async fn create_once(parent: &Parent) -> Answer {
    parent.post_once("/tasks", json!({"name": "Dishes", "points": 2}), "second").await
}

/// The first account's browser; its password is that of the Flask service.
pub(crate) async fn first_parent(server: &TestServer) -> Parent {
    Parent::log_in(server.nobody(), "parent0@example.org", "correct horse 0").await
}

/// A copy of a data directory.
pub(crate) fn copy_of(folders: &Folders) -> Folders {
    let copy = Folders::new();
    for path in folders.data_files() {
        let to = copy.data().join(path.strip_prefix(folders.data()).unwrap());
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&path, to).unwrap();
    }
    copy
}

/// Runs a command on a data directory.
pub(crate) fn run(command: &[&str], data: &Path) -> Output {
    let mut process = goldstar(data.parent().unwrap());
    process.args(command).arg(data).output().unwrap()
}

/// Salvages a directory; returns the copy, the exit code and the report.
pub(crate) fn salvage(folders: &Folders) -> (Folders, i32, Value) {
    let copy = Folders::new();
    let mut command = goldstar(folders.root());
    command.arg("salvage").arg(folders.data()).arg("--json").arg("--out").arg(copy.data());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let report = serde_json::from_slice(&output.stdout);
    let report = report.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    assert_eq!(said, "");
    (copy, output.status.code().unwrap(), report)
}

/// The part of a salvage report about one file.
pub(crate) fn report_of<'a>(report: &'a Value, file: &str) -> &'a Value {
    let files = report["files"].as_array().unwrap();
    files.iter().find(|entry| entry["file"] == file).unwrap_or_else(|| panic!("{file}: {report}"))
}

/// Every row of every file as TinyDB reads it: file, table, number.
pub(crate) fn tables(folders: &Folders) -> Value {
    let output = python("read_tables.py", &[&folders.data()], "");
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The rows of a file's default table.
pub(crate) fn rows<'a>(tables: &'a Value, file: &str) -> Vec<&'a Value> {
    let table = tables[file]["_default"].as_object();
    table.into_iter().flat_map(|table| table.values()).collect()
}
