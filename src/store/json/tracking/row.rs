//! The spans of a row's fields.

use std::ops::Range;

use crate::store::json::tinydb::pyjson::{self, Fault, Scanner};

/// The spans of one row, in the reader's buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RowSpans {
    pub(crate) name: Range<usize>,
    pub(crate) value: Range<usize>,
    /// The values of [`FIELDS`].
    pub(crate) fields: FieldSpans,
    /// The personal parts.
    pub(crate) personal: Personal,
}

/// The parts of a row that anonymising overwrites, in the order of the row: the value of `user_id`, and that
/// of `note` in the metadata of an event that Goldstar wrote, each with the spaces after it. A missing one is
/// empty.
pub(crate) type Personal = [Range<usize>; 2];

/// The fields that a load reads.
const FIELDS: [&str; 9] = [
    "user_id",
    "child_id",
    "entity_type",
    "entity_id",
    "action",
    "occurred_at",
    "created_at",
    "id",
    "metadata",
];

/// The place of the metadata in [`FIELDS`].
const METADATA: usize = 8;

type FieldSpans = [Range<usize>; FIELDS.len()];

impl RowSpans {
    /// Shifts the spans to a buffer in which the scanned text starts at `start`.
    pub(crate) fn moved(mut self, start: usize) -> Self {
        let spans = [&mut self.name, &mut self.value];
        for span in spans.into_iter().chain(&mut self.fields).chain(&mut self.personal) {
            *span = span.start + start..span.end + start;
        }
        self
    }
}

/// The bytes before each value in the previous rows. Most rows have the same, and then names need
/// not be parsed.
#[derive(Default)]
pub(crate) struct Shape(Vec<Lead>);

/// The bytes between two values, and the field of the second.
struct Lead {
    bytes: Vec<u8>,
    field: usize,
}

impl Shape {
    /// Other programs' rows may have any size; only this many fields are kept.
    const MAX_FIELDS: usize = 32;

    /// The same as [`next_field`], by the learned bytes if they match.
    fn next_field(&mut self, scanner: &mut Scanner<'_>, at: usize) -> Result<Option<usize>, Fault> {
        if let Some(lead) = self.0.get(at)
            && scanner.skip(&lead.bytes)
        {
            return Ok(Some(lead.field));
        }
        let start = scanner.position();
        let Some(field) = next_field(scanner, at)? else { return Ok(None) };
        scanner.peek();
        let bytes = scanner.since(start);
        match self.0.get_mut(at) {
            Some(lead) => {
                lead.bytes.clear();
                lead.bytes.extend_from_slice(bytes);
                lead.field = field;
            }
            None if at < Self::MAX_FIELDS => self.0.push(Lead { bytes: bytes.to_vec(), field }),
            None => {}
        }
        Ok(Some(field))
    }
}

/// Consumes the name of an object's member after `at` others. Returns its position in [`FIELDS`],
/// or their number for another name; `None` at the object's end.
fn next_field(scanner: &mut Scanner<'_>, at: usize) -> Result<Option<usize>, Fault> {
    if !scanner.next_item(b'}', at == 0)? {
        return Ok(None);
    }
    let name = scanner.name()?;
    Ok(Some(scanner.known_field(&name, &FIELDS).unwrap_or(FIELDS.len())))
}

/// The personal parts of a row, which the checksum of a [`Mark`](super::Mark) omits.
pub(crate) fn personal_spans(row: &str) -> Personal {
    let fields = scan_fields(&mut Scanner::new(row.as_bytes()), next_field);
    fields.map(|(_, personal)| personal).unwrap_or_default()
}

/// The note in the metadata of an event, with the spaces after it. Only Goldstar's events have an `actor`:
/// what other programs wrote is not a note.
fn note_span(metadata: &[u8]) -> Option<Range<usize>> {
    // Few events have notes, so that nearly all metadata need not be parsed.
    memchr::memmem::find(metadata, b"\"note\"")?;
    let members = pyjson::members(metadata).ok()?;
    let find =
        |field: &[u8]| members.iter().rev().find(|(name, _)| metadata[name.clone()] == *field);
    find(b"\"actor\"")?;
    let (_, Range { start, end }) = find(b"\"note\"")?;
    let blanks = metadata[*end..].iter().take_while(|byte| **byte == b' ').count();
    let is_text = matches!(metadata.get(*start), Some(b'"' | b'n'));
    is_text.then_some(*start..end + blanks)
}

/// Consumes a row's name and object; `None` at the table's end.
pub(crate) fn scan_row(
    scanner: &mut Scanner<'_>,
    first: bool,
    shape: &mut Shape,
) -> Result<Option<RowSpans>, Fault> {
    if !scanner.next_item(b'}', first)? {
        return Ok(None);
    }
    let name = scanner.name()?;
    scanner.peek();
    let start = scanner.position();
    let (fields, personal) = scan_fields(scanner, |scanner, at| shape.next_field(scanner, at))?;
    Ok(Some(RowSpans { name, value: start..scanner.position(), fields, personal }))
}

/// Consumes a row's object: the values of [`FIELDS`], empty if missing, and the personal parts.
fn scan_fields(
    scanner: &mut Scanner<'_>,
    mut next_field: impl FnMut(&mut Scanner<'_>, usize) -> Result<Option<usize>, Fault>,
) -> Result<(FieldSpans, Personal), Fault> {
    let mut fields = FieldSpans::default();
    scanner.take(b'{', "an opening brace")?;
    let start = scanner.position();
    let (mut user_id_at, mut note_at) = (start..start, start..start);
    let mut count = 0;
    while let Some(field) = next_field(scanner, count)? {
        count += 1;
        let value = scanner.value()?;
        if field == 0 {
            scanner.peek();
            user_id_at = value.start..scanner.position();
        } else if field == METADATA
            && let Some(note) = note_span(scanner.since(value.start))
        {
            note_at = value.start + note.start..value.start + note.end;
        }
        if let Some(known) = fields.get_mut(field) {
            *known = value;
        }
    }
    let mut personal = [user_id_at, note_at];
    personal.sort_unstable_by_key(|span| span.start);
    Ok((fields, personal))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [&str; 14] = [
        r#", "13": {"user_id": "u", "metadata": {"actor": "child", "note": "n" }, "delta": -1}"#,
        r#", "14": {"metadata": {"note": null  , "actor": "child"}, "user_id": "u", "delta": -1}"#,
        r#", "1": {"id": "e", "user_id": "u", "child_id": "c", "delta": -1}"#,
        r#", "12": {"id": "e", "user_id": null   , "child_id": "c", "delta": -1}"#,
        r#", "3": {"id": "e", "child_id": "c", "user_id": "u", "delta": -1}"#,
        r#", "4": {"id": "e", "\u0075ser_id": "u"}"#,
        r#", "5": {"id":"e","user_id":"u","user_id":"v"}"#,
        r#", "6": {"id":  "e" , "user_id" : {"user_id": "u"} }"#,
        r#", "7": {}"#,
        r#", "8": {"id": "e", "user_id": "u", }"#,
        r#", "9": {"id": "e", "user_id": "u", "child_id":"#,
        r#", "10": {"id": "e", "user_id"; "u"}"#,
        r#", "11": {"id": "e" "user_id": "u"}"#,
        r#", "12": {, "user_id": "u"}"#,
    ];

    proptest::proptest! {
        #[test]
        fn earlier_rows_do_not_affect_the_result(
            rows in proptest::collection::vec(proptest::sample::select(&ROWS[..]), 1..20)
        ) {
            let mut shape = Shape::default();
            for row in rows {
                let with = scan_row(&mut Scanner::new(row.as_bytes()), false, &mut shape);
                let without =
                    scan_row(&mut Scanner::new(row.as_bytes()), false, &mut Shape::default());
                proptest::prop_assert_eq!(with, without, "{}", row);
            }
        }
    }

    #[test]
    fn the_note_of_an_own_event_is_personal() {
        for (metadata, note) in [
            (r#"{"actor": "child", "note": "n" }"#, r#""n" "#),
            (r#"{"note": null   , "actor": "child"}"#, "null   "),
            (r#"{"note": "a \"note\"", "actor": "child"}"#, r#""a \"note\"""#),
            (r#"{"note": "of another program"}"#, ""),
            (r#"{"actor": "child", "note": 7}"#, ""),
            (r#"{"actor": "child", "list": {"note": "n"}}"#, ""),
            (r#"{"actor": "child", "name": "\"note\""}"#, ""),
            ("null", ""),
        ] {
            let row = format!(r#"{{"metadata": {metadata}, "user_id": "u" , "x": 1}}"#);
            let [first, second] = personal_spans(&row).map(|span| &row[span]);
            assert_eq!(
                (first, second),
                if note.is_empty() { ("", r#""u" "#) } else { (note, r#""u" "#) }
            );
        }
    }

    #[test]
    fn large_rows_take_bounded_memory() {
        let fields: Vec<String> = (0..100).map(|n| format!("\"{n}\": {n}")).collect();
        let row = format!(", \"1\": {{{}}}", fields.join(", "));
        let mut shape = Shape::default();
        let scanned = scan_row(&mut Scanner::new(row.as_bytes()), false, &mut shape);
        assert!(scanned.is_ok_and(|row| row.is_some()));
        assert_eq!(shape.0.len(), Shape::MAX_FIELDS);
    }
}
