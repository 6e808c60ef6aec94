//! Errors: one enum, one table of codes, one JSON form.

pub(crate) mod api_error;
pub(crate) mod body;
mod code;
pub(crate) mod field;
pub(crate) mod json;
mod table;

pub use api_error::ApiError;
pub use code::ErrorCode;
