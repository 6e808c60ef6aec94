use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::store::json::damage::{Damage, OpenError};

/// Why no copy was made. Nothing has changed.
#[derive(Debug, Error)]
pub enum SalvageError {
    /// There is nothing to copy.
    #[error("{} is not a data directory: none of the files is there that Goldstar knows", .0.display())]
    NoData(PathBuf),
    /// The copy would replace something.
    #[error("{} exists, and is not an empty folder", .0.display())]
    Exists(PathBuf),
    /// One of the two directories is inside the other.
    #[error("{} lies in {}", .to.display(), .from.display())]
    Nested {
        /// The damaged directory.
        from: PathBuf,
        /// The new one.
        to: PathBuf,
    },
    /// An earlier attempt was killed.
    #[error("{} is left of an attempt that was broken off: remove it, and start again", .0.display())]
    Leftover(PathBuf),
    /// The damaged directory is in use, or cannot be read.
    #[error(transparent)]
    Open(OpenError),
    /// No server would start on the copy.
    #[error("no server would start on the copy, and it was removed again: {}", .0.cause)]
    Unusable(Damage),
    /// The disk failed.
    #[error("{} can't be used: the copy was broken off, and removed again", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

impl SalvageError {
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }
}
