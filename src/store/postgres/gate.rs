//! The queue of the requests that have not read anything yet.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use super::connect::{POOL_SIZE, POOL_WAIT};
use super::error::Failure;

/// After this time with a queue, the server is overloaded, not only interrupted for a moment.
const OVERLOADED_AFTER: Duration = Duration::from_secs(1);
/// How long a request waits then. It limits the time of all responses, because the queue never gets shorter by itself.
const SHORT_WAIT: Duration = Duration::from_millis(500);

/// Admits as many first reads at a time as there are connections, so that the other reads of the requests that were
/// admitted earlier do not wait behind all of those.
pub(super) struct Gate {
    places: Arc<Semaphore>,
    /// When a request last found a free place.
    last_free: Mutex<Instant>,
}

impl Gate {
    pub(super) fn new() -> Self {
        Self { places: Arc::new(Semaphore::new(POOL_SIZE)), last_free: Mutex::new(Instant::now()) }
    }

    /// Waits for a place, in the order of arrival, and at most for the time of a connection.
    pub(super) async fn enter(&self) -> Result<OwnedSemaphorePermit, Failure> {
        if let Ok(place) = Arc::clone(&self.places).try_acquire_owned() {
            *self.last_free.lock() = Instant::now();
            return Ok(place);
        }
        let is_overloaded = self.last_free.lock().elapsed() > OVERLOADED_AFTER;
        let patience = if is_overloaded { SHORT_WAIT } else { POOL_WAIT };
        let place = timeout(patience, Arc::clone(&self.places).acquire_owned()).await;
        place.map_err(|_| Failure::Busy)?.map_err(|_| Failure::Stopping)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn refused_after(gate: &Gate) -> Duration {
        let begun = Instant::now();
        assert!(matches!(gate.enter().await, Err(Failure::Busy)));
        begun.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_waits_less_while_the_queue_never_gets_empty() {
        let gate = Gate::new();
        for _ in 0..2 {
            let mut places = Vec::new();
            for _ in 0..POOL_SIZE {
                places.push(gate.enter().await.unwrap());
            }
            assert_eq!(refused_after(&gate).await, POOL_WAIT);
            assert_eq!(refused_after(&gate).await, SHORT_WAIT);
            let (waiting, ()) = tokio::join!(gate.enter(), async { drop(places.pop()) });
            let waiting = waiting.unwrap();
            assert_eq!(refused_after(&gate).await, SHORT_WAIT, "the place was not free");
            drop(waiting);
        }
    }
}
