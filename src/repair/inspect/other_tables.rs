//! The other tables of a file, which Goldstar keeps and does not read.

use super::{Finding, FindingKind};
use crate::repair::salvage::kind::TableKind;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::number_of;
use crate::store::json::tinydb::pyjson;

/// A table with rows that is not read.
pub(super) struct OtherTable {
    name: String,
    rows: usize,
    /// The first row that looks like a record of the file, or else the first row, and its offset.
    first: (RowNumber, u64),
    has_records: bool,
}

impl OtherTable {
    /// Examines a member of the file; `None` if it is not a table, or has no rows. `raw_name` and
    /// `text` are its JSON text, and `byte` is the offset of the value.
    pub(super) fn read(kind: TableKind, raw_name: &str, byte: u64, text: &str) -> Option<Self> {
        if !text.starts_with('{') {
            return None;
        }
        let name = pyjson::decode_string(raw_name).unwrap_or_default().into_owned();
        let mut table = None::<Self>;
        for (row_name, value) in pyjson::members(text.as_bytes()).unwrap_or_default() {
            let number = pyjson::decode_string(&text[row_name]).and_then(|name| number_of(&name));
            let place = byte + value.start as u64;
            let (Some(number), value) = (number, &text[value]) else { continue };
            if !value.starts_with('{') {
                continue;
            }
            let first = (number, place);
            let found = table.get_or_insert_with(|| Self {
                name: name.clone(),
                rows: 0,
                first,
                has_records: false,
            });
            found.rows += 1;
            if !found.has_records && (kind.key)(value).is_some() {
                (found.first, found.has_records) = (first, true);
            }
        }
        table
    }

    /// The finding about it. `is_alone` is true if `_default` has no rows.
    pub(super) fn into_finding(self, file: &str, is_alone: bool) -> Finding {
        let Self { name, rows, first: (row, byte), has_records } = self;
        let plural = if rows == 1 { "" } else { "s" };
        let is_wrong = is_alone || has_records;
        let kind = if is_wrong { FindingKind::RowsInOtherTable } else { FindingKind::OtherTable };
        let why = match (has_records, is_alone) {
            (true, _) => "this row looks like a record of this file",
            (false, true) => "`_default` has no rows",
            (false, false) => "its rows do not look like records of this file",
        };
        let message = format!(
            "the table {name:?} has {rows} row{plural}, which Goldstar keeps and does not read, \
             because it reads only the table `_default`; {why}"
        );
        Finding::of_row(kind, file, row, Some(byte), message)
    }
}
