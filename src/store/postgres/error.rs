//! Why the database cannot be used.

use std::io;
use std::time::Duration;

use thiserror::Error;
use tokio_postgres::error::{DbError, SqlState};

use crate::store::{CommitError, Outage, ReadError};

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
        "the certificate of the database is not signed by an authority that this machine knows: \
         install the authority's certificate, or set SSL_CERT_FILE to its file"
    )]
    UnknownAuthority(#[source] tokio_postgres::Error),
    #[error(
        "the certificate of the database is for another host: write the host in the database URL as \
         in the certificate, or give the database a certificate for this host"
    )]
    WrongHost(#[source] tokio_postgres::Error),
    #[error(
        "the database at {hosts} offers no TLS, which sslmode=require demands: set `ssl = on` in \
         postgresql.conf, or use sslmode=disable in a network that nobody can listen to"
    )]
    NoTls {
        hosts: String,
        #[source]
        cause: tokio_postgres::Error,
    },
    #[error("TLS with the database failed: its certificate or its TLS settings must be corrected")]
    Tls(#[source] tokio_postgres::Error),
    #[error(
        "the database has no free connection: raise max_connections in postgresql.conf, or the limits \
         of the connection pooler, to 17 for each server and some more"
    )]
    TooManyConnections(#[source] tokio_postgres::Error),
    #[error(
        "the connection pooler does not accept the parameter `options`: set \
         `ignore_startup_parameters = options` in pgbouncer.ini"
    )]
    StartupOptions(#[source] tokio_postgres::Error),
    #[error(
        "no limit is in effect for {limits}, because a connection pooler does not pass on what \
         Goldstar sets: {remedy}"
    )]
    NoTimeouts { limits: String, remedy: String },
    #[error(
        "a notification that was sent with `database_url` was not received within {} s: set \
         `database_listen_url` to a URL of the same database that does not pass through a connection \
         pooler such as PgBouncer",
        .0.as_secs()
    )]
    NoNotifications(Duration),
    #[error("the connection for notifications, for which `database_listen_url` is set, failed")]
    Listening(#[source] Box<OpenError>),
    #[error("PostgreSQL {found} is too old: version 15 or newer is needed")]
    OldServer { found: i32 },
    #[error(
        "the database is read-only: name the primary in the database URL, or several hosts, of \
         which the primary is chosen"
    )]
    ReadOnly(#[source] tokio_postgres::Error),
    #[error(
        "the user has no privilege to use or to change the schema: run `goldstar migrate-database` as \
         the owner of the database, or GRANT CREATE, USAGE ON SCHEMA public TO the user"
    )]
    NoPrivilege(#[source] Option<tokio_postgres::Error>),
    #[error(
        "the user {user} may not read and change {tables}: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL \
         TABLES IN SCHEMA {schema} TO {user}"
    )]
    NoTablePrivilege { user: String, tables: String, schema: String },
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
    #[error("there is no connection to the database")]
    NoConnection(#[source] Option<tokio_postgres::Error>),
    #[error("the database is read-only")]
    ReadOnly,
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
            Self::Busy | Self::NoConnection(_) | Self::ReadOnly => Kind::Unavailable,
            Self::Malformed(_) | Self::LeaseLost | Self::Stopping => Kind::Other,
            Self::Database(error) => kind_of(error),
        }
    }

    pub(super) fn outage(&self) -> Outage {
        let is_read_only = match self {
            Self::ReadOnly => true,
            Self::Database(error) | Self::NoConnection(Some(error)) => is_read_only(error),
            _ => false,
        };
        if is_read_only { Outage::ReadOnly } else { Outage::Unreachable }
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
fn is_read_only(error: &tokio_postgres::Error) -> bool {
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
            Kind::Lost | Kind::Unavailable => Self::Unavailable(failure.outage()),
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
        match failure.kind() {
            Kind::Full => Self::StorageFull,
            Kind::Unavailable => Self::Unavailable(failure.outage()),
            _ => Self::NotDurable,
        }
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
            return Self::of_connection(cause, hosts);
        };
        if is_read_only(&cause) {
            return Self::ReadOnly(cause);
        }
        // PgBouncer has one code for several errors.
        if database.message().contains("startup parameter") {
            return Self::StartupOptions(cause);
        }
        if database.message().contains("no more connections") {
            return Self::TooManyConnections(cause);
        }
        // A connection's first file, for which PostgreSQL gives no code.
        if database.message().contains("could not write init file") {
            return Self::DiskFull(cause);
        }
        match database.code() {
            code if *code == SqlState::INVALID_PASSWORD
                || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION =>
            {
                Self::WrongPassword(cause)
            }
            code if *code == SqlState::INVALID_CATALOG_NAME => Self::NoDatabase(cause),
            code if *code == SqlState::INSUFFICIENT_PRIVILEGE => Self::NoPrivilege(Some(cause)),
            code if *code == SqlState::TOO_MANY_CONNECTIONS => Self::TooManyConnections(cause),
            code if *code == SqlState::DISK_FULL => Self::DiskFull(cause),
            code if *code == SqlState::CANNOT_CONNECT_NOW => {
                Self::Unreachable { hosts: hosts.to_owned(), cause }
            }
            _ => Self::Other(cause.into()),
        }
    }

    /// The reason why there is no connection. The driver has no types for most of them.
    fn of_connection(cause: tokio_postgres::Error, hosts: &str) -> Self {
        let text = causes(&cause);
        let says = |parts: &[&str]| parts.iter().any(|part| text.contains(part));
        let hosts = hosts.to_owned();
        if is_read_only(&cause) {
            Self::ReadOnly(cause)
        } else if says(&["does not support TLS"]) {
            Self::NoTls { hosts, cause }
        } else if says(&["UnknownIssuer"]) {
            Self::UnknownAuthority(cause)
        } else if says(&["NotValidForName", "not valid for name"]) {
            Self::WrongHost(cause)
        } else if says(&["certificate", "TLS"]) {
            Self::Tls(cause)
        } else if cause.is_closed() || says(&["connect", "resolve", "communicating"]) {
            Self::Unreachable { hosts, cause }
        } else {
            Self::Other(cause.into())
        }
    }

    /// The reason why a statement at the start failed.
    pub(super) fn of_failure(failure: Failure, hosts: &str) -> Self {
        match failure {
            Failure::Database(cause) | Failure::NoConnection(Some(cause)) => Self::of(cause, hosts),
            other => Self::Other(other),
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
