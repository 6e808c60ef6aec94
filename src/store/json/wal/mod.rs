//! The write-ahead log: the files of the folder `journal`.

pub(crate) mod checkpoint;
pub(crate) mod entry;
pub(crate) mod files;
pub(crate) mod journal;
pub(crate) mod load;
pub(crate) mod prepared;
pub(crate) mod reached;
pub(crate) mod segment;

/// The journal's folder within a data directory.
pub(crate) const FOLDER: &str = "journal";
