//! The events after a row.

use std::iter;

use super::{Found, Index, id_hash};
use crate::domain::{EventFilter, Timestamp};
use crate::store::json::tinydb::RowNumber;

impl Index {
    /// The first `limit` matches of `filter` with a row number above `row`, in the order of the
    /// file.
    pub(crate) fn after(&self, row: RowNumber, filter: &EventFilter, limit: usize) -> Vec<Found> {
        self.positions_after(row, filter).take(limit).map(|at| self.found(at)).collect()
    }

    /// The events with a row number above `row` whose ids have the hash of `id`. Visits these rows only.
    pub(crate) fn with_id_after(&self, row: RowNumber, id: &str) -> Vec<Found> {
        let (hash, all) = (id_hash(id), EventFilter::default());
        let later = self.positions_after(row, &all).filter(|at| self.columns.id(*at) == hash);
        later.map(|at| self.found(at)).collect()
    }

    fn positions_after<'a>(
        &'a self,
        row: RowNumber,
        filter: &'a EventFilter,
    ) -> Box<dyn Iterator<Item = usize> + 'a> {
        let first = self.columns.first_after(row);
        let Some(wanted) = self.fields.resolve(filter) else { return Box::new(iter::empty()) };
        let matches = move |at: &usize| self.columns.match_at(wanted, *at);
        let candidates = self.within(filter, wanted);
        // The fewest are visited: those of the child or account, or all after the row.
        if candidates.len() < self.len() - first {
            let later = candidates.iter().map(|at| at as usize).filter(|at| *at >= first);
            let mut found: Vec<_> = later.filter(matches).collect();
            found.sort_unstable();
            return Box::new(found.into_iter());
        }
        let (from, to) =
            (filter.from.map(Timestamp::as_micros), filter.to.map(Timestamp::as_micros));
        Box::new((first..self.len()).filter(matches).filter(move |at| {
            let occurred = self.columns.occurred(*at);
            from.is_none_or(|from| occurred >= from) && to.is_none_or(|to| occurred < to)
        }))
    }

    /// The number of events that [`Self::after`] finds.
    pub(crate) fn count_after(&self, row: RowNumber, filter: &EventFilter, limit: usize) -> usize {
        self.positions_after(row, filter).take(limit).count()
    }
}
