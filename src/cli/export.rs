//! `goldstar export`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::json;

use super::export_events;
use super::failure::Failure;
use super::progress;
use super::report::Report;
use super::runtime::runtime;
use crate::clock::Clock;
use crate::config::{Config, Database, Flags};
use crate::repair::transfer::{Exported, export};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    to: To,
}

#[derive(Subcommand)]
enum To {
    /// Export to a data directory: a Goldstar without a database and a Flask service with TinyDB start
    /// on it
    Tinydb(Tinydb),
    /// Export events of a database or a data directory to a CSV or NDJSON file
    Events(export_events::Events),
}

#[derive(Args)]
#[command(after_help = "\
The directory contains what was in the database at one moment; servers may use the database meanwhile. It \
gets its name when it is complete. Sessions are not exported: everybody logs in again.

The exit code is 0 if everything was exported, 78 for damage, 2 for wrong arguments, and 1 for any other \
failure.

Examples:
  goldstar export tinydb /var/lib/goldstar --database-url postgres://goldstar@localhost/goldstar")]
struct Tinydb {
    /// Directory for the tables; it must not exist, or be empty
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    #[command(flatten)]
    report: Report,

    #[command(flatten)]
    flags: Flags<Database>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.to {
        To::Tinydb(tinydb) => export_tinydb(tinydb),
        To::Events(events) => export_events::run(events),
    }
}

fn export_tinydb(Tinydb { directory, report, flags }: Tinydb) -> Result<(), Failure> {
    let config = Config::resolve(&flags)?;
    let url = config.storage.database_url.ok_or(Failure::NoDatabaseUrl)?;
    let progress = progress::on_terminal();
    let now = Clock::system().now();
    let exported = runtime()?.block_on(export(&url, &directory, now, &progress))?;
    let Exported { rows, files } = &exported;
    report.print(
        "everything was exported",
        || json!({"directory": directory.to_string_lossy(), "rows": rows, "files": files}),
        || in_words(&directory, &exported),
    )
}

fn in_words(directory: &Path, exported: &Exported) -> String {
    let Exported { rows, files } = exported;
    let mut out = format!("{:<24}{:>10}\n", "file", "rows");
    for (file, rows) in rows {
        // Writing to a `String` can't fail.
        writeln!(out, "{file:<24}{rows:>10}").unwrap_or_default();
    }
    for file in files {
        writeln!(out, "{file:<24} as it was imported").unwrap_or_default();
    }
    write!(out, "\n{} contains everything but the sessions.", directory.display())
        .unwrap_or_default();
    out
}
