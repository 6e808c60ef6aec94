//! The lines of a CSV file (RFC 4180).
//!
//! A spreadsheet executes a cell that starts with certain characters as a formula, and the names in an
//! event are chosen by a family. Such a text gets an apostrophe before it. Numbers stay numbers.

use crate::store::event_text::{Fault, Fields, decode_string};

/// The fields of an event that are columns.
const FIELDS: [&str; 11] = [
    "id",
    "user_id",
    "child_id",
    "entity_type",
    "entity_id",
    "action",
    "points_before",
    "points_after",
    "delta",
    "occurred_at",
    "created_at",
];
/// The fields of its metadata that are columns.
const METADATA: [&str; 6] = ["name", "points", "cost", "note", "reverses", "actor"];

/// A spreadsheet executes a text that starts with one of these.
const FORMULA: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// The first line.
pub(super) fn header() -> String {
    let names: Vec<&str> = FIELDS.into_iter().chain(METADATA).collect();
    names.join(",") + "\r\n"
}

/// Appends the line of an event. Fails if the text is not a JSON object.
pub(super) fn push_event(out: &mut String, json: &str) -> Result<(), Fault> {
    let event = Fields::parse(json)?;
    let metadata = event.raw("metadata").and_then(|raw| Fields::parse(raw).ok());
    for (place, name) in FIELDS.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        push_cell(out, event.raw(name));
    }
    for name in METADATA {
        out.push(',');
        push_cell(out, metadata.as_ref().and_then(|metadata| metadata.raw(name)));
    }
    out.push_str("\r\n");
    Ok(())
}

/// Appends a JSON value. Null, a missing value and Python's `NaN` and `Infinity` are empty cells.
fn push_cell(out: &mut String, raw: Option<&str>) {
    let raw = raw.unwrap_or("null");
    let is_number = raw.trim_start_matches('-').starts_with(|c: char| c.is_ascii_digit());
    if is_number {
        out.push_str(raw);
    } else if let Some(text) = decode_string(raw) {
        push_text(out, &text);
    } else if raw.starts_with(['{', '[', 't', 'f']) {
        push_text(out, raw);
    }
}

fn push_text(out: &mut String, text: &str) {
    let is_quoted = text.contains([',', '"', '\r', '\n']);
    if is_quoted {
        out.push('"');
    }
    if text.starts_with(FORMULA) {
        out.push('\'');
    }
    if is_quoted {
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_have_no_formulas_and_stay_one_line() {
        for (raw, cell) in [
            ("-5", "-5"),
            ("1e5", "1e5"),
            ("null", ""),
            ("NaN", ""),
            ("-Infinity", ""),
            ("true", "true"),
            (r#""""#, ""),
            (r#""plain text""#, "plain text"),
            (r#""a, b""#, r#""a, b""#),
            (r#""say \"hi\"""#, r#""say ""hi""""#),
            (r#""two\r\nlines""#, "\"two\r\nlines\""),
            (r#""=1+1""#, "'=1+1"),
            (r#""+1""#, "'+1"),
            (r#""-1""#, "'-1"),
            (r#""@sum""#, "'@sum"),
            (r#""\t=1""#, "'\t=1"),
            (r#""\r=1""#, "\"'\r=1\""),
            (r#""=\"a\",b""#, r#""'=""a"",b""#),
            (r#""\u05d0\u202eabc""#, "\u{5d0}\u{202e}abc"),
            (r#""\ud83d""#, "\u{fffd}"),
            (r#"["=1", 2]"#, r#""[""=1"", 2]""#),
        ] {
            let mut out = String::new();
            push_cell(&mut out, Some(raw));
            assert_eq!(out, cell, "{raw}");
        }
    }

    #[test]
    fn a_line_has_the_columns_of_the_header() {
        let mut line = String::new();
        push_event(&mut line, r#"{"id": "e", "delta": -5, "metadata": {"cost": 7, "name": "n"}}"#)
            .unwrap();
        assert_eq!(line, "e,,,,,,,,-5,,,n,,7,,,\r\n");
        assert_eq!(line.matches(',').count(), header().matches(',').count());
        let mut line = String::new();
        push_event(&mut line, r#"{"id": "e", "metadata": [1]}"#).unwrap();
        assert_eq!(line, "e,,,,,,,,,,,,,,,,\r\n");
        assert!(push_event(&mut line, "[]").is_err());
    }
}
