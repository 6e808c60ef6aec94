//! What is fuzzed: each target takes bytes from a stranger to where the product reads them, and
//! panics where something doesn't hold. `fuzz/` calls them with what it makes up.

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
