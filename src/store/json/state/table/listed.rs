//! The records of a group or of a list.

use std::sync::Arc;

use super::Table;
use crate::domain::Page;
use crate::store::Listing;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::record::Record;

impl<R: Record> Table<R> {
    /// The records of a group, in the order of their row numbers.
    pub(crate) fn group(&self, group: &str) -> Vec<Arc<R>> {
        self.grouped(group, RowNumber::MIN).map(|(_, record)| Arc::clone(record)).collect()
    }

    /// The first `limit` records of a group after a row number, in the order of their row numbers.
    pub(crate) fn group_after(
        &self,
        group: &str,
        after: RowNumber,
        limit: usize,
    ) -> Vec<(RowNumber, Arc<R>)> {
        let later = self.grouped(group, after.saturating_add(1));
        later.map(|(row, record)| (row, Arc::clone(record))).take(limit).collect()
    }

    /// The number of records in a group.
    pub(crate) fn group_len(&self, group: &str) -> usize {
        self.grouped(group, RowNumber::MIN).count()
    }

    /// A page of the records of a group, in the order of their row numbers.
    pub(crate) fn group_page(&self, group: &str, page: Page) -> Listing<Arc<R>> {
        page_of(self.grouped(group, RowNumber::MIN).map(|(_, record)| record), page)
    }

    /// The records of one of [`Record::lists`], in the order of their row numbers.
    pub(crate) fn list(&self, list: &str) -> Vec<Arc<R>> {
        self.listed(list).cloned().collect()
    }

    /// The first record of one of [`Record::lists`].
    pub(crate) fn first_of_list(&self, list: &str) -> Option<Arc<R>> {
        self.listed(list).next().cloned()
    }

    /// A page of the records of one of [`Record::lists`], in the order of their row numbers.
    pub(crate) fn list_page(&self, list: &str, page: Page) -> Listing<Arc<R>> {
        page_of(self.listed(list), page)
    }

    /// A page of the records of a group and of no group, in the order of their row numbers.
    pub(crate) fn group_and_ungrouped_page(&self, group: &str, page: Page) -> Listing<Arc<R>> {
        let rows = self.grouped(group, RowNumber::MIN).map(|(row, _)| row);
        let mut rows: Vec<RowNumber> = rows.chain(self.groups.ungrouped.iter().copied()).collect();
        rows.sort_unstable();
        page_of(rows.iter().filter_map(|row| self.rows.get(row)?.record()), page)
    }

    /// The records of a group from a row number on.
    fn grouped(&self, group: &str, first: RowNumber) -> impl Iterator<Item = (RowNumber, &Arc<R>)> {
        let rows = self.groups.by_group.rows_after(group, first);
        rows.filter_map(move |row| {
            let record = self.rows.get(&row)?.record()?;
            (record.group().as_deref() == Some(group)).then_some((row, record))
        })
    }

    fn listed(&self, list: &str) -> impl Iterator<Item = &Arc<R>> {
        let rows = self.groups.by_list.rows(list);
        rows.filter_map(move |row| {
            let record = self.rows.get(&row)?.record()?;
            record.lists().iter().any(|other| **other == *list).then_some(record)
        })
    }
}

/// A page of records, and how many they are.
fn page_of<'a, R: 'a>(records: impl Iterator<Item = &'a Arc<R>>, page: Page) -> Listing<Arc<R>> {
    let mut listing = Listing { records: Vec::new(), total: 0 };
    for record in records {
        if listing.total >= page.offset && listing.records.len() < page.limit {
            listing.records.push(Arc::clone(record));
        }
        listing.total += 1;
    }
    listing
}
