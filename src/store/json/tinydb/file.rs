//! The layout of a TinyDB file: an object of tables, each an object of rows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::pyjson::{self, Scanner};
use crate::domain::Points;
use crate::store::json::damage::{Damage, DamageKind};
use crate::store::json::tinydb::RowNumber;

/// The length and the CRC-32 of a file's contents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileChecksum {
    pub(crate) len: u64,
    pub(crate) crc: u32,
}

impl FileChecksum {
    pub(crate) fn of(bytes: &[u8]) -> Self {
        Self { len: bytes.len() as u64, crc: crc32fast::hash(bytes) }
    }
}

/// A row after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RowImage {
    /// The file of its table.
    pub(crate) file: &'static str,
    pub(crate) number: RowNumber,
    /// The row's text; `None` if it was removed.
    pub(crate) text: Option<Arc<str>>,
}

/// The contents of a small table's file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableFile {
    pub(crate) version: u64,
    /// `None` if the file does not exist.
    pub(crate) checksum: Option<FileChecksum>,
    /// The contents that a failed rewrite may have left.
    pub(crate) attempted: Option<FileChecksum>,
}

impl TableFile {
    pub(crate) fn known(version: u64, checksum: Option<FileChecksum>) -> Self {
        Self { version, checksum, attempted: None }
    }
}

/// The small tables' files, by their names.
pub(crate) type TableFiles = BTreeMap<&'static str, TableFile>;

/// The table of a TinyDB file that Goldstar reads and writes.
pub(crate) const DEFAULT_TABLE: &str = "_default";

/// The text of a TinyDB file: the rows of its default table, and the other tables before and after
/// it, as in [`ParsedFile`].
pub(crate) fn file_text(
    before: &str,
    rows: impl Iterator<Item = (RowNumber, impl AsRef<str>)>,
    after: &str,
) -> String {
    let mut out = String::with_capacity(before.len() + after.len() + 32);
    out.push('{');
    out.push_str(before);
    out.push_str("\"_default\": {");
    for (position, (number, row)) in rows.enumerate() {
        push_row_name(&mut out, number, position == 0);
        out.push_str(row.as_ref());
    }
    out.push('}');
    out.push_str(after);
    out.push('}');
    out
}

/// The largest row number: the largest integer that every JSON reader keeps exactly.
pub(crate) const LAST_NUMBER: RowNumber = Points::LIMIT.unsigned_abs();

/// Appends the text before a row: a comma, except for the first row, and its name.
pub(crate) fn push_row_name(out: &mut String, number: RowNumber, is_first: bool) {
    let comma = if is_first { "" } else { ", " };
    let written = write!(out, "{comma}\"{number}\": ");
    debug_assert!(written.is_ok(), "writing to a string can't fail");
}

/// The number in a row's name; `None` if it is larger than [`LAST_NUMBER`].
pub(crate) fn row_number(raw_name: &str) -> Option<RowNumber> {
    number_of(&pyjson::decode_string(raw_name)?)
}

/// The same for a decoded name.
pub(crate) fn number_of(name: &str) -> Option<RowNumber> {
    name.parse().ok().filter(|number| *number <= LAST_NUMBER)
}

/// The parts of a TinyDB file.
pub(crate) struct ParsedFile<'a> {
    /// The members before the default table, each followed by a comma.
    pub(crate) before: String,
    /// The rows of the default table. Of several with one number the last counts, as in Python.
    pub(crate) rows: BTreeMap<RowNumber, &'a str>,
    /// The numbers that occur more than once, with the offset of the later row's text.
    pub(crate) repeated: Vec<(RowNumber, usize)>,
    /// The offset of the last default table, if there are several.
    pub(crate) second_table: Option<usize>,
    /// The members after the default table, each preceded by a comma.
    pub(crate) after: String,
    /// The names and values of the other members, in the order of the file.
    pub(crate) others: Vec<(&'a str, &'a str)>,
}

/// Parses a TinyDB file, which must not be empty.
pub(crate) fn parse_file<'a>(path: &Path, bytes: &'a [u8]) -> Result<ParsedFile<'a>, Damage> {
    if let Some(damage) = Damage::other_format(path, bytes) {
        return Err(damage);
    }
    let text = std::str::from_utf8(bytes).map_err(|error| Damage::not_utf8(path, 0, error))?;
    let members =
        pyjson::members(bytes).map_err(|fault| Damage::not_json(path, 0, bytes, fault))?;
    let (mut before, mut after, mut others) = (String::new(), String::new(), Vec::new());
    let (mut default_table, mut second_table) = (None::<Range<usize>>, None);
    for (name, value) in members {
        if pyjson::decode_string(&text[name.clone()]).as_deref() == Some(DEFAULT_TABLE) {
            second_table = default_table.is_some().then_some(value.start);
            default_table = Some(value);
            continue;
        }
        let (name, value) = (&text[name], &text[value]);
        others.push((name, value));
        if default_table.is_none() {
            before.extend([name, ": ", value, ", "]);
        } else {
            after.extend([", ", name, ": ", value]);
        }
    }
    let (rows, repeated) = match default_table {
        Some(span) => parse_rows(path, text, span.start, span.end)?,
        None => (BTreeMap::new(), Vec::new()),
    };
    Ok(ParsedFile { before, rows, repeated, second_table, after, others })
}

/// The rows of a table, and the repeated ones.
type Rows<'a> = (BTreeMap<RowNumber, &'a str>, Vec<(RowNumber, usize)>);

fn parse_rows<'a>(
    path: &Path,
    text: &'a str,
    start: usize,
    end: usize,
) -> Result<Rows<'a>, Damage> {
    let table = &text[start..end];
    let mut scanner = Scanner::new(table.as_bytes());
    let (mut rows, mut repeated) = (BTreeMap::new(), Vec::new());
    let not_json = |fault| Damage::not_json(path, start as u64, table.as_bytes(), fault);
    scanner.take(b'{', "an opening brace").map_err(not_json)?;
    while scanner.next_item(b'}', rows.is_empty()).map_err(not_json)? {
        let name = scanner.name().map_err(not_json)?;
        let number = row_number(&table[name.clone()])
            .ok_or_else(|| Damage::row_name(path, (start + name.start) as u64))?;
        let row = scanner.value().map_err(not_json)?;
        if !table[row.clone()].starts_with('{') {
            let byte = (start + row.start) as u64;
            return Err(Damage::new(DamageKind::NoObject, path, byte, "this row is not an object"));
        }
        let byte = start + row.start;
        if rows.insert(number, &table[row]).is_some() {
            repeated.push((number, byte));
        }
    }
    Ok((rows, repeated))
}
