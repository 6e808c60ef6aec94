//! The number of messages that are sent at the same time.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::{AcquireError, OwnedSemaphorePermit, Semaphore};

/// The connections of a server, and those of them to one host and port.
const CONNECTIONS: usize = 128;
const CONNECTIONS_PER_HOST: usize = 4;

pub(super) struct Permits {
    all: Arc<Semaphore>,
    hosts: Mutex<HashMap<String, Weak<Semaphore>>>,
}

/// The right to one connection. There is no error: nothing closes the semaphores.
pub(super) struct Permit {
    _of_host: Result<OwnedSemaphorePermit, AcquireError>,
    _of_all: Result<OwnedSemaphorePermit, AcquireError>,
}

impl Default for Permits {
    fn default() -> Self {
        Self { all: Arc::new(Semaphore::new(CONNECTIONS)), hosts: Mutex::default() }
    }
}

impl Permits {
    /// Waits for a connection to a host. What waits for a slow host does not keep others from theirs.
    pub(super) async fn acquire(&self, host: &str) -> Permit {
        let of_host = self.host(host).acquire_owned().await;
        Permit { _of_host: of_host, _of_all: Arc::clone(&self.all).acquire_owned().await }
    }

    fn host(&self, host: &str) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock();
        if let Some(known) = hosts.get(host).and_then(Weak::upgrade) {
            return known;
        }
        hosts.retain(|_, semaphore| semaphore.strong_count() > 0);
        let new = Arc::new(Semaphore::new(CONNECTIONS_PER_HOST));
        hosts.insert(host.to_owned(), Arc::downgrade(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_host_has_four_connections_and_others_have_theirs() {
        let permits = Permits::default();
        let mut held = Vec::new();
        for _ in 0..CONNECTIONS_PER_HOST {
            held.push(permits.acquire("slow").await);
        }
        assert!(permits.acquire("slow").now_or_never().is_none());
        assert!(permits.acquire("other").now_or_never().is_some());
        held.pop();
        assert!(permits.acquire("slow").now_or_never().is_some());
        held.clear();
        assert!(permits.acquire("another").now_or_never().is_some());
        assert!(permits.hosts.lock().len() <= 1, "idle hosts are forgotten");
    }
}
