//! A database that was restored from a backup.

use std::fs;
use std::process::Command;

use goldstar::domain::{Position, Seq};
use goldstar::store::Store;
use goldstar::store::postgres::PostgresStore;
use serde_json::json;
use tokio::task::spawn_blocking;

use super::open;
use super::servers::{activate, put};
use crate::cluster::{execute, new_database, program};
use crate::contract::bench::family;
use crate::contract::read_since;

/// Gives the events the positions of a cluster that has executed many more transactions. The audit log
/// has the line of the first one.
const OF_A_BUSY_CLUSTER: &str = "
UPDATE events SET xid = (xid::text::bigint + 1000000000)::text::xid8;
INSERT INTO cursors (follower, cursor)
SELECT 'audit_log', jsonb_build_object('through', (xid::text::bigint << 16) + place)::text
FROM events WHERE seq = 1";

fn run(program: &mut Command) {
    let done = program.output().unwrap();
    assert!(done.status.success(), "{program:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A copy of a database, made by PostgreSQL's own tools.
fn restored(url: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let (dump, copy) = (folder.path().join("dump"), new_database());
    fs::write(&dump, "").unwrap();
    run(program("pg_dump").args(["--format=custom", "--dbname", url, "--file"]).arg(&dump));
    run(program("pg_restore").args(["--exit-on-error", "--dbname", &copy]).arg(&dump));
    copy
}

/// The numbers of the events after the cursor of the audit log.
async fn unwritten(store: &PostgresStore) -> Vec<Seq> {
    let history = store.following();
    let read = move || {
        let cursor = history.cursor("audit_log").unwrap().saved.unwrap();
        let cursor: serde_json::Value = serde_json::from_str(&cursor).unwrap();
        let after = Position(cursor["through"].as_u64().unwrap());
        assert_eq!(cursor, json!({"through": after.0}));
        read_since(&*history, after, None, 1).0
    };
    let events = spawn_blocking(read).await.unwrap();
    events.iter().map(|stored| stored.seq).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_continue_on_a_restored_database() {
    let url = new_database();
    let store = open(&url).await.unwrap();
    put(&store, family()).await.unwrap();
    for _ in 0..3 {
        activate(&store).await.unwrap();
    }
    let epoch = store.epoch();
    drop(store);
    assert_eq!(open(&url).await.unwrap().epoch(), epoch, "it is the same database");
    execute(&url, OF_A_BUSY_CLUSTER);

    let copy = restored(&url);
    let store = open(&copy).await.unwrap();
    let new_epoch = store.epoch();
    assert_ne!(new_epoch, epoch);
    assert_eq!(unwritten(&store).await, [2, 3].map(Seq));
    activate(&store).await.unwrap();
    assert_eq!(unwritten(&store).await, [2, 3, 4].map(Seq));
    drop(store);
    assert_eq!(open(&copy).await.unwrap().epoch(), new_epoch);
}
