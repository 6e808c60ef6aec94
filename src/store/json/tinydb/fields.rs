use std::borrow::Cow;
use std::sync::Arc;

use super::pyjson;
use crate::domain::{Amount, Extra, Id, Name, Points, Timestamp};

/// Why a row is not a record: the field, and what it should be.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{field}` is not {expected}")]
pub(crate) struct Unreadable {
    pub(crate) field: &'static str,
    pub(crate) expected: &'static str,
}

/// The fields of a row. Of several with one name the last counts, as in Python.
pub(crate) struct Fields<'a> {
    pub(super) fields: Vec<Field<'a>>,
    repeated: Option<Cow<'a, str>>,
}

pub(super) struct Field<'a> {
    /// `None` if it contains an unpaired surrogate: two such names are never equal.
    name: Option<Cow<'a, str>>,
    /// JSON text.
    pub(super) raw_name: &'a str,
    pub(super) value: &'a str,
}

impl Field<'_> {
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.as_deref() == Some(name)
    }
}

impl<'a> Fields<'a> {
    /// Parses a row.
    pub(crate) fn parse(row: &'a str) -> Result<Self, pyjson::Fault> {
        let members = pyjson::members(row.as_bytes())?;
        let mut fields: Vec<Field<'a>> = Vec::with_capacity(members.len());
        let mut repeated = None;
        for (name, value) in members {
            let (raw_name, value) = (&row[name], &row[value]);
            let name = pyjson::decode_exactly(raw_name);
            match fields.iter_mut().find(|other| name.as_deref().is_some_and(|name| other.is(name)))
            {
                Some(field) => {
                    field.value = value;
                    repeated = name;
                }
                None => fields.push(Field { name, raw_name, value }),
            }
        }
        Ok(Self { fields, repeated })
    }

    /// A name that occurs more than once.
    pub(crate) fn repeated(&self) -> Option<&str> {
        self.repeated.as_deref()
    }

    /// A field's JSON text; `None` if it is missing.
    pub(crate) fn raw(&self, name: &str) -> Option<&'a str> {
        self.fields.iter().find(|field| field.is(name)).map(|field| field.value)
    }

    /// A field's JSON text; `None` if it is missing or null.
    fn present(&self, name: &str) -> Option<&'a str> {
        self.raw(name).filter(|value| *value != "null")
    }

    /// A required text.
    pub(crate) fn text(&self, name: &'static str) -> Result<Cow<'a, str>, Unreadable> {
        let text = self.present(name).and_then(pyjson::decode_string);
        text.ok_or(Unreadable { field: name, expected: "a text" })
    }

    /// A required id.
    pub(crate) fn id<K>(&self, name: &'static str) -> Result<Id<K>, Unreadable> {
        self.optional_id(name)?.ok_or(Unreadable { field: name, expected: "an id" })
    }

    /// An id, null, or missing. Any other value is an error: a record without an owner is visible
    /// to everybody.
    pub(crate) fn optional_id<K>(&self, name: &'static str) -> Result<Option<Id<K>>, Unreadable> {
        let Some(raw) = self.present(name) else { return Ok(None) };
        let text = pyjson::decode_exactly(raw);
        let text = text.ok_or(Unreadable { field: name, expected: "a text that is an id" })?;
        Ok(Some(Id::from(&*text)))
    }

    /// A text, null, or missing. Any other value counts as missing: it is display data.
    pub(crate) fn optional_text(&self, name: &str) -> Option<Arc<str>> {
        let text = self.present(name).and_then(pyjson::decode_string)?;
        Some(if text.is_empty() { Arc::default() } else { Arc::from(&*text) })
    }

    /// A required whole number; it may be written as a float.
    pub(crate) fn integer(&self, name: &'static str) -> Result<i64, Unreadable> {
        let number = self.present(name).and_then(integer);
        number.ok_or(Unreadable { field: name, expected: "a whole number" })
    }

    /// A whole number, null, or missing.
    pub(crate) fn optional_integer(&self, name: &str) -> Option<i64> {
        self.present(name).and_then(integer)
    }

    /// A person's name; empty if it is null or missing.
    pub(crate) fn name(&self, name: &str) -> Name {
        Name::from_stored(self.optional_text(name).unwrap_or_default())
    }

    /// The points of a child; 0 if they are null or missing.
    pub(crate) fn points(&self) -> Result<Points, Unreadable> {
        let points = if self.present("points").is_some() { self.integer("points")? } else { 0 };
        Points::new(points).ok_or(Unreadable { field: "points", expected: "within the limit" })
    }

    /// A required amount of points.
    pub(crate) fn amount(&self, name: &'static str) -> Result<Amount, Unreadable> {
        let amount = Amount::from_stored(self.integer(name)?);
        amount.ok_or(Unreadable { field: name, expected: "within the limit" })
    }

    /// A boolean, which may be written as 0 or 1; `default` if it is null or missing.
    pub(crate) fn boolean(&self, name: &'static str, default: bool) -> Result<bool, Unreadable> {
        match self.present(name).map(|raw| (raw, integer(raw))) {
            None => Ok(default),
            Some(("true", _) | (_, Some(1))) => Ok(true),
            Some(("false", _) | (_, Some(0))) => Ok(false),
            Some(_) => Err(Unreadable { field: name, expected: "true or false" }),
        }
    }

    /// A required time: Unix seconds, or ISO 8601 text.
    pub(crate) fn moment(&self, name: &'static str) -> Result<Timestamp, Unreadable> {
        self.optional_moment(name).ok_or(Unreadable { field: name, expected: "a moment" })
    }

    /// A time, null, or missing.
    pub(crate) fn optional_moment(&self, name: &str) -> Option<Timestamp> {
        self.present(name).and_then(moment)
    }

    /// An array of texts; other items are skipped. Any other value counts as empty.
    pub(crate) fn texts(&self, name: &str) -> Arc<[Arc<str>]> {
        let raw = self.present(name).unwrap_or("[]");
        let items = pyjson::items(raw.as_bytes()).unwrap_or_default();
        if items.is_empty() {
            return Arc::default();
        }
        items
            .into_iter()
            .filter_map(|item| pyjson::decode_string(&raw[item]).map(|text| Arc::from(&*text)))
            .collect()
    }

    /// The fields that are not in `known`, for a response.
    pub(crate) fn extra(&self, known: &[&str]) -> Extra {
        let is_unknown = |field: &&Field<'_>| !known.iter().any(|name| field.is(name));
        let mut unknown = self.fields.iter().filter(is_unknown).peekable();
        // The default needs no memory, unlike a collection of nothing.
        if unknown.peek().is_none() {
            return Extra::default();
        }
        let answered = unknown.map(|field| {
            let name = pyjson::decode_string(field.raw_name).unwrap_or_default();
            ((*name).into(), pyjson::strict(field.value).into())
        });
        answered.collect()
    }

    /// The names of all fields, as JSON text.
    pub(crate) fn raw_names(&self) -> impl Iterator<Item = &'a str> {
        self.fields.iter().map(|field| field.raw_name)
    }

    /// The names of all fields.
    pub(crate) fn names(&self) -> impl Iterator<Item = Cow<'a, str>> {
        self.fields.iter().filter_map(|field| pyjson::decode_string(field.raw_name))
    }
}

/// Parses a time in JSON text: Unix seconds, or ISO 8601.
pub(crate) fn moment(raw: &str) -> Option<Timestamp> {
    match pyjson::decode_string(raw) {
        Some(text) => Timestamp::parse_iso(&text),
        None => raw.parse().ok().and_then(Timestamp::from_unix_seconds),
    }
}

fn integer(raw: &str) -> Option<i64> {
    if let Ok(number) = raw.parse() {
        return Some(number);
    }
    let number: f64 = raw.parse().ok()?;
    // Above 2⁵³ a float is not an exact integer.
    let exact = number.fract() == 0.0 && number.abs() <= 9_007_199_254_740_992.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole, and within the bounds")]
    exact.then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_in_every_form_that_python_writes() {
        let fields =
            Fields::parse(r#"{"a": 63.0, "b": 1e2, "c": 63.5, "d": NaN, "e": -7}"#).unwrap();
        assert_eq!(fields.integer("a"), Ok(63));
        assert_eq!(fields.integer("b"), Ok(100));
        assert!(fields.integer("c").is_err());
        assert!(fields.integer("d").is_err());
        assert_eq!(fields.integer("e"), Ok(-7));
        assert_eq!(fields.optional_integer("missing"), None);
    }

    #[test]
    fn the_last_of_two_equal_names_counts() {
        let fields = Fields::parse(r#"{"a": 1, "b": 2, "\u0061": 3}"#).unwrap();
        assert_eq!(fields.integer("a"), Ok(3));
    }

    #[test]
    fn names_with_an_unpaired_surrogate_differ() {
        let row = r#"{"\ud800": 1, "\ud801": 2, "\ufffd": 3, "\ufffd": 4}"#;
        let fields = Fields::parse(row).unwrap();
        let values: Vec<_> = fields.fields.iter().map(|field| field.value).collect();
        assert_eq!(values, ["1", "2", "4"]);
        assert_eq!(fields.extra(&[]).len(), 3);
    }

    #[test]
    fn an_invalid_id_is_not_a_missing_one() {
        let fields = Fields::parse(r#"{"a": 7, "b": "\ud800", "c": null, "d": "x"}"#).unwrap();
        let id = |name| fields.optional_id::<()>(name);
        assert!(id("a").is_err() && id("b").is_err());
        assert_eq!((id("c"), id("missing")), (Ok(None), Ok(None)));
        assert_eq!(id("d"), Ok(Some("x".into())));
        assert!(fields.id::<()>("c").is_err());
    }

    #[test]
    fn booleans_have_two_forms() {
        let row = r#"{"a": 1, "b": 0.0, "c": false, "d": null, "e": 2, "f": "no"}"#;
        let fields = Fields::parse(row).unwrap();
        let is = |name| fields.boolean(name, true);
        assert_eq!(
            (is("a"), is("b"), is("c"), is("d")),
            (Ok(true), Ok(false), Ok(false), Ok(true))
        );
        assert!(is("e").is_err() && is("f").is_err());
    }
}
