//! The daily sums of children, kept in memory.
//!
//! They are computed from the events when they are first used, and continued with the newer events at each
//! use. So each use sees every event that was committed before it, by whichever server.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::calendar::Calendar;
use crate::domain::progress::{History, Step};
use crate::domain::{ChildId, EventId, Seq, User, UserId};
use crate::service::{Service, ServiceError};
use crate::store::Store;

/// The number of events that are read at once.
const EVENTS_AT_ONCE: usize = 2_000;
/// The number of days that are kept for all children together: about 30 MB.
const MAX_DAYS: usize = 200_000;

/// The sums of the children that were used last.
#[derive(Default)]
pub(in crate::service) struct Histories(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    entries: HashMap<(UserId, ChildId), Entry>,
    /// Counts the uses.
    uses: u64,
    /// The days of all entries.
    days: usize,
}

#[derive(Default)]
struct Entry {
    last_use: u64,
    /// The number of days after the last use.
    days: usize,
    sums: Arc<tokio::sync::Mutex<Option<Sums>>>,
}

/// The sums of a child's events up to a number.
struct Sums {
    history: Arc<History>,
    through: Seq,
}

impl Histories {
    /// The sums of a child, for the caller to continue.
    fn of(&self, family: &UserId, child: &ChildId) -> Arc<tokio::sync::Mutex<Option<Sums>>> {
        let mut kept = self.0.lock();
        kept.uses += 1;
        let last_use = kept.uses;
        let entry = kept.entries.entry((family.clone(), child.clone())).or_default();
        entry.last_use = last_use;
        Arc::clone(&entry.sums)
    }

    /// Records how many days a child's sums have, and forgets the sums that were not used for the longest time
    /// if there are too many days.
    fn weigh(&self, family: &UserId, child: &ChildId, days: usize) {
        let mut kept = self.0.lock();
        if let Some(entry) = kept.entries.get_mut(&(family.clone(), child.clone())) {
            // An entry without days takes memory, too.
            let earlier = std::mem::replace(&mut entry.days, days + 1);
            kept.days = kept.days + days + 1 - earlier;
        }
        if kept.days <= MAX_DAYS {
            return;
        }
        let mut by_use: Vec<_> = kept.entries.values().map(|it| (it.last_use, it.days)).collect();
        by_use.sort_unstable_by(|one, other| other.cmp(one));
        let mut days = 0;
        let newest = by_use.into_iter().take_while(|(_, own)| {
            days += own;
            days <= MAX_DAYS / 2
        });
        let oldest = newest.last().map_or(kept.uses, |(last_use, _)| last_use);
        kept.entries.retain(|_, entry| entry.last_use >= oldest);
        kept.days = kept.entries.values().map(|entry| entry.days).sum();
    }
}

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

impl Sums {
    fn new(calendar: Calendar) -> Self {
        Self { history: Arc::new(History::new(calendar)), through: Seq::START }
    }

    /// Adds what the event with that number means.
    fn add(&mut self, step: Option<&Step>, number: Seq) {
        if let Some(step) = step {
            // Responses that are being written keep the earlier sums.
            Arc::make_mut(&mut self.history).apply(step);
        }
        self.through = number;
    }
}
