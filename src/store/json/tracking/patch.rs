//! Anonymises rows that are in the file: `null` and spaces overwrite the account's id and the note, so
//! that no row moves and the file stays JSON.

use std::collections::HashSet;
use std::io;
use std::iter::{repeat, repeat_n};
use std::ops::Range;
use std::sync::Arc;

use super::row::{Personal, personal_spans};
use crate::disk::DiskFile;
use crate::store::json::tinydb::RowNumber;

const NULL: &str = "null";

/// The place of a personal part in the tracking file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Patch {
    /// The number of its row.
    pub(crate) row: RowNumber,
    /// Its offset in the file.
    pub(crate) offset: u64,
    pub(crate) len: u32,
}

impl Patch {
    fn end(&self) -> u64 {
        self.offset.saturating_add(self.len.into())
    }

    /// The overwritten bytes of the file.
    pub(crate) fn place(&self) -> Range<u64> {
        self.offset..self.end()
    }

    /// The exclusive or of the checksums of the bytes before and after, in a row at that offset of the file.
    pub(crate) fn difference(&self, row: &str, offset: u64) -> u32 {
        let part = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
        let (start, end) = (part(self.offset - offset), part(self.end() - offset));
        let old = &row.as_bytes()[start..end];
        crc32fast::hash(old) ^ crc32fast::hash(blank(old.len()).as_bytes())
    }

    /// Overwrites that part in bytes of the file that start at `base`.
    pub(crate) fn overlay(&self, bytes: &mut [u8], base: u64) {
        // A patch may cross either end of the bytes.
        let within = |offset: u64| {
            let at = usize::try_from(offset.saturating_sub(base));
            at.map_or(bytes.len(), |at| at.min(bytes.len()))
        };
        let (start, end) = (within(self.offset), within(self.end()));
        let skipped = usize::try_from(base.saturating_sub(self.offset)).unwrap_or(usize::MAX);
        let blank = NULL.bytes().chain(repeat(b' ')).skip(skipped);
        for (place, byte) in bytes[start..end].iter_mut().zip(blank) {
            *place = byte;
        }
    }
}

/// Applies patches, ordered by offset, to bytes of the file that start at `base`.
pub(crate) fn overlay(bytes: &mut [u8], base: u64, patches: &[Patch]) {
    let first = patches.partition_point(|patch| patch.end() <= base);
    let end = base + bytes.len() as u64;
    for patch in patches[first..].iter().take_while(|patch| patch.offset < end) {
        patch.overlay(bytes, base);
    }
}

/// Writes the patches before `end`, where the file is about to be truncated.
pub(crate) fn write_patches(file: &dyn DiskFile, patches: &[Patch], end: u64) -> io::Result<()> {
    patches.iter().filter(|patch| patch.offset < end).try_for_each(|patch| {
        let len = usize::try_from(patch.end().min(end) - patch.offset).unwrap_or(usize::MAX);
        file.write_all_at(blank(len).as_bytes(), patch.offset)
    })
}

/// `null` and spaces, `len` bytes in all.
fn blank(len: usize) -> String {
    // A format width is at most 65,535.
    NULL.chars().chain(repeat_n(' ', len.saturating_sub(NULL.len()))).collect()
}

/// The personal parts of a row that exist. They can be changed from the last one on, so that the others
/// do not move.
fn present(personal: Personal) -> impl DoubleEndedIterator<Item = Range<usize>> {
    personal.into_iter().filter(|span| !span.is_empty())
}

/// The personal parts of a row, which `null` can overwrite. `None` if there is none, or if `null` does not
/// fit into one of them.
fn room(row: &str) -> Option<Vec<Range<usize>>> {
    let spans: Vec<_> = present(personal_spans(row)).collect();
    (!spans.is_empty() && !spans.iter().any(lacks_space)).then_some(spans)
}

/// The patches that anonymise a row at that place of the file. `None` as in [`room`].
pub(crate) fn patches_of(number: RowNumber, offset: u64, text: &str) -> Option<Vec<Patch>> {
    let patch = |span: Range<usize>| Patch {
        row: number,
        offset: offset + span.start as u64,
        len: u32::try_from(span.len()).unwrap_or(u32::MAX),
    };
    Some(room(text)?.into_iter().map(patch).collect())
}

/// Whether `null` does not fit into a personal part.
pub(crate) fn lacks_space(span: &Range<usize>) -> bool {
    span.len() < NULL.len()
}

/// The row with spaces after each personal part into which `null` would not fit otherwise.
pub(crate) fn with_room(row: &str) -> String {
    let mut row = row.to_owned();
    for span in present(personal_spans(&row)).rev().filter(lacks_space) {
        row.insert_str(span.end, &" ".repeat(NULL.len() - span.len()));
    }
    row
}

/// An anonymised row as it is in the file.
pub(crate) fn anonymous(row: &str) -> Arc<str> {
    let mut row = row.to_owned();
    for span in room(&row).into_iter().flatten() {
        let blank = blank(span.len());
        row.replace_range(span, &blank);
    }
    row.into()
}

/// An anonymised row as it is returned: without the spaces.
pub(crate) fn trimmed(mut row: String) -> String {
    for span in present(personal_spans(&row)).rev() {
        if row[span.clone()].starts_with(NULL) {
            row.replace_range(span.start + NULL.len()..span.end, "");
        }
    }
    row
}

/// A row with `null` instead of each personal part, and otherwise the same bytes.
pub(crate) fn without_personal(mut row: String) -> String {
    for span in present(personal_spans(&row)).rev() {
        row.replace_range(span, NULL);
    }
    row
}

/// Anonymises each of these rows that a patch names.
pub(crate) fn anonymize(rows: &mut [(RowNumber, Arc<str>)], patches: &[Patch]) {
    let named: HashSet<RowNumber> = patches.iter().map(|patch| patch.row).collect();
    for (_, text) in rows.iter_mut().filter(|(row, _)| named.contains(row)) {
        *text = anonymous(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_anonymised_row_keeps_its_length() {
        let row = r#"{"id": "e", "user_id": "family", "child_id": "c"}"#;
        let blanked = r#"{"id": "e", "user_id": null    , "child_id": "c"}"#;
        assert_eq!(&*anonymous(row), blanked);
        assert_eq!(&*anonymous(blanked), blanked);
        let answered = r#"{"id": "e", "user_id": null, "child_id": "c"}"#;
        assert_eq!(trimmed(blanked.to_owned()), answered);
        for other in [answered, row, r#"{"id": "e"}"#] {
            assert_eq!(trimmed(other.to_owned()), other);
        }
    }

    #[test]
    fn a_note_is_anonymised_with_the_account() {
        let row = r#"{"user_id": "family", "metadata": {"actor": "child", "note": "n"}}"#;
        let roomy = r#"{"user_id": "family", "metadata": {"actor": "child", "note": "n" }}"#;
        assert_eq!(&*anonymous(row), row, "there is no space");
        assert_eq!(with_room(row), roomy);
        let blanked = r#"{"user_id": null    , "metadata": {"actor": "child", "note": null}}"#;
        assert_eq!(&*anonymous(roomy), blanked);
        let answered = r#"{"user_id": null, "metadata": {"actor": "child", "note": null}}"#;
        assert_eq!(trimmed(blanked.to_owned()), answered);
        assert_eq!(without_personal(roomy.to_owned()), answered);
    }

    #[test]
    fn ids_of_any_length_are_anonymised() {
        let row = |value: &str| format!(r#"{{"user_id": {value}, "x": 1}}"#);
        let long = format!("\"{}\"", "u".repeat(70_000));
        let blanked = anonymous(&row(&long));
        assert_eq!(blanked.len(), row(&long).len());
        assert_eq!(trimmed(blanked.to_string()), row("null"));
    }

    #[test]
    fn short_ids_get_room() {
        for (row, roomy) in [
            (r#"{"user_id": "u", "x": 1}"#, r#"{"user_id": "u" , "x": 1}"#),
            (r#"{"user_id":""}"#, r#"{"user_id":""  }"#),
            (r#"{"user_id": "uu"}"#, r#"{"user_id": "uu"}"#),
            (r#"{"x": 1}"#, r#"{"x": 1}"#),
        ] {
            assert_eq!(with_room(row), roomy);
            assert_eq!(with_room(roomy), roomy);
            assert_eq!(anonymous(roomy).len(), roomy.len());
            assert_eq!(room(row).is_some(), row == roomy && row.contains("user_id"), "{row}");
        }
    }

    #[test]
    fn a_patch_applies_to_any_part_of_it() {
        let patch = Patch { row: 1, offset: 10, len: 6 };
        let whole: String = (0..30)
            .map(|at| if (10..16).contains(&at) { char::from(b"null  "[at - 10]) } else { 'x' })
            .collect();
        for start in 0..30 {
            for end in start..30 {
                let mut bytes = vec![b'x'; end - start];
                patch.overlay(&mut bytes, start as u64);
                assert_eq!(bytes, &whole.as_bytes()[start..end]);
            }
        }
    }
}
