//! Why a command failed, and its exit code.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use axum::http::StatusCode;
use thiserror::Error;

use super::health_client::Unhealthy;
use crate::app::{StartError, StopError};
use crate::config::ConfigError;
use crate::disk::NewFileError;
use crate::domain::Invalid;
use crate::repair::archive::ArchiveError;
use crate::repair::salvage::SalvageError;
use crate::repair::transfer::TransferError;
use crate::service::ServiceError;
use crate::store::json::OpenError;
use crate::store::postgres;

/// Why a command failed.
#[derive(Debug, Error)]
pub(super) enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error(transparent)]
    Stop(#[from] StopError),
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error(transparent)]
    Invalid(#[from] Invalid),
    #[error(transparent)]
    Unhealthy(#[from] Unhealthy),
    #[error(transparent)]
    Salvage(#[from] SalvageError),
    /// A directory that can't be checked, for which the exit code is not that of damage.
    #[error(transparent)]
    Check(OpenError),
    /// The same for a database.
    #[error(transparent)]
    CheckDatabase(postgres::OpenError),
    #[error(transparent)]
    Migrate(postgres::OpenError),
    #[error(transparent)]
    Transfer(#[from] TransferError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(
        "a server uses the data directory, and its socket cannot be used: stop it first, or have it make the backup with `POST /admin/backup`"
    )]
    Served(#[source] OpenError),
    #[error("name the database with --database-url, or with `database_url` in the settings file")]
    NoDatabaseUrl,
    #[error(
        "there is no erasure list: it begins with the first deletion of an account, or with the first backup"
    )]
    NoErasures,
    #[error("there is no erasure list in {}", .0.display())]
    NoErasuresIn(PathBuf),
    #[error("{} is damaged: it is not an erasure list: {fault}", .path.display())]
    ErasureList { path: PathBuf, fault: String },
    #[error("there is no directory {}: name the data directory with --data-dir or --config, or start a server, which creates it", .0.display())]
    NoDirectory(PathBuf),
    #[error("{} is not a data directory: it contains none of Goldstar's files. Name the data directory with --data-dir or --config, or start a server, which creates them", .0.display())]
    NoData(PathBuf),
    #[error(
        "this command works on a data directory, and the settings name a database: name the data \
         directory with --data-dir"
    )]
    Database,
    #[error(transparent)]
    NewFile(#[from] NewFileError),
    #[error("--json and a backup on the standard output would be mixed: name a file")]
    BackupAndReport,
    #[error("--bom is for --format csv only")]
    BomOfNdjson,
    /// An error of the API.
    #[error("{error} ({code}, {status})")]
    Answered { status: StatusCode, error: String, code: String },
    #[error("there is no account with the email address or id {0:?}")]
    NoAccount(String),
    #[error("this needs a confirmation, and there is no terminal: repeat the command with --yes")]
    NotConfirmed,
    #[error(
        "there is nothing to follow: no server runs on the data directory, and this command has locked it"
    )]
    NothingToFollow,
    #[error("nothing was changed")]
    Declined,
    #[error("the passwords are not the same")]
    PasswordsDiffer,
    #[error(
        "the system allows this process {limit} open files, and a server needs at least {least}: \
         raise the hard limit with `ulimit -n`, or with `LimitNOFILE=` in the systemd unit"
    )]
    OpenFiles { limit: u64, least: u64 },
    #[error(
        "cannot listen on {address}: another program uses this port. Choose another one, such as \
         `--listen {other}` or GOLDSTAR_LISTEN={other}. On a Mac, AirPlay uses port 5000"
    )]
    PortInUse { address: String, other: String },
    #[error("{what}")]
    Io {
        what: String,
        #[source]
        cause: io::Error,
    },
}

impl Failure {
    pub(super) fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |cause| Self::Io { what, cause }
    }

    /// Damaged or foreign data needs a person: a service manager can be configured not to restart the
    /// server after this exit code.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Start(error) if error.is_damage() => ExitCode::from(DAMAGE),
            Self::Transfer(error) if error.is_damage() => ExitCode::from(DAMAGE),
            Self::Archive(error) if error.is_damage() => ExitCode::from(DAMAGE),
            Self::Migrate(error) if error.is_damage() => ExitCode::from(DAMAGE),
            Self::ErasureList { .. } => ExitCode::from(DAMAGE),
            Self::Config(_)
            | Self::NoDatabaseUrl
            | Self::BomOfNdjson
            | Self::BackupAndReport
            | Self::NotConfirmed => ExitCode::from(2),
            _ => ExitCode::FAILURE,
        }
    }
}

/// The exit code of a command that succeeded and found something that a person should look at.
pub(super) const LOOK: u8 = 3;
/// The exit code for data that is damaged or not Goldstar's: `EX_CONFIG` in `sysexits.h`.
pub(super) const DAMAGE: u8 = 78;
