//! The store on TinyDB files, made durable by a write-ahead log.
//!
//! [`JsonStore`] queues a transaction for the committer's thread (`committer`). That thread
//! executes it on the newest `state`, together with all other queued transactions (`batch`). It
//! appends one frame per transaction to the `journal` and syncs them with one call. Then it appends
//! the events to the tracking table (`tracking`), publishes the new state, wakes the followers
//! (`follow`) and returns the results. A second thread (`maintenance`) writes the small tables, and
//! makes checkpoints so that old segments of the journal can be removed. A start (`recovery`)
//! replays the rest of the journal.
//!
//! Invariants:
//!
//! - Every confirmed change is in the journal and synced, or in files that a checkpoint says are
//!   synced.
//! - Every file is written by Goldstar alone or by another program alone: a journal is replayed
//!   only over the files that it belongs to.
//! - After a failed write or sync, the same file is not trusted.
//! - No lock is held during disk I/O.

mod administration;
mod backup;
mod batch;
mod close;
mod committer;
pub(crate) mod damage;
mod erasures;
mod follow;
mod following;
pub(crate) mod frozen;
mod jobs;
pub(crate) mod lock;
mod maintenance;
mod opening;
mod options;
mod pending;
pub(crate) mod progress;
pub(crate) mod recovery;
mod saving;
mod scoped;
mod shared;
pub(crate) mod state;
pub(crate) mod tinydb;
pub(crate) mod tracking;
pub(crate) mod wal;

use std::fmt;
use std::io;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use tokio::sync::{oneshot, watch};
use tokio::task::spawn_blocking;
use tracing::Span;

use administration::Overview;
pub use damage::{Damage, DamageKind, OpenError};
use erasures::ErasureFile;
use jobs::{Anonymization, Job, Wake};
pub use options::{CHECKPOINT_BYTES, INDEX_EVENTS, Now, Options};
pub use progress::Progress;
use scoped::Scoped;
use shared::Shared;
use state::State;
use tracking::{ReadMode, Scan, Tracking};

use super::device_requests::RequestsInMemory;
use super::expiry::removed_sessions;
use super::{
    Administration, Changes, Commit, CommitError, Context, Decided, DeviceRequests, Erasures,
    EventScan, Expiry, Fence, Following, FoundEvent, FoundEvents, Health, Listing, ReadError,
    Scope, Snapshot, Store, StoredEvent,
};
use crate::clock::new_seed;
use crate::disk::Disk;
use crate::domain::webhooks::{Delivery, Webhook};
use crate::domain::{
    AccountFilter, ChildId, Epoch, EventFilter, EventId, Message, Page, Seq, SortOrder, Timestamp,
    TokenHash, User, UserId,
};

/// A data directory that this process has locked.
pub struct JsonStore {
    shared: Arc<Shared>,
    disk: Arc<dyn Disk>,
    data: PathBuf,
    /// The latest time of a record or an event at the start.
    newest: Option<Timestamp>,
    epoch: Epoch,
    jobs: Sender<Job>,
    wakes: Sender<Wake>,
    device_requests: Arc<RequestsInMemory>,
    closed: AtomicBool,
    /// The result of the first call of `close`, for all later calls; `None` before the first call.
    ended: Mutex<Option<watch::Receiver<Option<io::Result<()>>>>>,
    threads: [JoinHandle<()>; 2],
}

impl fmt::Debug for JsonStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JsonStore").finish_non_exhaustive()
    }
}

impl JsonStore {
    /// Queues a job for the committer. Returns false if the store is closed or the committer has
    /// ended.
    fn enqueue(&self, job: Job) -> bool {
        !self.closed.load(Ordering::Acquire) && self.jobs.send(job).is_ok()
    }

    /// Executes a decision on the state of all records.
    fn execute<T: Send + 'static>(
        &self,
        decide: impl Fn(&State, &mut Context) -> Decided<T> + Send + 'static,
    ) -> impl Future<Output = Result<Commit<T>, CommitError>> + Send {
        let (transaction, answered) = pending::pending(new_seed(), decide);
        let queued = self.enqueue(Job::Commit(transaction));
        async move {
            if !queued {
                return Err(self.refusal());
            }
            answered.await.unwrap_or_else(|_| Err(self.lost()))
        }
    }

    /// Why a transaction cannot be queued: the store is closed, or the committer has ended.
    fn refusal(&self) -> CommitError {
        if self.closed.load(Ordering::Acquire) {
            CommitError::Closed
        } else {
            CommitError::ReadOnly
        }
    }

    /// The error for a queued transaction without a result. A closed store has not executed it. A
    /// committer that has panicked may have made it durable.
    fn lost(&self) -> CommitError {
        let is_closed = self.closed.load(Ordering::Acquire);
        if is_closed { CommitError::Closed } else { CommitError::OutcomeUnknown }
    }

    /// Reads the history on another thread, in the span of the request: it may wait for the disk.
    async fn blocking<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Arc<Tracking>) -> T + Send + 'static,
    ) -> io::Result<T> {
        let (tracking, span) = (Arc::clone(&self.shared.tracking), Span::current());
        Ok(spawn_blocking(move || span.in_scope(|| read(&tracking))).await?)
    }
}

impl Store for JsonStore {
    async fn read(&self, scope: Scope) -> Result<Arc<dyn Snapshot>, ReadError> {
        Ok(Arc::new(Scoped::new(self.shared.state.load_full(), &scope)))
    }

    fn transact<T: Send + 'static>(
        &self,
        scope: Scope,
        decide: impl Fn(&dyn Snapshot, &mut Context) -> Decided<T> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<Commit<T>, CommitError>> + Send {
        self.execute(move |state, context| decide(&Scoped::new(state, &scope), context))
    }

    async fn remove_expired(&self, expiry: Expiry) -> Result<Vec<TokenHash>, CommitError> {
        if self.shared.state.load().removal_of_expired(&expiry).next().is_none() {
            return Ok(Vec::new());
        }
        let removal = self.execute(move |state, _| {
            let changes = Changes::of(state.removal_of_expired(&expiry));
            let removed = removed_sessions(&changes);
            Ok((changes.under(expiry.lease.clone()), removed))
        });
        Ok(removal.await?.value)
    }

    async fn is_empty(&self) -> Result<bool, ReadError> {
        Ok(self.shared.state.load().is_empty())
    }

    async fn count_accounts(&self) -> Result<usize, ReadError> {
        Ok(self.shared.state.load().users.records().count())
    }

    async fn accounts(
        &self,
        filter: &AccountFilter,
        page: Page,
    ) -> Result<Listing<Arc<User>>, ReadError> {
        Ok(Listing::of(self.shared.state.load().find_users(filter), page))
    }

    async fn due_families(
        &self,
        times: RangeInclusive<Timestamp>,
        limit: usize,
    ) -> Result<Vec<UserId>, ReadError> {
        let state = self.shared.state.load();
        let times = times.start().as_micros()..=times.end().as_micros();
        let due = state.users.ordered(Arc::default(), times).take(limit);
        Ok(state.all(due.collect()).into_iter().map(|user| user.id.clone()).collect())
    }

    async fn password_hashes(&self) -> Result<Vec<Arc<str>>, ReadError> {
        let state = self.shared.state.load();
        Ok(state.users.records().map(|user| Arc::clone(&user.password)).collect())
    }

    async fn find_events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> Result<FoundEvents, ReadError> {
        let (tracking, page) = (&self.shared.tracking, (order, page));
        let reversals = self.shared.state.load().reversals.clone();
        // A short query is faster on this thread than on another one.
        match tracking.query(filter, page, &reversals, ReadMode::NonBlocking) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            found => return Ok(found?),
        }
        let filter = filter.clone();
        let query = move |tracking: &Arc<Tracking>| {
            tracking.query(&filter, page, &reversals, ReadMode::Blocking)
        };
        Ok(self.blocking(query).await??)
    }

    async fn scan_events(
        &self,
        filter: &EventFilter,
        order: SortOrder,
    ) -> Result<Box<dyn EventScan>, ReadError> {
        Ok(Box::new(Scan::new(&self.shared.tracking, filter.clone(), order)))
    }

    async fn find_event(
        &self,
        family: &UserId,
        child: &ChildId,
        id: &EventId,
    ) -> Result<Option<StoredEvent>, ReadError> {
        let filter = EventFilter::of_family(family, Some(child));
        let id = id.clone();
        Ok(self.blocking(move |tracking| tracking.with_id(&id, &filter)).await??)
    }

    fn epoch(&self) -> Epoch {
        self.epoch.clone()
    }

    async fn head(&self, _family: &UserId) -> Result<Seq, ReadError> {
        // The row numbers of all families are one sequence.
        Ok(Seq(self.shared.tracking.last_row()))
    }

    async fn last_message(&self, _family: &UserId) -> Result<u64, ReadError> {
        // The row numbers of the messages of all families are one sequence.
        Ok(self.shared.state.load().messages.last_number())
    }

    async fn messages_of(&self, family: &UserId) -> Result<Vec<Arc<Message>>, ReadError> {
        Ok(self.shared.state.load().messages.group(family.as_str()))
    }

    async fn messages_after(
        &self,
        family: &UserId,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Arc<Message>)>, ReadError> {
        Ok(self.shared.state.load().messages.group_after(family.as_str(), after, limit))
    }

    async fn webhooks(&self) -> Result<Vec<Arc<Webhook>>, ReadError> {
        let state = self.shared.state.load();
        let is_used = |it: &&Arc<Webhook>| {
            state.users.get(it.user_id.as_str()).is_some_and(|user| user.deletion.is_none())
        };
        Ok(state.webhooks.records().filter(is_used).cloned().collect())
    }

    async fn deliveries_of(&self, family: &UserId) -> Result<Vec<Arc<Delivery>>, ReadError> {
        Ok(self.shared.state.load().deliveries.group(family.as_str()))
    }

    async fn events_after(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<FoundEvent>, ReadError> {
        let filter = EventFilter::of_family(family, child);
        Ok(self.blocking(move |tracking| tracking.events_after(after.0, &filter, limit)).await??)
    }

    async fn count_after(
        &self,
        family: &UserId,
        child: Option<&ChildId>,
        after: Seq,
        limit: usize,
    ) -> Result<usize, ReadError> {
        let filter = EventFilter::of_family(family, child);
        Ok(self.blocking(move |tracking| tracking.count_after(after.0, &filter, limit)).await?)
    }

    fn following(&self) -> Arc<dyn Following> {
        Arc::clone(&self.shared) as Arc<dyn Following>
    }

    fn device_requests(&self) -> Arc<dyn DeviceRequests> {
        Arc::clone(&self.device_requests) as Arc<dyn DeviceRequests>
    }

    fn administration(&self) -> Arc<dyn Administration> {
        let (disk, data) = (Arc::clone(&self.disk), self.data.clone());
        Arc::new(Overview { shared: Arc::clone(&self.shared), disk, data })
    }

    fn erasures(&self) -> Arc<dyn Erasures> {
        Arc::new(ErasureFile(self.wakes.clone()))
    }

    fn newest(&self) -> Option<Timestamp> {
        self.newest
    }

    fn health(&self) -> Health {
        let (tables, tracking) = (&self.shared.tables, &self.shared.tracking_file);
        let projections = vec![tables.lock().clone(), tracking.lock().clone()];
        // Before the store is closed, a thread ends only if it panics.
        let gone = !self.closed.load(Ordering::Acquire)
            && self.threads.iter().any(JoinHandle::is_finished);
        let read_only = gone || self.shared.read_only.load(Ordering::Relaxed);
        let failed = || gone.then(|| "a part of the server has failed".to_owned());
        Health { read_only, trouble: self.shared.trouble().or_else(failed), projections }
    }

    async fn anonymize_under(
        &self,
        lease: Option<&Fence>,
        user_id: &UserId,
    ) -> Result<usize, CommitError> {
        self.detach_frozen().await;
        lease.map_or(Ok(()), Fence::check)?;
        let (answer, answered) = oneshot::channel();
        let queued = self.enqueue(Job::Anonymize(Anonymization::new(user_id.clone(), answer)));
        if !queued {
            return Err(self.refusal());
        }
        answered.await.unwrap_or_else(|_| Err(self.lost()))
    }

    async fn purge(&self) -> io::Result<()> {
        let closed = || io::Error::other(CommitError::Closed);
        let (answer, answered) = oneshot::channel();
        if self.closed.load(Ordering::Acquire) || self.wakes.send(Wake::Purge(answer)).is_err() {
            return Err(closed());
        }
        answered.await.map_err(|_| closed())?
    }

    async fn close(&self) -> io::Result<()> {
        self.close_once().await
    }
}
