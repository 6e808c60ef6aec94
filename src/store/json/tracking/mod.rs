//! The tracking table: `tracking_events.json`, its index in memory, and the rows that are not in
//! the file yet.

mod append;
mod bytes;
mod checked;
pub(crate) mod event;
mod index;
mod load;
mod mark;
mod own_file;
mod patch;
mod read;
mod reader;
mod recent;
mod row;
mod save;
mod saved;
mod scan;
mod table;
mod visit;
mod whole;

pub(crate) use append::{Appender, CLOSING, NewRow};
pub(crate) use index::id_hash;
pub(crate) use load::{Loaded, load};
pub(crate) use mark::{Extent, Mark};
pub(crate) use patch::{
    Patch, anonymize, anonymous, overlay, patches_of, trimmed, with_room, without_personal,
    write_patches,
};
pub(crate) use read::OwnRows;
pub(crate) use row::personal_spans;
pub(crate) use saved::{SavedIndex, Use};
pub(crate) use scan::Scan;
pub(crate) use table::{Newest, Tracking};
pub(crate) use visit::{FileRow, visit};

/// The file's name in a data directory.
pub(crate) const FILE: &str = "tracking_events.json";

/// How a reader reads the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadMode {
    /// Waits for the disk.
    Blocking,
    /// Fails with [`std::io::ErrorKind::WouldBlock`] instead of waiting for the disk.
    NonBlocking,
}
