//! The form of every error answer.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;

use super::code::ErrorCode;
use crate::domain::{Ending, FamilyLimit, TokenScope};
use crate::http::error::field::{FieldCode, FieldError};
use crate::http::openapi::schemas;

/// An error.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Error)]
pub(crate) struct ErrorBody<'a> {
    /// A sentence for a person.
    pub(crate) error: String,
    /// The kind of error, for a program.
    #[schema(value_type = ErrorCode)]
    pub(crate) code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) details: Option<Details<'a>>,
}

/// Details of an error. The code determines which fields are present.
#[derive(Default, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ErrorDetails)]
pub(crate) struct Details<'a> {
    /// The first field of the body that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) field: Option<&'a str>,
    /// Every field of the body that is wrong, by its name; at most 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<BTreeMap<String, FieldErrorBody>>)]
    pub(crate) fields: Option<BTreeMap<&'a str, FieldErrorBody>>,
    /// The query parameter that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) parameter: Option<&'a str>,
    /// The number of missing points.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) points_needed: Option<i64>,
    /// The limit that is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) limit: Option<LimitBody>,
    /// The number of seconds after which to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) retry_after: Option<u64>,
    /// The scope that an API token needs.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, schema_with = scopes)]
    pub(crate) scope: Option<&'static str>,
    /// The first names of the members of the family besides its owner.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) members: Option<Vec<&'a str>>,
    /// When the account will be deleted; null if the mark cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) due_at: Option<Value>,
    /// When the limit allows the task again; null if never.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(crate) available_at: Option<Value>,
    /// How the request ended: `unknown` if that is no longer remembered, or the request never existed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(schema_with = endings)]
    pub(crate) ended: Option<&'static str>,
    /// When the request ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, format = DateTime)]
    pub(crate) ended_at: Option<String>,
    /// The event that ended the request, if one did.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) tracking_event_id: Option<&'a str>,
    /// The event that has reversed the event.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(crate) reversal_id: Option<&'a str>,
}

impl<'a> Details<'a> {
    pub(crate) fn of_fields<'b: 'a>(
        errors: impl IntoIterator<Item = (&'b str, FieldErrorBody)>,
    ) -> Self {
        let mut errors = errors.into_iter().peekable();
        let field = errors.peek().map(|(name, _)| *name);
        Self { field, fields: Some(errors.collect()), ..Self::default() }
    }
}

/// What is wrong with one field.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FieldError)]
pub(crate) struct FieldErrorBody {
    /// The kind of error, for a program.
    pub(crate) code: FieldCode,
    /// A sentence for a person.
    pub(crate) error: String,
}

impl From<&FieldError> for FieldErrorBody {
    fn from(error: &FieldError) -> Self {
        Self { code: error.code, error: sentence(&error.to_string()) }
    }
}

/// A limit of a family.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FamilyLimit)]
pub(crate) struct LimitBody {
    /// The name of the limit.
    #[schema(schema_with = limits)]
    pub(crate) name: &'static str,
    /// The highest number.
    #[schema(minimum = 1)]
    pub(crate) most: usize,
}

fn endings() -> ObjectBuilder {
    schemas::flag(Ending::ALL.map(Ending::as_str).into_iter().chain([UNKNOWN]))
}

fn scopes() -> ObjectBuilder {
    schemas::flag(TokenScope::ALL.map(TokenScope::as_str))
}

/// The end of a request that the server does not remember.
pub(crate) const UNKNOWN: &str = "unknown";

fn limits() -> ObjectBuilder {
    schemas::flag(FamilyLimit::ALL.map(FamilyLimit::as_str))
}

impl ErrorBody<'_> {
    pub(crate) fn to_json(&self) -> Value {
        // Texts and numbers under fixed keys always have a JSON form.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Turns the text of an error, which is a clause, into a sentence.
pub(crate) fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(char::to_uppercase);
    let rest = chars.as_str();
    first.into_iter().flatten().chain(rest.chars()).chain(['.']).collect()
}
