//! The entries of the write-ahead log.
//!
//! The payload of a frame is UTF-8 text: one JSON array per line, in Python's dialect. The first
//! item is the kind of the entry.
//!
//! | entry | meaning |
//! | --- | --- |
//! | `["segment", previous, length]` | the first entry of each segment: the epoch of the previous segment, and the length of its valid frames; `null, 0` if there is none |
//! | `["row", "children.json", 5, {…}]` | the new text of this row of this file; `null` if it was removed |
//! | `["event", 1001, {…}]` | this row is appended to the tracking table |
//! | `["anonymized", [[7, offset, length], …]]` | these rows of the tracking table are anonymised: `null` and spaces overwrite those bytes of the file |
//! | `["flush", "children.json", length, crc32]` | this file is about to be replaced by one with that length and checksum |

use std::fmt::Write as _;
use std::sync::Arc;

use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::codecs::TABLE_FILES;
use crate::store::json::tinydb::file::{FileChecksum, RowImage, number_of};
use crate::store::json::tinydb::pyjson::{self, Scanner};
use crate::store::json::tracking::Patch;

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// See the module's table.
    Segment { previous: Option<u64>, length: u64 },
    /// A changed row of a small table.
    Row(RowImage),
    /// A new row of the tracking table.
    Event { number: RowNumber, text: Arc<str> },
    /// The places in the tracking file where an account's id or a note is overwritten.
    Anonymized(Vec<Patch>),
    /// A file is about to be replaced by this one.
    Flush { file: &'static str, checksum: FileChecksum },
}

impl Entry {
    /// Appends the entry to a payload.
    pub(crate) fn push(&self, out: &mut String) {
        // Writing to a `String` can't fail.
        match self {
            Self::Segment { previous: Some(epoch), length } => {
                writeln!(out, "[\"segment\", {epoch}, {length}]").unwrap_or_default();
            }
            Self::Segment { previous: None, length } => {
                writeln!(out, "[\"segment\", null, {length}]").unwrap_or_default();
            }
            Self::Row(RowImage { file, number, text }) => {
                let text = text.as_deref().unwrap_or("null");
                writeln!(out, "[\"row\", \"{file}\", {number}, {text}]").unwrap_or_default();
            }
            Self::Event { number, text } => {
                writeln!(out, "[\"event\", {number}, {text}]").unwrap_or_default();
            }
            Self::Anonymized(patches) => {
                let patches = patches.iter().map(|patch| {
                    let Patch { row, offset, len } = patch;
                    format!("[{row}, {offset}, {len}]")
                });
                let patches: Vec<String> = patches.collect();
                writeln!(out, "[\"anonymized\", [{}]]", patches.join(", ")).unwrap_or_default();
            }
            Self::Flush { file, checksum: FileChecksum { len, crc } } => {
                writeln!(out, "[\"flush\", \"{file}\", {len}, {crc}]").unwrap_or_default();
            }
        }
    }
}

/// Parses a payload; `None` if it is not one, which is nearly impossible after the checksum.
pub(crate) fn parse(payload: &[u8]) -> Option<Vec<Entry>> {
    let payload = std::str::from_utf8(payload).ok()?;
    let mut scanner = Scanner::new(payload.as_bytes());
    let mut entries = Vec::new();
    while scanner.peek().is_some() {
        let entry = &payload[scanner.value().ok()?];
        entries.push(parse_entry(&array(entry)?)?);
    }
    Some(entries)
}

/// The text of each item of an array.
fn array(text: &str) -> Option<Vec<&str>> {
    let items = pyjson::items(text.as_bytes()).ok()?;
    Some(items.into_iter().map(|span| &text[span]).collect())
}

fn parse_patch(item: &str) -> Option<Patch> {
    match *array(item)? {
        [row, offset, len] => Some(Patch {
            row: number_of(row)?,
            offset: offset.parse().ok()?,
            len: len.parse().ok()?,
        }),
        _ => None,
    }
}

fn parse_entry(items: &[&str]) -> Option<Entry> {
    match items {
        ["\"segment\"", "null", _] => Some(Entry::Segment { previous: None, length: 0 }),
        ["\"segment\"", previous, length] => Some(Entry::Segment {
            previous: Some(previous.parse().ok()?),
            length: length.parse().ok()?,
        }),
        ["\"row\"", file, number, text] => Some(Entry::Row(RowImage {
            file: table_file(file)?,
            number: number_of(number)?,
            text: (*text != "null").then(|| Arc::from(*text)),
        })),
        ["\"event\"", number, text] => {
            Some(Entry::Event { number: number_of(number)?, text: Arc::from(*text) })
        }
        ["\"anonymized\"", patches] => {
            let patches = array(patches)?.into_iter().map(parse_patch);
            Some(Entry::Anonymized(patches.collect::<Option<_>>()?))
        }
        ["\"flush\"", file, len, crc] => Some(Entry::Flush {
            file: table_file(file)?,
            checksum: FileChecksum { len: len.parse().ok()?, crc: crc.parse().ok()? },
        }),
        _ => None,
    }
}

fn table_file(raw: &str) -> Option<&'static str> {
    let file = pyjson::decode_string(raw)?;
    TABLE_FILES.into_iter().find(|known| *known == file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_as_they_were_written() {
        let entries = vec![
            Entry::Segment { previous: Some(4), length: 4096 },
            Entry::Segment { previous: None, length: 0 },
            Entry::Row(RowImage {
                file: "children.json",
                number: 5,
                text: Some("{\"name\": \"M\\u00eda\",\n \"x\": NaN}".into()),
            }),
            Entry::Row(RowImage { file: "sessions.json", number: 1, text: None }),
            Entry::Event { number: 1001, text: "{\"id\": \"e\"}".into() },
            Entry::Anonymized(vec![
                Patch { row: 7, offset: 4096, len: 38 },
                Patch { row: 9, offset: 5000, len: 4 },
            ]),
            Entry::Flush { file: "users.json", checksum: FileChecksum::of(b"{}") },
        ];
        let mut payload = String::new();
        for entry in &entries {
            entry.push(&mut payload);
        }
        assert_eq!(parse(payload.as_bytes()), Some(entries));
    }

    #[test]
    fn invalid_entries_are_errors() {
        for payload in [
            "[\"row\", \"passwd\", 1, {}]",
            "[\"row\"]",
            "{}",
            "[",
            "[\"event\", -1, {}]",
            "[\"event\", 9007199254740992, {}]",
            "[\"row\", \"users.json\", 9007199254740992, {}]",
            "[\"anonymized\", [[1, 2]]]",
        ] {
            assert_eq!(parse(payload.as_bytes()), None, "{payload}");
        }
    }
}
