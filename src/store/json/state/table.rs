mod fill;
mod forms;
mod listed;
mod numbers;
mod row;

use std::borrow::Cow;
use std::iter::repeat;
use std::path::Path;
use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use super::any_table::Owner;
pub(crate) use super::any_table::{AnyTable, Stray};
use super::groups::Groups;
use super::named::Named;
use crate::store::json::damage::Damage;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::file::{LAST_NUMBER, RowImage, file_text, parse_file};
use crate::store::json::tinydb::record::{Record, new_row};
use forms::Forms;
use row::Row;

/// One table in memory. Clones are cheap: they share what is equal.
#[derive(Clone)]
pub(crate) struct Table<R> {
    /// In pointers: a change copies the pointers of the neighbouring rows.
    rows: OrdMap<RowNumber, Row<R>>,
    /// The first row of each key.
    by_key: Named,
    groups: Groups,
    /// The rows that no key finds: those that are not records, and those whose key an earlier row
    /// has.
    strays: OrdSet<RowNumber>,
    forms: Forms,
    /// The other tables of the file, as JSON members before and after this one.
    around: Arc<(String, String)>,
    version: u64,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self {
            rows: OrdMap::new(),
            by_key: Named::default(),
            groups: Groups::default(),
            strays: OrdSet::new(),
            forms: Forms::default(),
            around: Arc::default(),
            version: 0,
        }
    }
}

impl<R: Record> Table<R> {
    /// Reads a TinyDB file. Rows that are not records of this kind are kept, and not found.
    /// `prepare` may change how a record is kept, but not its values.
    pub(crate) fn parse(
        path: &Path,
        bytes: &[u8],
        prepare: impl Fn(&mut R),
    ) -> Result<Self, Damage> {
        let mut table = Self::default();
        if bytes.is_empty() {
            return Ok(table);
        }
        let file = parse_file(path, bytes)?;
        table.around = Arc::new((file.before, file.after));
        let parse =
            |(number, text): (_, &str)| (number, Row::parse(text, &mut table.forms, &prepare));
        let rows = file.rows.into_iter().map(parse).collect();
        table.fill(rows);
        Ok(table)
    }

    /// The record with that key.
    pub(crate) fn get(&self, key: &str) -> Option<Arc<R>> {
        self.find(key)?.1.record().cloned()
    }

    /// The first row with that key.
    fn find(&self, key: &str) -> Option<(RowNumber, &Row<R>)> {
        self.by_key.rows(key).find_map(|number| {
            let row = self.rows.get(&number)?;
            (*row.record()?.key() == *key).then_some((number, row))
        })
    }

    fn number_of(&self, key: &str) -> Option<RowNumber> {
        Some(self.find(key)?.0)
    }

    /// The rows without a readable record in which a field has that value.
    fn strays_with(&self, field: &'static str, value: &str) -> Vec<RowNumber> {
        let has_value = |number: &&RowNumber| {
            let Some(text) = self.rows.get(*number).map(Row::text) else { return false };
            let fields = Fields::parse(&text).ok();
            fields.is_some_and(|fields| fields.optional_text(field).as_deref() == Some(value))
        };
        self.strays.iter().filter(has_value).copied().collect()
    }

    /// All records.
    pub(crate) fn records(&self) -> impl Iterator<Item = &Arc<R>> {
        self.rows.values().filter_map(Row::record)
    }

    /// Whether there is no row at all.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether a row has that id, even if its record cannot be read.
    pub(super) fn has_row(&self, id: &str) -> bool {
        self.number_of(id).is_some() || !self.strays_with("id", id).is_empty()
    }

    /// Replaces the record with that key, or adds it after all others.
    pub(crate) fn put(&mut self, record: R) -> RowImage {
        let old = self.find(&record.key()).map(|(number, row)| (number, row.clone()));
        let Some((number, row)) = old else {
            // Parsed from the row, so that the record also has the fields that only the file has.
            let (number, text) = (self.next_number(), new_row(&record));
            self.set(number, Some(Arc::clone(&text)));
            return RowImage { file: R::FILE, number, text: Some(text) };
        };
        self.version += 1;
        if let Some(old) = row.record() {
            self.regroup(number, old, &record);
        }
        let (row, text) = row.change(record, &mut self.forms);
        self.rows.insert(number, row);
        RowImage { file: R::FILE, number, text: Some(text) }
    }

    /// Changes a record in memory, and not its row: `change` must set only fields that rows of this
    /// table do not have.
    pub(super) fn amend(&mut self, key: &str, change: impl FnOnce(&mut R)) {
        let found = self.find(key).map(|(number, row)| (number, row.clone()));
        let Some((number, row)) = found else { return };
        let Some(old) = row.record() else { return };
        let mut record = R::clone(old);
        change(&mut record);
        self.regroup(number, old, &record);
        self.rows.insert(number, row.with(record));
    }

    /// Moves a row to the groups and lists of its new record.
    fn regroup(&mut self, number: RowNumber, old: &R, new: &R) {
        let names = |record: &R| (record.group(), record.lists(), record.place());
        if names(old) != names(new) {
            self.groups.remove(number, old);
            self.groups.add([(number, new)]);
        }
    }

    /// Removes every row with that key.
    pub(crate) fn remove(&mut self, key: &str) -> Vec<RowImage> {
        let mut removed = Vec::new();
        while let Some(number) = self.number_of(key) {
            removed.push(self.remove_row(number));
        }
        removed
    }

    fn remove_row(&mut self, number: RowNumber) -> RowImage {
        self.set(number, None);
        RowImage { file: R::FILE, number, text: None }
    }

    fn record(&self, number: RowNumber) -> Option<Arc<R>> {
        self.rows.get(&number)?.record().cloned()
    }

    fn key_of(&self, number: RowNumber) -> Option<Arc<str>> {
        Some(self.rows.get(&number)?.record()?.key())
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

    /// Adds a row whose number no row has.
    fn add(&mut self, number: RowNumber, row: Row<R>) {
        match row.record() {
            Some(record) => self.index(number, record),
            None => _ = self.strays.insert(number),
        }
        self.rows.insert(number, row);
    }

    fn index(&mut self, number: RowNumber, record: &R) {
        // Of two rows with one key the first is found, as in TinyDB's `get`.
        let key = record.key();
        match self.number_of(&key) {
            Some(found) if found < number => _ = self.strays.insert(number),
            found => {
                if let Some(found) = found {
                    self.by_key.remove(&key, found);
                    self.strays.insert(found);
                }
                self.by_key.add(&key, number);
            }
        }
        self.groups.add([(number, record)]);
    }

    fn unindex(&mut self, number: RowNumber, record: &R) {
        let key = record.key();
        if self.strays.remove(&number).is_none() {
            self.by_key.remove(&key, number);
            let is_it = |row: &Row<R>| row.record().is_some_and(|it| it.key() == key);
            let is_next = |stray: &&RowNumber| self.rows.get(*stray).is_some_and(is_it);
            if let Some(next) = self.strays.iter().find(is_next).copied() {
                self.strays.remove(&next);
                self.by_key.add(&key, next);
            }
        }
        self.groups.remove(number, record);
    }
}

impl<R: Record> AnyTable for Table<R> {
    fn file(&self) -> &'static str {
        R::FILE
    }

    fn read(&mut self, path: &Path, bytes: &[u8], owner: &Owner<'_>) -> Result<(), Damage> {
        *self = Self::parse(path, bytes, |record: &mut R| {
            if let Some(id) = record.owner_mut() {
                *id = owner(id);
            }
        })?;
        Ok(())
    }

    fn set(&mut self, number: RowNumber, text: Option<Arc<str>>) {
        self.version += 1;
        let old = self.rows.remove(&number);
        match old.as_ref().and_then(Row::record) {
            Some(old) => self.unindex(number, old),
            None => _ = self.strays.remove(&number),
        }
        let Some(text) = text else { return };
        let row = Row::parse(&text, &mut self.forms, |_| {});
        self.add(number, row);
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
        file_text(before, self.texts(), after)
    }

    fn around(&self) -> (&str, &str) {
        (&self.around.0, &self.around.1)
    }

    fn unreadable_rows(&self) -> usize {
        let is_unreadable = |row: &Row<R>| row.record().is_none();
        self.strays.iter().filter(|stray| self.rows.get(*stray).is_some_and(is_unreadable)).count()
    }

    fn len(&self) -> usize {
        self.rows.len()
    }

    fn texts(&self) -> Box<dyn Iterator<Item = (RowNumber, Cow<'_, str>)> + '_> {
        Box::new(self.rows.iter().map(|(number, row)| (*number, row.text())))
    }

    fn strays(&self) -> Vec<(RowNumber, Stray)> {
        let why = |row: &Row<R>| match row.record() {
            Some(record) => Some(Stray::Repeated(self.number_of(&record.key())?)),
            None => match R::decode(&Fields::parse(&row.text()).ok()?) {
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
