//! What an import has read.

use std::collections::BTreeMap;

/// What was imported.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// The number of records of each file.
    pub records: BTreeMap<&'static str, usize>,
    pub events: u64,
    /// The rows that are no records, the other tables, and the other files, which were kept as text.
    pub kept: Vec<String>,
    /// The files that were not imported.
    pub left_out: Vec<String>,
    /// The number of sessions, which were not imported.
    pub sessions: usize,
}

/// The last event of each family.
#[derive(Default)]
pub(super) struct LastEvents {
    pub(super) keys: Vec<i64>,
    pub(super) seqs: Vec<i64>,
    pub(super) times: Vec<Option<i64>>,
}
