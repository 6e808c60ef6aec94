//! `goldstar import`, `goldstar export`, and `goldstar check` of a database: the real binary on a real
//! PostgreSQL.

mod answers;
mod backup;
mod beside_servers;
mod check;
mod connecting;
mod damage;
mod killed;
mod other_services;
mod places;
mod privileges;
mod refusals;
mod round_trip;
mod samples;
mod space;

use std::path::Path;
use std::process::Output;

use crate::harness::cluster::new_database;
use crate::harness::{Folders, goldstar};

/// The exit code, the standard output and the standard error output of a command in the folders.
fn run(folders: &Folders, arguments: &[&str]) -> (i32, String, String) {
    let Output { status, stdout, stderr } =
        goldstar(folders.root()).args(arguments).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code().unwrap(), text(stdout), text(stderr))
}

fn import(folders: &Folders, url: &str) -> (i32, String, String) {
    run(folders, &["import", "tinydb", "data", "--database-url", url])
}

/// Imports the data folder into a new database; returns the database and the report.
#[track_caller]
fn imported(folders: &Folders) -> (String, String) {
    let url = new_database();
    let (code, report, error) = import(folders, &url);
    assert_eq!(code, 0, "{error}");
    (url, report)
}

/// The folders of an export.
#[track_caller]
fn exported(url: &str) -> Folders {
    let folders = Folders::new();
    let (code, _, error) = run(&folders, &["export", "tinydb", "data", "--database-url", url]);
    assert_eq!(code, 0, "{error}");
    assert!(!Path::new("data.partial").exists());
    folders
}

async fn connect(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// The number of rows that an import writes.
async fn rows_of(url: &str) -> i64 {
    let count = "SELECT (SELECT count(*) FROM accounts) + (SELECT count(*) FROM records)
        + (SELECT count(*) FROM events) + (SELECT count(*) FROM kept)";
    connect(url).await.query_one(count, &[]).await.unwrap().get(0)
}
