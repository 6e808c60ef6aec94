use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::watch;

use super::MemoryStore;
use crate::domain::{Deletion, EventFilter, MessagePosition, Position, UserId};
use crate::store::{
    Fence, Followed, FollowedMessages, Following, Lease, Purpose, ReadError, SavedCursor,
    Snapshot as _,
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

    fn messages_end(&self) -> Result<MessagePosition, ReadError> {
        Ok(MessagePosition { transaction: 0, number: self.inner.lock().messages.last() })
    }

    fn messages_since(
        &self,
        after: MessagePosition,
        limit: usize,
    ) -> Result<FollowedMessages, ReadError> {
        let inner = self.inner.lock();
        let mut found = FollowedMessages { through: after, ..FollowedMessages::default() };
        let mut later = inner.messages.numbered().filter(|(number, _)| *number > after.number);
        for (number, message) in later.by_ref().take(limit) {
            found.through.number = number;
            let user = inner.records.user(&message.user_id);
            if !user.is_some_and(|user| user.deletion.as_ref().is_some_and(Deletion::has_started)) {
                found.messages.push((found.through, Arc::clone(message)));
            }
        }
        found.has_more = later.next().is_some();
        Ok(found)
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
