//! An import that is interrupted leaves an empty database.

use std::process::Command;

use goldstar::clock::Clock;
use goldstar::metrics;
use goldstar::store::postgres::{DatabaseUrl, PostgresStore};

use super::{connect, import, rows_of, run};
use crate::check::directory::flask;
use crate::harness::cluster::new_database;
use crate::harness::{Folders, eventually, goldstar};

#[tokio::test]
async fn an_interrupted_import_leaves_nothing() {
    for signal in ["KILL", "INT", "TERM"] {
        interrupt(signal).await;
    }
}

/// Sends a signal to an import that has written all rows, and then imports again.
async fn interrupt(signal: &str) {
    let folders = flask();
    let url = new_database();
    // Creates the schema.
    let database = DatabaseUrl::new(&url);
    let store = PostgresStore::open(&database, Clock::system(), metrics::Store::default());
    drop(store.await.unwrap());
    let holder = connect(&url).await;
    // The last statement but one of an import waits for this lock.
    holder.batch_execute("BEGIN; LOCK TABLE cursors IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let patient = format!("{url}&options=-c%20lock_timeout%3D0");
    let mut command = goldstar(folders.root());
    command.args(["import", "tinydb", "data", "--database-url", &patient]);
    let mut importing = command.spawn().unwrap();
    let waits =
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'cursors'::regclass";
    eventually("the import", async || {
        assert!(importing.try_wait().unwrap().is_none(), "it ended");
        let waiting: i64 = holder.query_one(waits, &[]).await.unwrap().get(0);
        (waiting > 0).then_some(())
    })
    .await;
    let script = format!("kill -{signal} {}", importing.id());
    assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
    assert!(!importing.wait().unwrap().success(), "{signal}");
    holder.batch_execute("COMMIT").await.unwrap();
    let backends = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    eventually("the end of its backend", async || {
        let left: i64 = holder.query_one(backends, &[]).await.unwrap().get(0);
        (left == 0).then_some(())
    })
    .await;
    assert_eq!(rows_of(&url).await, 0, "{signal}");
    assert_eq!(import(&folders, &url).0, 0);
    assert!(rows_of(&url).await > 0);
}

#[test]
fn a_failed_export_leaves_no_directory() {
    let (url, _) = super::imported(&flask());
    crate::harness::cluster::execute(&url, "UPDATE kept SET file = '../x' WHERE part = 'file'");
    let folders = Folders::new();
    let (code, _, error) = run(&folders, &["export", "tinydb", "copy", "--database-url", &url]);
    assert!(code == 1 && error.contains("names a file"), "{error}");
    assert!(!folders.root().join("copy").exists());
    assert!(!folders.root().join("copy.partial").exists());
}
