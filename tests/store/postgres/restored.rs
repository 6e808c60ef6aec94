//! A database that was restored from a backup.

use std::fs;
use std::process::Command;

use goldstar::domain::{MessagePosition, Position, Seq};
use goldstar::store::postgres::PostgresStore;
use goldstar::store::{Change, Store};
use serde_json::json;
use tokio::task::spawn_blocking;

use super::open;
use super::servers::{activate, put};
use crate::cluster::{execute, new_database, program};
use crate::contract::bench::family;
use crate::contract::{message, read_since};

/// Gives the events the positions of a cluster that has executed many more transactions. The audit log
/// has the line of the first one.
const OF_A_BUSY_CLUSTER: &str = "
UPDATE events SET xid = (xid::text::bigint + 1000000000)::text::xid8;
UPDATE records SET xid = (xid::text::bigint + 1000000000)::text::xid8 WHERE kind = 'messages';
INSERT INTO cursors (follower, cursor)
SELECT 'audit_log', jsonb_build_object('through', (xid::text::bigint << 16) + place)::text
FROM events WHERE seq = 1
UNION ALL VALUES ('other', 'unreadable')";

/// As some services do.
const OF_A_MANAGED_CLUSTER: &str = "REVOKE EXECUTE ON FUNCTION pg_control_system() FROM PUBLIC";

fn run(program: &mut Command) {
    let done = program.output().unwrap();
    assert!(done.status.success(), "{program:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Copies a database with PostgreSQL's own tools.
fn restore(url: &str, to: &str) {
    let folder = tempfile::tempdir().unwrap();
    let dump = folder.path().join("dump");
    fs::write(&dump, "").unwrap();
    run(program("pg_dump").args(["--format=custom", "--dbname", url, "--file"]).arg(&dump));
    let restore = ["--exit-on-error", "--clean", "--if-exists", "--dbname", to];
    run(program("pg_restore").args(restore).arg(&dump));
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
    put(&store, vec![Change::PutMessage(message("u", "before"))]).await.unwrap();
    for _ in 0..3 {
        activate(&store).await.unwrap();
    }
    let epoch = store.epoch();
    drop(store);
    assert_eq!(open(&url).await.unwrap().epoch(), epoch, "it is the same database");
    execute(&url, OF_A_BUSY_CLUSTER);

    let copy = new_database();
    restore(&url, &copy);
    let store = open(&copy).await.unwrap();
    let new_epoch = store.epoch();
    assert_ne!(new_epoch, epoch);
    let cursor = store.following();
    let cursor = spawn_blocking(move || cursor.cursor("other").unwrap().saved).await.unwrap();
    assert_eq!(cursor.as_deref(), Some("unreadable"), "its follower reports it");
    assert_eq!(unwritten(&store).await, [2, 3].map(Seq));
    activate(&store).await.unwrap();
    assert_eq!(unwritten(&store).await, [2, 3, 4].map(Seq));
    put(&store, vec![Change::PutMessage(message("u", "after"))]).await.unwrap();
    let history = store.following();
    let read = move || {
        loop {
            let found = history.messages_since(MessagePosition::default(), 2).unwrap().messages;
            if let [(_, message)] = &found[..] {
                return message.payload["id"].clone();
            }
            assert!(
                found.is_empty(),
                "the message from before was read by its followers: {found:?}"
            );
        }
    };
    assert_eq!(spawn_blocking(read).await.unwrap(), "after");
    assert_eq!(store.messages_of(&"u".into()).await.unwrap().len(), 2);
    drop(store);
    assert_eq!(open(&copy).await.unwrap().epoch(), new_epoch);
}

#[tokio::test]
async fn a_backup_that_replaces_its_own_database_has_a_new_epoch() {
    let url = new_database();
    let epoch = open(&url).await.unwrap().epoch();
    restore(&url, &url);
    let new_epoch = open(&url).await.unwrap().epoch();
    assert_ne!(new_epoch, epoch);
    assert_eq!(open(&url).await.unwrap().epoch(), new_epoch);
}

#[tokio::test]
async fn an_operator_begins_a_new_epoch_after_a_snapshot_of_the_disks() {
    let documented = include_str!("../../../docs/operations.md");
    let (_, statement) = documented.split_once("```sql\nUPDATE meta").unwrap();
    let (statement, _) = statement.split_once("```").unwrap();
    let url = new_database();
    let epoch = open(&url).await.unwrap().epoch();
    execute(&url, &format!("UPDATE meta{statement}"));
    assert_ne!(open(&url).await.unwrap().epoch(), epoch);
}

#[test]
fn an_operator_makes_a_cluster_execute_transactions() {
    let documented = include_str!("../../../docs/operations.md");
    let (_, statement) = documented.split_once("```sql\nDO $$ BEGIN FOR").unwrap();
    let (statement, _) = statement.split_once("```").unwrap();
    let url = new_database();
    let executed =
        || -> u64 { execute(&url, "SELECT pg_current_xact_id()::text")[0].parse().unwrap() };
    let before = executed();
    execute(&url, &format!("DO $$ BEGIN FOR{statement}"));
    assert!(executed() >= before + 700);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backup_of_an_earlier_version_is_noticed_by_its_events() {
    let url = new_database();
    let store = open(&url).await.unwrap();
    put(&store, family()).await.unwrap();
    activate(&store).await.unwrap();
    let epoch = store.epoch();
    drop(store);
    execute(&url, "DELETE FROM meta WHERE name = 'origin'");
    assert_eq!(open(&url).await.unwrap().epoch(), epoch, "it was upgraded");
    execute(&url, OF_A_BUSY_CLUSTER);
    execute(&url, "DELETE FROM meta WHERE name = 'origin'");
    let store = open(&url).await.unwrap();
    assert_ne!(store.epoch(), epoch);
    activate(&store).await.unwrap();
    assert_eq!(unwritten(&store).await, [2].map(Seq));
}

#[tokio::test]
async fn a_cluster_that_does_not_identify_itself_can_be_used() {
    let url = new_database();
    execute(&url, "CREATE ROLE managed LOGIN; GRANT CREATE ON SCHEMA public TO managed");
    execute(&url, OF_A_MANAGED_CLUSTER);
    let managed = |url: &str| url.replace("goldstar@", "managed@");
    let epoch = open(&managed(&url)).await.unwrap().epoch();
    assert_eq!(open(&managed(&url)).await.unwrap().epoch(), epoch);
    let copy = new_database();
    restore(&url, &copy);
    execute(&copy, OF_A_MANAGED_CLUSTER);
    assert_ne!(open(&managed(&copy)).await.unwrap().epoch(), epoch);
}
