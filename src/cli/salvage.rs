//! `goldstar salvage`

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::{Failure, LOOK, data_directory, progress};
use crate::config::{Flags, Storage};
use crate::disk::{Disk, RealDisk};
use crate::repair::salvage::{Conflict, FileReport, JournalReport, Lost, Named, Report, salvage};

#[derive(Args)]
pub(super) struct Arguments {
    /// The data directory, in place of --data-dir; nothing in it is changed, and no server may hold it
    #[arg(value_name = "DIR", conflicts_with = "data_dir")]
    from: Option<PathBuf>,

    /// Where the copy goes: a folder that doesn't exist yet, or an empty one
    #[arg(long = "out", value_name = "NEW")]
    to: PathBuf,

    /// Print the report as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    flags: Flags<Storage>,
}

pub(super) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { from, to, json, flags } = arguments;
    let from = data_directory::resolve(flags, from)?.storage.data_dir;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let report = salvage(&disk, &from, &to, &progress::on_terminal())?;
    let text = if json {
        serde_json::to_string_pretty(&report).map_err(io::Error::from)
    } else {
        Ok(in_words(&report).trim_end().to_owned())
    };
    let printed = text.and_then(|text| writeln!(io::stdout(), "{text}"));
    printed.map_err(Failure::io("the copy is made, but the report could not be printed"))?;
    Ok(if report.is_complete() { ExitCode::SUCCESS } else { ExitCode::from(LOOK) })
}

/// The report for a person.
fn in_words(report: &Report) -> String {
    let mut out = String::new();
    for file in &report.files {
        describe_file(&mut out, file);
    }
    if let Some(journal) = &report.journal {
        describe_journal(&mut out, journal);
    }
    for path in &report.copied {
        line(&mut out, format_args!("{}: copied as it is", path.display()));
    }
    for path in &report.left_out {
        line(&mut out, format_args!("{}: left out, it is neither file nor folder", path.display()));
    }
    let (from, to) = (report.from.display(), report.to.display());
    line(&mut out, format_args!("{to} is a copy of {from}, in which nothing was changed."));
    out
}

fn describe_file(out: &mut String, file: &FileReport) {
    let state = match &file.damage {
        Some(damage) => format!("wrong from byte {} on: {}", damage.byte, damage.cause),
        None => "whole".to_owned(),
    };
    line(out, format_args!("{}: {state}", file.file));
    let numbers = if file.rows == 0 { String::new() } else { format!(": {}", file.kept) };
    line(out, format_args!("  kept {}{numbers}", counted(file.rows, "row")));
    if !file.from_journal.is_empty() {
        let (count, names) = (counted(file.from_journal.len(), "row"), names(&file.from_journal));
        line(out, format_args!("  of which {count} only the journal had: {names}"));
    }
    if !file.remains.is_empty() {
        let (count, names) = (counted(file.remains.len(), "row"), names(&file.remains));
        line(
            out,
            format_args!(
                "  of which {count} stood behind the end of the text, and may have been deleted on \
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
    let place = if *is_remains { " behind the end of the text" } else { "" };
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
            format_args!("  the checkpoint can't be read, all that is there was taken: {cause}"),
        );
    }
    if journal.lost_commits > 0 {
        line(out, format_args!("  lost {}", counted(journal.lost_commits, "commit")));
    }
    for lost in &journal.lost {
        let (file, from, to) = (lost.file.display(), lost.from, lost.to);
        let likely = if lost.at_end {
            ", at the end: most likely what was being written when the machine stopped"
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
