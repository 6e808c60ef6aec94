use std::error::Error;
use std::fmt;

use thiserror::Error;

use crate::domain::{Device, Invalid, RuleViolation, TokenScope};
use crate::followers::broker::TooManyStreams;
use crate::store::{CommitError, ReadError};

/// Why a use case failed.
#[derive(Debug, Error)]
pub enum ServiceError {
    /// Nothing has changed.
    #[error(transparent)]
    Refused(#[from] RuleViolation),
    /// There is no account with that email address, or the password is wrong. Clients cannot tell
    /// which.
    #[error("the email address or the password is wrong")]
    InvalidCredentials,
    /// Too many passwords were tried for the account or from the address. The password was not checked,
    /// so that the response does not tell whether it was right.
    #[error("there were too many attempts: try again in {retry_after} s")]
    TooManyAttempts {
        /// The seconds until the next attempt is allowed, at least 1.
        retry_after: u64,
    },
    /// Too many changes of the account or from the address. Nothing has changed.
    #[error("there were too many changes: try again in {retry_after} s")]
    TooManyChanges {
        /// The seconds until the next change is allowed, at least 1.
        retry_after: u64,
    },
    /// No parent has confirmed the device yet.
    #[error("no parent has confirmed this device yet: ask again in {} s", Device::POLL_INTERVAL.as_secs())]
    AuthorizationPending,
    /// The device asks for its session too often.
    #[error("the device asks too often: ask again in {retry_after} s")]
    SlowDown {
        /// The seconds until the next request is allowed, at least 1.
        retry_after: u64,
    },
    #[error(transparent)]
    TooManyStreams(#[from] TooManyStreams),
    /// An account can have one export at a time.
    #[error("an export of this account is in progress: wait until it has ended")]
    ExportInProgress,
    /// A server makes one backup at a time.
    #[error("a backup is being made: wait until it has ended")]
    BackupInProgress,
    #[error("there is no session, or it has ended: log in")]
    Unauthenticated,
    #[error("only a parent may do this")]
    ParentRequired,
    #[error("only the owner of the family may do this")]
    OwnerRequired,
    #[error("only an administrator may do this")]
    AdminRequired,
    #[error("only a command on the server's machine may do this: use `goldstar account`")]
    OperatorRequired,
    #[error("repeat your password: you logged in more than 15 minutes ago")]
    PasswordRequired,
    /// The API token lacks this scope.
    #[error("this API token lacks the scope `{}`: create one that has it", .0.as_str())]
    ScopeRequired(TokenScope),
    /// The API token has the scope, but is for one child.
    #[error("this API token is for one child: create one for all children")]
    AllChildrenRequired(TokenScope),
    #[error("an API token can't do this: log in")]
    SessionRequired,
    #[error("sign-up is closed: ask the operator of this server for an account")]
    SignupClosed,
    #[error("the data directory already contains records: the demo needs an empty one")]
    NotEmpty,
    #[error(transparent)]
    Commit(CommitError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("the server failed")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}

impl ServiceError {
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

/// Displays an error with all its causes in one line, for the log.
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
