use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use imbl::OrdSet;

use crate::store::json::tinydb::RowNumber;

/// The rows of names. Clones share what is equal.
///
/// It keeps a hash of each name instead of the name: sixteen bytes for a row. Two names may have the same hash, so
/// whoever looks for a name must check the rows.
#[derive(Clone, Default)]
pub(super) struct Named {
    rows: OrdSet<(u64, RowNumber)>,
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

    pub(super) fn add(&mut self, name: &str, row: RowNumber) {
        self.rows.insert((self.hasher.hash_one(name), row));
    }

    pub(super) fn remove(&mut self, name: &str, row: RowNumber) {
        self.rows.remove(&(self.hasher.hash_one(name), row));
    }
}
