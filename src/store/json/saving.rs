//! When the index of the history is saved, so that the next start need not read the whole history.

use std::io;

use super::jobs::Cut;
use super::maintenance::{Maintenance, caught};
use super::tracking::SavedIndex;

/// What the saved index contains.
pub(crate) struct SavedRows {
    /// The number of rows; 0 if there is no file.
    pub(crate) rows: u64,
    /// The index is saved once there are this many more.
    pub(crate) least: u64,
}

/// When a checkpoint is made.
#[derive(Clone, Copy)]
pub(crate) enum When {
    Running,
    Closing,
}

impl When {
    /// The index is saved if at least one part in this many is new. The whole file is written each time, which must not
    /// take much longer than the commits did. Before a stop more is saved for the start that usually follows.
    fn share(self) -> u64 {
        match self {
            Self::Running => 8,
            Self::Closing => 64,
        }
    }
}

impl Maintenance {
    /// Saves the index of the events up to a checkpoint, if many of them are new. A failure does no harm: the next start
    /// reads the history itself.
    pub(super) fn save_index(&mut self, cut: &Cut, when: When) {
        let rows = cut.tracking.mark.rows;
        let new = rows.saturating_sub(self.saved.rows);
        if new == 0 || new < self.saved.least || new < rows / when.share() {
            return;
        }
        let (disk, folder) = (&*self.disk, &*self.folder);
        let tracking = &self.shared.tracking;
        let written = caught(|| {
            self.shared.check_not_lost()?;
            SavedIndex::write(disk, folder, tracking, cut.tracking, &cut.reversals)
        });
        match written {
            Ok(()) => self.saved.rows = rows,
            Err(error) => {
                tracing::warn!(%error, "the index of the history could not be saved; the next start takes longer");
            }
        }
    }

    /// Removes the saved index, which may name deleted accounts. It is saved again after a later checkpoint.
    pub(super) fn remove_index(&mut self) -> io::Result<()> {
        self.check_in_place()?;
        self.saved.rows = 0;
        SavedIndex::remove(&*self.disk, &self.folder)
    }
}
