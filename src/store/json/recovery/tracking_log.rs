use std::sync::Arc;

use crate::store::json::tinydb::RowNumber;
use crate::store::json::tracking::{self, Patch};
use crate::store::json::wal::entry::Entry;

/// Rows of the tracking table.
type Rows = Vec<(RowNumber, Arc<str>)>;

/// The rows and patches of the tracking table in the log.
#[derive(Default)]
pub(crate) struct TrackingLog {
    /// The added rows, as they are at the end of the log.
    pub(crate) rows: Rows,
    /// The patches of anonymisations, ordered by offset.
    pub(crate) patches: Vec<Patch>,
}

impl TrackingLog {
    /// Keeps the entries of the tracking table, and passes the others to `other`.
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
