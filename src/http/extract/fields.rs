//! The fields of a JSON body. Each field is described once, and the description both reads the field and
//! gives its schema. All wrong fields are reported at once, so that a form can mark each of them.

use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Object, Schema};

use crate::domain::Invalid;
use crate::domain::input::FieldUpdate;
use crate::http::error::ApiError;
use crate::http::error::field::{FieldCode, FieldError};
use crate::http::error::json::JsonError;
use crate::http::openapi::schemas;

/// The most errors that one response lists: a body can have thousands of unknown fields.
const MAX_ERRORS: usize = 20;

/// The body of a request: a JSON object.
pub(crate) trait RequestBody: Sized {
    /// The name of its schema.
    const NAME: &'static str;
    /// The description of its schema.
    const ABOUT: &'static str;
    /// The fields of the record that this request may not set. Their error differs from that of a
    /// field that does not exist.
    const READ_ONLY: &'static [&'static str] = &[];

    /// A valid body.
    fn example() -> Value;

    /// Reads every field, and only then returns the first error: a field that is not read counts as
    /// unknown. Which fields it reads must not depend on their values.
    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed>;
}

/// A field is missing or wrong. The [`FieldReader`] has the error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FieldFailed;

/// What a field can contain: a JSON type `J`, the rule that turns it into a `T`, and the schema of both.
pub(crate) struct FieldType<J, T> {
    /// The rule. It gets the field's name for its error.
    pub(crate) check: fn(&'static str, J) -> Result<T, Invalid>,
    pub(crate) schema: fn() -> Schema,
}

/// A JSON type that a field can have.
pub(crate) trait JsonValue: DeserializeOwned {
    /// The rule that a value of another type breaks.
    const RULE: &'static str;

    /// Reads a JSON text of that type.
    fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }
}

impl JsonValue for String {
    const RULE: &'static str = "must be a string";
}

impl JsonValue for i64 {
    const RULE: &'static str = "must be a whole number";

    /// `5.0` is a whole number too, as in JSON Schema.
    fn read(text: &str) -> Option<Self> {
        let fractional = || {
            let number: f64 = serde_json::from_str(text).ok()?;
            let is_exact = number.fract() == 0.0 && number.abs() <= MAX_EXACT;
            is_exact.then(|| format!("{number:.0}").parse().ok())?
        };
        serde_json::from_str(text).ok().or_else(fractional)
    }
}

/// Reads a whole number in an object, as `i64` is read elsewhere.
pub(crate) fn whole_number<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let text = <&RawValue>::deserialize(from)?;
    i64::read(text.get()).ok_or_else(|| D::Error::custom(i64::RULE))
}

/// Beyond it, neighbouring whole numbers are the same `f64`.
const MAX_EXACT: f64 = 9_007_199_254_740_991.0;

impl JsonValue for bool {
    const RULE: &'static str = "must be true or false";
}

impl JsonValue for Vec<String> {
    const RULE: &'static str = "must be an array of strings";
}

impl JsonValue for Vec<i64> {
    const RULE: &'static str = "must be an array of whole numbers";

    fn read(text: &str) -> Option<Self> {
        let items: Vec<&RawValue> = serde_json::from_str(text).ok()?;
        items.into_iter().map(|item| i64::read(item.get())).collect()
    }
}

/// Reads the fields of one body. To describe a body, it reads an empty one and collects the schema.
#[derive(Default)]
pub(crate) struct FieldReader<'a> {
    entries: Vec<(String, &'a RawValue)>,
    /// The fields that the request can have, as far as they were read.
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
    /// The schema of the fields so far; `None` if the body is only read.
    schema: Option<ObjectBuilder>,
}

/// Reads a body. The error lists every wrong field: first unknown, forbidden and repeated ones in the
/// order of the body, then those whose value is missing or wrong.
pub(crate) fn read<T: RequestBody>(body: &[u8]) -> Result<T, ApiError> {
    let mut fields = FieldReader::parse(body)?;
    let value = T::read(&mut fields);
    fields.finish(value, T::READ_ONLY)
}

/// Reads a body, and ignores fields that do not exist.
pub(crate) fn read_known<T: RequestBody>(body: &[u8]) -> Result<T, ApiError> {
    let mut fields = FieldReader::parse(body)?;
    let value = T::read(&mut fields);
    let FieldReader { entries, known, .. } = &mut fields;
    entries.retain(|(name, _)| known.contains(&name.as_str()));
    fields.finish(value, &[])
}

/// The schema of a body. It allows no other fields.
pub(crate) fn schema<T: RequestBody>() -> Object {
    let mut fields = FieldReader { schema: Some(ObjectBuilder::new()), ..FieldReader::default() };
    // An empty body lacks fields; only the schema is of interest.
    drop(T::read(&mut fields));
    schemas::closed(fields.schema.unwrap_or_default())
        .schema_type(Type::Object)
        .description(Some(T::ABOUT))
        .examples([T::example()])
        .build()
}

impl<'a> FieldReader<'a> {
    fn parse(body: &'a [u8]) -> Result<Self, ApiError> {
        let entries: Entries<'a> = serde_json::from_slice(body)
            .map_err(|error| ApiError::InvalidJson(JsonError::of(&error, body)))?;
        Ok(Self { entries: entries.0, ..Self::default() })
    }

    /// A field that must be present.
    pub(crate) fn required<J: JsonValue, T>(
        &mut self,
        name: &'static str,
        of: FieldType<J, T>,
    ) -> Result<T, FieldFailed> {
        self.describe(name, of.schema);
        self.schema = self.schema.take().map(|schema| schema.required(name));
        match self.find(name) {
            Some(value) => self.check(name, value, of),
            None => self.fail(FieldError::new(name, FieldCode::Missing, "is missing")),
        }
    }

    /// A field that may be absent, but not null.
    pub(crate) fn optional<J: JsonValue, T>(
        &mut self,
        name: &'static str,
        of: FieldType<J, T>,
    ) -> Result<Option<T>, FieldFailed> {
        self.describe(name, of.schema);
        self.find(name).map(|value| self.check(name, value, of)).transpose()
    }

    /// A field that may be absent, but not null; the default must obey the rule.
    pub(crate) fn with_default<J: JsonValue + Into<Value> + Clone, T>(
        &mut self,
        name: &'static str,
        of: FieldType<J, T>,
        default: J,
    ) -> Result<T, FieldFailed> {
        self.describe(name, || with_default((of.schema)(), default.clone().into()));
        match self.find(name) {
            Some(value) => self.check(name, value, of),
            None => (of.check)(name, default).or_else(|invalid| self.fail((&invalid).into())),
        }
    }

    /// A field that may be absent or null, which mean the same.
    pub(crate) fn nullable<J: JsonValue, T>(
        &mut self,
        name: &'static str,
        of: FieldType<J, T>,
    ) -> Result<Option<T>, FieldFailed> {
        Ok(match self.patch(name, of)? {
            FieldUpdate::Set(value) => Some(value),
            FieldUpdate::Keep | FieldUpdate::Clear => None,
        })
    }

    /// An update of a field that can be empty: absent keeps its value, null clears it.
    pub(crate) fn patch<J: JsonValue, T>(
        &mut self,
        name: &'static str,
        of: FieldType<J, T>,
    ) -> Result<FieldUpdate<T>, FieldFailed> {
        self.describe(name, || or_null((of.schema)()));
        match self.find(name) {
            None => Ok(FieldUpdate::Keep),
            Some(value) if value.get() == "null" => Ok(FieldUpdate::Clear),
            Some(value) => self.check(name, value, of).map(FieldUpdate::Set),
        }
    }

    fn describe(&mut self, name: &'static str, of: impl FnOnce() -> Schema) {
        self.known.push(name);
        self.schema = self.schema.take().map(|schema| schema.property(name, of()));
    }

    fn find(&self, name: &str) -> Option<&'a RawValue> {
        let field = self.entries.iter().find(|(other, _)| other == name);
        field.map(|(_, value)| *value)
    }

    #[expect(clippy::needless_pass_by_value, reason = "the callers' callers name a constant")]
    fn check<J: JsonValue, T>(
        &mut self,
        name: &'static str,
        value: &RawValue,
        of: FieldType<J, T>,
    ) -> Result<T, FieldFailed> {
        match J::read(value.get()) {
            Some(value) => (of.check)(name, value).or_else(|invalid| self.fail((&invalid).into())),
            None => self.fail(FieldError::new(name, FieldCode::WrongType, J::RULE)),
        }
    }

    fn fail<T>(&mut self, error: FieldError) -> Result<T, FieldFailed> {
        self.errors.push(error);
        Err(FieldFailed)
    }

    /// The errors of the body, at most one for each field. Every field must have been read.
    /// Returns the value of a body without wrong fields.
    fn finish<T>(self, value: Result<T, FieldFailed>, read_only: &[&str]) -> Result<T, ApiError> {
        let errors = self.into_errors(read_only);
        match value {
            Ok(value) if errors.is_empty() => Ok(value),
            _ => Err(ApiError::InvalidFields(errors)),
        }
    }

    fn into_errors(self, read_only: &[&str]) -> Vec<FieldError> {
        let names = (0..self.entries.len()).filter_map(|place| self.check_name(place, read_only));
        let mut errors: Vec<FieldError> = Vec::new();
        for error in names.chain(self.errors.iter().cloned()) {
            if errors.len() < MAX_ERRORS && errors.iter().all(|other| other.name != error.name) {
                errors.push(error);
            }
        }
        errors
    }

    fn check_name(&self, place: usize, read_only: &[&str]) -> Option<FieldError> {
        let name = self.entries[place].0.as_str();
        let error = |code, rule| Some(FieldError::new(name, code, rule));
        if read_only.contains(&name) {
            error(FieldCode::NotAllowed, "cannot be set by this request".to_owned())
        } else if !self.known.contains(&name) {
            error(FieldCode::Unknown, unknown(&self.known))
        } else if self.entries[..place].iter().any(|(earlier, _)| earlier == name) {
            error(FieldCode::Repeated, "occurs more than once".to_owned())
        } else {
            None
        }
    }
}

/// The rule that an unknown field breaks.
fn unknown(known: &[&str]) -> String {
    let names: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
    match names.as_slice() {
        [] => "is unknown; this request has no fields".to_owned(),
        [only] => format!("is unknown; the only field of this request is {only}"),
        [first @ .., last] => {
            format!("is unknown; the fields of this request are {} and {last}", first.join(", "))
        }
    }
}

fn with_default(mut schema: Schema, default: Value) -> Schema {
    match &mut schema {
        Schema::Object(object) => object.default = Some(default),
        Schema::Array(array) => array.default = Some(default),
        _ => {}
    }
    schema
}

fn or_null(mut schema: Schema) -> Schema {
    let schema_type = match &mut schema {
        Schema::Object(object) => {
            if let Some(words) = &mut object.enum_values {
                words.push(Value::Null);
            }
            &mut object.schema_type
        }
        Schema::Array(array) => &mut array.schema_type,
        _ => return schema,
    };
    if let SchemaType::Type(only) = schema_type {
        *schema_type = SchemaType::from_iter([only.clone(), Type::Null]);
    }
    schema
}

/// The fields of an object, each still JSON text. A map would hide the repeated ones.
struct Entries<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Entries<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor;

        impl<'de> Visitor<'de> for ObjectVisitor {
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

        deserializer.deserialize_map(ObjectVisitor).map(Self)
    }
}

#[cfg(test)]
mod tests;
