//! A transaction that waits for its batch. The type of its value is known only to itself, so that
//! the committer can execute transactions with values of any type.

use std::sync::Arc;

use tokio::sync::oneshot;
use uuid::Uuid;

use super::state::State;
use crate::domain::Timestamp;
use crate::store::{Changes, Commit, CommitError, Context, Decided, StoredEvent};

/// A transaction of any type.
pub(super) trait Pending: Send {
    /// Executes the decision and keeps its value.
    fn decide(&mut self, state: &State, now: Timestamp) -> Result<Changes, CommitError>;

    /// Sends the result to the caller, if it still waits.
    fn finish(self: Box<Self>, outcome: Result<Option<Arc<StoredEvent>>, CommitError>);
}

/// A transaction whose value is a `T`.
struct Transaction<T, D> {
    decide: D,
    seed: Uuid,
    value: Option<T>,
    answer: oneshot::Sender<Result<Commit<T>, CommitError>>,
}

/// Receives the result of a transaction.
pub(super) type Answer<T> = oneshot::Receiver<Result<Commit<T>, CommitError>>;

/// Creates the transaction for a decision, and the receiver of its result.
pub(super) fn pending<T: Send + 'static>(
    seed: Uuid,
    decide: impl Fn(&State, &mut Context) -> Decided<T> + Send + 'static,
) -> (Box<dyn Pending>, Answer<T>) {
    let (answer, answered) = oneshot::channel();
    (Box::new(Transaction { decide, seed, value: None, answer }), answered)
}

impl<T, D> Pending for Transaction<T, D>
where
    T: Send,
    D: Fn(&State, &mut Context) -> Decided<T> + Send,
{
    fn decide(&mut self, state: &State, now: Timestamp) -> Result<Changes, CommitError> {
        let (changes, value) = (self.decide)(state, &mut Context::new(now, self.seed))?;
        self.value = Some(value);
        Ok(changes)
    }

    fn finish(self: Box<Self>, outcome: Result<Option<Arc<StoredEvent>>, CommitError>) {
        let Self { value, answer, .. } = *self;
        let commit = outcome.and_then(|event| match value {
            Some(value) => Ok(Commit { value, event }),
            None => Err(CommitError::Panicked),
        });
        if answer.send(commit).is_err() {
            tracing::debug!("the caller of a transaction did not wait for its result");
        }
    }
}
