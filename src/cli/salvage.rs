//! `goldstar salvage`

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::failure::{Failure, LOOK};
use super::report::Report;
use super::{data_directory, progress};
use crate::config::{Flags, Storage};
use crate::disk::{Disk, RealDisk};
use crate::repair::salvage::{
    Conflict, FileReport, JournalReport, Lost, Named, SalvageReport, salvage,
};

#[derive(Args)]
#[command(after_help = "\
The copy contains every row of each damaged file that can be read, merged with the changes in the \
journal, even if another program has written to the files after a crash. The report names what was kept, \
what was lost, and what a person should look at. Nothing in DIR is changed. A server starts on the copy.

The exit code is 0 if everything was kept, 3 if something was lost or a person should look at something, \
1 if no copy was made, and 2 for wrong arguments.

Examples:
  goldstar salvage /var/lib/goldstar --out /var/lib/goldstar-copy")]
pub(super) struct Arguments {
    /// Data directory of a stopped server, instead of --data-dir; nothing in it is changed
    #[arg(value_name = "DIR", conflicts_with = "data_dir")]
    from: Option<PathBuf>,

    /// Directory for the copy; it must not exist, or be empty
    #[arg(long = "out", value_name = "NEW")]
    to: PathBuf,

    #[command(flatten)]
    report: Report,

    #[command(flatten)]
    flags: Flags<Storage>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { from, to, report, flags } = arguments;
    let from = data_directory::only(flags, from)?.storage.data_dir;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let salvaged = salvage(&disk, &from, &to, &progress::on_terminal())?;
    report.print(
        "the copy was made",
        || &salvaged,
        || in_words(&salvaged).trim_end().to_owned(),
    )?;
    Ok(if salvaged.is_complete() { ExitCode::SUCCESS } else { ExitCode::from(LOOK) })
}

/// The report for a person.
fn in_words(report: &SalvageReport) -> String {
    let mut out = String::new();
    for file in &report.files {
        describe_file(&mut out, file);
    }
    if let Some(journal) = &report.journal {
        describe_journal(&mut out, journal);
    }
    for path in &report.copied {
        line(&mut out, format_args!("{}: copied unchanged", path.display()));
    }
    for path in &report.left_out {
        line(
            &mut out,
            format_args!(
                "{}: not copied, because it is neither a file nor a directory",
                path.display()
            ),
        );
    }
    let (from, to) = (report.from.display(), report.to.display());
    line(&mut out, format_args!("{to} is a copy of {from}, which was not changed."));
    out
}

fn describe_file(out: &mut String, file: &FileReport) {
    let state = match &file.damage {
        Some(damage) => format!("damaged from byte {} on: {}", damage.byte, damage.cause),
        None => "intact".to_owned(),
    };
    line(out, format_args!("{}: {state}", file.file));
    let numbers = if file.rows == 0 { String::new() } else { format!(": {}", file.kept) };
    line(out, format_args!("  kept {}{numbers}", counted(file.rows, "row")));
    if !file.from_journal.is_empty() {
        let (count, names) = (counted(file.from_journal.len(), "row"), names(&file.from_journal));
        line(out, format_args!("  of which {count} were only in the journal: {names}"));
    }
    if !file.remains.is_empty() {
        let (count, names) = (counted(file.remains.len(), "row"), names(&file.remains));
        line(
            out,
            format_args!(
                "  of which {count} were after the end of the text, and may have been deleted on \
                 purpose: {names}"
            ),
        );
    }
    for lost in &file.lost {
        describe_loss(out, lost);
    }
    for conflict in &file.conflicts {
        describe_conflict(out, conflict);
    }
}

fn describe_loss(out: &mut String, lost: &Lost) {
    let Lost { from, to, rows, is_remains } = lost;
    let place = if *is_remains { " after the end of the text" } else { "" };
    let rows =
        if rows.is_empty() { "no row is known to begin there".to_owned() } else { names(rows) };
    line(out, format_args!("  lost bytes {from} to {to}{place}: {rows}"));
}

fn describe_conflict(out: &mut String, conflict: &Conflict) {
    let id = conflict.id.as_ref().map(|id| format!(" ({id})")).unwrap_or_default();
    line(out, format_args!("  row {}{id}: {}", conflict.row, conflict.decision));
    let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    for field in &conflict.fields {
        let (kept, dropped) = (value(&field.kept), value(&field.dropped));
        line(out, format_args!("    {}: kept {kept}, not {dropped}", field.field));
    }
}

fn describe_journal(out: &mut String, journal: &JournalReport) {
    line(out, format_args!("journal: {} read", counted(journal.commits, "commit")));
    if let Some(cause) = &journal.checkpoint {
        line(
            out,
            format_args!("  the checkpoint can't be read, so that all commits were used: {cause}"),
        );
    }
    if journal.lost_commits > 0 {
        line(out, format_args!("  lost {}", counted(journal.lost_commits, "commit")));
    }
    for lost in &journal.lost {
        let (file, from, to) = (lost.file.display(), lost.from, lost.to);
        let likely = if lost.at_end {
            ", at the end: probably what was being written when the machine stopped"
        } else {
            ""
        };
        line(out, format_args!("  lost bytes {from} to {to} of {file}{likely}"));
    }
}

fn names(rows: &[Named]) -> String {
    let name = |named: &Named| match &named.id {
        Some(id) => format!("row {} ({id})", named.row),
        None => format!("row {}", named.row),
    };
    rows.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn counted(count: impl TryInto<u64>, what: &str) -> String {
    let count = count.try_into().unwrap_or(u64::MAX);
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a `String` can't fail.
    writeln!(out, "{text}").unwrap_or_default();
}
