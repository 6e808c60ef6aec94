use std::io;
use std::path::PathBuf;

use thiserror::Error;

use crate::store::json::damage::{Damage, OpenError};

/// Why no copy was made. Nothing has changed.
#[derive(Debug, Error)]
pub enum SalvageError {
    /// There is nothing to copy.
    #[error("{} is not a data directory: it contains none of Goldstar's files", .0.display())]
    NoData(PathBuf),
    /// The copy would replace something.
    #[error("{} exists and is not an empty folder", .0.display())]
    Exists(PathBuf),
    /// One of the two directories is inside the other.
    #[error("{} is inside {}", .to.display(), .from.display())]
    Nested {
        /// The damaged directory.
        from: PathBuf,
        /// The new one.
        to: PathBuf,
    },
    /// An earlier attempt was killed.
    #[error("{} remains from an interrupted attempt: remove it, and try again", .0.display())]
    Leftover(PathBuf),
    /// The damaged directory is in use, or cannot be read.
    #[error(transparent)]
    Open(OpenError),
    /// No server would start on the copy.
    #[error("no server could start on the copy, so it was removed: {}", .0.cause)]
    Unusable(Damage),
    /// The disk failed.
    #[error("{} can't be used: the copy was interrupted and removed", .path.display())]
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
