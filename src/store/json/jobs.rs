//! The messages between the threads of the store.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, SyncSender};

use tokio::sync::oneshot;

use super::frozen::Frozen;
use super::pending::Pending;
use super::state::Reversals;
use super::tracking::{Extent, Mark};
use super::wal::prepared::Spare;
use super::wal::segment::Link;
use crate::disk::DiskFile;
use crate::domain::{ErasureList, Timestamp, UserId};
use crate::store::CommitError;

/// A message to the committer.
pub(crate) enum Job {
    Commit(Box<dyn Pending>),
    /// Write a payload that changes no state.
    Note(String, SyncSender<io::Result<()>>),
    /// Anonymise an account's events.
    Anonymize(Anonymization),
    /// Start a new segment, in a spare file if there is one, and return what must be synced before
    /// the old segments can be removed.
    Cut(Option<Spare>, SyncSender<io::Result<Cut>>),
    /// Return the state and the history at one commit.
    Freeze(oneshot::Sender<io::Result<Frozen>>),
    /// A sync of the tracking file has failed: rewrite it from its last checkpoint.
    RewriteTracking(Synced),
    /// No transaction is queued, but an account is being anonymised.
    Go,
    /// Reject all later transactions.
    Refuse,
    /// End.
    Stop,
}

/// The accounts to anonymise, one after the other.
pub(crate) type Anonymizations = VecDeque<Anonymization>;

/// An account that is being anonymised.
pub(crate) struct Anonymization {
    pub(crate) user_id: UserId,
    answer: oneshot::Sender<Result<usize, CommitError>>,
    /// The position in the index from which its next row is searched.
    pub(crate) from: usize,
    /// The number of anonymised rows.
    pub(crate) changed: usize,
}

impl Anonymization {
    pub(crate) fn new(
        user_id: UserId,
        answer: oneshot::Sender<Result<usize, CommitError>>,
    ) -> Self {
        Self { user_id, answer, from: 0, changed: 0 }
    }

    pub(crate) fn end(self, outcome: Result<usize, CommitError>) {
        if self.answer.send(outcome).is_err() {
            tracing::debug!("the caller no longer waits for the anonymisation of an account");
        }
    }
}

/// The state of the log and of the tracking file at the last checkpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Synced {
    pub(crate) link: Link,
    pub(crate) tracking: Mark,
}

/// A point between two batches from which the log can be replayed.
pub(crate) struct Cut {
    /// The position of the first frame after it.
    pub(crate) link: Link,
    /// The extent of the tracking file.
    pub(crate) tracking: Extent,
    /// The reversals up to there.
    pub(crate) reversals: Reversals,
    /// The tracking file, to be synced.
    pub(crate) file: Arc<dyn DiskFile>,
}

/// A message to the maintenance thread.
pub(crate) enum Wake {
    /// Records have changed.
    Changed,
    /// The tracking file has grown so much that it must be synced.
    SyncTracking(Arc<dyn DiskFile>),
    /// Remove all data that is not needed any more.
    Purge(oneshot::Sender<io::Result<()>>),
    /// Add an account, if one is given, to the list of deleted accounts, which is complete until then, and
    /// return it.
    Erasures(Option<UserId>, Timestamp, oneshot::Sender<io::Result<ErasureList>>),
    /// Write all files and end.
    Close(Box<dyn FnOnce(io::Result<()>) + Send>),
}

/// Wakes the maintenance thread: once for all changes until it reads the state.
#[derive(Clone)]
pub(crate) struct Waker {
    pub(crate) wakes: Sender<Wake>,
    pub(crate) changed: Arc<AtomicBool>,
}

impl Waker {
    /// Records have changed.
    pub(crate) fn wake(&self) {
        if !self.changed.swap(true, Ordering::AcqRel) {
            self.send(Wake::Changed);
        }
    }

    /// Has the tracking file synced.
    pub(crate) fn sync_tracking(&self, file: Arc<dyn DiskFile>) {
        self.send(Wake::SyncTracking(file));
    }

    fn send(&self, wake: Wake) {
        if self.wakes.send(wake).is_err() {
            tracing::debug!("the maintenance has ended");
        }
    }
}
