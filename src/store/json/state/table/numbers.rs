//! Access to a table by the numbers of its rows, and in the order of other numbers.

use std::ops::RangeInclusive;
use std::sync::Arc;

use super::{AnyTable as _, Table};
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::RowImage;
use crate::store::json::tinydb::record::{Record, new_row};

impl<R: Record> Table<R> {
    /// All records, with the numbers of their rows.
    pub(crate) fn numbered(&self) -> impl Iterator<Item = (RowNumber, &Arc<R>)> {
        self.rows.iter().filter_map(|(number, row)| Some((*number, row.record()?)))
    }

    /// The records after a row, with the numbers of their rows.
    pub(crate) fn after(&self, row: RowNumber) -> impl Iterator<Item = (RowNumber, &Arc<R>)> {
        let rows = self.rows.range(row.saturating_add(1)..);
        rows.filter_map(|(number, row)| Some((*number, row.record()?)))
    }

    /// The records of an ordered list with these numbers, in their order: see [`Record::place`].
    pub(crate) fn ordered(
        &self,
        list: Arc<str>,
        numbers: RangeInclusive<i64>,
    ) -> impl Iterator<Item = Arc<R>> {
        self.groups.ordered(list, numbers).filter_map(|row| self.record(row))
    }

    /// The number of the last row; 0 without rows.
    pub(crate) fn last_number(&self) -> RowNumber {
        self.rows.get_max().map_or(0, |(number, _)| *number)
    }

    /// Puts a record after all others, with a number greater than `last`, and removes the record with that
    /// key. Returns the rows that change.
    pub(in super::super) fn put_after(&mut self, last: RowNumber, record: &R) -> Vec<RowImage> {
        let number = self.next_number().max(last + 1);
        let mut rows = self.remove(&record.key());
        let text = Some(new_row(record));
        self.set(number, text.clone());
        rows.push(RowImage { file: R::FILE, number, text });
        rows
    }

    /// Removes the records for which `is_lost` returns true. Returns their number.
    pub(in super::super) fn remove_if(&mut self, is_lost: impl Fn(&R) -> bool) -> usize {
        let lost = self.numbered().filter(|(_, record)| is_lost(record));
        let lost: Vec<RowNumber> = lost.map(|(number, _)| number).collect();
        for number in &lost {
            self.set(*number, None);
        }
        lost.len()
    }
}
