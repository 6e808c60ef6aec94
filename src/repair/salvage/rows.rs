//! The rows of one table during a salvage.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::kind::TableKind;
use super::read::{FoundRow, Reading};
use super::report::{Conflict, Named};
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::pyjson;

/// The rows of one table, by their numbers and by their records' keys.
pub(super) struct Rows<'a> {
    kind: TableKind,
    texts: BTreeMap<RowNumber, Cow<'a, str>>,
    by_key: HashMap<Arc<str>, RowNumber>,
}

impl<'a> Rows<'a> {
    pub(super) fn new(kind: TableKind) -> Self {
        Self { kind, texts: BTreeMap::new(), by_key: HashMap::new() }
    }

    /// The rows of a complete file.
    pub(super) fn of_whole(kind: TableKind, rows: BTreeMap<RowNumber, &'a str>) -> Self {
        let mut all = Self::new(kind);
        for (number, text) in rows {
            all.set(number, Cow::Borrowed(text));
        }
        all
    }

    pub(super) fn get(&self, number: RowNumber) -> Option<&str> {
        self.texts.get(&number).map(|text| &**text)
    }

    /// The number of the row with this record.
    pub(super) fn find(&self, key: &str) -> Option<RowNumber> {
        self.by_key.get(key).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (RowNumber, &str)> + Clone {
        self.texts.iter().map(|(number, text)| (*number, &**text))
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The largest number plus one, as in TinyDB.
    pub(super) fn next_number(&self) -> RowNumber {
        self.texts.last_key_value().map_or(1, |(number, _)| number + 1)
    }

    pub(super) fn set(&mut self, number: RowNumber, text: Cow<'a, str>) {
        self.remove(number);
        if let Some(key) = self.kind.identity(&text) {
            // Of two rows with one key the first is found, as in TinyDB's `get`.
            self.by_key.entry(key).or_insert(number);
        }
        self.texts.insert(number, text);
    }

    pub(super) fn remove(&mut self, number: RowNumber) -> Option<Cow<'a, str>> {
        let text = self.texts.remove(&number)?;
        if let Some(key) = self.kind.identity(&text)
            && self.by_key.get(&key) == Some(&number)
        {
            self.by_key.remove(&key);
        }
        Some(text)
    }

    /// Removes and returns all rows from this number on.
    pub(super) fn split_off(&mut self, from: RowNumber) -> Vec<(RowNumber, Cow<'a, str>)> {
        let numbers: Vec<RowNumber> = self.texts.range(from..).map(|(number, _)| *number).collect();
        let taken = numbers.into_iter().map(|number| Some((number, self.remove(number)?)));
        taken.flatten().collect()
    }

    /// Whether this text is the record of that row, or neither is a record.
    pub(super) fn is_same(&self, number: RowNumber, text: &str) -> bool {
        let key = |text: &str| self.kind.identity(text);
        self.get(number).is_some_and(|other| key(other) == key(text))
    }
}

/// The rows of a damaged file, and the decisions about them.
pub(super) struct Settled<'a> {
    pub(super) rows: Rows<'a>,
    pub(super) remains: Vec<Named>,
    pub(super) conflicts: Vec<Conflict>,
}

/// Collects the rows of a damaged file. Of several texts of one record the last counts, as in
/// Python. Different records with one number, or without a number, are all kept. Rows after a
/// complete text are older than it, or another program's: they are kept only if the complete text
/// does not contain the record.
pub(super) fn settle<'a>(kind: TableKind, reading: &Reading<'a>) -> Settled<'a> {
    let rows = Rows::new(kind);
    let mut settled = Settled { rows, remains: Vec::new(), conflicts: Vec::new() };
    let (remains, own): (Vec<_>, Vec<_>) = reading.rows.iter().partition(|row| row.is_remains);
    let mut homeless = Vec::new();
    for found in own {
        settled.take(found, &mut homeless);
    }
    let behind = homeless.len();
    for found in remains {
        let key = kind.identity(found.text);
        let is_known = key.is_some_and(|key| settled.rows.find(&key).is_some())
            || found.number.is_some_and(|number| settled.rows.is_same(number, found.text));
        if is_known {
            continue;
        }
        match found.number.filter(|number| settled.rows.get(*number).is_none()) {
            Some(number) => {
                settled.rows.set(number, Cow::Borrowed(found.text));
                settled.remains.push(Named::of(number, found.text));
            }
            None => homeless.push(found),
        }
    }
    for (position, found) in homeless.into_iter().enumerate() {
        let is_remains = position >= behind;
        settled.give_number(found, is_remains);
    }
    settled
}

impl<'a> Settled<'a> {
    fn take<'f>(&mut self, found: &'f FoundRow<'a>, homeless: &mut Vec<&'f FoundRow<'a>>) {
        let key = self.rows.kind.identity(found.text);
        let known = key.and_then(|key| self.rows.find(&key));
        let known = known.or(found.number.filter(|number| self.rows.is_same(*number, found.text)));
        if let Some(number) = known {
            self.choose(number, found);
            return;
        }
        match found.number.filter(|number| self.rows.get(*number).is_none()) {
            Some(number) => self.rows.set(number, Cow::Borrowed(found.text)),
            None => homeless.push(found),
        }
    }

    /// Chooses between two texts of one record: the later one, except that a record wins over a
    /// text that is not a record.
    fn choose(&mut self, number: RowNumber, found: &FoundRow<'a>) {
        let earlier = self.rows.get(number).unwrap_or_default().to_owned();
        if pyjson::compact(&earlier) == pyjson::compact(found.text) {
            return;
        }
        let is_record = |text: &str| (self.rows.kind.key)(text).is_some();
        let (kept, dropped, which) = if is_record(found.text) || !is_record(&earlier) {
            (found.text, &*earlier, "the later text")
        } else {
            (&*earlier, found.text, "the one that is a record")
        };
        let decision = format!("it occurs twice in the damaged file: {which} is kept");
        self.conflicts.push(Conflict::new(number, kept, decision).between(kept, dropped));
        if kept == found.text {
            self.rows.set(number, Cow::Borrowed(found.text));
        }
    }

    fn give_number(&mut self, found: &FoundRow<'a>, is_remains: bool) {
        let key = self.rows.kind.identity(found.text);
        if let Some(known) = key.and_then(|key| self.rows.find(&key)) {
            if !is_remains {
                self.choose(known, found);
            }
            return;
        }
        let number = self.rows.next_number();
        let decision = match found.number {
            Some(old) => format!("another record has its number {old}: it got a new one"),
            None => "its number can't be read: it got a new one".to_owned(),
        };
        self.conflicts.push(Conflict::new(number, found.text, decision));
        self.rows.set(number, Cow::Borrowed(found.text));
        if is_remains {
            self.remains.push(Named::of(number, found.text));
        }
    }
}
