mod anonymise;
mod behind;
mod durable;
mod freeze;

use std::io;
use std::mem;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError};
use std::time::{Duration, Instant};

use super::batch::Batch;
use super::jobs::Waker;
use super::jobs::{Anonymizations, Cut, Job, Synced};
use super::options::Now;
use super::pending::Pending;
use super::shared::Shared;
use super::tracking::{self, Appender, Mark};
use super::wal::journal::Journal;
use super::wal::prepared::Spare;
use crate::disk::Disk;
use crate::metrics::CommitFailure;
use crate::store::{CommitError, StoredEvent};

/// How often failed writes are retried, and how often the files are checked while there is nothing
/// to do.
pub(crate) const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// The maximum number of transactions per sync.
const MAX_BATCH: usize = 1024;

/// The only thread that changes anything. It executes the queued transactions, makes them durable,
/// writes the tracking rows, publishes the new state, wakes the followers, and then returns the
/// results.
pub(crate) struct Committer {
    pub(crate) shared: Arc<Shared>,
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) folder: PathBuf,
    pub(crate) journal: Journal,
    pub(crate) appender: Appender,
    pub(crate) anonymizations: Anonymizations,
    pub(crate) now: Now,
    /// After a failed sync of the tracking file: the part of the file that can be trusted.
    pub(crate) suspect: Option<Synced>,
    /// Wakes the maintenance thread after each batch that changed a record.
    pub(crate) maintenance: Waker,
    /// The time of the next retry.
    pub(crate) retry_at: Instant,
    /// Whether the store is closing.
    pub(crate) refusing: bool,
}

/// The result of an executed decision, and its transaction.
type Decided = (Result<Option<Arc<StoredEvent>>, CommitError>, Box<dyn Pending>);

/// The work of one batch.
#[derive(Default)]
struct Queue {
    commits: Vec<Box<dyn Pending>>,
    notes: Vec<Note>,
}

/// A payload that changes no state, and the channel for the result.
type Note = (String, SyncSender<io::Result<()>>);

impl Queue {
    fn len(&self) -> usize {
        self.commits.len() + self.notes.len()
    }
}

impl Committer {
    pub(crate) fn run(mut self, jobs: &Receiver<Job>) {
        while let Some(first) = self.next_job(jobs) {
            let mut queue = Queue::default();
            let mut next = Some(first);
            while let Some(job) = next.take() {
                match job {
                    Job::Commit(transaction) => queue.commits.push(transaction),
                    Job::Note(payload, answer) => queue.notes.push((payload, answer)),
                    Job::Anonymize(anonymization) => self.anonymizations.push_back(anonymization),
                    Job::Go => {}
                    Job::Cut(spare, answer) => {
                        self.commit(mem::take(&mut queue));
                        answer_to(&answer, self.cut(spare));
                    }
                    Job::Freeze(answer) => {
                        self.commit(mem::take(&mut queue));
                        if answer.send(self.freeze()).is_err() {
                            tracing::debug!("the caller no longer waits for a backup");
                        }
                    }
                    Job::RewriteTracking(synced) => {
                        self.count_tracking_failure();
                        self.suspect = Some(synced);
                        // Nothing can be checkpointed until the file is rewritten.
                        self.retry_at = Instant::now();
                    }
                    Job::Refuse => {
                        self.commit(mem::take(&mut queue));
                        self.refusing = true;
                    }
                    Job::Stop => {
                        self.commit(queue);
                        return;
                    }
                }
                if queue.len() < MAX_BATCH {
                    next = jobs.try_recv().ok();
                }
            }
            self.commit(queue);
            self.catch_up();
        }
    }

    /// Waits for a job. Meanwhile checks the files and retries failed writes.
    fn next_job(&mut self, jobs: &Receiver<Job>) -> Option<Job> {
        if !self.anonymizations.is_empty() {
            return match jobs.try_recv() {
                Err(TryRecvError::Disconnected) => None,
                job => Some(job.unwrap_or(Job::Go)),
            };
        }
        loop {
            let pause = if self.is_behind() {
                self.retry_at.saturating_duration_since(Instant::now())
            } else {
                RETRY_INTERVAL
            };
            match jobs.recv_timeout(pause) {
                Ok(job) => return Some(job),
                Err(RecvTimeoutError::Timeout) => {
                    self.look();
                    self.catch_up();
                }
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }

    fn commit(&mut self, mut queue: Queue) {
        if self.refusing {
            for transaction in queue.commits.drain(..) {
                transaction.finish(Err(CommitError::Closed));
            }
        }
        let piece = self.next_piece();
        if queue.len() == 0 && piece.is_none() {
            return;
        }
        if self.shared.read_only.load(Ordering::Relaxed) {
            return self.refuse(queue);
        }
        let state = self.shared.state.load_full();
        let history = Arc::clone(&self.shared.tracking);
        let mut batch = Batch::new(&state, history, (self.now)());
        let mut outcomes = Vec::with_capacity(queue.commits.len());
        for mut transaction in queue.commits {
            outcomes.push((batch.execute(&mut *transaction), transaction));
        }
        if !outcomes.is_empty() {
            let size = u32::try_from(outcomes.len()).unwrap_or(u32::MAX);
            self.shared.metrics.batch_size.observe(size.into());
        }
        let durable = self.settle(batch, queue.notes, piece.as_ref().map(Self::payload_of));
        self.answer(outcomes, &durable);
        if let Some(piece) = piece {
            self.finish_piece(&piece, &durable);
        }
    }

    /// Returns the results to the callers.
    fn answer(&self, outcomes: Vec<Decided>, durable: &Result<(), CommitError>) {
        for (outcome, transaction) in outcomes {
            // Even an error may be a consequence of other changes in the batch, which are lost if
            // it is not durable.
            let outcome = durable.as_ref().map_or_else(|error| Err(error.clone()), |()| outcome);
            self.count_failure(&outcome);
            transaction.finish(outcome);
        }
    }

    /// Fails all work because the store is read-only.
    fn refuse(&self, queue: Queue) {
        for transaction in queue.commits {
            let refused = Err(CommitError::ReadOnly);
            self.count_failure(&refused);
            transaction.finish(refused);
        }
        for (_, answer) in queue.notes {
            answer_to(&answer, Err(io::Error::other(CommitError::ReadOnly)));
        }
    }

    /// Counts errors other than rule violations.
    pub(crate) fn count_failure<T>(&self, outcome: &Result<T, CommitError>) {
        let why = match outcome {
            Ok(_)
            | Err(
                CommitError::Refused(_)
                | CommitError::Closed
                | CommitError::Overloaded
                | CommitError::LeaseLost,
            ) => return,
            Err(CommitError::NotDurable | CommitError::Unavailable(_)) => CommitFailure::NotDurable,
            Err(CommitError::StorageFull) => CommitFailure::StorageFull,
            Err(CommitError::OutcomeUnknown) => CommitFailure::OutcomeUnknown,
            Err(CommitError::ReadOnly) => CommitFailure::ReadOnly,
            Err(CommitError::Panicked) => CommitFailure::Panicked,
        };
        self.shared.metrics.failed(why);
    }

    fn count_tracking_failure(&self) {
        self.shared.metrics.projection_errors(tracking::FILE).inc();
    }

    /// Makes a batch, the notes and a piece durable, and then publishes the batch. If that fails,
    /// nothing is published.
    fn settle(
        &mut self,
        mut batch: Batch,
        notes: Vec<Note>,
        piece: Option<String>,
    ) -> Result<(), CommitError> {
        let commits = batch.payloads.len();
        let mut payloads = mem::take(&mut batch.payloads);
        let (notes, answers): (Vec<_>, Vec<_>) = notes.into_iter().unzip();
        payloads.extend(notes.into_iter().chain(piece));
        let durable = if payloads.is_empty() { Ok(()) } else { self.make_durable(&payloads) };
        if durable.is_ok() && commits > 0 {
            self.note_write_error(None);
            self.shared.metrics.commits.inc_by(commits as u64);
            self.publish(batch);
        }
        for answer in answers {
            let said = durable.as_ref().copied().map_err(ToString::to_string);
            answer_to(&answer, said.map_err(io::Error::other));
        }
        durable
    }

    /// Writes the rows of a durable batch to the tracking file, publishes its state, and wakes the
    /// followers.
    fn publish(&mut self, batch: Batch) {
        let Batch { state, events, has_messages, .. } = batch;
        if !events.is_empty() {
            self.appender.append(&events);
            if let Some(file) = self.appender.take_unsynced() {
                self.maintenance.sync_tracking(file);
            }
        }
        self.shared.state.store(Arc::new(state));
        self.maintenance.wake();
        if !events.is_empty() {
            self.note_health();
            self.shared.follow.publish(events.into_iter().map(|row| row.stored));
        } else if has_messages {
            self.shared.follow.wake();
        }
    }

    /// The extent of the tracking file. Fails while it lacks events.
    pub(super) fn mark(&mut self) -> io::Result<Mark> {
        let mark = self.appender.mark().filter(|_| self.suspect.is_none());
        mark.ok_or_else(|| io::Error::other("not all events are in the tracking file yet"))
    }

    fn cut(&mut self, spare: Option<Spare>) -> io::Result<Cut> {
        self.look();
        self.shared.check_not_lost()?;
        if self.is_behind() {
            self.retry();
        }
        self.appender.remove_leftover()?;
        let tracking = self.mark()?;
        let tracking = self.appender.extent(tracking);
        let reversals = self.shared.state.load().reversals.clone();
        let link = self.journal.rotate(spare)?;
        self.shared.note_segment(&self.journal);
        Ok(Cut { link, tracking, reversals, file: self.appender.file() })
    }
}

fn answer_to<T>(answer: &SyncSender<T>, value: T) {
    if answer.send(value).is_err() {
        tracing::debug!("the maintenance thread ended before it received the result");
    }
}
