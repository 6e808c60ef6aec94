//! The store's data for followers: the newest events in memory, the followers' cursors, and the
//! leases.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::wal::reached::{self, Reached, Texts};
use crate::disk::Disk;
use crate::store::json::tinydb::RowNumber;
use crate::store::{HeldLease, Lease, Purpose, SavedCursor, StoredEvent};

/// The number of the newest events that are kept in memory, so that a follower does not read the
/// file after a commit: two batches of the largest size.
const KEPT: usize = 2048;

/// Not the name of a follower: the cursor with this name in a checkpoint lists the rows that other
/// programs have written, see [`Foreign`].
const FOREIGN: &str = "(rows of other programs)";

/// Ranges of rows that other programs have written: those after the first number and up to the
/// second. Followers do not get them.
#[derive(Debug, Default)]
pub(crate) struct Foreign(Vec<(RowNumber, RowNumber)>);

impl Foreign {
    /// The ranges in the last checkpoint, and the rows after `own`, the last row that a transaction
    /// wrote. `last` is the last row of the table.
    pub(crate) fn read(
        cursors: &mut BTreeMap<String, String>,
        own: RowNumber,
        last: RowNumber,
    ) -> Self {
        let listed = cursors.remove(FOREIGN);
        let mut ranges: Vec<(RowNumber, RowNumber)> =
            listed.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        // After a backup is restored, row numbers are used again.
        for (_, end) in &mut ranges {
            *end = last.min(*end);
        }
        ranges.push((own, last));
        ranges.retain(|(start, end)| start < end);
        Self(ranges)
    }

    fn contains(&self, row: RowNumber) -> bool {
        self.0.iter().any(|(start, end)| *start < row && row <= *end)
    }
}

/// The state that the committer, the maintenance thread and the followers share.
pub(crate) struct Follow {
    foreign: Foreign,
    /// The last committed events, without a gap.
    newest: Mutex<VecDeque<Arc<StoredEvent>>>,
    wakeups: watch::Sender<()>,
    /// The cursor of each follower for the next checkpoint.
    cursors: Mutex<BTreeMap<String, String>>,
    /// The notes of the previous process, if it was killed.
    noted: Texts,
    /// The notes of this process; `None` once the store is closed.
    reached: Mutex<Option<Reached>>,
    leases: Arc<Mutex<HashSet<Purpose>>>,
}

impl Follow {
    /// The state after a start that found these cursors. `folder` is the journal's.
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        folder: &Path,
        foreign: Foreign,
        cursors: BTreeMap<String, String>,
    ) -> Self {
        let noted = reached::read(&*disk, folder);
        let reached = Reached::new(disk, folder);
        Self {
            foreign,
            newest: Mutex::default(),
            wakeups: watch::Sender::new(()),
            cursors: Mutex::new(cursors),
            noted,
            reached: Mutex::new(Some(reached)),
            leases: Arc::default(),
        }
    }

    /// Adds committed events, which are already in the tracking table, and wakes the followers.
    pub(crate) fn publish(&self, events: impl Iterator<Item = Arc<StoredEvent>>) {
        let mut newest = self.newest.lock();
        newest.extend(events);
        let surplus = newest.len().saturating_sub(KEPT);
        newest.drain(..surplus);
        drop(newest);
        self.wake();
    }

    /// Wakes the followers.
    pub(crate) fn wake(&self) {
        self.wakeups.send_replace(());
    }

    /// Removes the newest events from memory, because some of them were anonymised.
    pub(crate) fn forget_newest(&self) {
        self.newest.lock().clear();
    }

    /// The cursors for a checkpoint.
    pub(crate) fn cursors(&self) -> BTreeMap<String, String> {
        let mut cursors = self.cursors.lock().clone();
        if !self.foreign.0.is_empty()
            && let Ok(ranges) = serde_json::to_string(&self.foreign.0)
        {
            cursors.insert(FOREIGN.to_owned(), ranges);
        }
        cursors
    }

    /// Removes the note and writes no more: a checkpoint contains everything.
    pub(crate) fn end_notes(&self) -> io::Result<()> {
        self.reached.lock().take().map_or(Ok(()), Reached::remove)
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.wakeups.subscribe()
    }

    pub(crate) fn cursor(&self, follower: &str) -> SavedCursor {
        let saved = self.cursors.lock().get(follower).cloned();
        SavedCursor { saved, noted: self.noted.get(follower).cloned() }
    }

    pub(crate) fn save_cursor(&self, follower: &str, cursor: String) {
        self.cursors.lock().insert(follower.to_owned(), cursor);
    }

    pub(crate) fn note_cursor(&self, follower: &str, cursor: String) {
        if let Some(reached) = &mut *self.reached.lock() {
            reached.note(follower, cursor);
        }
    }

    pub(crate) fn lease(&self, purpose: Purpose) -> Option<Lease> {
        let leases = Arc::clone(&self.leases);
        let is_free = leases.lock().insert(purpose);
        is_free.then(|| Lease::new(Held { leases, purpose, is_released: AtomicBool::new(false) }))
    }

    /// Whether another program has written a row.
    pub(crate) fn is_foreign(&self, row: RowNumber) -> bool {
        self.foreign.contains(row)
    }

    /// The newest events after a row; `None` if they are not all in memory.
    pub(crate) fn newest_after(
        &self,
        row: RowNumber,
        limit: usize,
    ) -> Option<(Vec<Arc<StoredEvent>>, bool)> {
        let newest = self.newest.lock();
        let first = newest.front()?.seq.0;
        if row + 1 < first {
            return None;
        }
        let from = newest.partition_point(|event| event.seq.0 <= row);
        let found = newest.range(from..).take(limit).cloned().collect();
        Some((found, newest.len() - from > limit))
    }
}

/// A lease that this process has.
struct Held {
    leases: Arc<Mutex<HashSet<Purpose>>>,
    purpose: Purpose,
    is_released: AtomicBool,
}

impl HeldLease for Held {
    fn is_held(&self) -> bool {
        !self.is_released.load(Ordering::SeqCst)
    }

    fn release(&self) {
        self.is_released.store(true, Ordering::SeqCst);
        self.leases.lock().remove(&self.purpose);
    }
}
