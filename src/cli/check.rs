//! `goldstar check`

use std::collections::BTreeMap;
use std::env;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde_json::{Value, json};

use super::administered::Administered;
use super::failure::{DAMAGE, Failure, LOOK};
use super::report::{Report, without_controls};
use super::runtime::runtime;
use super::{data_directory, live_backup, progress};
use crate::clock::{Clock, new_seed};
use crate::config::{Data, Flags};
use crate::disk::{NewFile, RealDisk};
use crate::domain::deletion::Threshold;
use crate::domain::{Deletion, Timestamp, UserId};
use crate::repair::archive::verify;
use crate::repair::{
    CheckReport, Finding, FindingKind, Marked, Severity, TableReport, inspect, inspect_database,
};
use crate::store::json::progress::Progress;
use crate::store::json::tinydb::RowNumber;

/// How many findings of each kind the text form prints.
const EXAMPLES: usize = 3;

#[derive(Args)]
#[command(after_help = "\
The exit code is 0 if nothing is wrong, 3 if a person should look at something although a server runs on \
the directory, 78 if a file is so damaged that no server starts, 1 if the directory can't be checked \
(it doesn't exist, a file can't be read), and 2 for wrong arguments.

If a server runs on the directory, it makes a backup, and that is checked: the records, the events, and \
neither sessions nor the journal. The backup is a temporary file, in TMPDIR.

With --database-url and no directory, the database is checked; servers may use it meanwhile. The number of a record's row is its position in the database, and that of an event is its sequence number in its family.

Examples:
  goldstar check /var/lib/goldstar
  goldstar check --database-url postgres://goldstar@localhost/goldstar
  goldstar check --json --config /etc/goldstar/goldstar.toml")]
pub(super) struct Arguments {
    /// Data directory, instead of --data-dir
    #[arg(conflicts_with = "data_dir")]
    directory: Option<PathBuf>,

    #[command(flatten)]
    report: Report,

    #[command(flatten)]
    flags: Flags<Data>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { directory, report, flags } = arguments;
    let config = data_directory::resolve(flags, directory)?;
    let threshold = config.service.deletion.threshold;
    let (now, progress) = (Clock::system().now(), progress::on_terminal());
    if let Some(url) = &config.storage.database_url {
        let checked = runtime()?.block_on(inspect_database(url, now, &progress));
        let (checked, hosts) = checked.map_err(Failure::CheckDatabase)?;
        return print(&report, &Place::Database(hosts), &checked, threshold);
    }
    let directory = config.storage.data_dir;
    data_directory::require(&directory)?;
    let checked = match Administered::running(&directory)? {
        Some(server) => check_running(&server, now, &progress)?,
        None => inspect(&RealDisk, &directory, now, &progress).map_err(Failure::Check)?,
    };
    print(&report, &Place::Directory(directory), &checked, threshold)
}

/// Checks a backup that the server makes, because the files change while they are read.
fn check_running(
    server: &Administered,
    now: Timestamp,
    progress: &Progress,
) -> Result<CheckReport, Failure> {
    let path = env::temp_dir().join(format!("goldstar-check-{}", new_seed()));
    // It is never complete, so that it is removed at the end.
    let mut backup = NewFile::begin(Arc::new(RealDisk), path)?;
    runtime()?.block_on(live_backup::store(server, live_backup::CHECK, &mut backup))?;
    Ok(verify(backup.partial(), now, progress)?)
}

/// What was checked: a directory, or a database on these hosts.
pub(super) enum Place {
    Directory(PathBuf),
    Backup(PathBuf),
    Database(String),
}

impl Place {
    /// What it is, in one word.
    fn kind(&self) -> &'static str {
        match self {
            Self::Directory(_) => "directory",
            Self::Backup(_) => "backup",
            Self::Database(_) => "database",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) | Self::Backup(path) => path.display().fmt(f),
            Self::Database(hosts) => write!(f, "database at {hosts}"),
        }
    }
}

/// Prints what a check has found. Returns the exit code of its command.
pub(super) fn print(
    report: &Report,
    place: &Place,
    checked: &CheckReport,
    threshold: Threshold,
) -> Result<ExitCode, Failure> {
    report.print(
        "the check is complete",
        || as_json(place, checked, threshold),
        || ForPeople { threshold, place, report: checked }.to_string(),
    )?;
    Ok(match checked.severity() {
        None | Some(Severity::Note) => ExitCode::SUCCESS,
        Some(Severity::Warning) => ExitCode::from(LOOK),
        Some(Severity::Damage) => ExitCode::from(DAMAGE),
    })
}

fn status(report: &CheckReport) -> &'static str {
    match report.severity() {
        None | Some(Severity::Note) => "clean",
        Some(Severity::Warning) => "warnings",
        Some(Severity::Damage) => "damage",
    }
}

/// The form that `docs/operations.md` describes for `--json`.
fn as_json(place: &Place, report: &CheckReport, threshold: Threshold) -> Value {
    let table = |TableReport { file, state, rows }: &TableReport| json!({"file": file, "state": state.as_str(), "rows": rows});
    let finding = |finding: &Finding| {
        let Finding { kind, file, row, byte, message } = finding;
        json!({
            "severity": kind.severity().as_str(),
            "code": kind.as_str(),
            "file": file,
            "row": row,
            "byte": byte,
            "message": message,
        })
    };
    json!({
        place.kind(): match place {
            Place::Directory(path) | Place::Backup(path) => path.to_string_lossy(),
            Place::Database(hosts) => hosts.into(),
        },
        "status": status(report),
        "tables": report.tables.iter().map(table).collect::<Vec<_>>(),
        "journal": {"waiting": report.waiting, "is_torn": report.is_torn},
        "deletion": marked_as_json(&report.marked, threshold),
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn marked_as_json(marked: &Marked, threshold: Threshold) -> Value {
    let account = |(row, id, deletion): &(RowNumber, UserId, Deletion)| {
        let marked_at = deletion.is_readable().then(|| deletion.marked_at.to_string());
        let due_at = marked.due_at(deletion, threshold).map(|due_at| due_at.to_string());
        json!({"row": row, "id": id.as_str(), "marked_at": marked_at, "due_at": due_at})
    };
    json!({
        "threshold_hours": marked.threshold.unwrap_or(threshold).hours(),
        "is_first_start": marked.is_first_start,
        "not_before": marked.not_before.map(|not_before| not_before.to_string()),
        "accounts": marked.accounts.iter().map(account).collect::<Vec<_>>(),
    })
}

/// The report for a person, with some examples of each kind of finding.
struct ForPeople<'a> {
    threshold: Threshold,
    place: &'a Place,
    report: &'a CheckReport,
}

impl fmt::Display for ForPeople<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, report, threshold } = self;
        writeln!(f, "{place}: {}\n", status(report))?;
        writeln!(f, "{:<24}{:>10}  state", "file", "rows")?;
        for TableReport { file, state, rows } in &report.tables {
            let rows = rows.map_or_else(|| "?".to_owned(), |rows| rows.to_string());
            writeln!(f, "{file:<24}{rows:>10}  {}", state.as_str())?;
        }
        if report.waiting > 0 {
            let waiting = report.waiting;
            let text = "changed rows are in the journal and may not be in the files yet; the next start \
                        writes them.";
            writeln!(f, "\n{waiting} {text}")?;
        }
        if report.is_torn {
            let text = "The journal's last batch is incomplete. No request of it has succeeded; the next \
                        start drops it.";
            writeln!(f, "\n{text}")?;
        }
        write_marked(f, &report.marked, *threshold)?;
        for (kind, findings) in by_kind(&report.findings) {
            write_kind(f, kind, &findings)?;
        }
        match (report.severity(), place) {
            (Some(Severity::Damage), Place::Directory(_)) => f.write_str(
                "\nNo server starts on this directory; `goldstar salvage` copies what can be read of it.",
            ),
            (Some(Severity::Damage), Place::Database(_)) => f.write_str(
                "\nA server cannot load the families that are named; restore a backup of the database.",
            ),
            (Some(Severity::Damage), Place::Backup(_)) => {
                f.write_str("\nNo server would start on this data, and `goldstar restore` refuses it.")
            }
            (Some(Severity::Warning), Place::Backup(_)) => {
                f.write_str("\nThis backup can be restored.")
            }
            (Some(Severity::Warning), _) => write!(f, "\nA server runs on this {}.", place.kind()),
            (None | Some(Severity::Note), _) => f.write_str("\nNothing is wrong."),
        }
    }
}

/// Which accounts are deleted and when, because that can't be undone.
fn write_marked(f: &mut fmt::Formatter<'_>, marked: &Marked, threshold: Threshold) -> fmt::Result {
    if marked.accounts.is_empty() {
        return Ok(());
    }
    let hours = marked.threshold.unwrap_or(threshold).hours();
    writeln!(f, "\nmarked for deletion ({}), after {hours} hours", marked.accounts.len())?;
    for (row, id, deletion) in &marked.accounts {
        let id = without_controls(id.as_str());
        write!(f, "  users.json, row {row}: account {id}, ")?;
        match marked.due_at(deletion, threshold) {
            Some(due_at) => writeln!(f, "marked at {}, due at {due_at}", deletion.marked_at)?,
            None => writeln!(f, "which is not deleted by itself, because its mark cannot be read")?,
        }
    }
    if marked.is_first_start {
        let text = "Goldstar has never served this directory: it deletes nobody in the first 24 hours \
                    after its first start.";
        writeln!(f, "  {text}")?;
    }
    Ok(())
}

/// The findings of each kind, damage first.
fn by_kind(findings: &[Finding]) -> BTreeMap<FindingKind, Vec<&Finding>> {
    let mut kinds: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for finding in findings {
        kinds.entry(finding.kind).or_default().push(finding);
    }
    kinds
}

fn write_kind(f: &mut fmt::Formatter<'_>, kind: FindingKind, findings: &[&Finding]) -> fmt::Result {
    writeln!(f, "\n{} {} ({})", kind.severity().as_str(), kind.as_str(), findings.len())?;
    for Finding { file, row, byte, message, .. } in findings.iter().take(EXAMPLES) {
        write!(f, "  {}", without_controls(file))?;
        if let Some(row) = row {
            write!(f, ", row {row}")?;
        }
        if let Some(byte) = byte {
            write!(f, ", byte {byte}")?;
        }
        writeln!(f, ": {}", without_controls(message))?;
    }
    match findings.len().saturating_sub(EXAMPLES) {
        0 => Ok(()),
        more => writeln!(f, "  and {more} more; --json prints all of them"),
    }
}
