//! How followers read the whole committed history.

use std::sync::Arc;

use tokio::sync::watch;

use super::{ReadError, StoredEvent};
use crate::domain::{Position, UserId};

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

/// The whole history for followers. Each follower has its own cursor, reads the events after it,
/// and moves it.
///
/// A follower has its own thread, so the methods may block during disk I/O.
pub trait Following: Send + Sync {
    /// The position of the last event.
    fn end(&self) -> Position;

    /// The position that the last event had at most a few seconds ago. Does not block.
    fn recent_end(&self) -> Position {
        self.end()
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

    /// Changes after each commit with an event. A change may be lost, repeated or merged with
    /// others, so a follower must also read at intervals.
    fn wakeups(&self) -> watch::Receiver<()>;

    /// The saved cursors of the follower with that name.
    fn cursor(&self, follower: &str) -> SavedCursor;

    /// Replaces a follower's cursor, which is stored with the data. It becomes durable with the
    /// next checkpoint, with a purge, or when the store is closed. After a crash, an older one may
    /// be returned.
    fn save_cursor(&self, follower: &str, cursor: String);

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

/// Work that only one server does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Writing the audit log.
    AuditLog,
    /// Deleting accounts on schedule.
    DeletionSchedule,
    /// Removing expired sessions and idempotency keys.
    Expiry,
}

/// The right to be the only server that does some work. Dropping it releases it.
pub struct Lease(Box<dyn HeldLease>);

/// The store's part of a [`Lease`]. Dropping it releases the lease.
pub trait HeldLease: Send + Sync {
    /// Whether the lease is still valid.
    fn is_held(&self) -> bool;
}

impl Lease {
    /// A lease that `held` releases when it is dropped.
    pub fn new(held: impl HeldLease + 'static) -> Self {
        Self(Box::new(held))
    }

    /// Whether it is still valid. If the store cannot reach a server, it may give the lease to
    /// another one.
    pub fn is_held(&self) -> bool {
        self.0.is_held()
    }
}
