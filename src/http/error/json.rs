//! Why a body is not a JSON object.

use thiserror::Error;

/// Why a body is not a JSON object.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum JsonError {
    /// It has no byte, or white space only.
    #[error("the body is empty; send a JSON object")]
    Empty,
    /// It is JSON, but an array, a string, a number, a truth value or null.
    #[error("the body must be a JSON object, such as `{{\"name\": \"value\"}}`")]
    NotAnObject,
    /// It ends too early.
    #[error("the body ends before its JSON object is complete")]
    Incomplete,
    /// It breaks the grammar of JSON at this place. Both numbers count from 1; the column counts bytes.
    #[error("the body is not valid JSON: the error is in line {line}, column {column}")]
    Syntax {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
}

impl JsonError {
    pub(crate) fn of(error: &serde_json::Error, body: &[u8]) -> Self {
        if body.trim_ascii().is_empty() {
            Self::Empty
        } else if error.is_data() {
            Self::NotAnObject
        } else if error.is_eof() {
            Self::Incomplete
        } else {
            Self::Syntax { line: error.line(), column: error.column().max(1) }
        }
    }
}
