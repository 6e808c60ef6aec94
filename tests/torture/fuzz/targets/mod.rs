//! The fuzz targets: each passes untrusted bytes to a parser of the product, and panics if a
//! property is violated. `fuzz/` calls them with generated inputs.

mod bodies;
mod directory;
mod family;
mod journal;
mod query;
mod tinydb;

pub(crate) use bodies::bodies;
pub(crate) use journal::journal;
pub(crate) use query::query;
pub(crate) use tinydb::tinydb;
