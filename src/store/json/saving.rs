//! When the index of the history is saved, so that the next start need not read the whole history.

use std::io;
use std::path::Path;

use super::jobs::Cut;
use super::tracking::{SavedIndex, Tracking};
use crate::disk::Disk;
use crate::memory;

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

impl SavedRows {
    /// Saves the index of the events up to a checkpoint, if many of them are new.
    pub(crate) fn save(
        &mut self,
        disk: &dyn Disk,
        folder: &Path,
        tracking: &Tracking,
        (cut, when): (&Cut, When),
    ) -> io::Result<()> {
        let rows = cut.tracking.mark.rows;
        let new = rows.saturating_sub(self.rows);
        if new == 0 || new < self.least || new < rows / when.share() {
            return Ok(());
        }
        SavedIndex::write(disk, folder, tracking, cut.tracking, &cut.reversals)?;
        self.rows = rows;
        // The rows that were in memory.
        memory::return_free();
        Ok(())
    }

    /// Removes the saved index, which may name deleted accounts. It is saved again after a later checkpoint.
    pub(crate) fn remove(&mut self, disk: &dyn Disk, folder: &Path) -> io::Result<()> {
        self.rows = 0;
        SavedIndex::remove(disk, folder)
    }
}
