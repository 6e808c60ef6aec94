//! The write-ahead log: the files of the folder `journal`.

pub(crate) mod checkpoint;
pub(crate) mod entry;
pub(crate) mod files;
pub(crate) mod format;
pub(crate) mod journal;
pub(crate) mod load;
pub(crate) mod prepared;
pub(crate) mod reached;
pub(crate) mod segment;

/// The format of a data directory that this version writes, and the newest that it reads. It grows with
/// every change that an older version would misread. Directories that name none have format 1.
pub(crate) const FORMAT: u32 = 2;

/// The journal's folder within a data directory.
pub(crate) const FOLDER: &str = "journal";
