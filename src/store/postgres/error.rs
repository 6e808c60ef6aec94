//! Why a statement fails.

use std::io;

use thiserror::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::store::{CommitError, Outage, ReadError};

/// Why a statement failed.
#[derive(Debug, Error)]
pub enum Failure {
    #[error("all connections to the database are in use")]
    Busy,
    #[error("there is no connection to the database")]
    NoConnection(#[source] Option<tokio_postgres::Error>),
    #[error("the database is read-only")]
    ReadOnly,
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    #[error("the database did not respond in time")]
    Late,
    #[error("the database failed")]
    Database(#[from] tokio_postgres::Error),
    #[error("the database has a row that cannot be read: {0}")]
    Malformed(String),
    #[error("another server has the lease")]
    LeaseLost,
    /// The runtime has ended.
    #[error("the server is stopping")]
    Stopping,
}

/// The privileges that the user lacks.
#[derive(Clone, Debug, Error)]
#[error(
    "the user {user} may not read and change {tables}: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL \
     TABLES IN SCHEMA {schema} TO {user}"
)]
pub struct Forbidden {
    pub(super) user: String,
    pub(super) tables: String,
    pub(super) schema: String,
}

/// What to do about a [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Another transaction came first: try again.
    Conflict,
    /// The email address belongs to another account.
    EmailTaken,
    Full,
    /// No answer: the statement may have been executed.
    Lost,
    /// The statement was not executed, and may be later: the server is starting, stopping or read-only, or
    /// a privilege was revoked.
    Unavailable,
    Other,
}

impl Failure {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Late => Kind::Lost,
            Self::Busy | Self::NoConnection(_) | Self::ReadOnly | Self::Forbidden(_) => {
                Kind::Unavailable
            }
            Self::Malformed(_) | Self::LeaseLost | Self::Stopping => Kind::Other,
            Self::Database(error) => kind_of(error),
        }
    }

    pub(super) fn outage(&self) -> Outage {
        match self {
            Self::ReadOnly => Outage::ReadOnly,
            Self::Forbidden(_) => Outage::Forbidden,
            Self::Database(error) | Self::NoConnection(Some(error)) if is_read_only(error) => {
                Outage::ReadOnly
            }
            Self::Database(error) if error.code() == Some(&SqlState::INSUFFICIENT_PRIVILEGE) => {
                Outage::Forbidden
            }
            _ => Outage::Unreachable,
        }
    }

    /// Whether the connection has ended or leads to a server that accepts no changes, so that another
    /// one may work. A statement that took too long is not repeated.
    pub(super) fn is_of_connection(&self) -> bool {
        match self {
            Self::ReadOnly => true,
            Self::NoConnection(Some(error)) => error.as_db_error().is_some_and(ends_connection),
            Self::Database(error) => error.as_db_error().is_none_or(ends_connection),
            _ => false,
        }
    }

    /// Whether the connections that were opened before must not be used again: they may lead to a
    /// server that is no longer the primary, or a statement may still run on them.
    pub(super) fn is_of_all_connections(&self) -> bool {
        match self {
            Self::Late | Self::ReadOnly => true,
            Self::Database(error) => error.as_db_error().is_some_and(ends_connection),
            _ => false,
        }
    }

    /// Whether the connection does not have a prepared statement, or has another one of that name: then
    /// nothing was executed. A pooler without support for prepared statements executes each transaction
    /// on any connection.
    pub(super) fn is_lost_statement(&self) -> bool {
        let Self::Database(error) = self else { return false };
        let lost = [
            SqlState::INVALID_SQL_STATEMENT_NAME,
            SqlState::DUPLICATE_PSTATEMENT,
            // Another number of parameters.
            SqlState::PROTOCOL_VIOLATION,
        ];
        error.as_db_error().is_some_and(|error| lost.contains(error.code()))
    }

    /// For the state of the server: the cause in one line.
    pub(crate) fn line(&self) -> String {
        let (Self::Database(error) | Self::NoConnection(Some(error))) = self else {
            return self.to_string();
        };
        if self.outage() == Outage::ReadOnly {
            return Outage::ReadOnly.to_string();
        }
        match error.as_db_error() {
            Some(error) => format!("the database failed: {}", error.message()),
            None => format!("the database failed: {}", causes(error)),
        }
    }
}

fn ends_connection(error: &DbError) -> bool {
    [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::READ_ONLY_SQL_TRANSACTION]
        .contains(error.code())
}

/// Whether the cause is that the server is a standby, or accepts no changes by its settings.
pub(super) fn is_read_only(error: &tokio_postgres::Error) -> bool {
    match error.as_db_error() {
        Some(error) => *error.code() == SqlState::READ_ONLY_SQL_TRANSACTION,
        // The driver has no type for it.
        None => causes(error).contains("does not allow writes"),
    }
}

fn kind_of(error: &tokio_postgres::Error) -> Kind {
    let Some(database) = error.as_db_error() else { return Kind::Lost };
    let code = database.code();
    let is = |states: &[SqlState]| states.contains(code);
    if is(&[
        SqlState::T_R_SERIALIZATION_FAILURE,
        SqlState::T_R_DEADLOCK_DETECTED,
        SqlState::LOCK_NOT_AVAILABLE,
    ]) {
        Kind::Conflict
    } else if is(&[SqlState::UNIQUE_VIOLATION, SqlState::FOREIGN_KEY_VIOLATION]) {
        let is_email = database.constraint() == Some("accounts_email_key");
        if is_email { Kind::EmailTaken } else { Kind::Conflict }
    } else if is(&[SqlState::DISK_FULL]) {
        Kind::Full
    } else if is(&[
        SqlState::READ_ONLY_SQL_TRANSACTION,
        SqlState::INSUFFICIENT_PRIVILEGE,
        SqlState::ADMIN_SHUTDOWN,
        SqlState::CRASH_SHUTDOWN,
        SqlState::CANNOT_CONNECT_NOW,
        // The database does not accept connections.
        SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE,
        SqlState::TOO_MANY_CONNECTIONS,
        SqlState::QUERY_CANCELED,
        SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT,
    ]) {
        Kind::Unavailable
    } else {
        Kind::Other
    }
}

impl From<Failure> for ReadError {
    fn from(failure: Failure) -> Self {
        // A line for each refused request would be too many. Their access lines have the status 503.
        if matches!(failure, Failure::Busy) {
            return Self::Overloaded;
        }
        tracing::warn!(error = %failure.line(), "the database could not be read");
        match failure.kind() {
            Kind::Conflict => Self::Overloaded,
            Kind::Lost | Kind::Unavailable => Self::Unavailable(failure.outage()),
            _ => Self::Io(io::Error::other(failure)),
        }
    }
}

impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::LeaseLost => return Self::LeaseLost,
            Failure::Busy => return Self::Overloaded,
            _ => {}
        }
        tracing::warn!(error = %failure.line(), "the database could not be changed");
        match failure.kind() {
            Kind::Full => Self::StorageFull,
            Kind::Unavailable => Self::Unavailable(failure.outage()),
            _ => Self::NotDurable,
        }
    }
}

pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
