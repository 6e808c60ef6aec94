//! The daily sums of the children that were used last, kept in memory.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::domain::calendar::Calendar;
use crate::domain::progress::{DailySums, Step};
use crate::domain::{ChildId, Seq, UserId};

/// The number of days that are kept for all children together. docs/performance.md has their memory.
const MAX_DAYS: usize = 200_000;

/// The sums of the children that were used last.
#[derive(Default)]
pub(in crate::service) struct KeptSums(Mutex<Kept>);

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
    sums: SharedSums,
}

/// The sums of a child; `None` until its events are read. One request at a time continues them.
type SharedSums = Arc<tokio::sync::Mutex<Option<ReadSums>>>;

/// The sums of a child's events up to a number.
pub(super) struct ReadSums {
    pub(super) sums: Arc<DailySums>,
    pub(super) through: Seq,
}

impl KeptSums {
    /// The sums of a child, for the caller to continue.
    pub(super) fn of(&self, family: &UserId, child: &ChildId) -> SharedSums {
        let mut kept = self.0.lock();
        kept.uses += 1;
        let last_use = kept.uses;
        let entry = kept.entries.entry((family.clone(), child.clone())).or_default();
        entry.last_use = last_use;
        Arc::clone(&entry.sums)
    }

    /// Records how many days a child's sums have, and forgets the sums that were not used for the longest time
    /// if there are too many days.
    pub(super) fn weigh(&self, family: &UserId, child: &ChildId, days: usize) {
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

impl ReadSums {
    pub(super) fn new(calendar: Calendar) -> Self {
        Self { sums: Arc::new(DailySums::new(calendar)), through: Seq::START }
    }

    /// Adds what the event with that number means.
    pub(super) fn add(&mut self, step: Option<&Step>, number: Seq) {
        if let Some(step) = step {
            // Responses that are being written keep the earlier sums.
            Arc::make_mut(&mut self.sums).apply(step);
        }
        self.through = number;
    }
}
