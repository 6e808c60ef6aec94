use std::error::Error;
use std::fmt;

use thiserror::Error;

use crate::domain::{Invalid, RuleViolation};
use crate::followers::broker::TooManyStreams;
use crate::store::{CommitError, ReadError};

/// Why the product didn't do what it was asked for.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// A rule is against it. Nothing has changed.
    #[error(transparent)]
    Refused(#[from] RuleViolation),
    /// There is no account with that email address, or its password is another. Which of the two
    /// is told to nobody.
    #[error("the email address or the password is not right")]
    InvalidCredentials,
    /// Passwords were tried too often, for that account or from that address. Nothing was looked
    /// at, so that nobody learns from it whether the password was right.
    #[error("there were too many attempts: try again in {retry_after} s")]
    TooManyAttempts {
        /// After how many seconds, at least 1, there will be another attempt.
        retry_after: u64,
    },
    /// The account, or the client's address, has asked for too many changes. Nothing has changed.
    #[error("there were too many changes: try again in {retry_after} s")]
    TooManyChanges {
        /// After how many seconds, at least 1, one more is taken.
        retry_after: u64,
    },
    /// The session has as many live streams open as it may have.
    #[error(transparent)]
    TooManyStreams(#[from] TooManyStreams),
    /// No live session came with the request.
    #[error("there is no session, or it has ended: log in")]
    Unauthenticated,
    /// A child's session may not do this.
    #[error("only a parent may do this")]
    ParentRequired,
    /// Only an administrator's own session may do this.
    #[error("only an administrator may do this")]
    AdminRequired,
    /// The operator closed the sign-up.
    #[error("new accounts are made by the operator of this server")]
    SignupClosed,
    /// The demo family goes only where no record is.
    #[error("the data directory holds records already, and the demo family needs an empty one")]
    NotEmpty,
    /// The store didn't make the change.
    #[error(transparent)]
    Commit(CommitError),
    /// The audit history couldn't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The server is at fault.
    #[error("the server failed")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl ServiceError {
    /// A fault of the server's own.
    pub(crate) fn internal(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }
}

impl From<CommitError> for ServiceError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Refused(refusal) => Self::Refused(refusal),
            other => Self::Commit(other),
        }
    }
}

impl From<Invalid> for ServiceError {
    fn from(invalid: Invalid) -> Self {
        Self::Refused(invalid.into())
    }
}

/// An error with all of its causes, in one line for the operator.
#[derive(Debug)]
pub struct Causes<'a>(pub &'a (dyn Error + 'a));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
