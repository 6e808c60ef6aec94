//! The fields of a JSON body. All that is wrong is reported at once, so that a form can mark every
//! field that its user has to correct.

use std::cell::RefCell;

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::domain::Invalid;
use crate::domain::input::FieldUpdate;
use crate::http::error::ApiError;
use crate::http::error::field::{FieldCode, FieldError};
use crate::http::error::json::JsonError;

/// The most errors that one response lists: a body can have thousands of unknown fields.
const MAX_ERRORS: usize = 20;

/// The errors of a body are in its [`Fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Noted;

/// What can be read from a JSON object.
pub(crate) trait FromFields: Sized + ToSchema {
    /// The fields that a request may set; every other one is an error.
    const ALLOWED: &'static [&'static str];
    /// The fields of the record that this request may not set. Their error differs from that of a
    /// field that does not exist.
    const READ_ONLY: &'static [&'static str] = &[];

    /// Reads and checks every field. Fails if `fields` has noted an error.
    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted>;
}

/// The fields of a JSON object, each still JSON text, and what is wrong with them.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    entries: Vec<(String, &'a RawValue)>,
    errors: RefCell<Vec<FieldError>>,
}

/// A value that a field may have.
pub(crate) trait FieldValue: DeserializeOwned {
    /// The rule that a value of another type breaks.
    const RULE: &'static str;

    /// Reads a JSON text of that type.
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl FieldValue for String {
    const RULE: &'static str = "must be a string";
}

impl FieldValue for i64 {
    const RULE: &'static str = "must be a whole number";

    /// `5.0` is a whole number too, as JSON Schema counts them.
    fn read(text: &str) -> Option<Self> {
        let fractional = || {
            let number: f64 = serde_json::from_str(text).ok()?;
            let is_exact = number.fract() == 0.0 && number.abs() <= MAX_EXACT;
            is_exact.then(|| format!("{number:.0}").parse().ok())?
        };
        serde_json::from_str(text).ok().or_else(fractional)
    }
}

/// Beyond it, neighbouring whole numbers are the same `f64`.
const MAX_EXACT: f64 = 9_007_199_254_740_991.0;

impl FieldValue for bool {
    const RULE: &'static str = "must be true or false";
}

impl FieldValue for Vec<String> {
    const RULE: &'static str = "must be an array of strings";
}

impl<'a> Fields<'a> {
    /// Reads a body. The error lists every wrong field: first unknown, forbidden and repeated ones
    /// in the order of the body, then those whose value is missing or wrong.
    pub(crate) fn read<T: FromFields>(body: &'a [u8]) -> Result<T, ApiError> {
        let fields = Self::parse(body)?;
        fields.check_names(T::ALLOWED, T::READ_ONLY);
        let value = T::from_fields(&fields);
        let errors = fields.errors.into_inner();
        match value {
            Ok(value) if errors.is_empty() => Ok(value),
            _ => Err(ApiError::InvalidFields(errors)),
        }
    }

    fn parse(body: &'a [u8]) -> Result<Self, ApiError> {
        serde_json::from_slice(body)
            .map_err(|error| ApiError::InvalidJson(JsonError::of(&error, body)))
    }

    fn check_names(&self, allowed: &[&str], read_only: &[&str]) {
        for (place, (name, _)) in self.entries.iter().enumerate() {
            if read_only.contains(&name.as_str()) {
                self.note(FieldError::new(
                    name,
                    FieldCode::NotAllowed,
                    "cannot be set by this request",
                ));
            } else if !allowed.contains(&name.as_str()) {
                self.note(FieldError::new(name, FieldCode::Unknown, unknown(allowed)));
            } else if self.entries[..place].iter().any(|(earlier, _)| earlier == name) {
                self.note(FieldError::new(name, FieldCode::Repeated, "occurs more than once"));
            }
        }
    }

    /// Notes an error, at most one for each field.
    fn note(&self, error: FieldError) {
        let mut errors = self.errors.borrow_mut();
        if errors.len() < MAX_ERRORS && errors.iter().all(|other| other.name != error.name) {
            errors.push(error);
        }
    }

    /// A field that must be there, checked and converted. Notes an error if it is missing or wrong.
    pub(crate) fn required<T: FieldValue, U>(
        &self,
        name: &'static str,
        check: impl FnOnce(T) -> Result<U, Invalid>,
    ) -> Result<U, Noted> {
        let missing = || {
            self.note(FieldError::new(name, FieldCode::Missing, "is missing"));
            Noted
        };
        self.optional(name, check)?.ok_or_else(missing)
    }

    /// A field that may be missing, but not null.
    pub(crate) fn optional<T: FieldValue, U>(
        &self,
        name: &'static str,
        check: impl FnOnce(T) -> Result<U, Invalid>,
    ) -> Result<Option<U>, Noted> {
        match self.find(name) {
            None => Ok(None),
            Some(value) => self.checked(name, value, check).map(Some),
        }
    }

    /// A field that may be missing, or null.
    pub(crate) fn nullable<T: FieldValue, U>(
        &self,
        name: &'static str,
        check: impl FnOnce(T) -> Result<U, Invalid>,
    ) -> Result<Option<U>, Noted> {
        Ok(match self.patch(name, check)? {
            FieldUpdate::Set(value) => Some(value),
            FieldUpdate::Keep | FieldUpdate::Clear => None,
        })
    }

    /// A change of a field that null empties.
    pub(crate) fn patch<T: FieldValue, U>(
        &self,
        name: &'static str,
        check: impl FnOnce(T) -> Result<U, Invalid>,
    ) -> Result<FieldUpdate<U>, Noted> {
        match self.find(name) {
            None => Ok(FieldUpdate::Keep),
            Some(value) if value.get() == "null" => Ok(FieldUpdate::Clear),
            Some(value) => self.checked(name, value, check).map(FieldUpdate::Set),
        }
    }

    fn find(&self, name: &str) -> Option<&'a RawValue> {
        let field = self.entries.iter().find(|(other, _)| other == name);
        field.map(|(_, value)| *value)
    }

    fn checked<T: FieldValue, U>(
        &self,
        name: &'static str,
        value: &RawValue,
        check: impl FnOnce(T) -> Result<U, Invalid>,
    ) -> Result<U, Noted> {
        let Some(value) = T::read(value.get()) else {
            self.note(FieldError::new(name, FieldCode::WrongType, T::RULE));
            return Err(Noted);
        };
        check(value).map_err(|invalid| {
            self.note(FieldError::from(&invalid));
            Noted
        })
    }
}

/// The rule that an unknown field breaks.
fn unknown(allowed: &[&str]) -> String {
    let names: Vec<String> = allowed.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "is unknown; this request has no fields".to_owned(),
        [only] => format!("is unknown; the only field of this request is {only}"),
        [first @ .., last] => {
            format!("is unknown; the fields of this request are {} and {last}", first.join(", "))
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(fields)
            }
        }

        let entries = deserializer.deserialize_map(Object)?;
        Ok(Self { entries, errors: RefCell::default() })
    }
}

#[cfg(test)]
mod tests;
