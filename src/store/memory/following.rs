use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::watch;

use super::MemoryStore;
use crate::domain::{Deletion, EventFilter, Position, UserId};
use crate::store::{
    Fence, Followed, Following, Lease, Purpose, ReadError, SavedCursor, Snapshot as _,
};

impl Following for MemoryStore {
    fn end(&self) -> Position {
        Position(self.inner.lock().last().0)
    }

    fn events_since(
        &self,
        Position(after): Position,
        family: Option<&UserId>,
        limit: usize,
    ) -> Result<Followed, ReadError> {
        if self.faults.following_fails.load(Ordering::SeqCst) {
            return Err(io::Error::other("following fails").into());
        }
        let inner = self.inner.lock();
        let filter = EventFilter { user_id: family.cloned(), ..EventFilter::default() };
        let mut found: Vec<_> =
            inner.matching(&filter).filter(|stored| stored.seq.0 > after).take(limit).collect();
        let has_more = found.len() == limit;
        let last = found.last().map(|stored| stored.seq.0).filter(|_| has_more);
        let through = last.unwrap_or(inner.last().0);
        found.retain(|stored| {
            let user = stored.event.user_id.as_ref().and_then(|id| inner.records.user(id));
            !user.is_some_and(|user| user.deletion.as_ref().is_some_and(Deletion::has_started))
        });
        let events = found.into_iter().map(|it| (Position(it.seq.0), Arc::clone(it))).collect();
        Ok(Followed { events, through: Position(through), has_more })
    }

    fn count_since(&self, Position(after): Position) -> usize {
        self.inner.lock().events.iter().filter(|stored| stored.seq.0 > after).count()
    }

    fn wakeups(&self) -> watch::Receiver<()> {
        self.kept.wakeups.subscribe()
    }

    fn cursor(&self, follower: &str) -> Result<SavedCursor, ReadError> {
        let saved = self.kept.cursors.lock().get(follower).cloned();
        Ok(SavedCursor { saved, noted: None })
    }

    fn save_cursor(&self, follower: &str, cursor: String, lease: &Fence) {
        if lease.check().is_ok() {
            self.kept.cursors.lock().insert(follower.to_owned(), cursor);
        }
    }

    fn note_cursor(&self, _follower: &str, _cursor: String) {}

    fn lease(&self, purpose: Purpose) -> Option<Lease> {
        self.kept.leases.take(purpose)
    }
}
