//! A cache of the rows that were returned last.

use std::collections::HashMap;
use std::mem;
use std::sync::Arc;

use super::index::Found;

/// The size of each generation, in bytes.
const HALF: usize = 4 << 20;
/// Longer rows are not cached: they would displace too many others.
const LONGEST: usize = 64 << 10;
/// The memory of an entry besides its text, about.
const BESIDE: usize = 96;

/// A cache of rows in the form of responses, in two generations. Without it, a page of fifty is
/// fifty reads of the file.
///
/// A row that is read moves to the newer generation. When that is full, it becomes the older one,
/// and the previous older one is dropped.
#[derive(Default)]
pub(crate) struct Recent {
    newer: Rows,
    older: Rows,
    /// The bytes of the newer generation.
    bytes: usize,
}

/// By their offsets in the file, which are never reused.
type Rows = HashMap<u64, Row>;

struct Row {
    text: Arc<str>,
    /// Whether it has an account.
    is_owned: bool,
}

impl Recent {
    /// A row's text; `None` if it is not cached, or was anonymised since.
    pub(crate) fn get(&mut self, found: &Found) -> Option<Arc<str>> {
        let offset = found.place.offset;
        if let Some(row) = self.older.remove(&offset) {
            self.insert(offset, row);
        }
        let row = self.newer.get(&offset).filter(|row| row.is_owned == found.is_owned)?;
        Some(Arc::clone(&row.text))
    }

    /// Caches a row's text.
    pub(crate) fn put(&mut self, found: &Found, text: &Arc<str>) {
        if text.len() <= LONGEST {
            let row = Row { text: Arc::clone(text), is_owned: found.is_owned };
            self.insert(found.place.offset, row);
        }
    }

    /// Removes a row.
    pub(crate) fn forget(&mut self, found: &Found) {
        self.newer.remove(&found.place.offset);
        self.older.remove(&found.place.offset);
    }

    fn insert(&mut self, offset: u64, row: Row) {
        let bytes = row.text.len() + BESIDE;
        if self.bytes + bytes > HALF {
            self.older = mem::take(&mut self.newer);
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.newer.insert(offset, row);
    }
}

#[cfg(test)]
mod tests {
    use super::super::index::Place;
    use super::*;

    fn found(offset: u64) -> Found {
        Found { row: 1, place: Place { offset, len: 1 }, at: 0, is_owned: true }
    }

    fn row(len: usize) -> Arc<str> {
        "x".repeat(len).into()
    }

    #[test]
    fn rows_that_are_read_stay_cached_and_others_do_not() {
        let mut recent = Recent::default();
        let len = 1 << 10;
        for offset in 0..100_000 {
            recent.put(&found(offset), &row(len));
            assert!(recent.get(&found(0)).is_some(), "{offset}");
            let kept = recent.newer.len() + recent.older.len();
            assert!(kept * (len + BESIDE) <= 2 * HALF, "{kept}");
        }
        assert!(recent.get(&found(1)).is_none());
        assert!(recent.get(&found(99_999)).is_some());
    }

    #[test]
    fn an_anonymised_row_is_not_cached_any_more() {
        let mut recent = Recent::default();
        recent.put(&found(7), &row(5));
        let anonymised = Found { is_owned: false, ..found(7) };
        assert!(recent.get(&anonymised).is_none());
        recent.put(&anonymised, &row(3));
        assert_eq!(recent.get(&anonymised), Some(row(3)));
        assert!(recent.get(&found(7)).is_none());
    }

    #[test]
    fn a_removed_row_is_not_cached() {
        let mut recent = Recent::default();
        for offset in 0..10_000 {
            recent.put(&found(offset), &row(1 << 10));
        }
        assert!(!recent.older.is_empty());
        (0..10_000).for_each(|offset| recent.forget(&found(offset)));
        assert!(recent.newer.is_empty() && recent.older.is_empty());
    }

    #[test]
    fn long_rows_are_not_cached() {
        let mut recent = Recent::default();
        recent.put(&found(7), &row(LONGEST + 1));
        assert!(recent.get(&found(7)).is_none());
    }
}
