//! The tracking table: `tracking_events.json`, its index in memory, and the rows that the file
//! doesn't hold yet.

mod append;
pub(crate) mod event;
mod index;
mod load;
mod patch;
mod read;
mod recent;
mod row;
mod rows;
mod visit;

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

pub(crate) use append::{Appender, NewRow};
use index::{Found, Index, Place};
pub(crate) use load::{Loaded, Mark, load};
pub(crate) use patch::{Patch, anonymize, anonymous, overlay, with_room, write_patches};
pub(crate) use read::{OwnRows, Patience};
use recent::Recent;
pub(crate) use row::masked_span;
use rows::Rows;
pub(crate) use visit::{FileRow, visit};

use super::tinydb::pyjson;
use crate::disk::DiskFile;
use crate::domain::{EventFilter, Page, RowNumber, SortOrder, Timestamp};
use crate::metrics::Counter;
use crate::store::{FoundEvents, History, Malformed, ReadError, StoredEvent};

/// The file's name in a data directory.
pub(crate) const FILE: &str = "tracking_events.json";

/// How many events are looked at where nobody is to wait: that takes some ten microseconds.
const AT_ONCE: usize = 10_000;

/// The tracking table, to be read. Its one [`Appender`] adds to it.
pub(crate) struct Tracking {
    path: PathBuf,
    inner: RwLock<Inner>,
    recent: Mutex<Recent>,
    /// Counts the events that queries look at.
    visited: Counter,
}

struct Inner {
    index: Index,
    file: Arc<dyn DiskFile>,
    /// The rows that aren't in the file yet, and where they will be.
    backlog: VecDeque<Waiting>,
    /// The patches that aren't in the file yet, or are being written, by their offsets.
    patches: BTreeMap<u64, Patch>,
}

/// A row that isn't in the file yet.
#[derive(Clone)]
struct Waiting {
    /// What goes in front of it.
    prefix: String,
    place: Place,
    text: Arc<str>,
}

impl Tracking {
    /// The events that `filter` is for, and how many there are in all.
    pub(crate) fn query(
        self: &Arc<Self>,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
        patience: Patience,
    ) -> io::Result<FoundEvents> {
        let is_too_long = patience == Patience::AtOnce
            && self.inner.read().index.candidates(filter).len() > AT_ONCE;
        if is_too_long {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let inner = self.inner.read();
        let (found, total) = inner.index.query(filter, order, page);
        let looked_at = inner.index.looked_at(filter, found.len());
        drop(inner);
        self.visited.inc_by(looked_at as u64);
        Ok(FoundEvents { rows: Arc::new(Rows::new(Arc::clone(self), &found)), total })
    }

    /// The texts of these rows as they are answered.
    fn answered(&self, found: &[Found], patience: Patience) -> io::Result<Vec<Arc<str>>> {
        let mut recent = self.recent.lock();
        let mut texts: Vec<_> = found.iter().map(|found| recent.get(found)).collect();
        drop(recent);
        let missing = found.iter().zip(&texts).filter(|(_, text)| text.is_none());
        let missing = missing.map(|(found, _)| *found).collect();
        let read = self.read_found(missing, patience)?;
        let mut recent = self.recent.lock();
        let gaps = texts.iter_mut().filter(|text| text.is_none());
        for (gap, (found, text)) in gaps.zip(read) {
            let text = pyjson::into_strict(text).into();
            recent.put(&found, &text);
            *gap = Some(text);
        }
        Ok(texts.into_iter().flatten().collect())
    }

    /// When the last event in the order of time occurred.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        self.inner.read().index.newest()
    }

    /// When an account's last event in the order of writing occurred.
    pub(crate) fn last_of(&self, user_id: &str) -> Option<Timestamp> {
        self.inner.read().index.last_of(user_id)
    }

    /// How many rows and patches aren't in the file yet.
    pub(crate) fn backlog(&self) -> usize {
        let inner = self.inner.read();
        inner.backlog.len() + inner.patches.len()
    }

    fn recorded(
        &self,
        find: impl FnOnce(&Index) -> Vec<Found>,
    ) -> io::Result<Vec<Result<StoredEvent, Malformed>>> {
        let (rows, ()) = self.read(Patience::Waits, |index| (find(index), ()))?;
        self.visited.inc_by(rows.len() as u64);
        let recorded = rows.into_iter().map(|(Found { row, .. }, text)| {
            let event = event::decode(&text).map_err(|why| Malformed { row, why })?;
            Ok(StoredEvent { row, event, json: pyjson::into_strict(text).into() })
        });
        Ok(recorded.collect())
    }
}

impl History for Tracking {
    fn last_row(&self) -> RowNumber {
        self.inner.read().index.last_row()
    }

    fn event(&self, row: RowNumber) -> Result<Option<StoredEvent>, ReadError> {
        let found = self.recorded(|index| index.find(row).into_iter().collect())?.pop();
        Ok(found.transpose()?)
    }

    fn count_after(&self, row: RowNumber, filter: &EventFilter, limit: usize) -> usize {
        self.inner.read().index.count_after(row, filter, limit)
    }

    fn events_after(
        &self,
        row: RowNumber,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Vec<Result<StoredEvent, Malformed>>, ReadError> {
        Ok(self.recorded(|index| index.after(row, filter, limit))?)
    }
}
