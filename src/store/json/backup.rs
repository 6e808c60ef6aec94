//! What a backup of a running server needs of the store.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;
use tokio::task::spawn_blocking;

use super::JsonStore;
use super::frozen::Frozen;
use super::jobs::Job;
use crate::disk::Disk;
use crate::store::CommitError;

impl JsonStore {
    /// Returns what is committed now. Must not be called while an account is anonymised.
    pub(crate) async fn freeze(&self) -> io::Result<Frozen> {
        let closed = || io::Error::other(CommitError::Closed);
        let (answer, answered) = oneshot::channel();
        if self.closed.load(Ordering::Acquire) || self.jobs.send(Job::Freeze(answer)).is_err() {
            return Err(closed());
        }
        let frozen = answered.await.map_err(|_| closed())??;
        *self.shared.frozen.lock() = Arc::downgrade(&frozen.history);
        Ok(frozen)
    }

    /// The disk and the data directory.
    pub(crate) fn place(&self) -> (Arc<dyn Disk>, PathBuf) {
        (Arc::clone(&self.disk), self.data.clone())
    }

    /// Has the rest of a history that is being read copied, so that its rows can be overwritten.
    pub(super) async fn detach_frozen(&self) {
        let Some(history) = self.shared.frozen.lock().upgrade() else { return };
        let (disk, data) = self.place();
        let detached = spawn_blocking(move || history.detach(&*disk, &data)).await;
        if let Err(error) = detached {
            tracing::error!(%error, "the history of a backup could not be copied");
        }
    }
}
