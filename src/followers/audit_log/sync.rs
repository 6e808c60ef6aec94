//! Which lines are not durable yet, and how a checkpoint makes them durable.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

use crate::disk::{Disk, Open};
use crate::domain::{Position, UserId};

/// How far the logs are written, as a checkpoint saves it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// Every event up to this row has its line, except for the accounts in `lagging`.
    pub(super) through: Position,
    /// Accounts whose logs are behind, and the row up to which each has its lines.
    #[serde(default)]
    pub(super) lagging: BTreeMap<String, Position>,
    /// Rows of another program, which get no line: those after the first position and up to the
    /// second. Removed once every log has passed them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) foreign: Vec<(Position, Position)>,
}

impl Cursor {
    pub(super) fn row_of(&self, user_id: &UserId) -> Position {
        let own = self.lagging.get(user_id.as_str());
        own.copied().unwrap_or(self.through)
    }
}

/// Shared by the logs and the checkpoints on other threads.
#[derive(Clone, Debug, Default)]
pub(super) struct Unsynced(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// The number of writes, so that a checkpoint recognises later ones.
    writes: u64,
    /// The logs that were written since their last sync, each with `writes` at its last write.
    logs: HashMap<UserId, u64>,
    /// `writes` when the folder was created, until its name is durable.
    folder: Option<u64>,
    /// The logs whose sync failed, and why, until [`Unsynced::take_failed`] returns them.
    failed: HashMap<UserId, String>,
    /// The logs that another program has removed or moved, until [`Unsynced::take_gone`] returns
    /// them.
    gone: Vec<UserId>,
    /// The number of failed syncs.
    failures: u64,
    /// The result of the last successful checkpoint.
    durable: Cursor,
}

impl State {
    fn fail(&mut self, user_id: &UserId, error: &io::Error) {
        self.failures += 1;
        self.failed.insert(user_id.clone(), error.to_string());
    }
}

impl Unsynced {
    /// Must be called before a write: a write that fails may have written a part.
    pub(super) fn wrote(&self, user_id: &UserId) {
        let mut state = self.0.lock();
        state.writes += 1;
        let writes = state.writes;
        state.logs.insert(user_id.clone(), writes);
    }

    /// Removes an account.
    pub(super) fn forget(&self, user_id: &UserId) {
        let mut state = self.0.lock();
        state.logs.remove(user_id);
        state.failed.remove(user_id);
        state.gone.retain(|gone| gone != user_id);
        state.durable.lagging.remove(user_id.as_str());
    }

    pub(super) fn made_folder(&self) {
        let mut state = self.0.lock();
        state.writes += 1;
        state.folder = Some(state.writes);
    }

    /// Notes that a sync outside of a checkpoint failed. A checkpoint that runs at the same time
    /// then fails.
    pub(super) fn sync_failed(&self) {
        self.0.lock().failures += 1;
    }

    /// The logs whose sync failed in a checkpoint. Each is returned once.
    pub(super) fn take_failed(&self) -> Vec<(UserId, String)> {
        self.0.lock().failed.drain().collect()
    }

    /// The number of logs that [`Self::take_failed`] would return, and the reason of one of them.
    pub(super) fn failed(&self) -> Option<(usize, String)> {
        let state = self.0.lock();
        let error = state.failed.values().next()?;
        Some((state.failed.len(), error.clone()))
    }

    /// The logs that a checkpoint did not find. Each is returned once.
    pub(super) fn take_gone(&self) -> Vec<UserId> {
        std::mem::take(&mut self.0.lock().gone)
    }

    /// The last row whose line in an account's log is known to be durable.
    pub(super) fn durable_row(&self, user_id: &UserId) -> Position {
        self.0.lock().durable.row_of(user_id)
    }

    /// The text of the last successful checkpoint.
    pub(super) fn durable_text(&self) -> io::Result<String> {
        Ok(serde_json::to_string(&self.0.lock().durable)?)
    }

    pub(super) fn set_durable(&self, cursor: Cursor) {
        self.0.lock().durable = cursor;
    }

    /// A checkpoint at `cursor`. `path` returns the path of a log, or `None` if it is not to be
    /// synced.
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
    /// Syncs the logs and returns the text of the cursor.
    pub(super) fn run(self) -> io::Result<String> {
        let text = serde_json::to_string(&self.cursor)?;
        let mut outcome = Ok(());
        for (user_id, _, path) in &self.logs {
            // Continues after a failure, so that every failed log is found.
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
                // The log was rotated, and synced before that; or another program removed it.
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
            // Another program removed the folder with the logs.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            synced => synced,
        }
    }

    fn finish(self) -> io::Result<()> {
        let mut state = self.unsynced.0.lock();
        if state.failures != self.failures {
            // The kernel reports a failure once: a later sync may have succeeded although data is
            // lost.
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
