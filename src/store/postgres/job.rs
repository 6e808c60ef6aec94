//! Transactions that wait for their commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use tokio::sync::oneshot;
use uuid::Uuid;

use crate::clock::new_seed;
use crate::domain::Timestamp;
use crate::store::{Changes, Commit, CommitError, Context, Decided, Scope, Snapshot, StoredEvent};

/// A transaction of any type.
pub(super) trait Job: Send {
    fn scope(&self) -> &Scope;

    /// Runs the decision, and keeps its value for [`Self::finish`].
    fn decide(&mut self, records: &dyn Snapshot, now: Timestamp) -> Result<Changes, CommitError>;

    /// Sends the result to the caller, if it still waits.
    fn finish(self: Box<Self>, result: Finished);
}

/// The result of one transaction of a group.
pub(super) type Finished = Result<Option<Arc<StoredEvent>>, CommitError>;

type Reply<T> = oneshot::Sender<Result<Commit<T>, CommitError>>;

struct Transaction<T, F> {
    scope: Scope,
    decide: F,
    seed: Uuid,
    value: Option<T>,
    reply: Reply<T>,
}

/// A transaction with the sender of its result.
pub(super) fn transaction<T: Send + 'static>(
    scope: Scope,
    decide: impl Fn(&dyn Snapshot, &mut Context) -> Decided<T> + Send + 'static,
    reply: Reply<T>,
) -> Box<dyn Job> {
    Box::new(Transaction { scope, decide, seed: new_seed(), value: None, reply })
}

impl<T, F> Job for Transaction<T, F>
where
    T: Send,
    F: Fn(&dyn Snapshot, &mut Context) -> Decided<T> + Send,
{
    fn scope(&self) -> &Scope {
        &self.scope
    }

    fn decide(&mut self, records: &dyn Snapshot, now: Timestamp) -> Result<Changes, CommitError> {
        let run = || (self.decide)(records, &mut Context::new(now, self.seed));
        let decided = catch_unwind(AssertUnwindSafe(run)).map_err(|_| CommitError::Panicked)?;
        let (changes, value) = decided?;
        changes.check_lease()?;
        self.value = Some(value);
        Ok(changes)
    }

    fn finish(self: Box<Self>, result: Finished) {
        let value = self.value.ok_or(CommitError::Panicked);
        let commit = result.and_then(|event| Ok(Commit { value: value?, event }));
        // The caller may have gone away.
        drop(self.reply.send(commit));
    }
}
