//! Requests that have ended.

use std::sync::Arc;
use std::time::Duration;

use super::{Amount, ChildId, EntityType, EventId, Note, RequestId, Timestamp, UserId};

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
    /// The note of the request, which is pending again with it if the approval is reversed.
    pub note: Option<Note>,
    pub ended: Ending,
    pub ended_at: Timestamp,
    /// The event that ended it; `None` for [`Ending::Deleted`].
    pub event_id: Option<EventId>,
}

impl EndedRequest {
    pub const LIFETIME: Duration = Duration::from_hours(30 * 24);
    /// The most that are remembered for a family. A child can request and cancel without end, and each
    /// transaction of the family may load them all.
    pub const MOST: usize = 200;

    /// Whether it is still remembered at that time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.ended_at.after(Self::LIFETIME)
    }

    /// The requests of a family that are no longer remembered when `more` requests end: the oldest beyond
    /// [`Self::MOST`].
    pub fn forgotten(mut ended: Vec<Arc<Self>>, more: usize) -> impl Iterator<Item = RequestId> {
        let excess = (ended.len() + more).saturating_sub(Self::MOST);
        if excess > 0 {
            ended.sort_by_key(|request| request.ended_at);
        }
        ended.into_iter().take(excess).map(|request| request.id.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(number: usize) -> Arc<EndedRequest> {
        Arc::new(EndedRequest {
            id: number.to_string().into(),
            user_id: "u".into(),
            child_id: "c".into(),
            entity_type: EntityType::Task,
            entity_id: "t".into(),
            price: None,
            requested_at: None,
            note: None,
            ended: Ending::Cancelled,
            ended_at: Timestamp::EPOCH.after(Duration::from_secs(number as u64)),
            event_id: None,
        })
    }

    #[test]
    fn a_family_remembers_its_newest_requests() {
        let newest_first = |count| (0..count).rev().map(ended).collect();
        let forgotten = |count, more| -> Vec<RequestId> {
            EndedRequest::forgotten(newest_first(count), more).collect()
        };
        assert_eq!(forgotten(EndedRequest::MOST - 1, 1), []);
        assert_eq!(forgotten(EndedRequest::MOST, 1), ["0".into()]);
        assert_eq!(forgotten(EndedRequest::MOST, 3), ["0".into(), "1".into(), "2".into()]);
        assert_eq!(forgotten(2, EndedRequest::MOST), ["0".into(), "1".into()]);
        assert_eq!(forgotten(0, EndedRequest::MOST + 1), []);
    }
}
