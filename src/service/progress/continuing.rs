//! How the sums of a child are brought up to date.
//!
//! They are computed from the events when they are first used, and continued with the newer events at each
//! use. So each use sees every event that was committed before it, by whichever server.

use std::sync::Arc;

use super::histories::Sums;
use crate::domain::progress::{History, Step};
use crate::domain::{ChildId, EventId, Seq, User, UserId};
use crate::service::{Service, ServiceError};
use crate::store::Store;

/// The number of events that are read at once.
const EVENTS_AT_ONCE: usize = 2_000;

impl Service {
    /// Returns the sums of a child's events, including all that are committed now.
    pub(super) async fn history(
        &self,
        user: &User,
        child: &ChildId,
    ) -> Result<Arc<History>, ServiceError> {
        let (calendar, entry) = (self.calendar(user), self.histories.of(&user.id, child));
        let mut kept = entry.lock().await;
        if kept.as_ref().is_some_and(|sums| *sums.history.calendar() != calendar) {
            *kept = None;
        }
        let sums = kept.get_or_insert_with(|| Sums::new(calendar));
        self.continue_sums(&user.id, child, sums).await?;
        self.histories.weigh(&user.id, child, sums.history.days());
        Ok(Arc::clone(&sums.history))
    }

    /// Adds the newer events. After an error, or if the future is dropped, the sums are those of fewer events.
    async fn continue_sums(
        &self,
        family: &UserId,
        child: &ChildId,
        sums: &mut Sums,
    ) -> Result<(), ServiceError> {
        let head = self.store.head(family).await?;
        while sums.through < head {
            let after = sums.through;
            let found = self.store.events_after(family, Some(child), after, EVENTS_AT_ONCE).await?;
            let is_last = found.len() < EVENTS_AT_ONCE;
            for found in found {
                // A row that is not an event counts for nothing.
                let stored = match found {
                    Ok(stored) => stored,
                    Err(malformed) => {
                        sums.through = Seq(malformed.number);
                        continue;
                    }
                };
                let reversed = match stored.event.reverses().map(EventId::from) {
                    Some(id) => self.store.find_event(family, child, &id).await?,
                    None => None,
                };
                let step = Step::of(&stored.event, reversed.as_ref().map(|it| &it.event));
                sums.add(step.as_ref(), stored.seq);
            }
            if is_last {
                sums.through = sums.through.max(head);
            }
        }
        Ok(())
    }
}
