//! The reading half of a start: what a directory holds, and whether a start may rest on it. It
//! changes nothing on the disk.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::past::Past;
use crate::disk::{Disk, DiskFile, Open, read_if_exists};
use crate::domain::{RowNumber, TrackingEvent};
use crate::store::json::damage::{Damage, DamageKind, OpenError};
use crate::store::json::progress::Progress;
use crate::store::json::state::State;
use crate::store::json::tinydb::file::{Print, TableFile, TableFiles};
use crate::store::json::tracking::{self, Mark, Patch, event};
use crate::store::json::wal::checkpoint::Checkpoint;
use crate::store::json::wal::entry::Entry;
use crate::store::json::wal::segment::Link;
use crate::store::json::wal::{format, load};

/// What the first frame of a journal is linked on where there is no checkpoint.
const BEGIN: Link = Link { epoch: 1, sequence: 1, previous: 0 };

/// Reads a directory as a start does.
pub(crate) struct Reader<'a> {
    pub(crate) disk: &'a dyn Disk,
    /// The data directory, and the journal's folder in it.
    pub(crate) data: &'a Path,
    pub(crate) folder: &'a Path,
    /// Is told how far the reading of the tracking file has come.
    pub(crate) progress: &'a Progress,
}

/// What a directory holds.
pub(crate) struct Reading {
    /// The checkpoint; an empty one where there is none.
    pub(crate) saved: Checkpoint,
    /// Whether no Goldstar has left anything here: there is neither a checkpoint nor a commit.
    pub(crate) is_first: bool,
    /// The link of the first frame since then.
    pub(crate) first: Link,
    /// The journal since then; none where nothing was ever committed to it, or it can't be read.
    pub(crate) journal: Option<Replay>,
    /// Whether the journal ends with a batch that was torn, and so never answered for.
    pub(crate) is_torn: bool,
    /// The link that a next frame would have.
    pub(crate) next: Link,
    /// The small tables, with the journal replayed over them; those are empty that can't be read.
    pub(crate) state: State,
    /// The files that they were read from.
    pub(crate) files: TableFiles,
    /// The tracking file.
    pub(crate) tracking: TrackingFile,
    /// Everything by which the directory isn't one that a start may rest on. A start
    /// names the first.
    pub(crate) damage: Vec<Damage>,
}

/// What the journal holds since the checkpoint.
pub(crate) struct Replay {
    /// How many rows of the small tables it sets.
    pub(crate) rows: usize,
    /// What it holds of the tracking table.
    pub(crate) past: Past,
    /// The rows of that as events.
    pub(crate) events: Vec<TrackingEvent>,
}

/// What stands in the tracking file's place.
pub(crate) enum TrackingFile {
    /// Nothing, or an empty file.
    Empty,
    /// A file as it was left: to its end or, where the journal has something to add, to the
    /// checkpoint's mark.
    Read(Box<tracking::Loaded>),
    /// A file that can't be read, or doesn't go with the journal.
    Damaged(Damage),
}

impl Reading {
    /// Refuses a directory that a start may not rest on.
    pub(crate) fn check(&mut self) -> Result<(), OpenError> {
        if self.damage.is_empty() { Ok(()) } else { Err(self.damage.swap_remove(0).into()) }
    }
}

impl Reader<'_> {
    /// Reads the directory. What is damaged hides nothing of what isn't; fails only where the disk
    /// does.
    pub(crate) fn read(&self) -> Result<Reading, OpenError> {
        let mut damage = Vec::new();
        sort_out(format::check(self.disk, self.folder), &mut damage)?;
        let checkpoint = sort_out(Checkpoint::load(self.disk, self.folder), &mut damage)?;
        let (saved, first) = match &checkpoint {
            Some(Some(saved)) => (saved.clone(), saved.link()),
            _ => (Checkpoint::default(), BEGIN),
        };
        let has_checkpoint = !matches!(checkpoint, Some(None));
        // Without its checkpoint, nobody knows where a journal begins to count.
        let loaded = match checkpoint {
            Some(_) => sort_out(load::load(self.disk, self.folder, first), &mut damage)?,
            None => None,
        };
        let (mut state, files) = self.read_tables(&mut damage)?;
        let next = loaded.as_ref().map_or(first, |loaded| loaded.next);
        let torn = loaded.as_ref().and_then(|loaded| loaded.torn.clone());
        let journal = match loaded.filter(|loaded| !loaded.is_empty()) {
            // Whatever the files hold, it is meant so: they may have been another program's since.
            None => None,
            Some(loaded) => {
                let replay = self.replay(&saved, loaded.entries, &mut state, &files, &mut damage);
                sort_out(replay, &mut damage)?
            }
        };
        let tracking = match &journal {
            None => self.tracking_as_it_is(),
            Some(replay) => self.tracking_at_mark(saved.tracking(), &replay.past, torn.as_ref()),
        };
        let tracking = tracking.or_else(|error| match error {
            OpenError::Damaged(found) => {
                damage.push(found.clone());
                Ok(TrackingFile::Damaged(found))
            }
            error => Err(error),
        })?;
        let is_torn = torn.is_some();
        let is_first = !has_checkpoint && journal.is_none();
        Ok(Reading {
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

    /// Reads the small tables, and what files they are in.
    fn read_tables(&self, damage: &mut Vec<Damage>) -> Result<(State, TableFiles), OpenError> {
        let mut files = TableFiles::new();
        let read = |file| {
            let path = self.data.join(file);
            let bytes = read_if_exists(self.disk, &path).map_err(OpenError::io(&path))?;
            let print = bytes.as_deref().map(Print::of);
            files.insert(file, TableFile::known(0, print));
            Ok::<_, OpenError>(bytes.unwrap_or_default())
        };
        let state = State::parse(self.data, read, damage)?;
        Ok((state, files))
    }

    /// Sets each row to what the journal says. What the journal doesn't belong to is damage.
    fn replay(
        &self,
        saved: &Checkpoint,
        entries: Vec<Entry>,
        state: &mut State,
        files: &TableFiles,
        damage: &mut Vec<Damage>,
    ) -> Result<Replay, OpenError> {
        let (mut announced, mut rows) = (Vec::new(), 0);
        let past = Past::read(entries, |entry| match entry {
            Entry::Row(image) => {
                rows += 1;
                state.set(&image);
            }
            Entry::Flush { file, print } => announced.push((file, print)),
            _ => {}
        });
        for table in state.tables() {
            let file = table.file();
            let path = self.data.join(file);
            let found = files.get(file).and_then(|contents| contents.print);
            let is_own = found == saved.table(file)
                || found.is_some_and(|found| announced.contains(&(file, found)))
                // A start that was cut short may have written it already.
                || found == Some(Print::of(table.file_text().as_bytes()));
            if !is_own && !damage.iter().any(|damage| damage.file == path) {
                damage.push(foreign_table(path));
            }
        }
        let events = self.events_of(&past)?;
        Ok(Replay { rows, past, events })
    }

    fn events_of(&self, past: &Past) -> Result<Vec<TrackingEvent>, OpenError> {
        let decoded = past.rows.iter().map(|(number, text)| {
            event::decode(text).map_err(|why| {
                let cause = format!("event {number} of the journal is not well-formed: {why}");
                Damage::new(DamageKind::Journal, self.folder, 0, cause).into()
            })
        });
        decoded.collect()
    }

    /// Reads the tracking file as it lies there.
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
        let loaded = tracking::load(&*file, &path, None, &[], self.progress)?;
        Ok(TrackingFile::Read(Box::new(loaded)))
    }

    /// Reads the tracking file up to its checkpoint. What follows must be the journal's.
    fn tracking_at_mark(
        &self,
        mark: Mark,
        past: &Past,
        torn: Option<&(PathBuf, u64)>,
    ) -> Result<TrackingFile, OpenError> {
        let path = self.tracking_path();
        let file = match self.disk.open(&path, Open::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let cause = "it is missing, and the journal holds rows that belong behind its own";
                return Err(Damage::new(DamageKind::Foreign, &path, 0, cause).into());
            }
            opened => opened.map_err(OpenError::io(&path))?,
        };
        // A torn patch isn't JSON, so they are read over the file before they are written to it. Where
        // that doesn't help, it is said of the file as it lies there.
        let loaded = self
            .load_until(&*file, mark, &past.patches)
            .or_else(|error| self.load_until(&*file, mark, &[]).and(Err(error)))?;
        check_tail(&path, mark, &loaded.tail, &past.rows, torn)?;
        Ok(TrackingFile::Read(Box::new(loaded)))
    }

    /// Reads the tracking file up to its checkpoint, and what follows that.
    fn load_until(
        &self,
        file: &dyn DiskFile,
        mark: Mark,
        patches: &[Patch],
    ) -> Result<tracking::Loaded, OpenError> {
        tracking::load(file, &self.tracking_path(), Some(mark), patches, self.progress)
    }

    fn tracking_path(&self) -> PathBuf {
        self.data.join(tracking::FILE)
    }
}

/// Takes damage out of the way, to be reported beside what else there is.
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

/// What is said of a small table's file that the journal doesn't belong to.
fn foreign_table(path: PathBuf) -> Damage {
    let cause = "another program has written this file after Goldstar had stopped without tidying \
                 up, and the journal still holds changes that belong into it";
    Damage::new(DamageKind::Foreign, path, 0, cause)
}

/// Rows behind the checkpoint must be the journal's: it was durable before they were written.
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
                "the journal's last batch is not valid, though {} holds its row {number}: the disk \
                 has changed what was written",
                path.display()
            );
            return Err(Damage::new(DamageKind::Journal, journal, *byte, cause));
        }
        let cause = format!(
            "row {number}, behind the part that had been synced, is not in the journal: another \
             program wrote here after Goldstar had stopped without tidying up"
        );
        return Err(Damage::new(DamageKind::Foreign, path, mark.len, cause));
    }
    Ok(())
}
