use std::ops::RangeInclusive;
use std::sync::Arc;

use imbl::OrdSet;

use super::named::Named;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::record::Record;

/// The rows of each group, of each list and of each ordered list of a table. Clones share what is equal.
#[derive(Clone, Default)]
pub(super) struct Groups {
    pub(super) by_group: Named,
    /// The rows of each of [`Record::lists`].
    pub(super) by_list: Named,
    pub(super) ungrouped: OrdSet<RowNumber>,
    /// Each [`Record::place`], with its row.
    places: OrdSet<(Arc<str>, i64, RowNumber)>,
}

impl Groups {
    /// The rows of an ordered list with these numbers, in their order.
    pub(super) fn ordered(
        &self,
        list: Arc<str>,
        numbers: RangeInclusive<i64>,
    ) -> impl Iterator<Item = RowNumber> {
        let start = (Arc::clone(&list), *numbers.start(), RowNumber::MIN);
        let end = (list, *numbers.end(), RowNumber::MAX);
        self.places.range(start..=end).map(|(_, _, row)| *row)
    }

    /// Adds rows to the groups, the lists and the places of their records.
    pub(super) fn add<'a, R: Record>(
        &mut self,
        records: impl IntoIterator<Item = (RowNumber, &'a R)>,
    ) {
        let (mut groups, mut lists) = (Vec::new(), Vec::new());
        for (number, record) in records {
            match record.group() {
                Some(group) => groups.push(self.by_group.entry(&group, number)),
                None => _ = self.ungrouped.insert(number),
            }
            lists.extend(record.lists().iter().map(|list| self.by_list.entry(list, number)));
            if let Some((list, order)) = record.place() {
                self.places.insert((list, order, number));
            }
        }
        self.by_group.extend(groups);
        self.by_list.extend(lists);
    }

    /// Removes a row from the group, the lists and the place of its record.
    pub(super) fn remove(&mut self, number: RowNumber, record: &impl Record) {
        match record.group() {
            Some(group) => self.by_group.remove(&group, number),
            None => _ = self.ungrouped.remove(&number),
        }
        for list in record.lists() {
            self.by_list.remove(&list, number);
        }
        if let Some((list, order)) = record.place() {
            self.places.remove(&(list, order, number));
        }
    }
}
