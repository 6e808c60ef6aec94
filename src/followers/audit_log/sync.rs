//! What of the logs isn't durable yet, and the work that makes it so.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::disk::{Disk, Open};
use crate::domain::Position;
use crate::domain::UserId;

/// How far the logs go, as a checkpoint keeps it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Every event up to this row has its line.
    pub(super) through: Position,
    /// But for these accounts: theirs have them up to that row.
    #[serde(default)]
    pub(super) lagging: BTreeMap<String, Position>,
    /// Rows above the first and up to the second number are another program's, and get no line; as
    /// far as they are still ahead of a log.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) foreign: Vec<(Position, Position)>,
}

impl Cursor {
    pub(super) fn row_of(&self, user_id: &UserId) -> Position {
        let own = self.lagging.get(user_id.as_str());
        own.copied().unwrap_or(self.through)
    }
}

/// Shared by the logs and by the checkpoints that run on other threads.
#[derive(Clone, Debug, Default)]
pub(super) struct Unsynced(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// Counts what is written, so that a checkpoint knows what came after it.
    writes: u64,
    /// The logs that were written since they were last synced, and the count then.
    logs: HashMap<UserId, u64>,
    /// The count when the folder was made, until its name is durable.
    folder: Option<u64>,
    /// The logs whose sync failed, until they are taken over, and why.
    failed: HashMap<UserId, String>,
    /// The logs that somebody removed or moved away, until they are taken over.
    gone: Vec<UserId>,
    /// How many syncs have failed.
    failures: u64,
    /// What the last successful checkpoint yielded.
    durable: Cursor,
}

impl State {
    fn fail(&mut self, user_id: &UserId, error: &io::Error) {
        self.failures += 1;
        self.failed.insert(user_id.clone(), error.to_string());
    }
}

impl Unsynced {
    /// Notes a write, before it is made: a failed one may have written something too.
    pub(super) fn wrote(&self, user_id: &UserId) {
        let mut state = self.0.lock();
        state.writes += 1;
        let writes = state.writes;
        state.logs.insert(user_id.clone(), writes);
    }

    /// Forgets what was written for an account.
    pub(super) fn forget(&self, user_id: &UserId) {
        let mut state = self.0.lock();
        state.logs.remove(user_id);
        state.failed.remove(user_id);
        state.gone.retain(|gone| gone != user_id);
        state.durable.lagging.remove(user_id.as_str());
    }

    /// Notes that the folder is new.
    pub(super) fn made_folder(&self) {
        let mut state = self.0.lock();
        state.writes += 1;
        state.folder = Some(state.writes);
    }

    /// Notes that a sync failed outside of a checkpoint, which makes one that is under way fail.
    pub(super) fn sync_failed(&self) {
        self.0.lock().failures += 1;
    }

    /// The logs whose sync failed in a checkpoint, each handed out once.
    pub(super) fn take_failed(&self) -> Vec<(UserId, String)> {
        self.0.lock().failed.drain().collect()
    }

    /// Why one of those that [`Self::take_failed`] would hand out failed, and how many there are.
    pub(super) fn failed(&self) -> Option<(usize, String)> {
        let state = self.0.lock();
        let error = state.failed.values().next()?;
        Some((state.failed.len(), error.clone()))
    }

    /// The logs that a checkpoint found to be gone, each handed out once.
    pub(super) fn take_gone(&self) -> Vec<UserId> {
        std::mem::take(&mut self.0.lock().gone)
    }

    /// The last row whose line in an account's log is durable for certain.
    pub(super) fn durable_row(&self, user_id: &UserId) -> Position {
        self.0.lock().durable.row_of(user_id)
    }

    /// The text of what is known to be durable.
    pub(super) fn durable_text(&self) -> io::Result<String> {
        Ok(serde_json::to_string(&self.0.lock().durable)?)
    }

    pub(super) fn set_durable(&self, cursor: Cursor) {
        self.0.lock().durable = cursor;
    }

    /// A checkpoint at `cursor`; `path` tells where a log is, and none for one that the checkpoint
    /// is to leave alone.
    pub(super) fn checkpoint(
        &self,
        disk: &Arc<dyn Disk>,
        folder: &Path,
        cursor: Cursor,
        path: impl Fn(&UserId) -> Option<PathBuf>,
    ) -> Checkpoint {
        let state = self.0.lock();
        let logs = state.logs.iter();
        let logs = logs.filter_map(|(id, writes)| Some((id.clone(), *writes, path(id)?)));
        Checkpoint {
            unsynced: self.clone(),
            disk: Arc::clone(disk),
            folder: folder.to_owned(),
            cursor,
            logs: logs.collect(),
            new_folder: state.folder,
            failures: state.failures,
        }
    }
}

/// One checkpoint's work.
#[derive(Debug)]
pub(super) struct Checkpoint {
    unsynced: Unsynced,
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    cursor: Cursor,
    logs: Vec<(UserId, u64, PathBuf)>,
    new_folder: Option<u64>,
    failures: u64,
}

impl Checkpoint {
    /// Syncs, and yields the cursor's text.
    pub(super) fn run(self) -> io::Result<String> {
        let text = serde_json::to_string(&self.cursor)?;
        let mut outcome = Ok(());
        for (user_id, _, path) in &self.logs {
            // On after a failure: the next checkpoint then knows of all that failed.
            outcome = outcome.and(self.sync_log(user_id, path));
        }
        outcome?;
        if !self.logs.is_empty() {
            self.sync_folder(&self.folder)?;
        }
        if self.new_folder.is_some() {
            self.sync_folder(parent(&self.folder))?;
        }
        self.finish()?;
        Ok(text)
    }

    fn sync_log(&self, user_id: &UserId, path: &Path) -> io::Result<()> {
        let file = match self.disk.open(path, Open::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                // It was just rotated away, and synced before; or somebody removed it.
                self.unsynced.0.lock().gone.push(user_id.clone());
                return Ok(());
            }
            opened => opened?,
        };
        let synced = file.sync();
        if let Err(error) = &synced {
            self.unsynced.0.lock().fail(user_id, error);
        }
        synced
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        match self.disk.sync_dir(path) {
            // Somebody removed it, and the logs with it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            synced => synced,
        }
    }

    fn finish(self) -> io::Result<()> {
        let mut state = self.unsynced.0.lock();
        if state.failures != self.failures {
            // The kernel tells of a failure once: a sync after it may have succeeded by mistake.
            return Err(io::Error::other("the sync of a log failed meanwhile"));
        }
        for (user_id, writes, _) in &self.logs {
            if state.logs.get(user_id) == Some(writes) {
                state.logs.remove(user_id);
            }
        }
        if state.folder == self.new_folder {
            state.folder = None;
        }
        state.durable = self.cursor;
        Ok(())
    }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    }
}
