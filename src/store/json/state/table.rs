mod numbers;

use std::iter::repeat;
use std::path::Path;
use std::sync::Arc;

use imbl::{HashMap, OrdMap, OrdSet};

pub(crate) use super::any_table::{AnyTable, Stray};
use super::groups::Groups;
use crate::domain::Page;
use crate::store::Listing;
use crate::store::json::damage::Damage;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::file::{LAST_NUMBER, RowImage, file_text, parse_file};
use crate::store::json::tinydb::record::{Record, is_new_row, merge, new_row};

/// One table in memory. Clones are cheap: they share what is equal.
#[derive(Clone)]
pub(crate) struct Table<R> {
    /// In pointers: a change copies the pointers of the neighbouring rows.
    rows: OrdMap<RowNumber, Arc<Row<R>>>,
    by_key: HashMap<Arc<str>, RowNumber>,
    groups: Groups,
    /// The rows that no key finds: those that are not records, and those whose key an earlier row
    /// has.
    strays: OrdSet<RowNumber>,
    /// The other tables of the file, as JSON members before and after this one.
    around: Arc<(String, String)>,
    version: u64,
}

/// A row: its text, and its record if it is one.
struct Row<R> {
    text: Arc<str>,
    record: Option<Arc<R>>,
    /// Whether it is known to equal a [`new_row`]. Most do, and need no merge.
    is_new: bool,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self {
            rows: OrdMap::new(),
            by_key: HashMap::new(),
            groups: Groups::default(),
            strays: OrdSet::new(),
            around: Arc::default(),
            version: 0,
        }
    }
}

impl<R: Record> Table<R> {
    /// Reads a TinyDB file. Rows that are not records of this kind are kept, and not found.
    pub(crate) fn parse(path: &Path, bytes: &[u8]) -> Result<Self, Damage> {
        let mut table = Self::default();
        if bytes.is_empty() {
            return Ok(table);
        }
        let file = parse_file(path, bytes)?;
        table.around = Arc::new((file.before, file.after));
        for (number, text) in file.rows {
            table.set(number, Some(text.into()));
        }
        table.version = 0;
        Ok(table)
    }

    /// The record with that key.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<R>> {
        self.record(*self.by_key.get(key)?)
    }

    /// The records of a group, in the order of their row numbers.
    pub(crate) fn group(&self, group: &str) -> Vec<Arc<R>> {
        self.records_of(self.groups.group(group))
    }

    /// The first `limit` records of a group after a row number, in the order of their row numbers.
    pub(crate) fn group_after(
        &self,
        group: &str,
        after: RowNumber,
        limit: usize,
    ) -> Vec<(RowNumber, Arc<R>)> {
        let rows = self.groups.group(group).into_iter();
        let later = rows.flat_map(|rows| rows.range(after.saturating_add(1)..));
        later.filter_map(|row| Some((*row, self.record(*row)?))).take(limit).collect()
    }

    /// The number of records in a group.
    pub(crate) fn group_len(&self, group: &str) -> usize {
        self.groups.group(group).map_or(0, OrdSet::len)
    }

    /// A page of the records of a group, in the order of their row numbers.
    pub(crate) fn group_page(&self, group: &str, page: Page) -> Listing<Arc<R>> {
        self.page(self.groups.group(group), page)
    }

    /// The records of one of [`Record::lists`], in the order of their row numbers.
    pub(crate) fn list(&self, list: &str) -> Vec<Arc<R>> {
        self.records_of(self.groups.list(list))
    }

    /// The first record of one of [`Record::lists`].
    pub(crate) fn first_of_list(&self, list: &str) -> Option<Arc<R>> {
        self.record(*self.groups.list(list)?.get_min()?)
    }

    /// A page of the records of one of [`Record::lists`], in the order of their row numbers.
    pub(crate) fn list_page(&self, list: &str, page: Page) -> Listing<Arc<R>> {
        self.page(self.groups.list(list), page)
    }

    /// The rows without a readable record in which a field has that value.
    fn strays_with(&self, field: &'static str, value: &str) -> Vec<RowNumber> {
        let has_value = |number: &&RowNumber| {
            let fields = self.rows.get(*number).and_then(|row| Fields::parse(&row.text).ok());
            fields.is_some_and(|fields| fields.optional_text(field).as_deref() == Some(value))
        };
        self.strays.iter().filter(has_value).copied().collect()
    }

    fn page(&self, rows: Option<&OrdSet<RowNumber>>, page: Page) -> Listing<Arc<R>> {
        let on_page = rows.into_iter().flatten().skip(page.offset).take(page.limit);
        let records = on_page.filter_map(|row| self.record(*row)).collect();
        Listing { records, total: rows.map_or(0, OrdSet::len) }
    }

    /// A page of the records of a group and of no group, in the order of their row numbers.
    pub(crate) fn group_and_ungrouped_page(&self, group: &str, page: Page) -> Listing<Arc<R>> {
        let (rows, total) = self.groups.group_and_ungrouped(group);
        let on_page = rows.skip(page.offset).take(page.limit);
        Listing { records: on_page.filter_map(|row| self.record(row)).collect(), total }
    }

    fn records_of(&self, rows: Option<&OrdSet<RowNumber>>) -> Vec<Arc<R>> {
        rows.into_iter().flatten().filter_map(|row| self.record(*row)).collect()
    }

    /// All records.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Arc<R>> {
        self.rows.values().filter_map(|row| row.record.as_ref())
    }

    /// Whether there is no row at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether a row has that id, even if its record cannot be read.
    pub(super) fn has_row(&self, id: &str) -> bool {
        self.by_key.contains_key(id) || !self.strays_with("id", id).is_empty()
    }

    /// Replaces the record with that key, or adds it after all others.
    pub(crate) fn put(&mut self, record: R) -> RowImage {
        let known = self.by_key.get(&record.key()).copied();
        let old = known.and_then(|number| {
            let row = Arc::clone(self.rows.get(&number)?);
            Some((number, Arc::clone(row.record.as_ref()?), row))
        });
        let Some((number, old, row)) = old else {
            // Parsed from the row, so that the record also has the fields that only the file has.
            let (number, text) = (self.next_number(), new_row(&record));
            self.set(number, Some(Arc::clone(&text)));
            return RowImage { file: R::FILE, number, text: Some(text) };
        };
        let is_new = row.is_new || is_new_row(&row.text, &*old);
        let text = if is_new { new_row(&record) } else { merge(&row.text, &*old, &record) };
        self.version += 1;
        self.regroup(number, &old, &record);
        let row = Row { text: Arc::clone(&text), record: Some(Arc::new(record)), is_new };
        self.rows.insert(number, Arc::new(row));
        RowImage { file: R::FILE, number, text: Some(text) }
    }

    /// Changes a record in memory, and not its row: `change` must set only fields that rows of this
    /// table do not have.
    pub(super) fn amend(&mut self, key: &str, change: impl FnOnce(&mut R)) {
        let Some(number) = self.by_key.get(key).copied() else { return };
        let Some(row) = self.rows.get(&number) else { return };
        let Some(old) = row.record.clone() else { return };
        let mut record = R::clone(&old);
        change(&mut record);
        let (text, is_new) = (Arc::clone(&row.text), row.is_new);
        self.regroup(number, &old, &record);
        self.rows.insert(number, Arc::new(Row { text, record: Some(Arc::new(record)), is_new }));
    }

    /// Moves a row to the groups and lists of its new record.
    fn regroup(&mut self, number: RowNumber, old: &R, new: &R) {
        let names = |record: &R| (record.group(), record.lists(), record.place());
        if names(old) != names(new) {
            self.groups.remove(number, old);
            self.groups.add(number, new);
        }
    }

    /// Removes every row with that key.
    pub(crate) fn remove(&mut self, key: &str) -> Vec<RowImage> {
        let mut removed = Vec::new();
        while let Some(number) = self.by_key.get(key).copied() {
            removed.push(self.remove_row(number));
        }
        removed
    }

    fn remove_row(&mut self, number: RowNumber) -> RowImage {
        self.set(number, None);
        RowImage { file: R::FILE, number, text: None }
    }

    fn record(&self, number: RowNumber) -> Option<Arc<R>> {
        self.rows.get(&number)?.record.clone()
    }

    /// The largest number plus one, as in TinyDB. If that is above the last possible number, the
    /// largest free one.
    fn next_number(&self) -> RowNumber {
        match self.rows.get_max() {
            None => 1,
            Some((number, _)) if *number < LAST_NUMBER => number + 1,
            Some(_) => {
                let taken = self.rows.keys().rev().map(Some).chain(repeat(None));
                let mut downwards = (0..=LAST_NUMBER).rev().zip(taken);
                let free = |(number, taken): &(_, Option<&_>)| *taken != Some(number);
                downwards.find(free).map_or(0, |(number, _)| number)
            }
        }
    }

    fn index(&mut self, number: RowNumber, record: &R) {
        // Of two rows with one key the first is found, as in TinyDB's `get`.
        let found = self.by_key.entry(record.key()).or_insert(number);
        if *found != number {
            self.strays.insert(number.max(*found));
            *found = number.min(*found);
        }
        self.groups.add(number, record);
    }

    fn unindex(&mut self, number: RowNumber, record: &R) {
        let key = record.key();
        if self.strays.remove(&number).is_none() {
            let is_it = |row: &Arc<Row<R>>| row.record.as_ref().is_some_and(|it| it.key() == key);
            let is_next = |stray: &&RowNumber| self.rows.get(*stray).is_some_and(is_it);
            match self.strays.iter().find(is_next).copied() {
                Some(next) => {
                    self.strays.remove(&next);
                    self.by_key.insert(key, next);
                }
                None => _ = self.by_key.remove(&key),
            }
        }
        self.groups.remove(number, record);
    }
}

impl<R: Record> AnyTable for Table<R> {
    fn file(&self) -> &'static str {
        R::FILE
    }

    fn set(&mut self, number: RowNumber, text: Option<Arc<str>>) {
        self.version += 1;
        let old = self.rows.remove(&number);
        match old.as_ref().and_then(|row| row.record.as_ref()) {
            Some(old) => self.unindex(number, old),
            None => _ = self.strays.remove(&number),
        }
        let Some(text) = text else { return };
        let fields = Fields::parse(&text).ok();
        let record = fields.and_then(|fields| R::decode(&fields).ok()).map(Arc::new);
        match &record {
            Some(record) => self.index(number, record),
            None => _ = self.strays.insert(number),
        }
        self.rows.insert(number, Arc::new(Row { text, record, is_new: false }));
    }

    fn remove_strays_of(&mut self, user_id: &str) -> Vec<RowImage> {
        let strays = self.strays_with(R::OWNER, user_id);
        strays.into_iter().map(|number| self.remove_row(number)).collect()
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn file_text(&self) -> String {
        let (before, after) = &*self.around;
        file_text(before, self.rows.iter().map(|(number, row)| (*number, &*row.text)), after)
    }

    fn around(&self) -> (&str, &str) {
        (&self.around.0, &self.around.1)
    }

    fn unreadable_rows(&self) -> usize {
        let is_unreadable = |row: &Arc<Row<R>>| row.record.is_none();
        self.strays.iter().filter(|stray| self.rows.get(*stray).is_some_and(is_unreadable)).count()
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn texts(&self) -> Box<dyn Iterator<Item = (RowNumber, &str)> + '_> {
        Box::new(self.rows.iter().map(|(number, row)| (*number, &*row.text)))
    }

    fn strays(&self) -> Vec<(RowNumber, Stray)> {
        let why = |row: &Arc<Row<R>>| match &row.record {
            Some(record) => Some(Stray::Repeated(*self.by_key.get(&record.key())?)),
            None => match R::decode(&Fields::parse(&row.text).ok()?) {
                Ok(_) => None,
                Err(unreadable) => Some(Stray::Unreadable(unreadable.to_string())),
            },
        };
        let strays = self.strays.iter();
        strays.filter_map(|number| Some((*number, why(self.rows.get(number)?)?))).collect()
    }
}

#[cfg(test)]
mod tests;
