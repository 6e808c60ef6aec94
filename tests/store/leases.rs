//! Audit logs of two servers, of which one has the lease.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use goldstar::clock::Clock;
use goldstar::disk::RealDisk;
use goldstar::domain::{MessagePosition, Position, UserId, log_name};
use goldstar::followers::audit_log::{AuditLog, LineFollower, LogFollower, Settings, Writer};
use goldstar::metrics::Counter;
use goldstar::store::memory::MemoryStore;
use goldstar::store::{
    Changes, Fence, Followed, FollowedMessages, Following, Lease, Purpose, ReadError, SavedCursor,
    Scope, Snapshot, Store,
};
use tempfile::TempDir;
use tokio::sync::watch;

use crate::contract::{activation, family};

/// A server's log folder, and what writes into it.
struct Server {
    folder: TempDir,
    writer: LogFollower,
}

impl Server {
    fn new(store: &MemoryStore) -> Self {
        Self::on(store.following())
    }

    fn on(history: Arc<dyn Following>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().to_owned();
        let log = AuditLog::new(Arc::new(RealDisk), logs, Settings::default(), Counter::default());
        Self { folder, writer: LogFollower::new(log, history) }
    }

    fn follow(&mut self) {
        while self.writer.round() {}
    }

    /// The ids of the events that have lines.
    fn ids(&self) -> Vec<String> {
        let text = fs::read_to_string(self.folder.path().join(log_name(&"u".into())));
        let id = |line: &str| {
            let (_, rest) = line.split_once("event_id=").unwrap();
            rest.split_once(' ').unwrap().0.to_owned()
        };
        text.unwrap_or_default().lines().map(id).collect()
    }
}

/// The history for a server that is paused after each read: it loses its lease then.
struct Paused {
    store: MemoryStore,
    history: Arc<dyn Following>,
    loses: Arc<AtomicBool>,
}

impl Following for Paused {
    fn end(&self) -> Position {
        self.history.end()
    }

    fn events_since(
        &self,
        after: Position,
        family: Option<&UserId>,
        limit: usize,
    ) -> Result<Followed, ReadError> {
        let page = self.history.events_since(after, family, limit);
        if self.loses.load(Ordering::SeqCst) {
            self.store.revoke_leases();
        }
        page
    }

    fn count_since(&self, after: Position) -> usize {
        self.history.count_since(after)
    }

    fn messages_end(&self) -> Result<MessagePosition, ReadError> {
        self.history.messages_end()
    }

    fn messages_since(
        &self,
        after: MessagePosition,
        limit: usize,
    ) -> Result<FollowedMessages, ReadError> {
        self.history.messages_since(after, limit)
    }

    fn wakeups(&self) -> watch::Receiver<()> {
        self.history.wakeups()
    }

    fn cursor(&self, follower: &str) -> Result<SavedCursor, ReadError> {
        self.history.cursor(follower)
    }

    fn save_cursor(&self, follower: &str, cursor: String, lease: &Fence) {
        self.history.save_cursor(follower, cursor, lease);
    }

    fn note_cursor(&self, follower: &str, cursor: String) {
        self.history.note_cursor(follower, cursor);
    }

    fn lease(&self, purpose: Purpose) -> Option<Lease> {
        self.history.lease(purpose)
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
async fn a_server_that_was_paused_while_it_read_writes_no_line() {
    let store = store().await;
    let loses = Arc::new(AtomicBool::new(false));
    let (history, paused) = (store.following(), Arc::clone(&loses));
    let mut first = Server::on(Arc::new(Paused { store: store.clone(), history, loses }));
    let mut second = Server::new(&store);
    let mut ids = vec![event(&store).await];
    first.follow();
    ids.push(event(&store).await);
    paused.store(true, Ordering::SeqCst);
    first.writer.round();
    second.follow();
    assert_eq!(first.ids(), ids[..1], "another server may have written the line");
    assert!(second.ids().ends_with(&ids[1..]), "{:?}", second.ids());
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
