//! `goldstar restore`

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use serde_json::{Value, json};

use super::erasures::list_at;
use super::failure::Failure;
use super::report::Report;
use super::runtime::runtime;
use super::{data_directory, progress};
use crate::clock::Clock;
use crate::config::{Data, Flags};
use crate::domain::Missing;
use crate::repair::archive::{Archive, Restored, restore_database, restore_directory};

#[derive(Args)]
#[command(group = ArgGroup::new("list").required(true))]
#[command(after_help = "\
The directories must not exist, or be empty, and so must the database. The restore is complete or has no \
effect, also after a kill. Everybody logs in again, and clients of event streams get `resync`.

An account that was deleted after the backup must not return: name the newest erasure list, of --erasures-dir \
or of the data directory that the backup replaces. Its accounts are deleted before a server starts. Without \
one, only the deletions before the backup are known: --no-erasures accepts that.

The exit code is 0 if everything was restored, 78 for damage, 2 for wrong arguments, and 1 for any other \
failure.

Examples:
  goldstar restore goldstar.tar --data-dir data --log-dir logs --erasures /mnt/other/erasures
  goldstar restore goldstar.tar --database-url postgres://goldstar@localhost/goldstar --no-erasures")]
pub(super) struct Arguments {
    /// Backup
    file: PathBuf,

    /// Erasure list, or a directory that contains one
    #[arg(long, value_name = "PATH", group = "list")]
    erasures: Option<PathBuf>,

    /// Delete only the accounts that were deleted before the backup
    #[arg(long, group = "list")]
    no_erasures: bool,

    #[command(flatten)]
    report: Report,

    #[command(flatten)]
    flags: Flags<Data>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { file, erasures, report, flags, .. } = arguments;
    let storage = data_directory::or_database(&flags)?.storage;
    let later = erasures.as_deref().map(list_at).transpose()?;
    let (now, progress) = (Clock::system().now(), progress::on_terminal());
    let archive = Archive::open(&file)?;
    let restored = if let Some(url) = &storage.database_url {
        let restored = restore_database(&archive, later.as_ref(), url, now, &progress);
        runtime()?.block_on(restored)?
    } else {
        let (data, logs) = (&storage.data_dir, &storage.log_dir);
        restore_directory(&archive, later.as_ref(), data, logs, now, &progress)?
    };
    report.print(
        "everything was restored",
        || object(&file, &restored),
        || in_words(&file, &restored),
    )
}

fn object(file: &Path, restored: &Restored) -> Value {
    let Restored { events, erased, complete_until, missing } = restored;
    let missing = missing.map(
        |Missing { from, until }| json!({"from": from.to_string(), "until": until.to_string()}),
    );
    json!({
        "file": file.to_string_lossy(),
        "events": events,
        "accounts_deleted_again": erased,
        "erasures": {"complete_until": complete_until.to_string(), "missing": missing},
    })
}

fn in_words(file: &Path, restored: &Restored) -> String {
    let Restored { events, erased, complete_until, missing } = restored;
    let except = missing.map(|Missing { from, until }| {
        format!(", but deletions from {from} until {until} may be missing")
    });
    let except = except.unwrap_or_default();
    format!(
        "{} was restored: {events} events.\nAccounts that were deleted again: {erased}. The erasure list \
         is complete until {complete_until}{except}.",
        file.display()
    )
}
