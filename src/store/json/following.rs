//! How followers read: the newest events from memory, the others from the tracking file.

use std::sync::Arc;

use tokio::sync::watch;

use super::shared::Shared;
use super::tinydb::RowNumber;
use super::tracking::Newest;
use crate::domain::{Deletion, EventFilter, MessagePosition, Position, UserId};
use crate::store::{
    Fence, Followed, FollowedMessages, Following, Lease, Purpose, ReadError, SavedCursor,
    StoredEvent,
};

impl Shared {
    /// Whether followers get an event.
    fn is_followed(&self, event: &StoredEvent) -> bool {
        if self.follow.is_foreign(event.seq.0) {
            return false;
        }
        event.event.user_id.as_ref().is_none_or(|user_id| !self.is_deleted(user_id))
    }

    /// Whether the deletion of an account has started.
    fn is_deleted(&self, user_id: &UserId) -> bool {
        let user = self.state.load().users.get(user_id.as_str());
        user.is_some_and(|user| user.deletion.as_ref().is_some_and(Deletion::has_started))
    }
}

impl Following for Shared {
    fn end(&self) -> Position {
        Position(self.tracking.last_row())
    }

    fn events_since(
        &self,
        Position(after): Position,
        family: Option<&UserId>,
        limit: usize,
    ) -> Result<Followed, ReadError> {
        let filter = EventFilter { user_id: family.cloned(), ..EventFilter::default() };
        let in_memory = family.is_none().then(|| self.follow.newest_after(after, limit)).flatten();
        let (events, through, has_more) = if let Some((events, has_more)) = in_memory {
            let through = events.last().map_or(after, |event| event.seq.0);
            (events, through, has_more)
        } else {
            let Newest { events, through, has_more } =
                self.tracking.rows_after(after, &filter, limit)?;
            (events.into_iter().map(Arc::new).collect(), through, has_more)
        };
        let followed = events.into_iter().filter(|event| self.is_followed(event));
        let events = followed.map(|event| (Position(event.seq.0), event)).collect();
        Ok(Followed { events, through: Position(through), has_more })
    }

    fn count_since(&self, Position(after): Position) -> usize {
        self.tracking.count_after(after, &EventFilter::default(), usize::MAX)
    }

    fn messages_end(&self) -> Result<MessagePosition, ReadError> {
        Ok(at(self.state.load().messages.last_number()))
    }

    fn messages_since(
        &self,
        after: MessagePosition,
        limit: usize,
    ) -> Result<FollowedMessages, ReadError> {
        let state = self.state.load();
        let mut found = FollowedMessages { through: after, ..FollowedMessages::default() };
        for (number, message) in state.messages.after(after.number).take(limit) {
            found.through = at(number);
            if !self.is_deleted(&message.user_id) {
                found.messages.push((at(number), Arc::clone(message)));
            }
        }
        found.has_more = state.messages.last_number() > found.through.number;
        Ok(found)
    }

    fn wakeups(&self) -> watch::Receiver<()> {
        self.follow.subscribe()
    }

    fn cursor(&self, follower: &str) -> Result<SavedCursor, ReadError> {
        Ok(self.follow.cursor(follower))
    }

    fn save_cursor(&self, follower: &str, cursor: String, lease: &Fence) {
        if lease.check().is_ok() {
            self.follow.save_cursor(follower, cursor);
        }
    }

    fn note_cursor(&self, follower: &str, cursor: String) {
        if self.check_not_lost().is_ok() {
            self.follow.note_cursor(follower, cursor);
        }
    }

    fn lease(&self, purpose: Purpose) -> Option<Lease> {
        self.follow.lease(purpose)
    }
}

fn at(number: RowNumber) -> MessagePosition {
    MessagePosition { transaction: 0, number }
}
