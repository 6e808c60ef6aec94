//! `goldstar import` and `goldstar export`: from a data directory to a database, and back.
//!
//! Records and events keep their text byte for byte. What a database has no place for (rows that are
//! no records, other tables, other TinyDB files) is kept as text in a table of its own.

mod batch;
mod directory;
mod erasures;
mod error;
mod export;
mod import;
mod imported;
mod other_files;
mod rows;

pub use erasures::{database_erasures, directory_erasures};
pub use error::TransferError;
pub use export::{Exported, export};
pub use import::import;
pub use imported::Imported;
