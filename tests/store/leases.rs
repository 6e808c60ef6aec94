//! Audit logs of two servers, of which one has the lease.

use std::fs;
use std::sync::Arc;

use goldstar::clock::Clock;
use goldstar::disk::RealDisk;
use goldstar::followers::audit_log::{
    AuditLog, LineFollower, LogFollower, Settings, Writer, file_name,
};
use goldstar::metrics::Counter;
use goldstar::store::memory::MemoryStore;
use goldstar::store::{Changes, Scope, Snapshot, Store};
use tempfile::TempDir;

use crate::contract::{activation, family};

/// A server's log folder, and what writes into it.
struct Server {
    folder: TempDir,
    writer: LogFollower,
}

impl Server {
    fn new(store: &MemoryStore) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().to_owned();
        let log = AuditLog::new(Arc::new(RealDisk), logs, Settings::default(), Counter::default());
        Self { folder, writer: LogFollower::new(log, store.following()) }
    }

    fn follow(&mut self) {
        while self.writer.round() {}
    }

    /// The ids of the events that have lines.
    fn ids(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join(file_name(&"u".into())));
        let id = |line: &str| {
            let (_, rest) = line.split_once("event_id=").unwrap();
            rest.split_once(' ').unwrap().0.to_owned()
        };
        text.unwrap_or_default().lines().map(id).collect()
    }
}

async fn store() -> MemoryStore {
    let store = MemoryStore::new(Clock::system());
    let put = |_: &dyn Snapshot, _: &mut _| Ok((Changes::of(family()), ()));
    store.transact(Scope::Family("u".into()), put).await.unwrap();
    store
}

/// Commits an event and returns its id.
async fn event(store: &MemoryStore) -> String {
    let decide = |records: &dyn Snapshot, context: &mut _| {
        Ok((activation(records, context, &"c1".into(), &"good".into(), None), ()))
    };
    let commit = store.transact(Scope::Family("u".into()), decide).await.unwrap();
    commit.event.unwrap().event.id.as_str().to_owned()
}

#[tokio::test]
async fn a_server_that_has_lost_the_lease_writes_no_line() {
    let store = store().await;
    let mut first = Server::new(&store);
    let mut second = Server::new(&store);
    let mut ids = vec![event(&store).await];
    for server in [&mut first, &mut second] {
        server.follow();
    }
    assert_eq!((first.ids(), second.ids()), (ids.clone(), Vec::new()), "one holder");

    store.revoke_leases();
    ids.push(event(&store).await);
    second.follow();
    first.follow();
    assert_eq!(first.ids(), ids[..1], "it wrote after it had lost the lease");
    assert!(second.ids().ends_with(&ids[1..]), "{:?}", second.ids());

    second.writer.finish();
    drop(second);
    ids.push(event(&store).await);
    first.follow();
    assert_eq!(first.ids(), [ids[0].clone(), ids[2].clone()], "it continues where the other ended");
}

#[tokio::test]
async fn lines_on_the_standard_output_stop_with_the_lease() {
    let store = store().await;
    let failures = Counter::default;
    let output = || Some(Box::new(std::io::sink()) as Box<_>);
    let mut first = LineFollower::new(output(), store.following(), failures());
    let mut second = LineFollower::new(output(), store.following(), failures());
    event(&store).await;
    while first.round() || second.round() {}
    let before = first.position();
    assert!(second.position() < before);
    store.revoke_leases();
    event(&store).await;
    while second.round() || first.round() {}
    assert_eq!(first.position(), before);
    assert!(second.position() > before);
}
