use std::fmt::{Display, Write as _};
use std::mem;
use std::sync::Arc;

use serde_json::Value;

use super::pyjson;
use super::record::Record;
use crate::domain::Timestamp;

/// The JSON texts of a record's fields: one buffer for all, since each mutation writes two rows.
#[derive(Default)]
pub(super) struct Encoder {
    values: String,
    /// The fields' names, and where their values end.
    ends: Vec<(&'static str, usize)>,
}

impl Encoder {
    /// The fields of a record.
    pub(super) fn of(record: &impl Record) -> Self {
        let mut encoder = Self { values: String::with_capacity(512), ends: Vec::with_capacity(16) };
        record.encode(&mut encoder);
        encoder
    }

    /// Each field with its value, which is empty where the field is absent.
    pub(super) fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let mut start = 0;
        self.ends.iter().map(move |(name, end)| {
            let value = &self.values[start..*end];
            start = *end;
            (*name, value)
        })
    }

    /// The row of a new record.
    pub(super) fn row(&self) -> String {
        let mut row = String::with_capacity(self.values.len() + self.ends.len() * 20);
        row.push('{');
        self.visit_parts(|part| {
            row.push_str(part);
            true
        });
        row.push('}');
        row
    }

    /// Whether this is the row of a new record.
    pub(super) fn is(&self, row: &str) -> bool {
        let inner = row.strip_prefix('{').and_then(|row| row.strip_suffix('}'));
        let Some(mut rest) = inner else { return false };
        let is_prefix = self.visit_parts(|part| match rest.strip_prefix(part) {
            Some(behind) => {
                rest = behind;
                true
            }
            None => false,
        });
        is_prefix && rest.is_empty()
    }

    /// Hands out what stands between the braces of a row, part by part, as long as `visit` wants
    /// more. Says whether it wanted all.
    fn visit_parts(&self, mut visit: impl FnMut(&str) -> bool) -> bool {
        let mut lead = "\"";
        let mut present = self.fields().filter(|(_, value)| !value.is_empty());
        present.all(|(name, value)| {
            // No field's name has anything in it to be escaped.
            let parts = [mem::replace(&mut lead, ", \""), name, "\": ", value];
            parts.into_iter().all(&mut visit)
        })
    }

    fn end(&mut self, name: &'static str) {
        self.ends.push((name, self.values.len()));
    }

    /// A field that the row doesn't have.
    pub(super) fn absent(&mut self, name: &'static str) {
        self.end(name);
    }

    /// A number or a truth value.
    pub(super) fn plain(&mut self, name: &'static str, value: impl Display) {
        // Writing to a `String` can't fail.
        write!(self.values, "{value}").unwrap_or_default();
        self.end(name);
    }

    /// A number, or null.
    pub(super) fn optional_plain(&mut self, name: &'static str, value: Option<impl Display>) {
        match value {
            Some(value) => self.plain(name, value),
            None => self.plain(name, "null"),
        }
    }

    /// A text.
    pub(super) fn text(&mut self, name: &'static str, value: &str) {
        pyjson::push_string(&mut self.values, value);
        self.end(name);
    }

    /// A text, or null.
    pub(super) fn optional_text(&mut self, name: &'static str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.plain(name, "null"),
        }
    }

    /// An array of texts.
    pub(super) fn texts(&mut self, name: &'static str, values: &[Arc<str>]) {
        self.values.push('[');
        for (position, value) in values.iter().enumerate() {
            self.values.push_str(if position > 0 { ", " } else { "" });
            pyjson::push_string(&mut self.values, value);
        }
        self.values.push(']');
        self.end(name);
    }

    /// A moment, as Unix seconds in the form of a Python float.
    pub(super) fn moment(&mut self, name: &'static str, value: Timestamp) {
        push_seconds(&mut self.values, value);
        self.end(name);
    }

    /// A moment, or null.
    pub(super) fn optional_moment(&mut self, name: &'static str, value: Option<Timestamp>) {
        match value {
            Some(value) => self.moment(name, value),
            None => self.plain(name, "null"),
        }
    }

    /// Any value.
    pub(super) fn json(&mut self, name: &'static str, value: &Value) {
        pyjson::push_value(&mut self.values, value);
        self.end(name);
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
    use super::super::record;
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
            assert_eq!(record::moment(text), Some(moment));
        }
        let iso = "\"2026-01-05T11:11:44Z\"";
        assert_eq!(record::moment(iso), Timestamp::parse_iso("2026-01-05T11:11:44Z"));
    }
}
