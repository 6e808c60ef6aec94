//! A limit for the replays of event streams.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// With fewer, the processors wait for reads; with more, other requests wait longer.
const REPLAYS_PER_PROCESSOR: usize = 4;
/// After this time a replay reads even if it exceeds the limit: with a slow database, its turn would come very late.
const TURN_WAIT: Duration = Duration::from_secs(5);

/// Limits the number of replays that read the store at the same time.
///
/// All devices reconnect together after an outage. Without the limit, every other request would wait until the tasks of
/// all these streams have run, and would do so several times.
pub(super) struct Replays(Arc<Semaphore>);

impl Default for Replays {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        Self(Arc::new(Semaphore::new(processors * REPLAYS_PER_PROCESSOR)))
    }
}

impl Replays {
    /// Waits until a replay may read, but at most for [`TURN_WAIT`]. The replay counts until the returned value is dropped,
    /// which must not wait for a client.
    pub(super) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        timeout(TURN_WAIT, Arc::clone(&self.0).acquire_owned()).await.ok()?.ok()
    }
}
