//! The spans of a row's fields.

use std::ops::Range;

use crate::store::json::tinydb::pyjson::{Fault, Scanner};

/// The spans of one row, in the reader's buffer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RowSpans {
    pub(crate) name: Range<usize>,
    pub(crate) value: Range<usize>,
    /// The values of [`FIELDS`].
    pub(crate) fields: FieldSpans,
    /// The value of `user_id` and the spaces after it.
    pub(crate) user_id_at: Range<usize>,
}

/// The fields in the index.
const FIELDS: [&str; 7] =
    ["user_id", "child_id", "entity_type", "entity_id", "action", "occurred_at", "created_at"];

type FieldSpans = [Range<usize>; FIELDS.len()];

impl RowSpans {
    /// Shifts the spans to a buffer in which the scanned text starts at `start`.
    pub(crate) fn moved(mut self, start: usize) -> Self {
        let spans = [&mut self.name, &mut self.value, &mut self.user_id_at];
        for span in spans.into_iter().chain(&mut self.fields) {
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

/// The part of a row that the checksum of a [`Mark`](super::Mark) omits: the value of `user_id` and
/// the spaces after it.
pub(crate) fn user_id_span(row: &str) -> Range<usize> {
    let fields = scan_fields(&mut Scanner::new(row.as_bytes()), next_field);
    fields.map(|(_, user_id_at)| user_id_at).unwrap_or_default()
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
    let (fields, user_id_at) = scan_fields(scanner, |scanner, at| shape.next_field(scanner, at))?;
    Ok(Some(RowSpans { name, value: start..scanner.position(), fields, user_id_at }))
}

/// Consumes a row's object: the values of [`FIELDS`], empty if missing, and the span of `user_id`.
fn scan_fields(
    scanner: &mut Scanner<'_>,
    mut next_field: impl FnMut(&mut Scanner<'_>, usize) -> Result<Option<usize>, Fault>,
) -> Result<(FieldSpans, Range<usize>), Fault> {
    let mut fields = FieldSpans::default();
    scanner.take(b'{', "an opening brace")?;
    let mut user_id_at = scanner.position()..scanner.position();
    let mut count = 0;
    while let Some(field) = next_field(scanner, count)? {
        count += 1;
        let value = scanner.value()?;
        if field == 0 {
            scanner.peek();
            user_id_at = value.start..scanner.position();
        }
        if let Some(known) = fields.get_mut(field) {
            *known = value;
        }
    }
    Ok((fields, user_id_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: [&str; 12] = [
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
    fn large_rows_take_bounded_memory() {
        let fields: Vec<String> = (0..100).map(|n| format!("\"{n}\": {n}")).collect();
        let row = format!(", \"1\": {{{}}}", fields.join(", "));
        let mut shape = Shape::default();
        let scanned = scan_row(&mut Scanner::new(row.as_bytes()), false, &mut shape);
        assert!(scanned.is_ok_and(|row| row.is_some()));
        assert_eq!(shape.0.len(), Shape::MAX_FIELDS);
    }
}
