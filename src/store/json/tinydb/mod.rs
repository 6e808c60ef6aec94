//! The file format of TinyDB's `JSONStorage`: Python's JSON, files of tables, and the row of each
//! record.

pub(crate) mod badges;
mod calendar_feed;
pub(crate) mod codecs;
pub(crate) mod deletion;
pub(crate) mod details;
pub(crate) mod encoder;
mod family;
pub(crate) mod fields;
pub(crate) mod file;
pub(crate) mod idempotency;
pub(crate) mod log_entry;
mod member;
pub(crate) mod message;
pub(crate) mod pyjson;
pub(crate) mod record;
pub(crate) mod requests;
pub(crate) mod schedule;
mod session;
mod webhooks;

/// The number of a row in its table. Events are numbered in the order of writing.
pub(crate) type RowNumber = u64;
