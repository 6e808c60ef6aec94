//! Why the database cannot be used.

use std::io;

use thiserror::Error;
use tokio_postgres::error::SqlState;

use crate::store::{CommitError, ReadError};

/// Why the store cannot be opened. No text contains the password.
#[derive(Debug, Error)]
pub enum OpenError {
    #[error(
        "the database URL is not valid: {0}; it has the form \
         postgres://user:password@host:5432/database"
    )]
    Url(String),
    #[error("the system has no certificates to verify the database with: install ca-certificates")]
    NoCertificates,
    #[error(
        "no connection to the database at {hosts}: start PostgreSQL there, or correct the host and \
         the port in the database URL"
    )]
    Unreachable {
        hosts: String,
        #[source]
        cause: tokio_postgres::Error,
    },
    #[error(
        "the database does not accept the user and the password: correct them in the database URL, \
         or set the password with ALTER ROLE"
    )]
    WrongPassword(#[source] tokio_postgres::Error),
    #[error("there is no such database: create it with CREATE DATABASE, or correct its name")]
    NoDatabase(#[source] tokio_postgres::Error),
    #[error(
        "TLS with the database failed: install its certificate authority on this machine, or set \
         SSL_CERT_FILE; sslmode=disable connects without TLS"
    )]
    Tls(#[source] tokio_postgres::Error),
    #[error("PostgreSQL {found} is too old: version 15 or newer is needed")]
    OldServer { found: i32 },
    #[error(
        "the database is read-only: name the primary in the database URL, or several hosts, of \
         which the primary is chosen"
    )]
    ReadOnly(#[source] tokio_postgres::Error),
    #[error(
        "the user has no privilege to use or to change the schema: \
         GRANT CREATE, USAGE ON SCHEMA public TO the user, or make it the owner of the database"
    )]
    NoPrivilege(#[source] Option<tokio_postgres::Error>),
    #[error("the database has tables of another program: create an empty database for Goldstar")]
    Foreign,
    #[error("the database has no tables of Goldstar: correct its name in the database URL")]
    NoSchema,
    #[error("the database has an older schema: start a server of this version, which changes it")]
    OldSchema,
    #[error(
        "the database has schema version {found}, and this server knows only {known}: start a \
         Goldstar whose schema version is {found} or newer"
    )]
    NewerSchema { found: i32, known: i32 },
    #[error(
        "migration {version} of the database is not the one of this server: the database was \
         changed, or belongs to an unpublished version; restore a backup"
    )]
    ChangedMigration { version: i32 },
    /// The events of a backup get the positions of transactions that have ended.
    #[error(
        "this cluster has executed too few transactions to number the events of the backup: execute \
         `SELECT pg_current_xact_id()` {missing} times"
    )]
    TooFewTransactions { missing: u64 },
    #[error("the disk of the database is full: free space there")]
    DiskFull(#[source] tokio_postgres::Error),
    #[error("the database could not be opened")]
    Other(#[from] Failure),
}

/// Why a statement failed.
#[derive(Debug, Error)]
pub enum Failure {
    #[error("all connections to the database are in use")]
    Busy,
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
    /// The statement was not executed, and may be later: the server is starting, stopping or read-only.
    Unavailable,
    Other,
}

impl Failure {
    pub(super) fn kind(&self) -> Kind {
        match self {
            Self::Late => Kind::Lost,
            Self::Busy => Kind::Unavailable,
            Self::Malformed(_) | Self::LeaseLost | Self::Stopping => Kind::Other,
            Self::Database(error) => kind_of(error),
        }
    }

    /// Whether the connection has ended, so that another one may work. A statement that took too long
    /// is not repeated.
    pub(super) fn is_lost_connection(&self) -> bool {
        let Self::Database(error) = self else { return false };
        let ends = [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN];
        error.as_db_error().is_none_or(|error| ends.contains(error.code()))
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
        match self {
            Self::Database(error) => match error.as_db_error() {
                Some(error) => format!("the database failed: {}", error.message()),
                None => format!("the database failed: {error}"),
            },
            other => other.to_string(),
        }
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
        tracing::warn!(error = %failure.line(), "the database could not be read");
        match failure.kind() {
            _ if matches!(failure, Failure::Busy) => Self::Overloaded,
            Kind::Conflict => Self::Overloaded,
            Kind::Lost | Kind::Unavailable => Self::Unavailable,
            _ => Self::Io(io::Error::other(failure)),
        }
    }
}

impl From<Failure> for CommitError {
    fn from(failure: Failure) -> Self {
        if matches!(failure, Failure::LeaseLost) {
            return Self::LeaseLost;
        }
        tracing::warn!(error = %failure.line(), "the database could not be changed");
        if failure.kind() == Kind::Full { Self::StorageFull } else { Self::NotDurable }
    }
}

impl OpenError {
    /// Whether the data itself is at fault.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Foreign | Self::NewerSchema { .. } | Self::ChangedMigration { .. })
    }

    /// The reason why a connection, or the first statements on it, failed.
    pub(super) fn of(cause: tokio_postgres::Error, hosts: &str) -> Self {
        let Some(database) = cause.as_db_error() else {
            let text = causes(&cause);
            return if text.contains("does not allow writes") || text.contains("read-write") {
                Self::ReadOnly(cause)
            } else if text.contains("certificate") || text.contains("TLS") {
                Self::Tls(cause)
            } else if cause.is_closed() || text.contains("connect") || text.contains("resolve") {
                Self::Unreachable { hosts: hosts.to_owned(), cause }
            } else {
                Self::Other(cause.into())
            };
        };
        match database.code() {
            code if *code == SqlState::INVALID_PASSWORD
                || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION =>
            {
                Self::WrongPassword(cause)
            }
            code if *code == SqlState::INVALID_CATALOG_NAME => Self::NoDatabase(cause),
            code if *code == SqlState::INSUFFICIENT_PRIVILEGE => Self::NoPrivilege(Some(cause)),
            code if *code == SqlState::READ_ONLY_SQL_TRANSACTION => Self::ReadOnly(cause),
            code if *code == SqlState::DISK_FULL => Self::DiskFull(cause),
            code if *code == SqlState::CANNOT_CONNECT_NOW => {
                Self::Unreachable { hosts: hosts.to_owned(), cause }
            }
            _ => Self::Other(cause.into()),
        }
    }
}

fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
