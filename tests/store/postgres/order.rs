//! The order in which followers read is the order of each family's sequence numbers.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use goldstar::domain::{Position, Seq};
use goldstar::store::postgres::PostgresStore;
use goldstar::store::{Change, Context, Scope, Snapshot, Store};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::{block_in_place, spawn_blocking};
use tokio_postgres::{Client, NoTls};

use super::servers::{activate, put};
use super::two_on;
use crate::cluster::{execute, new_database};
use crate::contract::bench::{activation, family, user};
use crate::contract::read_since;

/// The number of conflicts after which a transaction locks its families first.
const CONFLICTS: usize = 3;
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                       AND wait_event_type = 'Lock' AND query LIKE '%FOR UPDATE%'";

/// An account whose family has a smaller key than that of `u`.
async fn smaller(store: &PostgresStore, url: &str) -> String {
    let found =
        "SELECT s.id FROM accounts s, accounts u WHERE u.id = 'u' AND s.family_id < u.family_id";
    for number in 0.. {
        let id = format!("v{number}");
        let records = vec![Change::PutUser(user(&id, &format!("{id}@example.org")))];
        put(store, records).await.unwrap();
        if let Some(id) = execute(url, found).pop() {
            return id;
        }
    }
    unreachable!("keys are random")
}

/// Locks the family of an account until the connection ends.
async fn lock(client: &Client, account: &str) {
    let family = format!("(SELECT family_id FROM accounts WHERE id = '{account}')");
    let lock = format!("BEGIN; SELECT FROM families WHERE id = {family} FOR UPDATE");
    client.batch_execute(&lock).await.unwrap();
}

/// A transaction that has its number, and waits for the first of two families, meets a commit to the
/// second one, which has a greater number.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_transaction_that_waits_for_a_lock_is_not_read_before_an_earlier_commit() {
    let url = new_database();
    let [one, other] = two_on(&url).await;
    put(&one, family()).await.unwrap();
    let account = smaller(&one, &url).await;
    let (client, connection) = tokio_postgres::connect(&url, NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let client = Arc::new(client);

    let (runs, locking, first) = (AtomicUsize::new(0), Arc::clone(&client), account.clone());
    let bumped = url.clone();
    let decide = move |records: &dyn Snapshot, context: &mut Context| {
        let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
        if run <= CONFLICTS {
            block_in_place(|| execute(&bumped, "UPDATE families SET version = version + 1"));
        }
        if run == CONFLICTS {
            block_in_place(|| Handle::current().block_on(lock(&locking, &first)));
        }
        let mut changes = activation(records, context, &"c1".into(), &"good".into(), None);
        // What all families share is locked first of all.
        changes.records.push(Change::PutSetting { name: "test".into(), value: json!(1) });
        Ok((changes, ()))
    };
    let scope = Scope::of_families(["u".into(), account.as_str().into()]);
    let waiting = tokio::spawn(async move { one.transact(scope, decide).await });
    while execute(&url, WAITING) != ["1"] {}
    activate(&other).await.unwrap();
    client.batch_execute("ROLLBACK").await.unwrap();
    waiting.await.unwrap().unwrap();
    connection.abort();

    let history = other.following();
    let read = move || read_since(&*history, Position::START, None, 500).0;
    let read = spawn_blocking(read).await.unwrap();
    let seqs: Vec<Seq> = read.iter().map(|stored| stored.seq).collect();
    assert_eq!(seqs, [Seq(1), Seq(2)]);
}
