//! `goldstar backup`

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde_json::json;

use super::administered::Administered;
use super::check::{Place, print};
use super::failure::Failure;
use super::report::Report;
use super::runtime::runtime;
use super::{data_directory, live_backup, progress};
use crate::app::{self, Machine, StartError, StopError};
use crate::clock::Clock;
use crate::config::{Config, Data, Flags};
use crate::disk::{NewFile, RealDisk};
use crate::metrics::Metrics;
use crate::repair::archive::{Archive, Begun, Manifest, begin_database, begin_directory, verify};
use crate::service::Authority;
use crate::store::json::OpenError;

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// Write everything that a server stores into one file
    Create(Create),
    /// Check the checksums, records and events of a backup
    Verify(Verify),
}

#[derive(Args)]
#[command(after_help = "\
The file is a tar archive: TinyDB's files and the audit logs. It restores into a data directory and into a \
database. It contains password hashes and personal data: encrypt it. Sessions and idempotency keys are not \
in it, and accounts whose deletion has started are anonymised.

Servers may use a database meanwhile; a database is first exported to temporary files next to FILE. If a \
server runs on the data directory, it makes the backup: the command uses its socket.

The exit code is 0 if the backup is complete, 78 for damage, 2 for wrong arguments, and 1 for any other \
failure, after which no file is created.

Examples:
  goldstar backup create /mnt/backup/goldstar.tar --data-dir /var/lib/goldstar --log-dir /var/log/goldstar
  goldstar backup create - --database-url postgres://goldstar@localhost/goldstar | zstd > goldstar.tar.zst")]
struct Create {
    /// New file, or - for the standard output
    file: PathBuf,

    #[command(flatten)]
    report: Report,

    #[command(flatten)]
    flags: Flags<Data>,
}

#[derive(Args)]
#[command(after_help = "\
Nothing is written to the disk. The exit codes are those of `goldstar check`; 78 also if the file is not a \
complete backup.

Examples:
  goldstar backup verify /mnt/backup/goldstar.tar")]
struct Verify {
    /// Backup
    file: PathBuf,

    #[command(flatten)]
    report: Report,

    #[command(flatten)]
    flags: Flags<crate::config::Database>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.what {
        What::Create(create) => create_backup(create).map(|()| ExitCode::SUCCESS),
        What::Verify(Verify { file, report, flags }) => {
            let threshold = Config::resolve(&flags)?.service.deletion.threshold;
            let progress = progress::on_terminal();
            let checked = verify(&file, Clock::system().now(), &progress)?;
            print(&report, &Place::Backup(file), &checked, threshold)
        }
    }
}

fn create_backup(Create { file, report, flags }: Create) -> Result<(), Failure> {
    let is_printed = file == Path::new("-");
    if is_printed && report.json {
        return Err(Failure::BackupAndReport);
    }
    let config = data_directory::or_database(&flags)?;
    let server = running_server(&config)?;
    if is_printed {
        match server {
            Some(server) => {
                runtime()?.block_on(live_backup::write(&server, &mut io::stdout()))?;
            }
            None => {
                begin(&config, None)?.write(&mut io::stdout())?;
            }
        }
        return Ok(());
    }
    let mut new = NewFile::begin(Arc::new(RealDisk), file.clone())?;
    let manifest = if let Some(server) = server {
        runtime()?.block_on(live_backup::store(&server, live_backup::KEEP, &mut new))?;
        Archive::open(new.partial())?.manifest().clone()
    } else {
        let begun = begin(&config, file.parent())?;
        live_backup::require(new.partial(), begun.bytes())?;
        begun.write(&mut new)?
    };
    let file = new.finish()?;
    report.print(
        "the backup was made",
        || json!({"file": file.to_string_lossy(), "manifest": manifest}),
        || in_words(&file, &manifest),
    )
}

/// The server that runs on the data directory.
fn running_server(config: &Config) -> Result<Option<Administered>, Failure> {
    if config.storage.database_url.is_some() {
        return Ok(None);
    }
    data_directory::require(&config.storage.data_dir)?;
    Administered::running(&config.storage.data_dir)
}

/// Begins a backup. A database is exported to the disk of `folder` first.
fn begin(config: &Config, folder: Option<&Path>) -> Result<Begun, Failure> {
    let storage = &config.storage;
    let (now, progress) = (Clock::system().now(), progress::on_terminal());
    if let Some(url) = &storage.database_url {
        let folder = folder.map_or_else(std::env::temp_dir, Path::to_owned);
        return runtime()?.block_on(async {
            let begun = begin_database(url, folder, now, &progress).await?;
            // Later, because it migrates a database whose backup has failed for its old version.
            prepare(config).await?;
            Ok(begun)
        });
    }
    runtime()?.block_on(prepare(config))?;
    Ok(begin_directory(&storage.data_dir, &storage.log_dir, now, &progress)?)
}

/// Records the backup. Brings the files of a directory up to date, begins its list of deleted accounts, and
/// writes its audit logs. The export of a database has begun its list.
async fn prepare(config: &Config) -> Result<(), Failure> {
    let machine = Machine { progress: progress::on_terminal(), ..Machine::default() };
    let metrics = Metrics::new(machine.clock.now());
    let service = tokio::task::block_in_place(|| {
        app::open(&config.storage, config.service.clone(), &machine, &metrics)
    });
    let service = service.map_err(|error| match error {
        StartError::Store(error @ OpenError::InUse { .. }) => Failure::Served(error),
        error => error.into(),
    })?;
    let recorded = async {
        if config.storage.database_url.is_none() {
            service.erasures().await?;
        }
        service.record_backup(&Authority::Operator).await
    };
    let recorded = recorded.await;
    // Even after an error, the directory must be in the state in which a stopped server leaves it.
    let closed = service.close().await.map_err(StopError::Close);
    recorded?;
    Ok(closed?)
}

fn in_words(file: &Path, manifest: &Manifest) -> String {
    let rows = |name: &str| manifest.rows.get(name).copied().unwrap_or_default();
    let (accounts, events) = (rows("users.json"), rows("tracking_events.json"));
    format!("{} contains {accounts} accounts and {events} events.", file.display())
}
