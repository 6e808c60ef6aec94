//! `goldstar erasures`

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::data_directory;
use super::failure::Failure;
use super::report::Report;
use super::runtime::runtime;
use crate::clock::Clock;
use crate::config::{Config, Data, Database, Flags};
use crate::disk::RealDisk;
use crate::domain::ErasureList;
use crate::repair::transfer::{database_erasures, directory_erasures, erase_again};

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "\
The list contains a keyed hash of the id of each deleted account, so that a restored backup does not bring \
the account back. `complete_until` is the time until which every deletion is in the list. A server may \
use the directory or the database.

Examples:
  goldstar erasures --data-dir /var/lib/goldstar
  goldstar erasures --database-url postgres://goldstar@localhost/goldstar > erasures.json")]
pub(super) struct Arguments {
    #[command(subcommand)]
    apply: Option<Command>,

    /// Print the list as JSON, which is its only form
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    flags: Flags<Data>,
}

#[derive(Subcommand)]
enum Command {
    /// Delete the accounts of a list again in a database that was restored or recovered
    Apply(Apply),
}

#[derive(Args)]
#[command(after_help = "\
Before a server starts on the database. The accounts can neither be used nor restored from then on, and the \
first server that starts completes their deletion. The list becomes a part of that of the database.

Examples:
  goldstar erasures apply --erasures /mnt/other/erasures --database-url postgres://goldstar@localhost/goldstar")]
struct Apply {
    /// Erasure list, or a directory that contains one
    #[arg(long, value_name = "PATH")]
    erasures: PathBuf,

    #[command(flatten)]
    report: Report,

    #[command(flatten)]
    flags: Flags<Database>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.apply {
        Some(Command::Apply(apply)) => apply_list(&apply),
        None => print_list(&arguments.flags),
    }
}

/// The list of a directory or a database.
fn print_list(flags: &Flags<Data>) -> Result<(), Failure> {
    let storage = data_directory::or_database(flags)?.storage;
    let list = match &storage.database_url {
        Some(url) => runtime()?.block_on(database_erasures(url, Clock::system().now()))?,
        None => directory_erasures(&RealDisk, &storage.data_dir)?,
    };
    let printed = writeln!(io::stdout(), "{}", list.ok_or(Failure::NoErasures)?.text());
    printed.map_err(Failure::io("the list could not be printed"))
}

fn apply_list(Apply { erasures, report, flags }: &Apply) -> Result<(), Failure> {
    let url = Config::resolve(flags)?.storage.database_url.ok_or(Failure::NoDatabaseUrl)?;
    let list = list_at(erasures)?;
    let erased = runtime()?.block_on(erase_again(&url, &list, erasures))?;
    let until = list.complete_until.to_string();
    report.print(
        "the list was applied",
        || json!({"accounts_deleted_again": erased, "erasures": {"complete_until": until}}),
        || {
            format!(
                "Accounts that the first server deletes again: {erased}. The erasure list is complete \
                 until {until}."
            )
        },
    )
}

/// The list in a file, or in a directory.
pub(super) fn list_at(path: &Path) -> Result<ErasureList, Failure> {
    if path.is_dir() {
        let list = directory_erasures(&RealDisk, path)?;
        return list.ok_or_else(|| Failure::NoErasuresIn(path.to_owned()));
    }
    let unreadable = format!("{} can't be read", path.display());
    let bytes = fs::read(path).map_err(Failure::io(unreadable))?;
    let parsed = ErasureList::parse(&bytes);
    parsed.map_err(|fault| Failure::ErasureList { path: path.to_owned(), fault })
}
