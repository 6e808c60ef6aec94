//! Addresses under which calendar programs read the schedule of a child without a session.

use super::{ChildId, Id, Timestamp, TokenHash, UserId};

pub type CalendarFeedId = Id<CalendarFeed>;

/// An address that shows the schedule of one child to everyone who knows it. It does not expire, and does not end with
/// sessions or a change of the password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CalendarFeed {
    /// The hash of the secret in the address. The secret itself is not stored.
    pub secret_hash: TokenHash,
    /// Identifies the feed in lists. It does not give access to it.
    pub id: CalendarFeedId,
    pub user_id: UserId,
    pub child_id: ChildId,
    pub created_at: Timestamp,
}

impl CalendarFeed {
    /// The number of feeds that a child can have.
    pub const MOST: usize = 5;
}
