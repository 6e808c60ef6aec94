use thiserror::Error;

use crate::domain::RuleViolation;

/// Why a transaction was not committed.
#[derive(Clone, Debug, Error)]
pub enum CommitError {
    /// A rule forbids it. Nothing has changed.
    #[error(transparent)]
    Refused(#[from] RuleViolation),
    /// It could not be made durable. Nothing has changed.
    #[error("the change could not be made durable")]
    NotDurable,
    /// The disk is full. Nothing has changed.
    #[error("the disk is full")]
    StorageFull,
    /// It could be neither made durable nor undone. The store refuses further transactions.
    #[error("whether the change is durable is unknown")]
    OutcomeUnknown,
    /// The outcome of an earlier transaction is unknown, or the store has lost its files.
    #[error("the store takes no changes until it is restarted")]
    ReadOnly,
    /// The decision panicked. Nothing has changed.
    #[error("the decision panicked")]
    Panicked,
    /// The store is closed or closing. Nothing has changed.
    #[error("the store is closed")]
    Closed,
}
