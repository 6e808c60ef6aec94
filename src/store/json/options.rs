use std::path::PathBuf;
use std::sync::Arc;

use super::progress::Progress;
use crate::disk::Disk;
use crate::domain::Timestamp;
use crate::metrics;

/// Tells the time.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Where a store keeps its files, and what it stands on.
#[derive(Clone)]
pub struct Options {
    /// The data directory; made where it doesn't exist.
    pub data_dir: PathBuf,
    /// The disk.
    pub disk: Arc<dyn Disk>,
    /// The clock.
    pub now: Now,
    /// Where commits, the journal and the failures of the files are counted.
    pub metrics: metrics::Store,
    /// How long a journal file becomes before a checkpoint is made, in bytes;
    /// [`CHECKPOINT_BYTES`] but for tests.
    pub checkpoint_bytes: u64,
    /// Is told how far the start has come.
    pub progress: Progress,
}

/// The usual [`Options::checkpoint_bytes`]: 16 MiB.
pub const CHECKPOINT_BYTES: u64 = 16 << 20;
