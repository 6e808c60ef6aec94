//! `goldstar import`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::failure::Failure;
use super::report::{Report, without_controls};
use super::runtime::runtime;
use super::{data_directory, progress};
use crate::clock::Clock;
use crate::config::{Config, Database, Flags};
use crate::repair::transfer::{Imported, import};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    from: From,
}

#[derive(Subcommand)]
enum From {
    /// Import a data directory: the tables of a stopped Goldstar, or of a Flask service with TinyDB
    Tinydb(Tinydb),
}

#[derive(Args)]
#[command(after_help = "\
The directory is checked first, as `goldstar check` does, and is not changed. The import is one \
transaction: after an error or a kill the database is empty as before. It is refused if the directory is \
damaged, if rows have the same id, number or email address, if a journal contains changes that are not in \
the files, or if the database is not empty.

Sessions are not imported: everybody logs in again. What is no record is kept as text, and is exported \
again.

The exit code is 0 if everything was imported, 78 for damage, 2 for wrong arguments, and 1 for any other \
failure.

Examples:
  goldstar import tinydb /var/lib/goldstar --database-url postgres://goldstar@localhost/goldstar")]
struct Tinydb {
    /// Data directory that no server uses
    #[arg(value_name = "DIR")]
    directory: PathBuf,

    #[command(flatten)]
    report: Report,

    #[command(flatten)]
    flags: Flags<Database>,
}

pub(super) fn run(arguments: Arguments) -> Result<(), Failure> {
    let From::Tinydb(Tinydb { directory, report, flags }) = arguments.from;
    let config = Config::resolve(&flags)?;
    let url = config.storage.database_url.ok_or(Failure::NoDatabaseUrl)?;
    data_directory::require(&directory)?;
    let progress = progress::on_terminal();
    let now = Clock::system().now();
    let imported = runtime()?.block_on(import(&url, &directory, now, &progress))?;
    report.print(
        "everything was imported",
        || object(&directory, &imported),
        || in_words(&directory, &imported),
    )
}

fn object(directory: &Path, imported: &Imported) -> Value {
    let Imported { records, events, kept, left_out, sessions } = imported;
    let mut rows = json!(records);
    rows["tracking_events.json"] = json!(events);
    json!({
        "directory": directory.to_string_lossy(),
        "rows": rows,
        "kept_as_text": kept,
        "not_imported": left_out,
        "sessions_not_imported": sessions,
    })
}

fn in_words(directory: &Path, imported: &Imported) -> String {
    let Imported { records, events, kept, left_out, sessions } = imported;
    let mut out = format!("{} was imported.\n\n{:<24}{:>10}", directory.display(), "file", "rows");
    let records = records.iter().map(|(file, rows)| (*file, *rows as u64));
    for (file, rows) in records.chain([("tracking_events.json", *events)]) {
        // Writing to a `String` can't fail.
        write!(out, "\n{file:<24}{rows:>10}").unwrap_or_default();
    }
    let mut list = |what: &str, names: &[String]| {
        if !names.is_empty() {
            write!(out, "\n\n{what}:").unwrap_or_default();
        }
        for name in names {
            write!(out, "\n  {}", without_controls(name)).unwrap_or_default();
        }
    };
    list("kept as text, for an export", kept);
    list("not imported, because they are no TinyDB files", left_out);
    if *sessions > 0 {
        let sessions = [format!("{sessions} of sessions.json: everybody logs in again")];
        list("not imported", &sessions);
    }
    out
}
