//! The form of every error answer.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;

use super::ErrorCode;
use super::error::sentence;
use super::field_error::{FieldCode, FieldError};
use super::openapi::schemas;
use crate::domain::FamilyLimit;

/// Why a request was not answered as it wished.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Error)]
pub(super) struct ErrorBody<'a> {
    /// A sentence for a person.
    pub(super) error: String,
    /// What it is, for a program.
    #[schema(value_type = ErrorCode)]
    pub(super) code: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) details: Option<Details<'a>>,
}

/// What a client needs beyond the code. Which fields are present depends on the code.
#[derive(Default, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ErrorDetails)]
pub(super) struct Details<'a> {
    /// The first field of the body that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) field: Option<&'a str>,
    /// Every field of the body that is wrong, by its name; at most 20.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<BTreeMap<String, FieldErrorBody>>)]
    pub(super) fields: Option<BTreeMap<&'a str, FieldErrorBody>>,
    /// The query parameter that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) parameter: Option<&'a str>,
    /// How many points are missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) points_needed: Option<i64>,
    /// The limit that is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) limit: Option<LimitBody>,
    /// After how many seconds to try again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub(super) retry_after: Option<u64>,
    /// When the account will be deleted; null if its mark can't be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub(super) due_at: Option<Value>,
}

impl<'a> Details<'a> {
    pub(super) fn of_fields<'b: 'a>(
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
pub(super) struct FieldErrorBody {
    /// The kind of error, for a program.
    pub(super) code: FieldCode,
    /// A sentence for a person.
    pub(super) error: String,
}

impl From<&FieldError> for FieldErrorBody {
    fn from(error: &FieldError) -> Self {
        Self { code: error.code, error: sentence(&error.to_string()) }
    }
}

/// What a family may have only so much of, and how much.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FamilyLimit)]
pub(super) struct LimitBody {
    /// Of what.
    #[schema(schema_with = limits)]
    pub(super) name: &'static str,
    /// The most that there may be.
    #[schema(minimum = 1)]
    pub(super) most: usize,
}

fn limits() -> ObjectBuilder {
    schemas::flag(FamilyLimit::ALL.map(FamilyLimit::as_str))
}

impl ErrorBody<'_> {
    /// The body as a value.
    pub(super) fn to_json(&self) -> Value {
        // Texts and numbers under fixed keys always have a JSON form.
        serde_json::to_value(self).unwrap_or_default()
    }
}
