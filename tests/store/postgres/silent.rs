//! A process of the database that does not respond, as behind a network that drops packets.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use goldstar::store::{Scope, Store};

use super::open;
use super::servers::{activate, put};
use crate::cluster::{Cluster, Options, execute, new_database};
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

/// The timers of a process's connections to a port, as `/proc/net/tcp` has them: the kind, and after how
/// many hundredths of a second it ends.
fn timers(port: u16) -> Vec<(String, u32)> {
    const ESTABLISHED: &str = "01";
    let remote = format!("0100007F:{port:04X}");
    let table = fs::read_to_string("/proc/net/tcp").unwrap();
    let fields = table.lines().map(|line| line.split_ascii_whitespace().collect::<Vec<_>>());
    let of_port = fields.filter(|fields| fields[2] == remote && fields[3] == ESTABLISHED);
    let timer = |fields: Vec<&str>| {
        let (kind, end) = fields[5].split_once(':').unwrap();
        (kind.to_owned(), u32::from_str_radix(end, 16).unwrap())
    };
    of_port.map(timer).collect()
}

#[tokio::test]
#[cfg(target_os = "linux")]
async fn the_system_examines_connections_that_are_silent_for_15_seconds() {
    const KEEPALIVE: &str = "02";
    let cluster = Cluster::start(Options { tcp: true, ..Options::default() });
    cluster.new_database();
    let store = open(&format!("postgres://goldstar@{}/test0", cluster.address())).await.unwrap();
    put(&store, family()).await.unwrap();
    let port = cluster.address().rsplit_once(':').unwrap().1.parse().unwrap();
    // A connection that has just sent something waits for its acknowledgement first.
    let are_examined = |timers: &[(String, u32)]| {
        timers.len() >= 2 && timers.iter().all(|(kind, end)| kind == KEEPALIVE && *end <= 1500)
    };
    let start = Instant::now();
    loop {
        let found = timers(port);
        if are_examined(&found) {
            break;
        }
        assert!(start.elapsed() < Duration::from_secs(20), "{found:?}");
        tokio::task::yield_now().await;
    }
}
