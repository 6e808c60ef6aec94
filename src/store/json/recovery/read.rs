//! The reading half of a start: the contents of a directory, and whether a start may use them. It
//! changes nothing on the disk.

use std::io;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

use parking_lot::Mutex;

use super::tracking_log::TrackingLog;
use crate::disk::{Disk, DiskFile, Open, read_if_exists};
use crate::domain::Seq;
use crate::store::StoredEvent;
use crate::store::json::damage::{Damage, DamageKind, OpenError};
use crate::store::json::progress::Progress;
use crate::store::json::state::State;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::file::{FileChecksum, RowImage, TableFile, TableFiles};
use crate::store::json::tracking::{self, Mark, Patch, SavedIndex, Use, event};
use crate::store::json::wal::checkpoint::Checkpoint;
use crate::store::json::wal::entry::Entry;
use crate::store::json::wal::segment::Link;
use crate::store::json::wal::{format, load};

/// The position of the first frame if there is no checkpoint.
const BEGIN: Link = Link { epoch: 1, sequence: 1, previous: 0 };

/// Reads a directory as a start does.
pub(crate) struct DirectoryReader<'a> {
    pub(crate) disk: &'a dyn Disk,
    /// The data directory, and the journal's folder in it.
    pub(crate) data: &'a Path,
    pub(crate) folder: &'a Path,
    /// Reports the progress of reading the tracking file.
    pub(crate) progress: &'a Progress,
    /// Whether the saved index may be used instead of reading the whole tracking file.
    pub(crate) uses_index: bool,
}

/// The contents of a directory.
pub(crate) struct DirectoryContents {
    /// The checkpoint; an empty one if there is none.
    pub(crate) saved: Checkpoint,
    /// Whether no Goldstar was here before: there is neither a checkpoint nor a commit.
    pub(crate) is_first: bool,
    /// The position of the first frame since the checkpoint.
    pub(crate) first: Link,
    /// The log since then; `None` if it contains no commit, or cannot be read.
    pub(crate) journal: Option<Replay>,
    /// Whether the log ends with an incomplete batch, whose clients got no response.
    pub(crate) is_torn: bool,
    /// The position of the next frame.
    pub(crate) next: Link,
    /// The small tables after the replay; unreadable ones are empty.
    pub(crate) state: State,
    /// The files that they were read from.
    pub(crate) files: TableFiles,
    /// The tracking file.
    pub(crate) tracking: TrackingFile,
    /// All damage because of which a start must fail. A start reports the first.
    pub(crate) damage: Vec<Damage>,
}

/// The contents of the log since the checkpoint.
pub(crate) struct Replay {
    /// Its rows of small tables.
    pub(crate) rows: Vec<RowImage>,
    /// The files of small tables that were being written, and their checksums.
    announced: Vec<(&'static str, FileChecksum)>,
    /// Its rows and patches of the tracking table.
    pub(crate) past: TrackingLog,
    /// Those rows as events.
    pub(crate) events: Vec<Arc<StoredEvent>>,
}

/// The state of the tracking file.
pub(crate) enum TrackingFile {
    /// Nothing, or an empty file.
    Empty,
    /// A file, read completely or, if the log adds to it, to the checkpoint's mark.
    Read(Box<tracking::Loaded>),
    /// A file that cannot be read, or does not match the log.
    Damaged(Damage),
}

impl DirectoryContents {
    /// Fails if there is damage.
    pub(crate) fn check(&mut self) -> Result<(), OpenError> {
        if self.damage.is_empty() { Ok(()) } else { Err(self.damage.swap_remove(0).into()) }
    }
}

impl DirectoryReader<'_> {
    /// Reads the directory. Damage in one file does not hide damage in another; fails only if the
    /// disk fails.
    pub(crate) fn read(&self) -> Result<DirectoryContents, OpenError> {
        let mut damage = Vec::new();
        sort_out(format::check(self.disk, self.folder), &mut damage)?;
        let checkpoint = sort_out(Checkpoint::load(self.disk, self.folder), &mut damage)?;
        let (saved, first) = match &checkpoint {
            Some(Some(saved)) => (saved.clone(), saved.link()),
            _ => (Checkpoint::default(), BEGIN),
        };
        let has_checkpoint = !matches!(checkpoint, Some(None));
        // Without its checkpoint, the start of the log is unknown.
        let loaded = match checkpoint {
            Some(_) => sort_out(load::load(self.disk, self.folder, first), &mut damage)?,
            None => None,
        };
        let next = loaded.as_ref().map_or(first, |loaded| loaded.next);
        let torn = loaded.as_ref().and_then(|loaded| loaded.torn.clone());
        let journal = match loaded.filter(|loaded| !loaded.is_empty()) {
            // The files count as they are: another program may have changed them since.
            None => None,
            Some(loaded) => sort_out(self.log(loaded.entries), &mut damage)?,
        };
        // At the same time, if there are two processors: either takes long in a large directory.
        let (tables, tracking) = thread::scope(|scope| {
            let tracking = || self.tracking(&saved, journal.as_ref(), torn.as_ref());
            let tracking = thread::Builder::new().spawn_scoped(scope, tracking);
            let tracking = tracking.map_err(OpenError::io(self.data))?;
            let tables = self.tables(&saved, journal.as_ref(), &mut damage);
            Ok::<_, OpenError>((
                tables,
                tracking.join().unwrap_or_else(|panic| resume_unwind(panic)),
            ))
        })?;
        let (state, files) = tables?;
        let tracking = tracking.or_else(|error| match error {
            OpenError::Damaged(found) => {
                damage.push(found.clone());
                Ok(TrackingFile::Damaged(found))
            }
            error => Err(error),
        })?;
        let is_torn = torn.is_some();
        let is_first = !has_checkpoint && journal.is_none();
        Ok(DirectoryContents {
            saved,
            is_first,
            first,
            journal,
            is_torn,
            next,
            state,
            files,
            tracking,
            damage,
        })
    }

    /// Sorts the entries of the log.
    fn log(&self, entries: Vec<Entry>) -> Result<Replay, OpenError> {
        let (mut rows, mut announced) = (Vec::new(), Vec::new());
        let past = TrackingLog::read(entries, |entry| match entry {
            Entry::Row(image) => rows.push(image),
            Entry::Flush { file, checksum } => announced.push((file, checksum)),
            _ => {}
        });
        let events = self.events_of(&past)?;
        Ok(Replay { rows, announced, past, events })
    }

    /// Reads the small tables, and replays the log over them.
    fn tables(
        &self,
        saved: &Checkpoint,
        journal: Option<&Replay>,
        damage: &mut Vec<Damage>,
    ) -> Result<(State, TableFiles), OpenError> {
        let (mut state, files) = self.read_tables(damage)?;
        if let Some(replay) = journal {
            self.replay(saved, replay, &mut state, &files, damage);
        }
        Ok((state, files))
    }

    /// Reads the tracking file.
    fn tracking(
        &self,
        saved: &Checkpoint,
        journal: Option<&Replay>,
        torn: Option<&(PathBuf, u64)>,
    ) -> Result<TrackingFile, OpenError> {
        match journal {
            None => self.tracking_as_it_is(),
            Some(replay) => self.tracking_at_mark(saved.tracking(), &replay.past, torn),
        }
    }

    /// Reads the small tables, and the checksums of their files.
    fn read_tables(&self, damage: &mut Vec<Damage>) -> Result<(State, TableFiles), OpenError> {
        let files = Mutex::new(TableFiles::new());
        let read = |file| {
            let path = self.data.join(file);
            let bytes = read_if_exists(self.disk, &path).map_err(OpenError::io(&path))?;
            let checksum = bytes.as_deref().map(FileChecksum::of);
            files.lock().insert(file, TableFile::known(0, checksum));
            Ok::<_, OpenError>(bytes.unwrap_or_default())
        };
        let state = State::parse(self.data, read, damage)?;
        Ok((state, files.into_inner()))
    }

    /// Replays the log over the small tables. A file that does not match the log is damage.
    fn replay(
        &self,
        saved: &Checkpoint,
        replay: &Replay,
        state: &mut State,
        files: &TableFiles,
        damage: &mut Vec<Damage>,
    ) {
        for image in &replay.rows {
            state.set(image);
        }
        state.join();
        for table in state.tables() {
            let file = table.file();
            let path = self.data.join(file);
            let found = files.get(file).and_then(|contents| contents.checksum);
            let is_own = found == saved.table(file)
                || found.is_some_and(|found| replay.announced.contains(&(file, found)))
                // An interrupted start may have written it already.
                || found == Some(FileChecksum::of(table.file_text().as_bytes()));
            if !is_own && !damage.iter().any(|damage| damage.file == path) {
                damage.push(foreign_table(path));
            }
        }
    }

    fn events_of(&self, past: &TrackingLog) -> Result<Vec<Arc<StoredEvent>>, OpenError> {
        let decoded = past.rows.iter().map(|(row, json)| match event::decode(json) {
            Ok(event) => {
                Ok(Arc::new(StoredEvent { seq: Seq(*row), event, json: Arc::clone(json) }))
            }
            Err(why) => {
                let cause = format!("event {row} of the journal is not well-formed: {why}");
                Err(Damage::new(DamageKind::Journal, self.folder, 0, cause).into())
            }
        });
        decoded.collect()
    }

    /// Reads the whole tracking file.
    fn tracking_as_it_is(&self) -> Result<TrackingFile, OpenError> {
        let path = self.tracking_path();
        let file = match self.disk.open(&path, Open::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Ok(TrackingFile::Empty);
            }
            opened => opened.map_err(OpenError::io(&path))?,
        };
        if file.is_empty().map_err(OpenError::io(&path))? {
            return Ok(TrackingFile::Empty);
        }
        let loaded = self.load(&*file, None, &[])?;
        Ok(TrackingFile::Read(Box::new(loaded)))
    }

    /// Reads the tracking file up to its checkpoint. The rows after it must be in the log.
    fn tracking_at_mark(
        &self,
        mark: Mark,
        past: &TrackingLog,
        torn: Option<&(PathBuf, u64)>,
    ) -> Result<TrackingFile, OpenError> {
        let path = self.tracking_path();
        let file = match self.disk.open(&path, Open::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let cause = "it is missing, but the journal contains rows that follow its rows";
                return Err(Damage::new(DamageKind::Foreign, &path, 0, cause).into());
            }
            opened => opened.map_err(OpenError::io(&path))?,
        };
        // A torn patch is not JSON, so the patches are applied while reading. If that does not
        // help, the error is that of the unpatched file.
        let loaded = self
            .load(&*file, Some(mark), &past.patches)
            .or_else(|error| self.load(&*file, Some(mark), &[]).and(Err(error)))?;
        check_tail(&path, mark, &loaded.tail, &past.rows, torn)?;
        Ok(TrackingFile::Read(Box::new(loaded)))
    }

    /// Reads the tracking file, or up to its checkpoint and what follows that. With the saved index only the rows
    /// after it are read.
    fn load(
        &self,
        file: &dyn DiskFile,
        mark: Option<Mark>,
        patches: &[Patch],
    ) -> Result<tracking::Loaded, OpenError> {
        let path = self.tracking_path();
        let load = |saved| tracking::load(file, &path, mark, patches, self.progress, saved);
        if !self.uses_index {
            return load(None);
        }
        let of = Use { file, path: &path, mark, patches, progress: self.progress };
        let why = match SavedIndex::read(self.disk, self.folder, &of) {
            // Whether the rest is damaged is decided without the index.
            Ok(Some(saved)) => match load(Some(saved)) {
                Err(OpenError::Damaged(damage)) => damage.to_string(),
                loaded => return loaded,
            },
            Ok(None) => {
                tracing::debug!(file = %path.display(), "there is no saved index of the history");
                return load(None);
            }
            Err(why) => why.to_string(),
        };
        tracing::info!(file = %path.display(), why, "the saved index of the history is not used");
        load(None)
    }

    fn tracking_path(&self) -> PathBuf {
        self.data.join(tracking::FILE)
    }
}

/// Collects damage, so that further damage is found, too.
fn sort_out<T>(
    read: Result<T, OpenError>,
    damage: &mut Vec<Damage>,
) -> Result<Option<T>, OpenError> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(OpenError::Damaged(found)) => {
            damage.push(found);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// The damage of a small table's file that does not match the log.
fn foreign_table(path: PathBuf) -> Damage {
    let cause = "another program has written this file after Goldstar ended without a clean stop, and the \
                 journal still contains changes of it";
    Damage::new(DamageKind::Foreign, path, 0, cause)
}

/// Rows after the checkpoint must be in the log, which was synced before they were written.
fn check_tail(
    path: &Path,
    mark: Mark,
    tail: &[(RowNumber, String)],
    events: &[(RowNumber, Arc<str>)],
    torn: Option<&(PathBuf, u64)>,
) -> Result<(), Damage> {
    for (position, (number, text)) in tail.iter().enumerate() {
        if events.get(position).is_some_and(|known| known.0 == *number && *known.1 == **text) {
            continue;
        }
        if let (Some((journal, byte)), true) = (torn, position >= events.len()) {
            let cause = format!(
                "the journal's last batch is not valid, although {} contains its row {number}: \
                 the disk has changed bytes",
                path.display()
            );
            return Err(Damage::new(DamageKind::Journal, journal, *byte, cause));
        }
        let cause = format!(
            "row {number}, after the synced part, is not in the journal: another program has \
             written this file after Goldstar ended without a clean stop"
        );
        return Err(Damage::new(DamageKind::Foreign, path, mark.len, cause));
    }
    Ok(())
}
