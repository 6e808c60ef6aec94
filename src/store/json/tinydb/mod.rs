//! The file format of TinyDB's `JSONStorage`: Python's JSON, files of tables, and the row of each
//! record.

pub(crate) mod codecs;
pub(crate) mod deletion;
pub(crate) mod encoder;
pub(crate) mod fields;
pub(crate) mod file;
pub(crate) mod pyjson;
pub(crate) mod record;
