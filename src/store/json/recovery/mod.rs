//! A start recovers what the last run left, or fails if that cannot be right. First everything is
//! read (`read`) without any change. Then the files are brought into the form in which commits can
//! start. A crash before the new checkpoint loses nothing: the next start does the same.

mod read;
pub(crate) mod tracking_log;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::damage::OpenError;
use super::follow::{Follow, Foreign};
use super::progress::Progress;
use super::state::State;
use super::tinydb::codecs::TABLE_FILES;
use super::tinydb::file::{FileChecksum, TableFile, TableFiles, parse_file, push_row_name};
use super::tinydb::pyjson;
use super::tracking::{self, Appender, Mark, NewRow, SavedIndex};
use super::wal::checkpoint::Checkpoint;
use super::wal::files;
use super::wal::format;
use super::wal::journal::Journal;
use super::wal::segment::Link;
use crate::disk::{Disk, Open, read_if_exists, replace, temporary_path};
use crate::domain::deletion::FIRST_START;
use crate::metrics::{self, Counter};
use crate::store::Change;

pub(crate) use read::{DirectoryContents, DirectoryReader, Replay, TrackingFile};

/// The result of a start.
pub(crate) struct Recovered {
    pub(crate) state: State,
    pub(crate) appender: Appender,
    pub(crate) journal: Journal,
    pub(crate) files: TableFiles,
    pub(crate) checkpoint: Checkpoint,
    pub(crate) follow: Follow,
}

/// A start on one directory.
pub(crate) struct Recovery<'a> {
    pub(crate) disk: &'a Arc<dyn Disk>,
    /// The data directory, and the journal's folder in it.
    pub(crate) data: &'a Path,
    pub(crate) folder: &'a Path,
    /// The metrics of the log and the files.
    pub(crate) metrics: &'a metrics::Store,
    /// Reports the progress of reading the tracking file.
    pub(crate) progress: &'a Progress,
}

impl Recovery<'_> {
    /// Brings the directory into the form in which commits can start.
    pub(crate) fn run(self) -> Result<Recovered, OpenError> {
        let Self { disk, data, folder, progress, .. } = self;
        let reader = DirectoryReader { disk: &**disk, data, folder, progress, uses_index: true };
        let mut reading = reader.read()?;
        reading.check()?;
        format::record(&**disk, folder)?;
        let DirectoryContents { saved, is_first, first, journal, next, mut state, .. } = reading;
        let DirectoryContents { mut files, tracking, .. } = reading;
        note_reversals(&mut state, &tracking, journal.as_ref());
        if is_first {
            hold_deletions(&mut state);
        }
        warn_of_unreadable_rows(&state);
        remove_orphans(&mut state);
        let appender = match &journal {
            None => self.take_over(tracking)?,
            Some(replay) => {
                // Before any file depends on bytes that may be in the machine's memory only.
                files::secure(&**disk, folder, first.epoch).map_err(OpenError::io(folder))?;
                self.replay_tracking(tracking, saved.tracking(), replay)?
            }
        };
        if appender.saved() == 0 {
            // It may name accounts that were deleted since.
            SavedIndex::remove(&**disk, folder).map_err(OpenError::io(folder))?;
        }
        let events = journal.as_ref().map_or(&[][..], |replay| &replay.past.rows);
        let own = events.last().map_or(saved.tracking().last_row, |(row, _)| *row);
        let mut cursors = saved.sinks;
        let foreign = Foreign::read(&mut cursors, own, appender.tracking().last_row());
        let follow = Follow::new(Arc::clone(disk), folder, foreign, cursors);
        self.flush(&state, &mut files)?;
        let link = Link { epoch: self.next_epoch(next.epoch)?, ..next };
        let (appender, checkpoint) = self.checkpoint(link, appender, &files, follow.cursors())?;
        let journal = self.begin_journal(link).map_err(OpenError::io(self.folder))?;
        Ok(Recovered { state, appender, journal, files, checkpoint, follow })
    }

    /// Uses a tracking file to which the log has nothing to add.
    fn take_over(&self, tracking: TrackingFile) -> Result<Appender, OpenError> {
        let path = self.tracking_path();
        let loaded = match tracking {
            TrackingFile::Read(loaded) if loaded.appendable => *loaded,
            TrackingFile::Read(_) => {
                self.reshape(&path)?;
                self.load_reshaped(&path)?
            }
            TrackingFile::Empty => return self.create_tracking(),
            TrackingFile::Damaged(damage) => return Err(damage.into()),
        };
        self.open_tracking(loaded).map_err(OpenError::io(path))
    }

    fn load_reshaped(&self, path: &Path) -> Result<tracking::Loaded, OpenError> {
        let file = self.disk.open(path, Open::Read).map_err(OpenError::io(path))?;
        tracking::load(&*file, path, None, &[], self.progress, None)
    }

    fn create_tracking(&self) -> Result<Appender, OpenError> {
        let path = self.tracking_path();
        let (disk, failures) = (Arc::clone(self.disk), self.tracking_failures());
        let visited = self.metrics.records_visited.clone();
        Appender::create(disk, path.clone(), failures, visited).map_err(OpenError::io(path))
    }

    fn open_tracking(&self, loaded: tracking::Loaded) -> io::Result<Appender> {
        let path = self.tracking_path();
        let file = self.disk.open(&path, Open::Write)?;
        let (disk, failures) = (Arc::clone(self.disk), self.tracking_failures());
        let visited = self.metrics.records_visited.clone();
        Appender::open(disk, path, file, loaded, failures, visited)
    }

    fn tracking_failures(&self) -> Counter {
        self.metrics.projection_errors(tracking::FILE)
    }

    /// Rewrites a tracking file so that rows can be appended and anonymised: one line, the default
    /// table last, space for `null` in each row.
    fn reshape(&self, path: &Path) -> Result<(), OpenError> {
        let bytes = read_if_exists(&**self.disk, path).map_err(OpenError::io(path))?;
        let bytes = bytes.unwrap_or_default();
        let file = parse_file(path, &bytes)?;
        let mut text = format!("{{{}", pyjson::compact(&file.before));
        if let Some(after) = file.after.strip_prefix(", ") {
            text.push_str(&pyjson::compact(after));
            text.push_str(", ");
        }
        text.push_str("\"_default\": {");
        for (position, (number, row)) in file.rows.iter().enumerate() {
            push_row_name(&mut text, *number, position == 0);
            text.push_str(&tracking::with_room(&pyjson::compact(row)));
        }
        text.push_str("}}");
        tracing::info!(file = %path.display(), "rewritten, so that rows can be appended");
        replace(&**self.disk, path, text.as_bytes()).map_err(OpenError::io(path))
    }

    /// Truncates the tracking file to its checkpoint, and appends the rows of the log since.
    fn replay_tracking(
        &self,
        tracking: TrackingFile,
        mark: Mark,
        replay: &Replay,
    ) -> Result<Appender, OpenError> {
        let path = self.tracking_path();
        let io = || OpenError::io(&path);
        let loaded = match tracking {
            TrackingFile::Read(loaded) => *loaded,
            TrackingFile::Empty => return Err(io()(io::ErrorKind::NotFound.into())),
            TrackingFile::Damaged(damage) => return Err(damage.into()),
        };
        let file = self.disk.open(&path, Open::Write).map_err(io())?;
        tracking::write_patches(&*file, &replay.past.patches, mark.len).map_err(io())?;
        file.set_len(mark.len).map_err(io())?;
        let mut appender = self.open_tracking(loaded).map_err(io())?;
        let rows = replay.events.iter().map(|stored| NewRow {
            stored: Arc::clone(stored),
            personal: tracking::personal_spans(&stored.json),
        });
        let rows: Vec<NewRow> = rows.collect();
        appender.append(&rows);
        match appender.last_error() {
            None => Ok(appender),
            Some(error) => Err(io()(io::Error::other(error.to_owned()))),
        }
    }

    /// An epoch that no segment has.
    fn next_epoch(&self, replayed: u64) -> Result<u64, OpenError> {
        let epochs = files::epochs(&**self.disk, self.folder);
        let last = epochs.map_err(OpenError::io(self.folder))?.last().copied();
        Ok(last.unwrap_or_default().max(replayed) + 1)
    }

    /// Writes the file of each table that the log has changed.
    fn flush(&self, state: &State, files: &mut TableFiles) -> Result<(), OpenError> {
        for table in state.tables().into_iter().filter(|table| table.version() > 0) {
            let (file, version, text) = (table.file(), table.version(), table.file_text());
            let path = self.data.join(file);
            replace(&**self.disk, &path, text.as_bytes()).map_err(OpenError::io(&path))?;
            files.insert(file, TableFile::known(version, Some(FileChecksum::of(text.as_bytes()))));
        }
        Ok(())
    }

    /// Syncs the files and writes a checkpoint: the older log is not needed any more.
    fn checkpoint(
        &self,
        link: Link,
        mut appender: Appender,
        files: &TableFiles,
        cursors: BTreeMap<String, String>,
    ) -> Result<(Appender, Checkpoint), OpenError> {
        let path = self.tracking_path();
        appender.file().sync().map_err(OpenError::io(&path))?;
        // A killed process may have left names that are in the machine's memory only.
        self.disk.sync_dir(self.data).map_err(OpenError::io(self.data))?;
        let mark = appender.mark().ok_or_else(|| {
            let error = appender.last_error().unwrap_or("rows are not written yet").to_owned();
            OpenError::io(path)(io::Error::other(error))
        })?;
        let checkpoint = Checkpoint::new(link, mark, files, cursors);
        checkpoint.save(&**self.disk, self.folder).map_err(OpenError::io(self.folder))?;
        Ok((appender, checkpoint))
    }

    fn begin_journal(&self, first: Link) -> io::Result<Journal> {
        files::remove_before(&**self.disk, self.folder, first.epoch)?;
        self.remove_leftovers()?;
        let syncs = self.metrics.journal_sync.clone();
        Journal::create(Arc::clone(self.disk), self.folder.to_owned(), first, syncs)
    }

    /// Removes the temporary files of an interrupted run, which may contain old password hashes.
    fn remove_leftovers(&self) -> io::Result<()> {
        let tables = TABLE_FILES.into_iter().chain([tracking::FILE]);
        let tables = tables.map(|file| temporary_path(&self.data.join(file)));
        let journal = self
            .disk
            .file_names(self.folder)?
            .into_iter()
            .filter(|name| name.strip_suffix(".tmp").is_some());
        for leftover in tables.chain(journal.map(|name| self.folder.join(name))) {
            match self.disk.remove(&leftover) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn tracking_path(&self) -> PathBuf {
        self.data.join(tracking::FILE)
    }
}

/// Records that another program has marked accounts of this directory: none of them is deleted
/// until a server has served it for a day. The record is in its file before the first checkpoint,
/// because after that nothing shows that no Goldstar was here before.
fn hold_deletions(state: &mut State) {
    let is_marked = state.users.records().any(|user| user.deletion.is_some());
    if is_marked && state.settings.get(FIRST_START).is_none() {
        state.apply(Change::PutSetting { name: FIRST_START.into(), value: Value::Null });
    }
}

/// Adds the reversals in the history to the state.
fn note_reversals(state: &mut State, tracking: &TrackingFile, journal: Option<&Replay>) {
    if let TrackingFile::Read(loaded) = tracking {
        for (reversed, reversal) in &loaded.reversals {
            state.reversals.insert(reversed, reversal);
        }
    }
    for stored in journal.into_iter().flat_map(|replay| &replay.events) {
        state.reversals.note(&stored.event);
    }
}

fn warn_of_unreadable_rows(state: &State) {
    for table in state.tables().into_iter().filter(|table| table.unreadable_rows() > 0) {
        let (file, rows) = (table.file(), table.unreadable_rows());
        tracing::warn!(file, rows, "rows can't be read; they are kept as they are");
    }
}

/// Removes what extends records that another program has deleted.
fn remove_orphans(state: &mut State) {
    let rows = state.remove_orphans();
    if rows > 0 {
        tracing::warn!(rows, "rows that belong to records that no longer exist were removed");
    }
}
