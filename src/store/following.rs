//! How followers read the whole committed history.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Fence, Lease, Purpose, ReadError, StoredEvent};
use crate::domain::{Message, MessagePosition, Position, UserId};

/// A part of the history in the store's order.
#[derive(Debug, Default)]
pub struct Followed {
    /// The events, each with its position.
    pub events: Vec<(Position, Arc<StoredEvent>)>,
    /// Every event up to this position is in [`Self::events`], was read before, or is omitted.
    pub through: Position,
    /// Whether there may be more after [`Self::through`].
    pub has_more: bool,
}

/// A part of the messages in the store's order.
#[derive(Debug, Default)]
pub struct FollowedMessages {
    /// The messages, each with its position.
    pub messages: Vec<(MessagePosition, Arc<Message>)>,
    /// Every message up to this position is in [`Self::messages`], was read before, or is omitted.
    pub through: MessagePosition,
    /// Whether there may be more after [`Self::through`].
    pub has_more: bool,
}

/// The whole history for followers. Each follower has its own cursor, reads the events after it,
/// and moves it.
///
/// A follower has its own thread, so the methods may block during disk I/O.
pub trait Following: Send + Sync {
    /// The position of the last event.
    fn end(&self) -> Position;

    /// Like [`Self::end`]; fails if the history cannot be read now.
    fn read_end(&self) -> Result<Position, ReadError> {
        Ok(self.end())
    }

    /// The events after `after`, at most `limit`: those of one family, or all.
    ///
    /// After a position was read, no new event appears at or before it. Omitted are events of an
    /// account whose deletion has started, events that another program has written, and rows that
    /// are not events.
    fn events_since(
        &self,
        after: Position,
        family: Option<&UserId>,
        limit: usize,
    ) -> Result<Followed, ReadError>;

    /// The approximate number of events after a position, without reading them.
    fn count_since(&self, after: Position) -> usize;

    /// The position of the last message.
    fn messages_end(&self) -> Result<MessagePosition, ReadError>;

    /// The messages after `after`, at most `limit`. As with events, no new message appears at or before a
    /// position that was read, and messages of an account whose deletion has started are omitted. A
    /// message that was replaced or removed meanwhile is omitted, too.
    fn messages_since(
        &self,
        after: MessagePosition,
        limit: usize,
    ) -> Result<FollowedMessages, ReadError>;

    /// Changes after each commit with an event or a message. A change may be lost, repeated or merged with
    /// others, so a follower must also read at intervals.
    fn wakeups(&self) -> watch::Receiver<()>;

    /// The saved cursors of the follower with that name.
    fn cursor(&self, follower: &str) -> Result<SavedCursor, ReadError>;

    /// Replaces a follower's cursor, which is stored with the data, unless the follower's lease is
    /// lost. It becomes durable with the next checkpoint, with a purge, or when the store is closed.
    /// After a crash, an older one may be returned.
    fn save_cursor(&self, follower: &str, cursor: String, lease: &Fence);

    /// Stores a follower's position for a start after this process is killed. It is fast and never
    /// durable.
    fn note_cursor(&self, follower: &str, cursor: String);

    /// Takes the lease for a purpose; `None` while another holder has it.
    fn lease(&self, purpose: Purpose) -> Option<Lease>;
}

/// The saved cursors of a follower.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedCursor {
    /// The last durable [`Following::save_cursor`].
    pub saved: Option<String>,
    /// The last [`Following::note_cursor`] before the previous process was killed; `None` if the
    /// machine may have been restarted since, because data that was not durable may be lost then.
    pub noted: Option<String>,
}
