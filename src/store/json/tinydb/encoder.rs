use std::fmt::{Display, Write as _};
use std::ops::Range;
use std::sync::Arc;

use serde_json::Value;

use super::pyjson;
use crate::domain::Timestamp;

/// Builds the row of a new record, and knows the text of each field.
pub(crate) struct Encoder {
    /// The row without the closing brace.
    row: String,
    /// The fields' names and the spans of their values; the span of an absent field is empty.
    fields: Vec<(&'static str, Range<usize>)>,
}

impl Encoder {
    /// A row without fields.
    pub(crate) fn new() -> Self {
        let mut row = String::with_capacity(512);
        row.push('{');
        Self { row, fields: Vec::with_capacity(16) }
    }

    /// Each field with its value, which is empty if the field is absent.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.fields.iter().map(|(name, value)| (*name, &self.row[value.clone()]))
    }

    /// The row of a new record.
    pub(crate) fn into_row(mut self) -> String {
        self.row.push('}');
        self.row
    }

    /// Whether `row` is this row.
    pub(crate) fn is(&self, row: &str) -> bool {
        row.strip_suffix('}') == Some(&self.row)
    }

    /// Appends a field; `push` appends the value.
    fn push(&mut self, name: &'static str, push: impl FnOnce(&mut String)) {
        // Field names need no escapes.
        self.row.push_str(if self.row.len() > 1 { ", \"" } else { "\"" });
        self.row.push_str(name);
        self.row.push_str("\": ");
        let start = self.row.len();
        push(&mut self.row);
        self.fields.push((name, start..self.row.len()));
    }

    /// An absent field.
    pub(crate) fn absent(&mut self, name: &'static str) {
        self.fields.push((name, 0..0));
    }

    /// A number or a boolean.
    pub(crate) fn plain(&mut self, name: &'static str, value: impl Display) {
        // Writing to a `String` can't fail.
        self.push(name, |row| write!(row, "{value}").unwrap_or_default());
    }

    /// A number, or null.
    pub(crate) fn optional_plain(&mut self, name: &'static str, value: Option<impl Display>) {
        match value {
            Some(value) => self.plain(name, value),
            None => self.null(name),
        }
    }

    /// A text.
    pub(crate) fn text(&mut self, name: &'static str, value: &str) {
        self.push(name, |row| pyjson::push_string(row, value));
    }

    /// A text, or null.
    pub(crate) fn optional_text(&mut self, name: &'static str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.null(name),
        }
    }

    /// An array of texts.
    pub(crate) fn texts(&mut self, name: &'static str, values: &[Arc<str>]) {
        self.push(name, |row| {
            row.push('[');
            for (position, value) in values.iter().enumerate() {
                row.push_str(if position > 0 { ", " } else { "" });
                pyjson::push_string(row, value);
            }
            row.push(']');
        });
    }

    /// A time, as Unix seconds in the form of a Python float.
    pub(crate) fn moment(&mut self, name: &'static str, value: Timestamp) {
        self.push(name, |row| push_seconds(row, value));
    }

    /// A time, or null.
    pub(crate) fn optional_moment(&mut self, name: &'static str, value: Option<Timestamp>) {
        match value {
            Some(value) => self.moment(name, value),
            None => self.null(name),
        }
    }

    /// Any value.
    pub(crate) fn json(&mut self, name: &'static str, value: &Value) {
        self.push(name, |row| pyjson::push_value(row, value));
    }

    fn null(&mut self, name: &'static str) {
        self.push(name, |row| row.push_str("null"));
    }
}

fn push_seconds(out: &mut String, moment: Timestamp) {
    let micros = moment.as_micros();
    let sign = if micros < 0 { "-" } else { "" };
    let micros = micros.unsigned_abs();
    let (seconds, mut fraction, mut digits) = (micros / 1_000_000, micros % 1_000_000, 6);
    while digits > 1 && fraction.is_multiple_of(10) {
        fraction /= 10;
        digits -= 1;
    }
    write!(out, "{sign}{seconds}.{fraction:0digits$}").unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::super::fields::moment as read;
    use super::*;

    #[test]
    fn seconds_are_written_as_python_floats() {
        for (micros, text) in [
            (1_768_540_641_511_130, "1768540641.51113"),
            (1_768_540_641_000_000, "1768540641.0"),
            (1, "0.000001"),
            (-1_500_000, "-1.5"),
        ] {
            let moment = Timestamp::from_micros(micros);
            let mut written = String::new();
            push_seconds(&mut written, moment);
            assert_eq!(written, text);
            assert_eq!(read(text), Some(moment));
        }
        let iso = "\"2026-01-05T11:11:44Z\"";
        assert_eq!(read(iso), Timestamp::parse_iso("2026-01-05T11:11:44Z"));
    }
}
