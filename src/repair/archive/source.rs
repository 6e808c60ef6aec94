//! What an archive contains of a directory that no server uses, and of a database.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::task::block_in_place;

use super::begun::Begun;
use super::error::ArchiveError;
use super::manifest::Manifest;
use super::names::{DATA, LOGS, is_log};
use super::write::{Contents, Entries, Entry};
use crate::clock::new_seed;
use crate::disk::{Disk, Open, RealDisk, UnnamedFiles};
use crate::domain::{Timestamp, UserId, log_name};
use crate::repair::erase::{Erased, erase};
use crate::repair::inspect::{Examined, examine, examine_unlocked};
use crate::repair::transfer;
use crate::store::json::damage::OpenError;
use crate::store::json::progress::Progress;
use crate::store::json::state::table::AnyTable;
use crate::store::json::state::{EPOCH, State};
use crate::store::json::tinydb::codecs::TABLE_FILES;
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tracking::{self, FileRow, Patch, patches_of};
use crate::store::postgres::DatabaseUrl;

/// Begins an archive of a data directory that no server uses and whose journal is empty, with the audit
/// logs in `logs`. The directory stays locked.
pub fn begin_directory(
    data: &Path,
    logs: &Path,
    now: Timestamp,
    progress: &Progress,
) -> Result<Begun, ArchiveError> {
    let (report, examined) = examine(&RealDisk, data, now, progress, false)?;
    transfer::require_intact(data, &report)?;
    let Examined { state, names, lock } = examined;
    let (contents, erased) = examined_contents(&RealDisk, data, state, &names, now, progress)?;
    let left_out = erased.iter().map(log_name).collect();
    let mut begun = Begun { contents, history: None, left_out, lock };
    let is_left_out = begun.leaves_out();
    let names = match RealDisk.file_names(logs) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        names => names.map_err(ArchiveError::unreadable(logs))?,
    };
    let mut entries = Vec::new();
    for name in names.iter().filter(|name| is_log(name) && !is_left_out(name)) {
        entries.push(whole(&RealDisk, logs, LOGS, name)?);
    }
    begun.contents.add(entries);
    Ok(begun)
}

/// Begins an archive of a database, which is first exported to files in `folder`. They have no names, so
/// that nothing is left of them after any end of the process.
pub async fn begin_database(
    url: &DatabaseUrl,
    folder: PathBuf,
    now: Timestamp,
    progress: &Progress,
) -> Result<Begun, ArchiveError> {
    let files = Arc::new(UnnamedFiles::new(folder.join(format!("goldstar-{}", new_seed()))));
    transfer::export_for_backup(url, files.clone(), now, progress).await?;
    block_in_place(|| {
        let data = files.folder();
        let (report, examined) = examine_unlocked(&*files, data, now, progress, false)?;
        transfer::require_intact(data, &report)?;
        let Examined { state, names, lock } = examined;
        let (contents, _) = examined_contents(&*files, data, state, &names, now, progress)?;
        Ok(Begun { contents, history: None, left_out: Vec::new(), lock })
    })
}

/// The files of the directory, without accounts whose deletion has started.
fn examined_contents(
    disk: &dyn Disk,
    data: &Path,
    mut state: State,
    names: &[String],
    now: Timestamp,
    progress: &Progress,
) -> Result<(Contents, Vec<UserId>), ArchiveError> {
    let mut erased = Erased::started(&state);
    let accounts = erase(&mut state, &mut erased);
    let history = History::read(disk, data, &mut erased, progress)?;
    let mut contents = contents(state, history, now);
    contents.add(others(disk, data, names)?);
    Ok((contents, accounts))
}

/// The tables and the history.
pub(super) fn contents(state: State, history: History, now: Timestamp) -> Contents {
    let epoch = state.settings.get(EPOCH);
    let epoch = epoch.and_then(|setting| Some(setting.value.as_str()?.to_owned()));
    let mut rows = BTreeMap::from([(tracking::FILE.to_owned(), history.rows)]);
    let mut bytes = history.entry.as_ref().map_or(0, Entry::len);
    for table in state.tables().into_iter().filter(|table| has_contents(*table)) {
        rows.insert(table.file().to_owned(), table.len() as u64);
        bytes += table.texts().map(|(_, text)| text.len() as u64 + 16).sum::<u64>() + 2048;
    }
    let manifest = Manifest::new(now.to_string(), epoch, rows, history.last_event);
    let modified = now.as_micros().unsigned_abs() / 1_000_000;
    let entries = Box::new(tables(state).chain(history.entry).map(Ok));
    Contents { manifest, entries, bytes, modified }
}

/// The text of each table. One is in memory at a time.
fn tables(state: State) -> impl Iterator<Item = Entry> + Send {
    let count = state.tables().len();
    (0..count).filter_map(move |at| {
        let table = state.tables()[at];
        let entry = || Entry::text(format!("{DATA}/{}", table.file()), table.file_text());
        has_contents(table).then(entry)
    })
}

/// The other files of the directory.
pub(super) fn others(
    disk: &dyn Disk,
    data: &Path,
    names: &[String],
) -> Result<Vec<Entry>, ArchiveError> {
    let others = names.iter().filter(|name| {
        let is_own = TABLE_FILES.contains(&&***name) || **name == tracking::FILE;
        !is_own && Path::new(name).extension() == Some("json".as_ref())
    });
    let mut entries = Vec::new();
    for name in others {
        match whole(disk, data, DATA, name) {
            // A link to a folder, a pipe or a device cannot be read.
            Err(ArchiveError::Unreadable { source, .. })
                if source.kind() == io::ErrorKind::InvalidInput => {}
            entry => entries.push(entry?),
        }
    }
    Ok(entries)
}

/// The bytes that a file has now.
fn whole(disk: &dyn Disk, from: &Path, folder: &str, name: &str) -> Result<Entry, ArchiveError> {
    let path = from.join(name);
    let opened = disk.open(&path, Open::Read).and_then(|file| Ok((file.len()?, file)));
    let (len, file) = opened.map_err(ArchiveError::unreadable(&path))?;
    Ok(Entry::file(format!("{folder}/{name}"), file, len))
}

impl Contents {
    /// Adds entries at the end.
    pub(super) fn add(&mut self, more: Vec<Entry>) {
        let bytes = more.iter().map(|entry| entry.len() + 2048).sum();
        self.add_later(Box::new(more.into_iter().map(Ok)), bytes);
    }

    /// Adds entries with about that many bytes at the end.
    pub(super) fn add_later(&mut self, more: Entries, bytes: u64) {
        let entries = std::mem::replace(&mut self.entries, Box::new(std::iter::empty()));
        self.entries = Box::new(entries.chain(more));
        self.bytes += bytes;
    }
}

/// Whether a table has rows, or its file has other tables. The others are not written.
pub(super) fn has_contents(table: &dyn AnyTable) -> bool {
    table.len() > 0 || table.around() != ("", "")
}

/// The tracking file.
pub(super) struct History {
    pub(super) rows: u64,
    pub(super) last_event: Option<String>,
    /// `None` if there is no file.
    pub(super) entry: Option<Entry>,
}

impl History {
    fn read(
        disk: &dyn Disk,
        data: &Path,
        erased: &mut Erased,
        progress: &Progress,
    ) -> Result<Self, ArchiveError> {
        let path = data.join(tracking::FILE);
        let mut history = Self { rows: 0, last_event: None, entry: None };
        let file = match disk.open(&path, Open::Read) {
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
        let name = format!("{DATA}/{}", tracking::FILE);
        history.entry = Some(Entry::patched(name, file, len, patches));
        Ok(history)
    }
}
