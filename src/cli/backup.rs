//! `goldstar backup`

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::check::{Place, print};
use super::failure::Failure;
use super::new_file::NewFile;
use super::runtime::runtime;
use super::{data_directory, progress};
use crate::app::{self, Machine, StartError, StopError};
use crate::clock::Clock;
use crate::config::{Config, Data, Flags};
use crate::metrics::Metrics;
use crate::repair::archive::{
    ArchiveError, Begun, Manifest, begin_database, begin_directory, verify,
};
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

Servers may use a database meanwhile; a database is first exported to temporary files next to FILE. A \
server on a data directory must be stopped, or make the backup itself: POST /admin/backup.

Examples:
  goldstar backup create /mnt/backup/goldstar.tar --data-dir /var/lib/goldstar --log-dir /var/log/goldstar
  goldstar backup create - --database-url postgres://goldstar@localhost/goldstar | zstd > goldstar.tar.zst")]
struct Create {
    /// New file, or - for the standard output
    file: PathBuf,

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

    /// Print all findings as one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    flags: Flags<crate::config::Database>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    match arguments.what {
        What::Create(create) => create_backup(create).map(|()| ExitCode::SUCCESS),
        What::Verify(Verify { file, json, flags }) => {
            let threshold = Config::resolve(&flags)?.service.deletion.threshold;
            let progress = progress::on_terminal();
            let report = verify(&file, Clock::system().now(), &progress)?;
            print(&Place::Backup(file), json, &report, threshold)
        }
    }
}

fn create_backup(Create { file, flags }: Create) -> Result<(), Failure> {
    let config = Config::resolve(&flags)?;
    if file == Path::new("-") {
        begin(&config, None)?.write(&mut io::stdout())?;
        return Ok(());
    }
    let mut new = NewFile::begin(file.clone())?;
    let begun = begin(&config, file.parent())?;
    require_space(new.partial(), begun.bytes()).map_err(ArchiveError::Write)?;
    let manifest = begun.write(&mut new)?;
    let file = new.finish()?;
    let said = writeln!(io::stdout(), "{}", in_words(&file, &manifest));
    said.map_err(Failure::io("the backup was made, but this could not be printed"))
}

/// Begins a backup. A database is exported to the disk of `folder` first.
fn begin(config: &Config, folder: Option<&Path>) -> Result<Begun, Failure> {
    let storage = &config.storage;
    let (now, progress) = (Clock::system().now(), progress::on_terminal());
    if let Some(url) = storage.database_url.as_ref().filter(|_| !storage.prefers_data_dir) {
        let folder = folder.map_or_else(std::env::temp_dir, Path::to_owned);
        let begun = begin_database(url, folder, now, &progress);
        return Ok(runtime()?.block_on(begun)?);
    }
    data_directory::require(&storage.data_dir)?;
    runtime()?.block_on(bring_up_to_date(config))?;
    Ok(begin_directory(&storage.data_dir, &storage.log_dir, now, &progress)?)
}

/// Brings a stopped server's files up to date, begins the list of deleted accounts, and writes the audit
/// logs.
async fn bring_up_to_date(config: &Config) -> Result<(), Failure> {
    let machine = Machine { progress: progress::on_terminal(), ..Machine::default() };
    let metrics = Metrics::new(machine.clock.now());
    let service = tokio::task::block_in_place(|| {
        app::open(&config.storage, config.service.clone(), &machine, &metrics)
    });
    let service = service.map_err(|error| match error {
        StartError::Store(error @ OpenError::InUse { .. }) => Failure::Served(error),
        error => error.into(),
    })?;
    service.erasures().await?;
    Ok(service.close().await.map_err(StopError::Close)?)
}

/// Fails if the disk has too little space.
fn require_space(file: &Path, needed: u64) -> io::Result<()> {
    let Ok(found) = rustix::fs::statvfs(file) else { return Ok(()) };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    if free >= needed {
        return Ok(());
    }
    let why = format!("it needs about {needed} bytes, and the disk has {free} free");
    Err(io::Error::new(io::ErrorKind::StorageFull, why))
}

fn in_words(file: &Path, manifest: &Manifest) -> String {
    let rows = |name: &str| manifest.rows.get(name).copied().unwrap_or_default();
    let (accounts, events) = (rows("users.json"), rows("tracking_events.json"));
    format!("{} contains {accounts} accounts and {events} events.", file.display())
}
