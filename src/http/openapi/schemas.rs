//! Building blocks of schemas and parameters.

use std::ops::{Bound, RangeBounds};

use utoipa::ToSchema;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{
    AdditionalProperties, KnownFormat, ObjectBuilder, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{RefOr, Required, Schema};

/// Schemas, each with the name by which others refer to it.
pub(crate) type Named = Vec<(String, RefOr<Schema>)>;

/// Adds the schema of a type and those that it refers to.
pub(crate) fn add<T: ToSchema>(schemas: &mut Named) {
    schemas.push((T::name().into(), T::schema()));
    T::schemas(schemas);
}

/// A path parameter.
pub(crate) fn path(name: &str, about: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some(about))
        .schema(Some(text()))
        .build()
}

/// A query parameter.
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

/// The same schema, or null.
pub(crate) fn nullable(schema: ObjectBuilder, of: Type) -> ObjectBuilder {
    schema.schema_type(SchemaType::from_iter([of, Type::Null]))
}

/// A schema with a description.
pub(crate) fn about(schema: ObjectBuilder, about: &str) -> RefOr<Schema> {
    schema.description(Some(about)).into()
}

/// A time, as responses contain it.
pub(crate) fn moment() -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}

/// A date.
pub(crate) fn date() -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)))
}

/// An object that allows no other fields.
pub(crate) fn closed(object: ObjectBuilder) -> ObjectBuilder {
    object.additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(false)))
}
