//! A table, and the table with the further fields of its records.

use std::ops::Deref;

use super::table::Table;
use crate::store::json::tinydb::details::Extended;
use crate::store::json::tinydb::file::RowImage;
use crate::store::json::tinydb::record::Record as _;

/// The records of two tables: those in memory have the fields of both. Clones are cheap.
#[derive(Clone)]
pub(crate) struct Joined<R: Extended> {
    pub(super) records: Table<R>,
    pub(crate) details: Table<R::Details>,
}

impl<R: Extended> Default for Joined<R> {
    fn default() -> Self {
        Self { records: Table::default(), details: Table::default() }
    }
}

impl<R: Extended> Deref for Joined<R> {
    type Target = Table<R>;

    fn deref(&self) -> &Table<R> {
        &self.records
    }
}

impl<R: Extended> Joined<R> {
    /// Puts a record with its details. Returns the rows that change.
    pub(super) fn put(&mut self, record: R) -> Vec<RowImage> {
        let (key, details) = (record.key(), record.details());
        let is_new = self.records.get(&key).is_none();
        let mut rows = vec![self.records.put(record)];
        match details {
            None => rows.extend(self.details.remove(&key)),
            Some(details) => {
                if is_new {
                    self.records.amend(&key, |record| record.set_details(&details));
                }
                if self.details.get(&key).as_deref() != Some(&details) {
                    rows.push(self.details.put(details));
                }
            }
        }
        rows
    }

    /// Removes every row with that key from both tables.
    pub(super) fn remove(&mut self, key: &str) -> Vec<RowImage> {
        let mut rows = self.records.remove(key);
        rows.extend(self.details.remove(key));
        rows
    }

    /// Gives the records their details, after both tables were read.
    pub(super) fn join(&mut self) {
        for details in self.details.records() {
            self.records.amend(&details.key(), |record| record.set_details(details));
        }
    }

    /// Removes the details of records or accounts that do not exist. Returns the number of rows.
    pub(super) fn remove_orphans(&mut self, has_account: impl Fn(&str) -> bool) -> usize {
        let records = &self.records;
        self.details.remove_if(|details| {
            let owner = details.group();
            !records.has_row(&details.key()) || owner.is_some_and(|id| !has_account(&id))
        })
    }
}
