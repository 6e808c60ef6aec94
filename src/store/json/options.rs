use std::path::PathBuf;
use std::sync::Arc;

use super::progress::Progress;
use crate::disk::Disk;
use crate::domain::Timestamp;
use crate::metrics;

/// Returns the current time.
pub type Now = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// The settings of a store.
#[derive(Clone)]
pub struct Options {
    /// The data directory; created if it does not exist.
    pub data_dir: PathBuf,
    pub disk: Arc<dyn Disk>,
    pub now: Now,
    /// The metrics of commits, the log and failed writes.
    pub metrics: metrics::Store,
    /// The length of a segment after which a checkpoint is made, in bytes: [`CHECKPOINT_BYTES`],
    /// except in tests.
    pub checkpoint_bytes: u64,
    /// The index of the history is saved once there are this many new events: [`INDEX_EVENTS`], except in tests.
    pub index_events: u64,
    /// Reports the progress of the start.
    pub progress: Progress,
}

/// The usual [`Options::index_events`].
pub const INDEX_EVENTS: u64 = 16_384;

/// The usual [`Options::checkpoint_bytes`]: 16 MiB.
pub const CHECKPOINT_BYTES: u64 = 16 << 20;
