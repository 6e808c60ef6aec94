use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use imbl::OrdSet;

use super::full_leaves::in_full_leaves;
use crate::store::json::tinydb::RowNumber;

/// The hash of a name, and a row of that name.
pub(super) type Entry = (u64, RowNumber);

/// The rows of names. Clones share what is equal.
///
/// It keeps a hash of each name instead of the name: sixteen bytes for a row. Two names may have the same hash, so
/// whoever looks for a name must check the rows.
#[derive(Clone, Default)]
pub(super) struct Named {
    rows: OrdSet<Entry>,
    hasher: RandomState,
}

impl Named {
    /// The rows of a name, and of others with its hash, in the order of their numbers.
    pub(super) fn rows(&self, name: &str) -> impl Iterator<Item = RowNumber> {
        self.rows_after(name, RowNumber::MIN)
    }

    /// The same from a number on.
    pub(super) fn rows_after(
        &self,
        name: &str,
        first: RowNumber,
    ) -> impl Iterator<Item = RowNumber> {
        let hash = self.hasher.hash_one(name);
        let rows = self.rows.range((hash, first)..);
        rows.take_while(move |(other, _)| *other == hash).map(|(_, row)| *row)
    }

    /// What is kept of a row of that name.
    pub(super) fn entry(&self, name: &str, row: RowNumber) -> Entry {
        (self.hasher.hash_one(name), row)
    }

    pub(super) fn add(&mut self, name: &str, row: RowNumber) {
        self.rows.insert(self.entry(name, row));
    }

    /// Adds many at once, in their order: the next one belongs to the leaf that was changed last, or beside it.
    pub(super) fn extend(&mut self, mut entries: Vec<Entry>) {
        entries.sort_unstable();
        self.rows.extend(in_full_leaves(entries));
    }

    pub(super) fn remove(&mut self, name: &str, row: RowNumber) {
        self.rows.remove(&self.entry(name, row));
    }
}
