//! The records and the history at one commit, for a backup of a running server.

use std::io;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use super::state::State;
use super::tracking::{CLOSING, Mark, Patch, Tracking, overlay};
use crate::disk::{Disk, DiskFile, Open, copy_to_start, read_exact_at};
use crate::domain::{EventFilter, UserId};

/// The file to which the rest of a history is copied. It is removed while it is open.
const COPY: &str = "tracking_events.json.backup.tmp";
/// The rows of an account whose patches are found at once.
const ROWS: usize = 1000;

/// Everything that was committed at one moment.
pub(crate) struct Frozen {
    pub(crate) state: Arc<State>,
    pub(crate) history: Arc<FrozenHistory>,
}

/// The tracking file as it was at one moment. It is read once, from start to end, while the store appends to
/// the file. Before an account is anonymised, the part that was not read is copied.
pub(crate) struct FrozenHistory {
    pub(crate) mark: Mark,
    tracking: Arc<Tracking>,
    source: Mutex<Source>,
}

struct Source {
    file: Arc<dyn DiskFile>,
    /// The offset in the history of the first byte of the file.
    base: u64,
    /// The offset in the history up to which it was read.
    read: u64,
    /// The patches that anonymise accounts whose deletion has started, by offset.
    patches: Vec<Patch>,
    /// Why the history can no longer be read.
    lost: Option<String>,
}

impl FrozenHistory {
    /// The part of a file up to a mark.
    pub(crate) fn new(mark: Mark, file: Arc<dyn DiskFile>, tracking: Arc<Tracking>) -> Self {
        let source = Source { file, base: 0, read: 0, patches: Vec::new(), lost: None };
        Self { mark, tracking, source: Mutex::new(source) }
    }

    /// Reads the rows of accounts as if they were anonymised. Must be called before the first byte is read.
    pub(crate) fn anonymize(&self, accounts: &[UserId]) -> io::Result<()> {
        let mut patches = Vec::new();
        for account in accounts {
            let mut from = 0;
            loop {
                let rows = self.tracking.rows_of(account, from, ROWS)?;
                patches.extend(rows.patches());
                if rows.is_empty() {
                    break;
                }
                from = rows.next;
            }
        }
        patches.sort_unstable_by_key(|patch| patch.offset);
        self.source.lock().patches = patches;
        Ok(())
    }

    /// The length in bytes.
    pub(crate) fn len(&self) -> u64 {
        self.mark.len + CLOSING.len() as u64
    }

    /// Reads the next bytes, about `most` of them; none at the end.
    pub(crate) fn read_piece(&self, offset: u64, most: usize) -> io::Result<Vec<u8>> {
        let Some(left) = self.mark.len.checked_sub(offset) else { return Ok(Vec::new()) };
        let source = &mut *self.source.lock();
        if let Some(why) = &source.lost {
            return Err(io::Error::other(why.clone()));
        }
        let mut piece = vec![0; usize::try_from(left).unwrap_or(usize::MAX).min(most)];
        read_exact_at(&*source.file, &mut piece, offset - source.base)?;
        overlay(&mut piece, offset, &source.patches);
        source.read = offset + piece.len() as u64;
        // After a failed sync, the store does not trust the file, and writes another one.
        if source.base == 0 && !self.tracking.is_in(&source.file) {
            return Err(io::Error::other("the tracking file was rewritten meanwhile"));
        }
        if source.read == self.mark.len {
            piece.extend_from_slice(CLOSING.as_bytes());
        }
        Ok(piece)
    }

    /// Whether the event with that id was committed later.
    pub(crate) fn precedes(&self, id: &str) -> io::Result<bool> {
        self.tracking.has_after(self.mark.last_row, id)
    }

    /// The id of the last event.
    pub(crate) fn last_event(&self) -> io::Result<Option<String>> {
        let before = self.mark.last_row.saturating_sub(1);
        let last = self.tracking.rows_after(before, &EventFilter::default(), 1)?;
        Ok(last.events.first().map(|stored| stored.event.id.to_string()))
    }

    /// Copies the part that was not read to a file without a name.
    pub(super) fn detach(&self, disk: &dyn Disk, data: &Path) {
        let source = &mut *self.source.lock();
        if source.base > 0 || source.lost.is_some() || source.read >= self.mark.len {
            return;
        }
        match source.copy_rest(disk, &data.join(COPY), self.mark.len) {
            Ok(file) => (source.file, source.base) = (file, source.read),
            Err(error) => {
                let why = "its history could not be copied before the deletion of an account";
                tracing::error!(%error, "a backup ends: {why}");
                source.lost = Some(format!("{why}: {error}"));
            }
        }
    }
}

impl Source {
    /// Copies what was not read, up to `end`, to a file without a name.
    fn copy_rest(&self, disk: &dyn Disk, path: &Path, end: u64) -> io::Result<Arc<dyn DiskFile>> {
        let rest = disk.open(path, Open::Truncate)?;
        disk.remove(path)?;
        copy_to_start(&*self.file, &*rest, self.read..end)?;
        Ok(rest)
    }
}
