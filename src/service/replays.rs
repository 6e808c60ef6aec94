//! A limit for the replays of event streams.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// With fewer, the processors wait for reads; with more, other requests wait longer.
const REPLAYS_PER_PROCESSOR: usize = 4;
/// A replay waits no longer for others to end, which takes very long if a database hardly responds.
const TURN_WAIT: Duration = Duration::from_secs(5);

/// Limits the number of replays that read the store at the same time.
///
/// All devices reconnect together after an outage. Each step of any other request would otherwise wait until all of their
/// tasks have run.
pub(super) struct Replays(Arc<Semaphore>);

impl Default for Replays {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new(processors * REPLAYS_PER_PROCESSOR)))
    }
}

impl Replays {
    /// Waits until fewer replays read, but at most for [`TURN_WAIT`]. The returned value counts as a replay that reads, and
    /// must not be kept while a client receives.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        timeout(TURN_WAIT, Arc::clone(&self.0).acquire_owned()).await.ok()?.ok()
    }
}
