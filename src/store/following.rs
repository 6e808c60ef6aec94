//! How others follow the whole committed history.

use std::sync::Arc;

use tokio::sync::watch;

use super::{ReadError, StoredEvent};
use crate::domain::{Position, UserId};

/// A part of the history in the store's order.
#[derive(Debug, Default)]
pub struct Followed {
    /// The events, each with its position.
    pub events: Vec<(Position, Arc<StoredEvent>)>,
    /// Every event up to this position is in [`Self::events`], was read before, or is left out.
    pub through: Position,
    /// Whether there may be more after [`Self::through`].
    pub has_more: bool,
}

/// The whole history, for those that follow it: each has a cursor of its own, reads what comes
/// after it, and moves it.
///
/// A follower runs on a thread of its own: the methods may block for as long as the disk takes.
pub trait Following: Send + Sync {
    /// The position of the last event.
    fn end(&self) -> Position;

    /// The events after `after`, at most `limit`: those of one family, or all.
    ///
    /// Whoever has read up to a position never finds a new event at or before it later. Left out are
    /// events of an account whose deletion has started, events that another program has written, and
    /// rows that are no events.
    fn events_since(
        &self,
        after: Position,
        family: Option<&UserId>,
        limit: usize,
    ) -> Result<Followed, ReadError>;

    /// About how many events there are after a position. Reads none of them.
    fn count_since(&self, after: Position) -> usize;

    /// Changes after each commit that has an event. A change may be lost, merged with others, or
    /// repeated: a follower must also look from time to time.
    fn wakeups(&self) -> watch::Receiver<()>;

    /// What was kept for the follower of that name.
    fn cursor(&self, follower: &str) -> SavedCursor;

    /// Keeps a follower's cursor with the data, in place of the one before. It becomes durable with
    /// the next checkpoint, with a purge, or when the store is closed; an older one may be returned
    /// after a crash.
    fn save_cursor(&self, follower: &str, cursor: String);

    /// Notes how far a follower has come, for a start after this process was killed. It is cheap and
    /// never durable.
    fn note_cursor(&self, follower: &str, cursor: String);

    /// Takes the lease for a purpose; `None` while another holder has it.
    fn lease(&self, purpose: Purpose) -> Option<Lease>;
}

/// What was kept for a follower.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SavedCursor {
    /// The last [`Following::save_cursor`] that became durable.
    pub saved: Option<String>,
    /// The last [`Following::note_cursor`] before the last process was killed; `None` if the machine
    /// may have been restarted since, so that what was not durable may be lost.
    pub noted: Option<String>,
}

/// What only one server does at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// Writing the audit log.
    AuditLog,
    /// Deleting accounts on schedule.
    DeletionSchedule,
    /// Removing expired sessions and idempotency keys.
    Expiry,
}

/// The right to be the one server that does something. Dropping it gives it back.
pub struct Lease(Box<dyn HeldLease>);

/// A store's side of a [`Lease`], which it gives back when it is dropped.
pub trait HeldLease: Send + Sync {
    /// Whether the lease has not been lost meanwhile.
    fn is_held(&self) -> bool;
}

impl Lease {
    /// A lease that `held` gives back.
    pub fn new(held: impl HeldLease + 'static) -> Self {
        Self(Box::new(held))
    }

    /// Whether it is still valid: another server may have taken over from one that the store could
    /// not reach.
    pub fn is_held(&self) -> bool {
        self.0.is_held()
    }
}
