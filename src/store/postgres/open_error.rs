//! Why the store cannot be opened.

use std::time::Duration;

use thiserror::Error;
use tokio_postgres::error::SqlState;

use super::error::{Failure, Forbidden, causes, is_read_only};

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
    #[error(transparent)]
    NoTablePrivilege(Forbidden),
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
        } else if says(&["UnknownIssuer", "BadSignature"]) {
            // The latter is that of another authority with the same name.
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
