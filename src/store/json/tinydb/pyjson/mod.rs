//! JSON as Python's `json` module reads and writes it. It is read as spans of the text, without
//! building values, so that unknown parts are kept byte for byte.
//!
//! Python's dialect is RFC 8259 with the numbers `NaN`, `Infinity` and `-Infinity`, and with
//! escaped surrogates that need no partner. Its writer, as TinyDB calls it, escapes everything but
//! ASCII and separates with `, ` and `: `.

mod scan;
mod string;
mod text;

pub(crate) use scan::{Fault, Scanner, items, members};
pub(crate) use string::{decode_exactly, decode_string};
pub(crate) use text::{compact, into_strict, push_object, push_string, push_value, strict};
