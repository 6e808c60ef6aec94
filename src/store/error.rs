use std::io;

use thiserror::Error;

use crate::domain::RuleViolation;

/// Why a database cannot be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Outage {
    #[error("the database cannot be reached")]
    Unreachable,
    /// It is a standby, or accepts no changes by its settings.
    #[error("the database is read-only")]
    ReadOnly,
    /// A privilege was revoked.
    #[error("the database does not permit it; the server log contains the reason")]
    Forbidden,
}

#[derive(Clone, Debug, Error)]
pub enum CommitError {
    /// A rule forbids it. Nothing has changed.
    #[error(transparent)]
    Refused(#[from] RuleViolation),
    /// The change could not be made durable. Nothing has changed.
    #[error("the change could not be made durable")]
    NotDurable,
    /// The disk is full. Nothing has changed.
    #[error("the disk is full")]
    StorageFull,
    /// The change could neither be made durable nor undone. The store accepts no further
    /// transactions.
    #[error("whether the change is durable is unknown")]
    OutcomeUnknown,
    /// The outcome of an earlier transaction is unknown, or files of the store were removed or
    /// replaced.
    #[error("the store accepts no changes until it is restarted")]
    ReadOnly,
    /// Too many transactions of the scope are waiting, or the database has no free connection. Nothing
    /// has changed.
    #[error("too many changes are waiting")]
    Overloaded,
    /// The database cannot be used now. Nothing has changed.
    #[error(transparent)]
    Unavailable(Outage),
    /// The decision panicked. Nothing has changed.
    #[error("the decision panicked")]
    Panicked,
    /// The change was to be made under a lease, which another server may have by now. Nothing has
    /// changed.
    #[error("another server has the lease")]
    LeaseLost,
    /// The store is closed or closing. Nothing has changed.
    #[error("the store is closed")]
    Closed,
}

impl CommitError {
    /// The error of a write of a file that has failed.
    pub fn of(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull => Self::StorageFull,
            _ => Self::NotDurable,
        }
    }
}
