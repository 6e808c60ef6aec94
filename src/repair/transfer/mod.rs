//! `goldstar import` and `goldstar export`: from a data directory to a database, and back.
//!
//! Records and events keep their text byte for byte. What a database has no place for (rows that are
//! no records, other tables, other TinyDB files) is kept as text in a table of its own.

mod again;
mod batch;
mod directory;
mod erasures;
mod error;
mod export;
mod import;
mod imported;
mod other_files;
mod rows;
mod source;

pub use again::erase_again;
pub(super) use directory::{NewDirectory, NewTable};
pub use erasures::{database_erasures, directory_erasures};
pub use error::TransferError;
pub(super) use error::{damage_in, require_intact};
pub(super) use export::export_for_backup;
pub use export::{Exported, export};
pub use import::import;
pub(super) use import::import_from;
pub use imported::Imported;
pub(super) use source::ImportSource;
