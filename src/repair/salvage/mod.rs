//! `goldstar salvage`: a new directory with everything that can be read of a damaged one.
//!
//! Each file is read as far as possible (`read`), its rows are collected (`rows`), and the valid
//! part of the log (`journal`) is merged into them (`merge`, `events`). The new directory has no
//! log (`output`), and is read like a start before it gets its name. The damaged directory does not
//! change.

mod error;
mod events;
pub(super) mod journal;
pub(super) mod kind;
mod merge;
mod output;
pub(super) mod read;
pub(super) mod report;
mod rows;
mod table;

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::clock::new_seed;
use crate::disk::{Disk, Open, read_exact_at};
use crate::store::json::damage::{Damage, OpenError};
use crate::store::json::lock::DirectoryLock;
use crate::store::json::progress::Progress;
use crate::store::json::recovery::DirectoryReader;
use crate::store::json::wal::FOLDER;
pub use error::SalvageError;
use journal::LogContents;
use kind::{TABLES, TRACKING};
use output::Output;
pub use report::{
    Conflict, Difference, FileDamage, FileReport, JournalLoss, JournalReport, Lost, Named,
    SalvageReport,
};
use table::Table;

/// Copies the data directory `from` to `to`, which must not exist or be an empty folder: every row
/// of the damaged files that can be read, merged with the log. When this returns, the copy is
/// durable, and a server starts on it. Needs as much memory as the files are long, and some more
/// per row. `progress` reports the progress of reading.
pub fn salvage(
    disk: &Arc<dyn Disk>,
    from: &Path,
    to: &Path,
    progress: &Progress,
) -> Result<SalvageReport, SalvageError> {
    if !from.is_dir() {
        return Err(SalvageError::NoData(from.to_owned()));
    }
    let _lock = DirectoryLock::take_to_read(from).map_err(SalvageError::Open)?;
    let output = Output::begin(disk, from, to)?;
    let damage = judge(&**disk, from, progress).map_err(SalvageError::Open)?;
    let (past, journal) = journal::read(&**disk, &from.join(FOLDER)).map_err(SalvageError::Open)?;
    let texts = read_files(&**disk, from, &past, progress)?;
    if texts.is_empty() && journal.is_none() {
        return Err(SalvageError::NoData(from.to_owned()));
    }
    let is_log_complete = journal.as_ref().is_none_or(JournalReport::is_complete);
    let tables = bring_together(from, &texts, &past, &damage, is_log_complete);
    let mut files = Vec::new();
    for table in tables {
        if let Some(text) = table.file_text() {
            output.write(Path::new(table.file()), text.as_bytes())?;
        } else if let Some(bytes) = texts.get(table.file()) {
            output.write(Path::new(table.file()), bytes)?;
        }
        files.extend(table.into_report(texts.keys()));
    }
    let is_known = |name: &Path| known_files().any(|file| name == Path::new(file));
    let (copied, left_out) = output.copy_rest(is_known)?;
    let refused = judge(&**disk, &output.partial, progress).map_err(SalvageError::Open)?;
    if let Some(damage) = refused.into_iter().next() {
        return Err(SalvageError::Unusable(damage));
    }
    output.finish()?;
    Ok(SalvageReport { from: from.to_owned(), to: to.to_owned(), files, journal, copied, left_out })
}

/// Whether it contains a table's file or a log. A file that cannot be examined counts as existing.
pub fn is_data_directory(directory: &Path) -> bool {
    let is_there = |name: &str| directory.join(name).try_exists().unwrap_or(true);
    known_files().chain([FOLDER]).any(is_there)
}

/// A name that no earlier epoch has.
pub(crate) fn new_epoch() -> String {
    let mut name = new_seed().simple().to_string();
    name.truncate(12);
    name
}

/// The contents of the existing files of tables.
type Texts = HashMap<&'static str, Vec<u8>>;

fn known_files() -> impl Iterator<Item = &'static str> {
    TABLES.iter().map(|kind| kind.file).chain([TRACKING.file])
}

fn read_files(
    disk: &dyn Disk,
    from: &Path,
    past: &LogContents,
    progress: &Progress,
) -> Result<Texts, SalvageError> {
    let mut texts = Texts::new();
    for file in known_files() {
        let path = from.join(file);
        let read = read_with_progress(disk, &path, progress);
        texts.extend(read.map_err(SalvageError::io(path))?.map(|bytes| (file, bytes)));
    }
    let path = from.join(TRACKING.file);
    if let Some(bytes) = texts.get_mut(TRACKING.file)
        && !Table::is_whole(&path, bytes)
    {
        events::overlay(bytes, &past.patches);
    }
    Ok(texts)
}

fn read_with_progress(
    disk: &dyn Disk,
    path: &Path,
    progress: &Progress,
) -> io::Result<Option<Vec<u8>>> {
    const PIECE: usize = 1 << 20;
    let file = match disk.open(path, Open::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        opened => opened?,
    };
    let len = usize::try_from(file.len()?).map_err(|_| io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; len];
    let mut read = 0;
    for piece in bytes.chunks_mut(PIECE) {
        read_exact_at(&*file, piece, read)?;
        read += piece.len() as u64;
        progress.report(path, read, len as u64);
    }
    Ok(Some(bytes))
}

/// Reads all tables, and merges the log into them.
fn bring_together<'a>(
    from: &Path,
    texts: &'a Texts,
    past: &LogContents,
    damage: &[Damage],
    is_log_complete: bool,
) -> Vec<Table<'a>> {
    let read = |kind: kind::TableKind| {
        let bytes = texts.get(kind.file).map(Vec::as_slice);
        let path = from.join(kind.file);
        let mut table = Table::read(kind, &path, bytes, past);
        table.note(damage.iter().find(|damage| damage.file == path));
        table
    };
    let mut gone = HashSet::new();
    let mut tables = Vec::new();
    for kind in TABLES {
        let mut table = read(kind);
        table.merge(past, &mut gone);
        tables.push(table);
    }
    let mut tracking = read(TRACKING);
    let renumbered = tracking.merge_events(past, &gone);
    for table in &mut tables {
        table.follow(&tracking, &renumbered);
    }
    // Some events have new numbers, or the numbers of lost events will be given again.
    if !renumbered.is_empty() || !tracking.has_all_rows() || !is_log_complete {
        let epoch = new_epoch();
        for table in &mut tables {
            table.start_epoch(&epoch);
        }
    }
    tables.push(tracking);
    tables
}

/// All damage that a start would find.
fn judge(disk: &dyn Disk, folder: &Path, progress: &Progress) -> Result<Vec<Damage>, OpenError> {
    let journal = folder.join(FOLDER);
    let reader =
        DirectoryReader { disk, data: folder, folder: &journal, progress, uses_index: false };
    Ok(reader.read()?.damage)
}
