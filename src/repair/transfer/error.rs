use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::repair::{CheckReport, Finding, FindingKind};
use crate::store::json::damage::OpenError;
use crate::store::postgres;

/// How many rows or faults an error names.
const NAMED: usize = 20;

/// Why nothing was imported or exported.
#[derive(Debug, Error)]
pub enum TransferError {
    /// The directory is in use, or cannot be read.
    #[error(transparent)]
    Directory(#[from] OpenError),
    /// No server starts on the directory.
    #[error("{} is damaged, and nothing was imported: {faults}. Run `goldstar check {}`", .data.display(), .data.display())]
    Damaged { data: PathBuf, faults: String },
    /// Rows that would be one record in the database.
    #[error(
        "nothing was imported, because rows have the same id, number or email address: {rows}. Remove or change the wrong rows"
    )]
    Duplicates { rows: String },
    /// The directory's log is not empty, and the audit logs may lack lines.
    #[error(
        "nothing was imported, because the journal of {} has changes that are not in the files: run \
         `goldstar checkpoint --data-dir {}` first",
        .0.display(), .0.display()
    )]
    Journal(PathBuf),
    #[error(transparent)]
    Database(#[from] postgres::OpenError),
    /// A statement failed. Nothing was changed.
    #[error("the transaction was rolled back: nothing was changed")]
    Statement(#[from] postgres::Failure),
    #[error(
        "nothing was imported, because the database is not empty: create a new one with CREATE DATABASE"
    )]
    NotEmpty,
    #[error("nothing was imported, because a server uses the database: stop it first")]
    Served,
    /// The imported events get the positions of transactions before the import.
    #[error(
        "nothing was imported: the database has executed too few transactions to number {events} \
         events. Execute `SELECT pg_current_xact_id()` {missing} times"
    )]
    TooMany { events: u64, missing: u64 },
    #[error("the import ended before all rows were read")]
    Panicked,
    /// The export would replace something.
    #[error("{} exists, and is not an empty directory", .0.display())]
    Exists(PathBuf),
    /// An earlier export was killed.
    #[error("{} is left of an export that was interrupted: remove it, and start again", .0.display())]
    Leftover(PathBuf),
    /// The database has a name that is not a file's.
    #[error("the database names a file {0:?}, which cannot be in a data directory")]
    FileName(String),
    /// A row of the database cannot be read.
    #[error("a row of the database cannot be read: {0}. Run `goldstar check --database-url`")]
    Malformed(String),
    #[error("{} is damaged: it is not an erasure list: {fault}", .path.display())]
    ErasureList { path: PathBuf, fault: String },
    #[error("{} belongs to another server than the database: their keys are not the same", .0.display())]
    OtherList(PathBuf),
    /// The disk failed.
    #[error("{} can't be written: the export was interrupted, and removed again", .path.display())]
    Io {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl TransferError {
    pub(super) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io { path, source }
    }

    /// Whether the data is damaged.
    pub fn is_damage(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Malformed(_) | Self::ErasureList { .. } => true,
            Self::Directory(error) => error.is_damage(),
            Self::Database(error) => error.is_damage(),
            _ => false,
        }
    }
}

/// Why no server starts on the checked directory; `None` if one does.
pub(in crate::repair) fn damage_in(report: &CheckReport) -> Option<String> {
    named(report, |kind| matches!(kind, FindingKind::Damage(_)))
}

/// Fails if the checked directory is damaged, or its files lack changes.
pub(in crate::repair) fn require_intact(
    data: &Path,
    report: &CheckReport,
) -> Result<(), TransferError> {
    if let Some(faults) = damage_in(report) {
        return Err(TransferError::Damaged { data: data.to_owned(), faults });
    }
    if report.waiting > 0 || report.is_torn {
        return Err(TransferError::Journal(data.to_owned()));
    }
    Ok(())
}

/// Fails if the checked directory cannot be imported completely.
pub(super) fn refuse(data: &Path, report: &CheckReport) -> Result<(), TransferError> {
    use FindingKind::{DuplicateEmail, DuplicateId, DuplicateRow};
    require_intact(data, report)?;
    match named(report, |kind| matches!(kind, DuplicateId | DuplicateRow | DuplicateEmail)) {
        Some(rows) => Err(TransferError::Duplicates { rows }),
        None => Ok(()),
    }
}

/// The findings of some kinds, in one line.
fn named(report: &CheckReport, is_meant: impl Fn(FindingKind) -> bool) -> Option<String> {
    let found: Vec<&Finding> = report.findings.iter().filter(|it| is_meant(it.kind)).collect();
    let text = |finding: &&Finding| {
        let Finding { file, row, message, .. } = finding;
        let row = row.map(|row| format!(", row {row}")).unwrap_or_default();
        format!("{file}{row}: {message}")
    };
    let mut texts: Vec<String> = found.iter().take(NAMED).map(text).collect();
    if found.len() > NAMED {
        texts.push(format!(
            "and {} more, which `goldstar check --json` prints",
            found.len() - NAMED
        ));
    }
    (!texts.is_empty()).then(|| texts.join("; "))
}
