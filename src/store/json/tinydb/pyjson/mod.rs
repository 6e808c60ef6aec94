//! JSON as Python's `json` module reads and writes it: read as spans of the text, without building
//! values, so that what Goldstar doesn't know can be kept byte for byte.
//!
//! Python's dialect is RFC 8259 with `NaN`, `Infinity` and `-Infinity` as numbers, and with escaped
//! surrogates that need no partner. Its writer, as TinyDB calls it, escapes all but ASCII and
//! separates with `, ` and `: `.

mod scan;
mod string;
mod text;

pub(crate) use scan::{Fault, Scanner, items, members};
pub(crate) use string::{decode_exactly, decode_string};
pub(crate) use text::{compact, into_strict, push_object, push_string, push_value, strict};
