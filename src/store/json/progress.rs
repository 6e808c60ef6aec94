use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// Reports the progress of reading a large file: the file, the bytes that are read, and its length.
#[derive(Clone)]
pub struct Progress(Arc<Report>);

type Report = dyn Fn(&Path, u64, u64) + Send + Sync;

impl Progress {
    /// Calls `report` for every piece that is read.
    pub fn new(report: impl Fn(&Path, u64, u64) + Send + Sync + 'static) -> Self {
        Self(Arc::new(report))
    }

    /// Reports nothing.
    pub fn silent() -> Self {
        Self::new(|_, _, _| {})
    }

    /// Reports that `read` of the file's `total` bytes are read.
    pub(crate) fn report(&self, file: &Path, read: u64, total: u64) {
        (self.0)(file, read, total);
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::silent()
    }
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Progress").finish_non_exhaustive()
    }
}
