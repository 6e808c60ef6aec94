//! The form of an index in its file.

use std::ops::Range;
use std::sync::Arc;

use super::Index;
use super::fields::Names;
use super::summary::{KINDS, Place, Row};

/// The length of a row in bytes.
pub(in super::super) const ROW_LEN: usize = 53;
/// The length of no text.
const NO_TEXT: u32 = u32::MAX;

/// Which numbers the rows use, of accounts, children and entities.
#[derive(Default)]
pub(in super::super) struct UsedNames([Vec<bool>; 3]);

impl UsedNames {
    fn note(&mut self, row: &Row) {
        for (used, number) in self.0.iter_mut().zip([row.user, row.child, row.entity]) {
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
    /// Appends rows in their stored form, and notes the numbers that they use.
    pub(in super::super) fn store_rows(
        &self,
        rows: Range<usize>,
        used: &mut UsedNames,
        out: &mut Vec<u8>,
    ) {
        for row in rows.map(|at| self.row(at)) {
            used.note(&row);
            out.extend(encode(&row));
        }
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

    /// Adds a stored row. [`Self::sort`] follows. Returns false if `rows` rows cannot have such numbers.
    pub(in super::super) fn restore_row(&mut self, bytes: &[u8; ROW_LEN], rows: u64) -> bool {
        let row = decode(bytes);
        let fits = |number: u32| u64::from(number) < rows;
        let is_possible = (row.user == Names::NONE || fits(row.user))
            && fits(row.child)
            && fits(row.entity)
            && usize::from(row.kind) < KINDS;
        if is_possible {
            self.push_row(&row);
        }
        is_possible
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
        let (mut used, mut rows) = (UsedNames::default(), Vec::new());
        self.store_rows(0..self.len(), &mut used, &mut rows);
        let mut restored = Self::new();
        for row in rows.as_chunks().0 {
            assert!(restored.restore_row(row, self.len() as u64));
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

fn encode(row: &Row) -> [u8; ROW_LEN] {
    let mut bytes = [0; ROW_LEN];
    let (occurred, created) = (row.occurred.to_le_bytes(), row.created.to_le_bytes());
    let longs = [row.number.to_le_bytes(), row.place.offset.to_le_bytes(), occurred, created];
    let shorts = [row.place.len, row.id, row.user, row.child, row.entity];
    let (first, rest) = bytes.split_at_mut(size_of_val(&longs));
    first.copy_from_slice(longs.as_flattened());
    let (second, kind) = rest.split_at_mut(size_of_val(&shorts));
    second.copy_from_slice(shorts.map(u32::to_le_bytes).as_flattened());
    kind[0] = row.kind;
    bytes
}

fn decode(bytes: &[u8; ROW_LEN]) -> Row {
    let short = |number: usize| u32::from_le_bytes(part(bytes, 32 + 4 * number));
    Row {
        number: u64::from_le_bytes(part(bytes, 0)),
        place: Place { offset: u64::from_le_bytes(part(bytes, 8)), len: short(0) },
        id: short(1),
        user: short(2),
        child: short(3),
        entity: short(4),
        kind: bytes[ROW_LEN - 1],
        occurred: i64::from_le_bytes(part(bytes, 16)),
        created: i64::from_le_bytes(part(bytes, 24)),
    }
}

fn part<const N: usize>(bytes: &[u8; ROW_LEN], at: usize) -> [u8; N] {
    let mut part = [0; N];
    part.copy_from_slice(&bytes[at..at + N]);
    part
}
