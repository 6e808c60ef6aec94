//! Adds all rows of a file at once.

use super::Table;
use super::row::Row;
use crate::store::json::state::full_leaves::in_full_leaves;
use crate::store::json::state::named::Entry;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::record::Record;

impl<R: Record> Table<R> {
    /// Adds the rows of a file to an empty table, in the order of their numbers.
    pub(super) fn fill(&mut self, rows: Vec<(RowNumber, Row<R>)>) {
        let records = || rows.iter().filter_map(|(number, row)| Some((*number, &**row.record()?)));
        self.groups.add(records());
        let key = |(number, record): (_, &R)| self.by_key.entry(&record.key(), number);
        let keys = records().map(key).collect();
        let unreadable = rows.iter().filter(|(_, row)| row.record().is_none());
        self.strays = unreadable.map(|(number, _)| *number).collect();
        self.rows = in_full_leaves(rows).collect();
        self.index_keys(keys);
    }

    /// Of the rows with one key, the first is found, as in TinyDB's `get`.
    pub(super) fn index_keys(&mut self, mut keys: Vec<Entry>) {
        keys.sort_unstable();
        let mut first: Vec<Entry> = Vec::with_capacity(keys.len());
        for (hash, number) in keys {
            let mut same = first.iter().rev().take_while(|(other, _)| *other == hash);
            if same.any(|(_, earlier)| self.key_of(*earlier) == self.key_of(number)) {
                self.strays.insert(number);
            } else {
                first.push((hash, number));
            }
        }
        self.by_key.extend(first);
    }
}
