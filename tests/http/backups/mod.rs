//! `POST /admin/backup`: backups of a running server.

mod accounts;
mod contents;
mod lifetime;
mod schedule;

use std::fs;
use std::process::Output;

use reqwest::Method;
use serde_json::json;

use crate::harness::person::{Session, log_in};
use crate::harness::wire::Wire;
use crate::harness::{Admin, Folders, TestServer, goldstar, within};

const ADMIN: &str = "admin@example.org";
const ADMIN_PASSWORD: &str = "correct horse 0";

/// A complete backup.
async fn back_up(admin: &Admin) -> Vec<u8> {
    let request = admin.request(Method::POST, "/admin/backup");
    let request = request.json(&json!({"password": ADMIN_PASSWORD}));
    let response = within("a response", request.send()).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.headers()["content-type"].to_str().unwrap()),
        (200, "application/x-tar")
    );
    let name = response.headers()["content-disposition"].to_str().unwrap();
    assert!(
        name.starts_with("attachment; filename=\"goldstar-2") && name.ends_with(".tar\""),
        "{name}"
    );
    within("a backup", response.bytes()).await.unwrap().to_vec()
}

/// Starts a backup that does not end before its client reads it.
async fn begin(server: &TestServer) -> Wire {
    let mut wire = Wire::with_small_window(server).await;
    let session = Session::in_answer(&log_in(&server.nobody(), ADMIN, ADMIN_PASSWORD).await);
    wire.send(session.post("/admin/backup", &json!({"password": ADMIN_PASSWORD}))).await;
    let head = wire.head().await;
    assert_eq!((head.status, head.header("transfer-encoding")), (200, "chunked"));
    wire
}

/// Runs a command in the folders' directory.
fn run(folders: &Folders, arguments: &[&str]) -> Output {
    goldstar(folders.root()).args(arguments).output().unwrap()
}

#[track_caller]
fn succeed(folders: &Folders, arguments: &[&str]) {
    let done = run(folders, arguments);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(done.status.success(), "{arguments:?}: {}{}", text(&done.stdout), text(&done.stderr));
}

/// Restores a backup into new folders, which are checked.
#[track_caller]
fn restored(archive: &[u8]) -> Folders {
    let copy = Folders::new();
    fs::write(copy.root().join("backup.tar"), archive).unwrap();
    succeed(&copy, &["backup", "verify", "backup.tar"]);
    let place = ["--data-dir", "data", "--log-dir", "logs"];
    succeed(&copy, &[&["restore", "backup.tar", "--no-erasures"], &place[..]].concat());
    succeed(&copy, &["check", "data"]);
    copy
}
