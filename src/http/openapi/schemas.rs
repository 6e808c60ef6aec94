//! The schemas of what a request may hold, with the bounds that the code checks.

use std::ops::{Bound, RangeBounds};

use serde_json::Value;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayBuilder, KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{RefOr, Required, Schema};

use crate::domain::input::{
    MAX_DESCRIPTION_CHARS, MAX_DISPLAYED, MAX_ID_CHARS, MAX_IMAGE_ID_CHARS,
};
use crate::domain::{Amount, Email, Name};

/// What no text of a record may contain: control characters, line breaks and invisible characters.
/// Inside of a pattern's brackets. Patterns of JSON Schema cannot name characters beyond U+FFFF; the
/// server checks those as well.
const BAD: &str = concat!(
    r"\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e",
    r"\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufff8",
);
/// What no name may contain besides: blank characters other than the space.
const BLANK: &str = r"\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000";
/// What may stand only after a visible character: joiners and variation selectors.
const PART: &str = r"\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f";

/// A request's body, to which its fields are added. It may have no others.
pub(crate) fn body(about: &str, example: Value) -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(about))
        .additional_properties(Some(AdditionalProperties::FreeForm(false)))
        .examples([example])
}

/// A parameter of a query.
pub(crate) fn query(name: &str, about: &str, schema: impl Into<RefOr<Schema>>) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(schema))
        .build()
}

/// Any text.
pub(crate) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// One of these texts.
pub(crate) fn flag(words: impl IntoIterator<Item = &'static str>) -> ObjectBuilder {
    text().enum_values(Some(words))
}

/// True or false.
pub(crate) fn boolean() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean)
}

/// A whole number.
pub(crate) fn integer(range: impl RangeBounds<i64>) -> ObjectBuilder {
    let bound = |bound: Bound<&i64>| match bound {
        Bound::Included(number) => Some(*number),
        Bound::Excluded(_) | Bound::Unbounded => None,
    };
    ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(bound(range.start_bound()))
        .maximum(bound(range.end_bound()))
}

/// The same, or null.
pub(crate) fn nullable(schema: ObjectBuilder, of: Type) -> ObjectBuilder {
    schema.schema_type(SchemaType::from_iter([of, Type::Null]))
}

/// A moment, as answers hold it.
pub(crate) fn moment() -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}

/// What a task is worth or a reward costs.
pub(crate) fn amount() -> ObjectBuilder {
    integer(1..=Amount::MAX)
}

/// A name, with white space around it, which is cut off. The pattern has its greatest length, since
/// that white space doesn't count.
pub(crate) fn name() -> ObjectBuilder {
    let inner = Name::MAX_CHARS - 2;
    let pattern =
        format!(r"^\s*[^\s{BAD}{BLANK}{PART}]([^{BAD}{BLANK}]{{0,{inner}}}[^\s{BAD}{BLANK}])?\s*$");
    let about = format!(
        "At most {} characters, at least one of them visible, without line breaks, control \
         characters, invisible characters and blank ones other than the space. White space around it \
         is removed.",
        Name::MAX_CHARS
    );
    text().min_length(Some(1)).pattern(Some(pattern)).description(Some(about))
}

/// An email address.
pub(crate) fn email() -> ObjectBuilder {
    let part = format!(r#"[^\s{BAD}{PART}@<>(),;:"\\\[\]]"#);
    let label = format!(r#"[^\s{BAD}{PART}@<>(),;:"\\\[\].]{{1,63}}"#);
    let pattern = format!(r"^\s*{part}{{1,64}}@{label}(\.{label})*\s*$");
    text()
        .min_length(Some(3))
        .max_length(Some(Email::MAX_BYTES))
        .pattern(Some(pattern))
        .description(Some(
            "At most 254 bytes, 64 of them before the `@`. Upper and lower case are the same.",
        ))
}

/// A password that an account may get.
pub(crate) fn password() -> ObjectBuilder {
    let about = "At least 8 characters, at most 256 bytes.";
    text()
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .min_length(Some(8))
        .max_length(Some(256))
        .description(Some(about))
}

/// The id of a picture.
pub(crate) fn line() -> ObjectBuilder {
    text().max_length(Some(MAX_IMAGE_ID_CHARS)).pattern(Some(format!("^[^{BAD}]*$")))
}

/// A few words about a reward.
pub(crate) fn description() -> ObjectBuilder {
    let pattern = format!(r"^([^{BAD}]|\r?\n)*$");
    text()
        .max_length(Some(MAX_DESCRIPTION_CHARS))
        .pattern(Some(pattern))
        .description(Some("It may have several lines. White space around it is cut off."))
}

/// The ids of the tasks or rewards that a front end shows first.
pub(crate) fn ids() -> Schema {
    let id = text().max_length(Some(MAX_ID_CHARS)).pattern(Some(format!("^[^{BAD}]*$")));
    let about = "Ids that a front end wants to show first. Nothing depends on them.";
    ArrayBuilder::new().items(id).max_items(Some(MAX_DISPLAYED)).description(Some(about)).into()
}
