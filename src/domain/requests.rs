//! Requests that have ended.

use std::sync::Arc;
use std::time::Duration;

use super::{Amount, ChildId, EntityType, EventId, RequestId, Timestamp, UserId};

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// A parent redeemed the reward.
    Redeemed,
    /// A parent activated the task.
    Activated,
    Cancelled,
    /// Its child, task or reward was deleted, or the task can no longer be requested.
    Deleted,
}

impl Ending {
    pub const ALL: [Self; 4] = [Self::Redeemed, Self::Activated, Self::Cancelled, Self::Deleted];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Redeemed => "redeemed",
            Self::Activated => "activated",
            Self::Cancelled => "cancelled",
            Self::Deleted => "deleted",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ending| ending.as_str() == text)
    }
}

/// A request that has ended, so that a late answer to it can be recognised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndedRequest {
    pub id: RequestId,
    pub user_id: UserId,
    pub child_id: ChildId,
    /// A task or a reward.
    pub entity_type: EntityType,
    pub entity_id: Arc<str>,
    /// The cost or the points that the request recorded.
    pub price: Option<Amount>,
    /// `None` if an older file does not contain it.
    pub requested_at: Option<Timestamp>,
    pub ended: Ending,
    pub ended_at: Timestamp,
    /// The event that ended it; `None` for [`Ending::Deleted`].
    pub event_id: Option<EventId>,
}

impl EndedRequest {
    pub const LIFETIME: Duration = Duration::from_hours(30 * 24);

    /// Whether it is still remembered at that time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.ended_at.after(Self::LIFETIME)
    }
}
