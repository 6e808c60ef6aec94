//! What is wrong with one field of a body.

use std::fmt;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::Invalid;

/// The kind of a field's error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum FieldCode {
    /// The field is required, and the body does not contain it.
    Missing,
    /// The value has another JSON type than the field.
    WrongType,
    /// The value breaks a rule.
    Invalid,
    /// The body contains the field more than once.
    Repeated,
    /// The request has no such field.
    Unknown,
    /// The record has the field, but this request may not set it.
    NotAllowed,
}

/// One wrong field.
#[derive(Clone, Debug)]
pub struct FieldError {
    /// The field's name, at most its first 100 characters.
    pub name: String,
    /// The kind of error.
    pub code: FieldCode,
    rule: String,
}

impl FieldError {
    /// The rule completes a sentence that begins with the field's name: "must not be empty".
    pub(crate) fn new(name: &str, code: FieldCode, rule: impl Into<String>) -> Self {
        Self { name: shortened(name), code, rule: rule.into() }
    }
}

impl From<&Invalid> for FieldError {
    fn from(invalid: &Invalid) -> Self {
        Self::new(invalid.field, FieldCode::Invalid, invalid.message.clone())
    }
}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.name, self.rule)
    }
}

/// The beginning of a name that a client has sent. A response must not be as large as what a
/// stranger sends.
pub(crate) fn shortened(name: &str) -> String {
    const LONGEST: usize = 100;
    let mut shown: String = name.chars().take(LONGEST).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    shown
}
