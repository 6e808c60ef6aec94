use std::sync::Arc;

use crate::domain::RowNumber;
use crate::store::json::tracking::{self, Patch};
use crate::store::json::wal::entry::Entry;

/// Rows of the tracking table.
type Rows = Vec<(RowNumber, Arc<str>)>;

/// What the journal holds of the tracking table.
#[derive(Default)]
pub(crate) struct Past {
    /// The rows that were added, as they read at the journal's end.
    pub(crate) rows: Rows,
    /// What has taken accounts out of the file, ordered by its place there.
    pub(crate) patches: Vec<Patch>,
}

impl Past {
    /// Takes the entries that are about the tracking table, and hands on the others.
    pub(crate) fn read(entries: Vec<Entry>, mut other: impl FnMut(Entry)) -> Self {
        let mut past = Self::default();
        for entry in entries {
            match entry {
                Entry::Event { number, text } => past.rows.push((number, text)),
                Entry::Anonymized(patches) => past.patches.extend(patches),
                entry => other(entry),
            }
        }
        past.patches.sort_unstable_by_key(|patch| patch.offset);
        tracking::anonymize(&mut past.rows, &past.patches);
        past
    }
}
