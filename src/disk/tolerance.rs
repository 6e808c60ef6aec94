//! What a file system may lack without harm to what was answered: each is tried, and said once.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;

pub(super) static OWNERS: Tolerance =
    Tolerance::of("a replaced file does not keep its owner or group: it gets those of the server");
pub(super) static MODES: Tolerance =
    Tolerance::of("a replaced file does not keep its mode: only the server can read it");
pub(super) static ATTRIBUTES: Tolerance =
    Tolerance::of("a replaced file does not keep all its extended attributes");
pub(super) static ACCESS_LISTS: Tolerance = Tolerance::of(
    "a replaced file does not keep its access control list: its group gets no more than everybody",
);
pub(super) static PRIVATE_FILES: Tolerance = Tolerance::of(
    "the file system does not keep the mode of new files: other users of the machine may be able to \
     read them",
);
pub(super) static OWNERS_OF_NEW_FILES: Tolerance =
    Tolerance::of("what root makes here can't be given to the folder's owner");
pub(super) static FOLDER_SYNCS: Tolerance = Tolerance::of(
    "the file system can't sync folders: after a power cut, new and replaced files may be missing or \
     old",
);

/// Something that may fail, and then is said once while the process lives.
pub(super) struct Tolerance {
    what: &'static str,
    is_said: AtomicBool,
}

impl Tolerance {
    const fn of(what: &'static str) -> Self {
        Self { what, is_said: AtomicBool::new(false) }
    }

    /// Whether it has succeeded. A failure is logged the first time, with the folder that it happened in:
    /// the names of files may tell accounts.
    pub(super) fn allow(&self, folder: &Path, result: io::Result<()>) -> bool {
        let Err(error) = result else { return true };
        if !self.is_said.swap(true, Ordering::Relaxed) {
            let folder = folder.display();
            tracing::warn!(%folder, %error, "{}; this is said once", self.what);
        }
        false
    }
}

/// Whether the system says that there is no such operation here, and not that it has failed.
pub(super) fn is_unsupported(error: &io::Error) -> bool {
    let unsupported = [Errno::INVAL, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::BADF, Errno::NOSYS];
    error.raw_os_error().is_some_and(|code| {
        unsupported.into_iter().any(|unsupported| unsupported.raw_os_error() == code)
    })
}
