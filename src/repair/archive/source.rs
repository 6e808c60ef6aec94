//! What an archive contains of a directory that no server uses, and of a database.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::Path;

use tokio::task::block_in_place;

use super::error::ArchiveError;
use super::manifest::Manifest;
use super::names::{DATA, LOGS, is_log};
use super::write::{Contents, Entry, Source};
use crate::disk::{Disk, Open, RealDisk};
use crate::domain::{Timestamp, UserId, log_name};
use crate::repair::erase::{Erased, erase};
use crate::repair::inspect::{Examined, examine};
use crate::repair::transfer;
use crate::store::json::damage::OpenError;
use crate::store::json::progress::Progress;
use crate::store::json::state::table::AnyTable;
use crate::store::json::state::{EPOCH, State};
use crate::store::json::tinydb::codecs::TABLE_FILES;
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tracking::{self, FileRow, Patch, patches_of};
use crate::store::postgres::DatabaseUrl;

/// Archives a data directory that no server uses and whose journal is empty, with the audit logs in
/// `logs`. Calls `begin` with the size of the archive before anything is written.
pub fn archive_directory<W: Write>(
    data: &Path,
    logs: &Path,
    now: Timestamp,
    progress: &Progress,
    begin: impl FnOnce(u64) -> io::Result<W>,
) -> Result<(Manifest, W), ArchiveError> {
    let (report, examined) = examine(&RealDisk, data, now, progress, false)?;
    transfer::require_intact(data, &report)?;
    let (mut contents, erased) = contents(data, examined, now, progress)?;
    let erased: Vec<String> = erased.iter().map(log_name).collect();
    let names = match RealDisk.file_names(logs) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        names => names.map_err(ArchiveError::unreadable(logs))?,
    };
    for name in names {
        let is_erased = erased.iter().any(|erased| name.starts_with(erased));
        if is_log(&name) && !is_erased {
            let path = logs.join(&name);
            let file = RealDisk.open(&path, Open::Read);
            let entry = file.and_then(|file| Entry::file(format!("{LOGS}/{name}"), file));
            contents.entries.push(entry.map_err(ArchiveError::unreadable(&path))?);
        }
    }
    write(contents, begin)
}

/// Archives a database, which is first exported to the new directory `spool`.
pub async fn archive_database<W: Write>(
    url: &DatabaseUrl,
    spool: &Path,
    now: Timestamp,
    progress: &Progress,
    begin: impl FnOnce(u64) -> io::Result<W>,
) -> Result<(Manifest, W), ArchiveError> {
    transfer::export_for_backup(url, spool, now, progress).await?;
    block_in_place(|| archive_directory(spool, &spool.join("logs"), now, progress, begin))
}

fn write<W: Write>(
    contents: Contents,
    begin: impl FnOnce(u64) -> io::Result<W>,
) -> Result<(Manifest, W), ArchiveError> {
    let manifest = contents.manifest.clone();
    let mut out = begin(contents.size()).map_err(ArchiveError::Write)?;
    contents.write(&mut out).map_err(ArchiveError::Write)?;
    Ok((manifest, out))
}

/// The files of the directory, without accounts whose deletion has started.
fn contents(
    data: &Path,
    examined: Examined,
    now: Timestamp,
    progress: &Progress,
) -> Result<(Contents, Vec<UserId>), ArchiveError> {
    let Examined { mut state, names, .. } = examined;
    let mut erased = Erased::started(&state);
    let accounts = erase(&mut state, &mut erased);
    let (mut rows, mut entries) = tables(&state);
    let history = History::read(data, &mut erased, progress)?;
    rows.insert(tracking::FILE.to_owned(), history.rows);
    entries.extend(history.entry);
    let others = names.iter().filter(|name| {
        let is_own = TABLE_FILES.contains(&&***name) || **name == tracking::FILE;
        !is_own && Path::new(name).extension() == Some("json".as_ref())
    });
    for name in others {
        let path = data.join(name);
        match RealDisk.open(&path, Open::Read) {
            // A link to a folder, a pipe or a device cannot be read.
            Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
            file => {
                let entry = file.and_then(|file| Entry::file(format!("{DATA}/{name}"), file));
                entries.push(entry.map_err(ArchiveError::unreadable(&path))?);
            }
        }
    }
    let epoch = state.settings.get(EPOCH);
    let epoch = epoch.and_then(|setting| Some(setting.value.as_str()?.to_owned()));
    let manifest = Manifest::new(now.to_string(), epoch, rows, history.last_event);
    let modified = now.as_micros().unsigned_abs() / 1_000_000;
    Ok((Contents { manifest, entries, modified }, accounts))
}

/// Whether a table has rows, or its file has other tables. The others are not written.
pub(super) fn has_contents(table: &dyn AnyTable) -> bool {
    table.len() > 0 || table.around() != ("", "")
}

/// The number of rows and the text of each table.
fn tables(state: &State) -> (BTreeMap<String, u64>, Vec<Entry>) {
    let mut rows = BTreeMap::new();
    let mut entries = Vec::new();
    for table in state.tables().into_iter().filter(|table| has_contents(*table)) {
        rows.insert(table.file().to_owned(), table.len() as u64);
        entries.push(Entry::text(format!("{DATA}/{}", table.file()), table.file_text()));
    }
    (rows, entries)
}

/// The tracking file.
struct History {
    rows: u64,
    last_event: Option<String>,
    /// `None` if there is no file.
    entry: Option<Entry>,
}

impl History {
    fn read(data: &Path, erased: &mut Erased, progress: &Progress) -> Result<Self, ArchiveError> {
        let path = data.join(tracking::FILE);
        let mut history = Self { rows: 0, last_event: None, entry: None };
        let file = match RealDisk.open(&path, Open::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(history),
            file => file.map_err(ArchiveError::unreadable(&path))?,
        };
        let len = file.len().map_err(ArchiveError::unreadable(&path))?;
        let (mut patches, mut last, mut lacks_room) = (Vec::new(), String::new(), false);
        let each = |row: FileRow<'_>| {
            history.rows += 1;
            row.text.clone_into(&mut last);
            if erased.has_event(row.text) {
                match patches_of(row.number, row.byte, row.text) {
                    Some(of_row) => patches.extend(of_row),
                    None => lacks_room = true,
                }
            }
        };
        if len > 0 {
            tracking::visit(&*file, &path, u64::MAX, &[], progress, each, &mut |_, _, _| {})?;
        }
        if lacks_room {
            let error = io::Error::other("an anonymised row has no space for `null`");
            return Err(OpenError::io(&path)(error).into());
        }
        patches.sort_unstable_by_key(|patch: &Patch| patch.offset);
        let id = Fields::parse(&last).ok().and_then(|fields| fields.optional_text("id"));
        history.last_event = id.map(|id| (*id).to_owned());
        let source = Source::File { file, len, patches };
        history.entry = Some(Entry { name: format!("{DATA}/{}", tracking::FILE), source });
        Ok(history)
    }
}
