use thiserror::Error;

/// A value in a request that breaks a rule.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{field}` {message}")]
pub struct Invalid {
    pub field: &'static str,
    /// The rule, which completes a sentence that starts with the field: "must not be empty".
    pub message: String,
}

impl Invalid {
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}
