//! Restores an archive into new directories, or into an empty database.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::task::block_in_place;

use super::error::ArchiveError;
use super::names::{DATA, LOGS};
use super::read::Archive;
use super::source::has_contents;
use crate::disk::{Disk as _, Open, read_exact_at};
use crate::domain::{ErasureList, Missing, Timestamp, UserId, log_name};
use crate::repair::erase::{Erased, erase};
use crate::repair::inspect::{CheckReport, Examined};
use crate::repair::salvage::new_epoch;
use crate::repair::transfer::{ImportSource, NewDirectory, NewTable, import_from};
use crate::store::Change;
use crate::store::json::progress::Progress;
use crate::store::json::state::{EPOCH, State};
use crate::store::json::tinydb::codecs::TABLE_FILES;
use crate::store::json::tracking::{self, FileRow, without_personal};
use crate::store::postgres::DatabaseUrl;

/// The bytes that are copied at once.
const PIECE: usize = 1 << 20;

/// What was restored.
#[derive(Debug)]
pub struct Restored {
    pub events: u64,
    /// The number of accounts of the archive that were deleted again.
    pub erased: usize,
    /// The time until which the used list of deleted accounts is complete.
    pub complete_until: Timestamp,
    /// The time whose deletions may be missing in the list.
    pub missing: Option<Missing>,
}

/// An archive, prepared for a restore.
struct Prepared {
    list: ErasureList,
    erased: Erased,
    accounts: Vec<UserId>,
    report: CheckReport,
    examined: Examined,
}

impl Prepared {
    /// Examines the archive, and removes the accounts of its list and of a later one.
    fn new(
        archive: &Archive,
        later: Option<&ErasureList>,
        now: Timestamp,
        progress: &Progress,
    ) -> Result<Self, ArchiveError> {
        let mut list = archive.erasures()?;
        match later {
            Some(later) if !list.merge(later) => return Err(ArchiveError::OtherList),
            Some(_) => {}
            None => list.skip_to(now),
        }
        let (report, mut examined) = archive.examine(now, progress)?;
        let mut erased = Erased::listed(list.clone());
        let accounts = erase(&mut examined.state, &mut erased);
        Ok(Self { list, erased, accounts, report, examined })
    }
}

/// Restores into an empty database, in one transaction. `later` is a newer list of deleted accounts than
/// that of the archive. Without one, the list states from when to when deletions may be missing.
pub async fn restore_database(
    archive: &Archive,
    later: Option<&ErasureList>,
    url: &DatabaseUrl,
    now: Timestamp,
    progress: &Progress,
) -> Result<Restored, ArchiveError> {
    let Prepared { list, erased, accounts, report, examined } =
        block_in_place(|| Prepared::new(archive, later, now, progress))?;
    let (complete_until, missing) = (list.complete_until, list.missing);
    let source = ImportSource {
        disk: Box::new(archive.disk()),
        data: PathBuf::from(DATA),
        report,
        examined,
        list: Some(list),
        erased: Some(erased),
    };
    let imported = Box::pin(import_from(url, source, now, progress)).await?;
    Ok(Restored { events: imported.events, erased: accounts.len(), complete_until, missing })
}

/// Restores into new directories. Existing ones must be empty. Each gets its name when it is
/// complete, the data directory last. After an interruption a log directory may remain, which the next
/// attempt accepts.
pub fn restore_directory(
    archive: &Archive,
    later: Option<&ErasureList>,
    data: &Path,
    logs: &Path,
    now: Timestamp,
    progress: &Progress,
) -> Result<Restored, ArchiveError> {
    let Prepared { list, mut erased, accounts, mut examined, .. } =
        Prepared::new(archive, later, now, progress)?;
    let directory = NewDirectory::begin(data)?;
    let state = &mut examined.state;
    state.apply(Change::PutSetting { name: EPOCH.into(), value: new_epoch().into() });
    write_tables(&directory, state)?;
    let events = write_history(archive, &directory, &mut erased, progress)?;
    let mut file = directory.create(ErasureList::FILE)?;
    file.push(&list.text())?;
    file.finish()?;
    let is_own = |name: &str| {
        TABLE_FILES.contains(&name) || [tracking::FILE, ErasureList::FILE].contains(&name)
    };
    for name in archive.names(DATA).into_iter().filter(|name| !is_own(name)) {
        copy(archive, DATA, &name, &directory)?;
    }
    restore_logs(archive, logs, &accounts)?;
    directory.finish()?;
    let ErasureList { complete_until, missing, .. } = list;
    Ok(Restored { events, erased: accounts.len(), complete_until, missing })
}

fn write_tables(directory: &NewDirectory, state: &State) -> Result<(), ArchiveError> {
    for table in state.tables().into_iter().filter(|table| has_contents(*table)) {
        let mut file = directory.create(table.file())?;
        file.push(&table.file_text())?;
        file.finish()?;
    }
    Ok(())
}

/// Writes the events; those of deleted accounts without personal parts.
fn write_history(
    archive: &Archive,
    directory: &NewDirectory,
    erased: &mut Erased,
    progress: &Progress,
) -> Result<u64, ArchiveError> {
    let path = Path::new(DATA).join(tracking::FILE);
    let disk = archive.disk();
    let file = match disk.open(&path, Open::Read) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        file => file.map_err(ArchiveError::unreadable(&path))?,
    };
    let mut others = String::new();
    let mut collect = |name: &str, _, text: &str| others.extend([name, ": ", text, ", "]);
    let nothing = |_: FileRow<'_>| {};
    tracking::visit(&*file, &path, u64::MAX, &[], progress, nothing, &mut collect)?;
    let mut table = NewTable::begin(directory.create(tracking::FILE)?, &others)?;
    let mut written = Ok(0);
    let each = |row: FileRow<'_>| {
        if written.is_ok() {
            written = if erased.has_event(row.text) {
                table.push(&without_personal(row.text.to_owned()))
            } else {
                table.push(row.text)
            };
        }
    };
    tracking::visit(&*file, &path, u64::MAX, &[], progress, each, &mut |_, _, _| {})?;
    written?;
    let rows = table.rows;
    table.finish("")?;
    Ok(rows)
}

/// Copies an entry.
fn copy(
    archive: &Archive,
    folder: &str,
    name: &str,
    directory: &NewDirectory,
) -> Result<(), ArchiveError> {
    let path = Path::new(folder).join(name);
    let unreadable = || ArchiveError::unreadable(&path);
    let from = archive.disk().open(&path, Open::Read).map_err(unreadable())?;
    let mut to = directory.create(name)?;
    let (mut offset, len) = (0, from.len().map_err(unreadable())?);
    while offset < len {
        let count = usize::try_from(len - offset).unwrap_or(PIECE).min(PIECE);
        let mut piece = vec![0; count];
        read_exact_at(&*from, &mut piece, offset).map_err(unreadable())?;
        to.push_bytes(&piece)?;
        offset += count as u64;
    }
    Ok(to.finish()?)
}

/// Restores the audit logs, except those of deleted accounts.
fn restore_logs(archive: &Archive, logs: &Path, erased: &[UserId]) -> Result<(), ArchiveError> {
    let erased: Vec<String> = erased.iter().map(log_name).collect();
    let is_kept = |name: &String| !erased.iter().any(|erased| name.starts_with(erased));
    let names: Vec<String> = archive.names(LOGS).into_iter().filter(is_kept).collect();
    if names.is_empty() || is_restored(archive, logs, &names)? {
        return Ok(());
    }
    let directory = NewDirectory::begin(logs)?;
    for name in &names {
        copy(archive, LOGS, name, &directory)?;
    }
    Ok(directory.finish()?)
}

/// Whether an interrupted restore has left exactly these logs.
fn is_restored(archive: &Archive, logs: &Path, names: &[String]) -> Result<bool, ArchiveError> {
    let found = fs::read_dir(logs).map(Iterator::count).unwrap_or_default();
    if found == 0 {
        return Ok(false);
    }
    let is_same = |name: &String| -> io::Result<bool> {
        let expected = archive.disk().open(&Path::new(LOGS).join(name), Open::Read)?;
        let mut bytes = vec![0; usize::try_from(expected.len()?).map_err(io::Error::other)?];
        read_exact_at(&*expected, &mut bytes, 0)?;
        Ok(fs::read(logs.join(name)).is_ok_and(|found| found == bytes))
    };
    let same = names.iter().map(is_same).collect::<io::Result<Vec<_>>>();
    let same = same.map_err(ArchiveError::unreadable(&archive.path))?;
    if found == names.len() && same.iter().all(|same| *same) {
        return Ok(true);
    }
    Err(ArchiveError::NotEmpty(logs.to_owned()))
}
