//! How the sums of a child are brought up to date.
//!
//! They are computed from the events when they are first used, and continued with the newer events at each
//! use. So each use sees every event that was committed before it, by whichever server.

use std::sync::Arc;

use super::kept_sums::ReadSums;
use crate::domain::progress::{DailySums, Step};
use crate::domain::{ChildId, EventId, Seq, User, UserId};
use crate::service::{Service, ServiceError};
use crate::store::{FoundEvent, Store, StoredEvent};

/// The number of events that are read at once.
const EVENTS_AT_ONCE: usize = 2_000;

/// A part of a child's history.
pub(in crate::service) struct NextEvents {
    pub(in crate::service) events: Vec<StoredEvent>,
    /// The number up to which the part contains all events.
    pub(in crate::service) through: Seq,
    /// Whether no more events were committed.
    pub(in crate::service) is_last: bool,
}

impl Service {
    /// Returns the sums of a child's events, including all that are committed now.
    pub(in crate::service) async fn daily_sums(
        &self,
        user: &User,
        child: &ChildId,
    ) -> Result<Arc<DailySums>, ServiceError> {
        let (calendar, shared) = (self.calendar(user), self.kept_sums.of(&user.id, child));
        let mut kept = shared.lock().await;
        if kept.as_ref().is_some_and(|read| *read.sums.calendar() != calendar) {
            *kept = None;
        }
        let read = kept.get_or_insert_with(|| ReadSums::new(calendar));
        self.continue_sums(&user.id, child, read).await?;
        self.kept_sums.weigh(&user.id, child, read.sums.days());
        Ok(Arc::clone(&read.sums))
    }

    /// Adds the newer events. After an error, or if the future is dropped, the sums are those of fewer events.
    async fn continue_sums(
        &self,
        family: &UserId,
        child: &ChildId,
        read: &mut ReadSums,
    ) -> Result<(), ServiceError> {
        let head = self.store.head(family).await?;
        while read.through < head {
            let next = self.next_events(family, child, read.through).await?;
            for stored in next.events {
                let reversed = match stored.event.reverses().map(EventId::from) {
                    Some(id) => self.store.find_event(family, child, &id).await?,
                    None => None,
                };
                let step = Step::of(&stored.event, reversed.as_ref().map(|it| &it.event));
                read.add(step.as_ref(), stored.seq);
            }
            read.through = if next.is_last { next.through.max(head) } else { next.through };
        }
        Ok(())
    }

    /// Reads a child's next events after a number.
    pub(in crate::service) async fn next_events(
        &self,
        family: &UserId,
        child: &ChildId,
        after: Seq,
    ) -> Result<NextEvents, ServiceError> {
        let found = self.store.events_after(family, Some(child), after, EVENTS_AT_ONCE).await?;
        let number = |found: &FoundEvent| match found {
            Ok(stored) => stored.seq,
            Err(malformed) => Seq(malformed.number),
        };
        Ok(NextEvents {
            through: found.last().map_or(after, number),
            is_last: found.len() < EVENTS_AT_ONCE,
            // A row that is not an event counts for nothing.
            events: found.into_iter().flatten().collect(),
        })
    }
}
