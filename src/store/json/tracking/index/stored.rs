//! The form of an index in its file.

use std::ops::Range;
use std::sync::Arc;

use super::Index;
use super::fields::Names;
use super::summary::KINDS;
/// The length of no text.
const NO_TEXT: u32 = u32::MAX;

/// Which numbers the rows use, of accounts, children and entities.
#[derive(Default)]
pub(in super::super) struct UsedNames([Vec<bool>; 3]);

impl UsedNames {
    fn note(&mut self, numbers: [u32; 3]) {
        for (used, number) in self.0.iter_mut().zip(numbers) {
            if number != Names::NONE {
                let number = number as usize;
                if used.len() <= number {
                    used.resize(number + 1, false);
                }
                used[number] = true;
            }
        }
    }

    /// How many texts are stored of each kind.
    pub(in super::super) fn counts(&self) -> [usize; 3] {
        self.0.each_ref().map(Vec::len)
    }
}

impl Index {
    /// Appends at most [`BLOCK`](super::BLOCK) rows, the first of which begins a block, in their stored form, and notes
    /// the numbers that they use.
    pub(in super::super) fn store_rows(
        &self,
        rows: Range<usize>,
        used: &mut UsedNames,
        out: &mut Vec<u8>,
    ) {
        let columns = &self.columns;
        for at in rows.clone() {
            used.note([columns.user(at), columns.child(at), columns.entity(at)]);
        }
        columns.store(rows, out);
    }

    /// Texts of one kind, from a number on. Those that no row uses are not stored: an account whose events are
    /// anonymised must not appear in a file.
    pub(in super::super) fn stored_names(
        &self,
        kind: usize,
        numbers: Range<usize>,
        used: &UsedNames,
    ) -> Vec<Option<Arc<str>>> {
        let texts = self.fields.names()[kind].texts(numbers.clone());
        let used = used.0[kind][numbers].iter();
        texts.zip(used).map(|(text, used)| text.filter(|_| *used)).collect()
    }

    /// Adds `count` stored rows, which are all of `bytes`. [`Self::sort`] follows. `None` if these bytes are no rows, or
    /// if `rows` rows cannot have such numbers.
    pub(in super::super) fn restore_rows(
        &mut self,
        bytes: &[u8],
        count: usize,
        rows: u64,
    ) -> Option<()> {
        let first = self.len();
        for (at, row) in (first..).zip(self.columns.restore(bytes, count)?) {
            let fits = |number: u32| u64::from(number) < rows;
            let is_possible = (row.user == Names::NONE || fits(row.user))
                && fits(row.child)
                && fits(row.entity)
                && usize::from(row.kind) < KINDS;
            if !is_possible {
                return None;
            }
            self.list(at, &row);
        }
        Some(())
    }

    /// Sets the texts of accounts, children and entities. Returns false if a row's account or child has none.
    pub(in super::super) fn restore_names(&mut self, names: [Vec<Option<Arc<str>>>; 3]) -> bool {
        let has_all = |texts: &[Option<Arc<str>>], lists: &[Vec<u32>]| {
            let mut numbers = (0..lists.len()).filter(|number| !lists[*number].is_empty());
            numbers.all(|number| texts.get(number).is_some_and(Option::is_some))
        };
        let [users, children, _] = &names;
        let is_complete = has_all(users, &self.by_user) && has_all(children, &self.by_child);
        self.fields.set_names(names.map(Names::of));
        is_complete
    }
}

#[cfg(test)]
impl Index {
    /// What a start restores if this is stored.
    pub(super) fn restored(&self) -> Self {
        let (mut used, mut restored) = (UsedNames::default(), Self::new());
        for from in (0..self.len()).step_by(super::BLOCK) {
            let rows = from..self.len().min(from + super::BLOCK);
            let (count, mut bytes) = (rows.len(), Vec::new());
            self.store_rows(rows, &mut used, &mut bytes);
            restored.restore_rows(&bytes, count, self.len() as u64).unwrap();
        }
        let counts = used.counts();
        let names = std::array::from_fn(|kind| self.stored_names(kind, 0..counts[kind], &used));
        assert!(restored.restore_names(names));
        restored.sort();
        restored
    }
}

/// Appends a text, or none.
pub(in super::super) fn store_text(text: Option<&str>, out: &mut Vec<u8>) {
    let len = text.map_or(NO_TEXT, |text| u32::try_from(text.len()).unwrap_or(NO_TEXT));
    out.extend(len.to_le_bytes());
    out.extend(text.filter(|_| len != NO_TEXT).unwrap_or_default().as_bytes());
}

/// The length of a text whose stored length is this; `None` if there is no text.
pub(in super::super) fn text_len(stored: u32) -> Option<usize> {
    (stored != NO_TEXT).then_some(stored as usize)
}
