use std::iter::from_fn;
use std::ops::RangeInclusive;
use std::sync::Arc;

use imbl::{HashMap, OrdSet};

use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::record::Record;

/// The rows of each group, of each list and of each ordered list of a table. Clones share what is equal.
#[derive(Clone, Default)]
pub(super) struct Groups {
    by_group: HashMap<Arc<str>, OrdSet<RowNumber>>,
    /// The rows of each of [`Record::lists`].
    by_list: HashMap<Arc<str>, OrdSet<RowNumber>>,
    ungrouped: OrdSet<RowNumber>,
    /// Each [`Record::place`], with its row.
    places: OrdSet<(Arc<str>, i64, RowNumber)>,
}

impl Groups {
    /// The rows of a group; `None` if it has none.
    pub(super) fn group(&self, group: &str) -> Option<&OrdSet<RowNumber>> {
        self.by_group.get(group)
    }

    /// The rows of a list; `None` if it has none.
    pub(super) fn list(&self, list: &str) -> Option<&OrdSet<RowNumber>> {
        self.by_list.get(list)
    }

    /// The rows of a group and of no group, in the order of their numbers, and how many they are.
    pub(super) fn group_and_ungrouped(
        &self,
        group: &str,
    ) -> (impl Iterator<Item = RowNumber>, usize) {
        let grouped = self.by_group.get(group);
        let mut one = grouped.into_iter().flatten().copied().peekable();
        let mut other = self.ungrouped.iter().copied().peekable();
        let merged = from_fn(move || match (one.peek(), other.peek()) {
            (Some(row), Some(shared)) if row > shared => other.next(),
            (None, Some(_)) => other.next(),
            _ => one.next(),
        });
        (merged, grouped.map_or(0, OrdSet::len) + self.ungrouped.len())
    }

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

    /// Adds a row to the group, the lists and the place of its record.
    pub(super) fn add(&mut self, number: RowNumber, record: &impl Record) {
        match record.group() {
            Some(group) => _ = self.by_group.entry(group).or_default().insert(number),
            None => _ = self.ungrouped.insert(number),
        }
        for list in record.lists() {
            self.by_list.entry(list).or_default().insert(number);
        }
        if let Some((list, order)) = record.place() {
            self.places.insert((list, order, number));
        }
    }

    /// Removes a row from the group, the lists and the place of its record.
    pub(super) fn remove(&mut self, number: RowNumber, record: &impl Record) {
        match record.group() {
            Some(group) => remove_from(&mut self.by_group, &group, number),
            None => _ = self.ungrouped.remove(&number),
        }
        for list in record.lists() {
            remove_from(&mut self.by_list, &list, number);
        }
        if let Some((list, order)) = record.place() {
            self.places.remove(&(list, order, number));
        }
    }
}

/// Removes a row from a list; empty lists have no entry.
fn remove_from(lists: &mut HashMap<Arc<str>, OrdSet<RowNumber>>, name: &str, number: RowNumber) {
    if let Some(rows) = lists.get_mut(name) {
        rows.remove(&number);
        if rows.is_empty() {
            lists.remove(name);
        }
    }
}
