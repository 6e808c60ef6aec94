//! A process of the database that does not respond, as behind a network that drops packets.

use std::process::Command;

use goldstar::store::{Scope, Store};

use super::open;
use super::servers::{activate, put};
use crate::cluster::{execute, new_database};
use crate::contract::bench::family;

/// The processes of the pool's connections.
const POOL: &str = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                    AND application_name = 'goldstar' AND query NOT LIKE 'LISTEN%'";

/// Stops processes, and continues them at the end: otherwise the cluster could not stop.
struct Stopped(Vec<String>);

impl Stopped {
    fn of(pids: Vec<String>) -> Self {
        signal("STOP", &pids);
        Self(pids)
    }
}

impl Drop for Stopped {
    fn drop(&mut self) {
        signal("CONT", &self.0);
    }
}

fn signal(name: &str, pids: &[String]) {
    let done = Command::new("kill").arg(format!("-{name}")).args(pids).status().unwrap();
    assert!(done.success() || name == "CONT", "{pids:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_has_not_responded_is_not_used_again() {
    let url = new_database();
    let store = open(&url).await.unwrap();
    put(&store, family()).await.unwrap();
    let stopped = Stopped::of(execute(&url, POOL));
    assert!(!stopped.0.is_empty());
    let read = || async { store.read(Scope::Family("u".into())).await.map(|_| ()) };
    // Each of these gets a stopped connection, if there is one left, and none gets it twice.
    let reads = (0..stopped.0.len()).map(|_| read());
    let failed = futures_util::future::join_all(reads).await;
    assert!(failed.iter().any(Result::is_err), "{failed:?}");
    for _ in 0..stopped.0.len() {
        read().await.unwrap();
    }
    activate(&store).await.unwrap();
}
