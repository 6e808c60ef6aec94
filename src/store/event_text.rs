//! Reads the JSON text of a stored event, which may contain values that only Python's parser accepts, such
//! as `NaN`.

pub(crate) use super::json::tinydb::fields::Fields;
pub(crate) use super::json::tinydb::pyjson::{Fault, decode_string};
