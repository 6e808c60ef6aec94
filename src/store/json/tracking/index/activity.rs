//! Counts the events of each day.

use std::collections::HashSet;

use super::fields::Names;
use super::{Index, Position, SCANNED_AT_ONCE};
use crate::domain::Timestamp;
use crate::store::{Activity, DAY};

/// A count that has not reached the end yet.
pub(crate) struct Count {
    first: Timestamp,
    /// The number of events at the start. Later ones do not count.
    end: usize,
    /// The event that was counted last.
    after: Option<Position>,
    /// The day whose accounts `today` contains.
    day: usize,
    today: HashSet<u32>,
    accounts: HashSet<u32>,
    activity: Activity,
}

impl Count {
    /// Counts the events of an index on a number of days of 24 hours, the first of which starts at `first`.
    pub(crate) fn new(index: &Index, first: Timestamp, days: usize) -> Self {
        Self {
            first,
            end: index.len(),
            after: None,
            day: 0,
            today: HashSet::new(),
            accounts: HashSet::new(),
            activity: Activity::new(days),
        }
    }

    /// Counts the next events, a bounded number. Returns false at the end.
    pub(crate) fn advance(&mut self, index: &Index) -> bool {
        let key = |at: Position| (index.times(at), at);
        let by_time = index.by_time.positions();
        let next = match self.after.map(key) {
            Some(after) => by_time.partition_point(|at| key(at) <= after),
            None => index.first_since(by_time, Some(self.first)),
        };
        let rest = by_time.part(next..by_time.len());
        for at in rest.iter().take(SCANNED_AT_ONCE) {
            self.after = Some(at);
            let at = at as usize;
            let since = Timestamp::from_micros(index.columns.occurred(at)).since(self.first);
            let day = usize::try_from(since.as_secs() / DAY.as_secs()).unwrap_or(usize::MAX);
            if day >= self.activity.days.len() {
                return false;
            }
            if at < self.end {
                self.add(day, index, at);
            }
        }
        rest.len() > SCANNED_AT_ONCE
    }

    fn add(&mut self, day: usize, index: &Index, at: usize) {
        if day != self.day {
            self.day = day;
            self.today.clear();
        }
        let counted = &mut self.activity.days[day];
        counted.add(index.columns.entity_type(at));
        let user = index.columns.user(at);
        if user != Names::NONE && self.today.insert(user) {
            counted.active_accounts += 1;
            self.accounts.insert(user);
        }
    }

    pub(crate) fn finish(self) -> Activity {
        Activity { active_accounts: self.accounts.len() as u64, ..self.activity }
    }
}
