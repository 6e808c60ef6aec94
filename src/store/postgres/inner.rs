//! What all parts of the store use.

use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use uuid::Uuid;

use super::connect::Db;
use super::error::{Failure, Kind};
use super::gate::Gate;
use super::recent::Recent;
use crate::clock::{Clock, new_seed};
use crate::metrics::{self, CommitFailure};
use crate::store::{CommitError, Health, Projection};

pub(super) struct Inner {
    pub(super) db: Db,
    pub(super) gate: Gate,
    pub(super) clock: Clock,
    /// Identifies this server among those on the database.
    pub(super) server: Uuid,
    pub(super) wakeups: watch::Sender<()>,
    /// Tells the other servers that there are new events.
    pub(super) others: Notify,
    pub(super) recent: Recent,
    /// The last position that a follower could read, when one last looked.
    pub(super) end: AtomicU64,
    /// Makes the server look whether the database can be used.
    pub(super) suspicion: Notify,
    metrics: metrics::Store,
    trouble: Mutex<Option<Trouble>>,
    /// Why no notifications are received.
    deaf: Mutex<Option<String>>,
}

/// Why the database cannot be used now.
struct Trouble {
    line: String,
    /// Whether it ends as soon as the database responds.
    is_of_connection: bool,
}

impl Inner {
    pub(super) fn new(db: Db, clock: Clock, metrics: metrics::Store) -> Self {
        Self {
            db,
            gate: Gate::new(),
            clock,
            server: new_seed(),
            wakeups: watch::Sender::default(),
            others: Notify::new(),
            recent: Recent::default(),
            end: AtomicU64::default(),
            suspicion: Notify::new(),
            metrics,
            trouble: Mutex::default(),
            deaf: Mutex::default(),
        }
    }

    /// Wakes the followers of every server after a commit with events or messages.
    pub(super) fn wake(&self) {
        self.wakeups.send_replace(());
        self.others.notify_one();
    }

    /// Counts the transactions that were committed together.
    pub(super) fn count_commits(&self, number: usize) {
        self.metrics.commits.inc_by(number as u64);
        #[expect(clippy::cast_precision_loss, reason = "a queue is short")]
        self.metrics.batch_size.observe(number as f64);
    }

    /// Counts a transaction that failed.
    pub(super) fn count_failure(&self, error: &CommitError) {
        let why = match error {
            CommitError::Refused(_)
            | CommitError::Closed
            | CommitError::Overloaded
            | CommitError::LeaseLost => return,
            CommitError::NotDurable | CommitError::Unavailable(_) => CommitFailure::NotDurable,
            CommitError::StorageFull => CommitFailure::StorageFull,
            CommitError::OutcomeUnknown => CommitFailure::OutcomeUnknown,
            CommitError::ReadOnly => CommitFailure::ReadOnly,
            CommitError::Panicked => CommitFailure::Panicked,
        };
        self.metrics.failed(why);
    }

    /// Notes for the state of the server that a transaction was executed.
    pub(super) fn works(&self) {
        self.end_trouble(|_| true);
    }

    /// Notes that the database responds, which ends no trouble of its disk.
    pub(super) fn responds(&self) {
        self.end_trouble(|trouble| trouble.is_of_connection);
    }

    fn end_trouble(&self, ends: impl Fn(&Trouble) -> bool) {
        let mut trouble = self.trouble.lock();
        if trouble.as_ref().is_some_and(ends) {
            *trouble = None;
            self.metrics.writes_failing.set(0);
            tracing::info!("the database can be used again");
        }
    }

    /// Notes why the database cannot be used now.
    pub(super) fn fails(&self, failure: &Failure) {
        self.db.examine(failure);
        self.recent.clear();
        let (line, kind) = (failure.line(), failure.kind());
        let mut trouble = self.trouble.lock();
        if trouble.as_ref().is_none_or(|trouble| trouble.line != line) {
            tracing::error!(error = %line, "the database cannot be used");
        }
        self.metrics.writes_failing.set(1);
        let is_of_connection = matches!(kind, Kind::Lost | Kind::Unavailable);
        if is_of_connection {
            self.suspicion.notify_one();
        }
        *trouble = Some(Trouble { line, is_of_connection });
    }

    /// Notes whether notifications are received, and if not, why.
    pub(super) fn listens(&self, failure: Option<&Failure>) {
        let line = failure.map(Failure::line);
        let mut deaf = self.deaf.lock();
        if let Some(line) = line.as_ref().filter(|_| deaf.is_none()) {
            tracing::warn!(error = %line, "no notifications are received: event streams are delayed");
            self.suspicion.notify_one();
        }
        *deaf = line;
    }

    pub(super) fn health(&self) -> Health {
        let trouble = self.trouble.lock();
        let last_error = self.deaf.lock().clone();
        Health {
            trouble: trouble.as_ref().map(|trouble| trouble.line.clone()),
            projections: vec![Projection { name: "notifications", backlog: 0, last_error }],
            ..Health::default()
        }
    }
}
