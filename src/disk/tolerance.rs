//! Operations that a file system need not support. A failure is logged once and otherwise ignored.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;

pub(super) static OWNERS: Tolerance =
    Tolerance::of("a replaced file does not keep its owner or group, and gets those of the server");
pub(super) static MODES: Tolerance =
    Tolerance::of("a replaced file does not keep its mode, and only the server can read it");
pub(super) static ATTRIBUTES: Tolerance =
    Tolerance::of("a replaced file does not keep all its extended attributes");
pub(super) static ACCESS_LISTS: Tolerance = Tolerance::of(
    "a replaced file does not keep its access control list, and its group gets no more access than \
     everybody",
);
pub(super) static PRIVATE_FILES: Tolerance = Tolerance::of(
    "the file system does not keep the mode of new files: other users of the machine may be able to \
     read them",
);
pub(super) static OWNERS_OF_NEW_FILES: Tolerance =
    Tolerance::of("files that root creates here cannot be given to the folder's owner");
pub(super) static FOLDER_SYNCS: Tolerance = Tolerance::of(
    "the file system cannot sync folders: after a power failure, new and replaced files may be missing \
     or old",
);

/// An operation whose failure is logged once per process.
pub(super) struct Tolerance {
    what: &'static str,
    is_logged: AtomicBool,
}

impl Tolerance {
    const fn of(what: &'static str) -> Self {
        Self { what, is_logged: AtomicBool::new(false) }
    }

    /// Whether the operation has succeeded. The first failure is logged, with the folder only: names of
    /// files may identify accounts.
    pub(super) fn allow(&self, folder: &Path, result: io::Result<()>) -> bool {
        let Err(error) = result else { return true };
        if !self.is_logged.swap(true, Ordering::Relaxed) {
            let folder = folder.display();
            tracing::warn!(%folder, %error, "{} (logged once)", self.what);
        }
        false
    }
}

/// Whether an error means that the operation is not supported, and not that it has failed.
pub(super) fn is_unsupported(error: &io::Error) -> bool {
    let unsupported = [Errno::INVAL, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::BADF, Errno::NOSYS];
    error.raw_os_error().is_some_and(|code| {
        unsupported.into_iter().any(|unsupported| unsupported.raw_os_error() == code)
    })
}
