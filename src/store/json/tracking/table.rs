//! The readers' side of the tracking table.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};
use tokio::task;
use tracing::Span;

use super::ReadMode;
use super::event;
use super::index::{Found, Index, Matches, Place};
use super::patch::Patch;
use super::recent::Recent;
use crate::disk::DiskFile;
use crate::domain::{EventFilter, EventId, Page, Seq, SortOrder, Timestamp};
use crate::metrics::Counter;
use crate::store::json::state::Reversals;
use crate::store::json::tinydb::RowNumber;
use crate::store::json::tinydb::fields::Fields;
use crate::store::json::tinydb::pyjson;
use crate::store::{
    BoxFuture, EventRows, FoundEvent, FoundEvents, Malformed, ReadError, StoredEvent,
};

/// The most events that a query may visit on an async thread, which other requests wait for.
const AT_ONCE: usize = 10_000;

/// The tracking table. Its one [`super::Appender`] adds rows.
pub(crate) struct Tracking {
    pub(super) path: PathBuf,
    pub(super) inner: RwLock<Inner>,
    pub(super) recent: Mutex<Recent>,
    /// Counts the events that queries visit.
    pub(super) visited: Counter,
}

pub(super) struct Inner {
    pub(super) index: Index,
    pub(super) file: Arc<dyn DiskFile>,
    /// The rows that are not in the file yet, and their future places.
    pub(super) backlog: VecDeque<Waiting>,
    /// The patches that are not in the file yet, or are being written, by offset.
    pub(super) patches: BTreeMap<u64, Patch>,
}

/// A row that is not in the file yet.
#[derive(Clone)]
pub(super) struct Waiting {
    /// The text before it.
    pub(super) prefix: String,
    pub(super) place: Place,
    pub(super) text: Arc<str>,
}

impl Tracking {
    /// Finds the matches of `filter`, their number, and those of `reversals` that concern the page.
    pub(crate) fn query(
        self: &Arc<Self>,
        filter: &EventFilter,
        (order, page): (SortOrder, Page),
        reversals: &Reversals,
        mode: ReadMode,
    ) -> io::Result<FoundEvents> {
        let is_too_long = mode == ReadMode::NonBlocking
            && self.inner.read().index.candidates(filter).len() > AT_ONCE;
        if is_too_long {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let inner = self.inner.read();
        let Matches { found, total, visited } = inner.index.query(filter, order, page);
        let is_reversed = |found: &&Found| reversals.has_hash(inner.index.hash_of(found));
        let reversed: Vec<Found> = found.iter().filter(is_reversed).copied().collect();
        drop(inner);
        self.visited.inc_by(visited as u64);
        // The ids are only in the texts.
        let texts = self.answered(&reversed, mode)?;
        let reversals = texts.iter().filter_map(|text| {
            let id = Fields::parse(text).ok()?.optional_text("id")?;
            let reversal = reversals.get(&id)?.shared();
            Some((id, reversal))
        });
        let reversals = reversals.collect();
        Ok(FoundEvents { rows: Arc::new(Rows::new(Arc::clone(self), &found)), total, reversals })
    }

    /// The texts of these rows as they are returned.
    fn answered(&self, found: &[Found], mode: ReadMode) -> io::Result<Vec<Arc<str>>> {
        let mut recent = self.recent.lock();
        let mut texts: Vec<_> = found.iter().map(|found| recent.get(found)).collect();
        drop(recent);
        let missing = found.iter().zip(&texts).filter(|(_, text)| text.is_none());
        let missing = missing.map(|(found, _)| *found).collect();
        let read = self.read_found(missing, mode)?;
        let mut recent = self.recent.lock();
        let gaps = texts.iter_mut().filter(|text| text.is_none());
        for (gap, (found, text)) in gaps.zip(read) {
            let text = pyjson::into_strict(text).into();
            recent.put(&found, &text);
            *gap = Some(text);
        }
        Ok(texts.into_iter().flatten().collect())
    }

    /// The time of the latest event.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        self.inner.read().index.newest()
    }

    /// The time of an account's last event in the order of writing.
    pub(crate) fn last_of(&self, user_id: &str) -> Option<Timestamp> {
        self.inner.read().index.last_of(user_id)
    }

    /// The number of rows and patches that are not in the file yet.
    pub(crate) fn backlog(&self) -> usize {
        let inner = self.inner.read();
        inner.backlog.len() + inner.patches.len()
    }

    /// Whether it still uses that file.
    pub(crate) fn is_in(&self, file: &Arc<dyn DiskFile>) -> bool {
        Arc::ptr_eq(&self.inner.read().file, file)
    }

    fn recorded(&self, find: impl FnOnce(&Index) -> Vec<Found>) -> io::Result<Vec<FoundEvent>> {
        let (rows, ()) = self.read(ReadMode::Blocking, |index| (find(index), ()))?;
        self.visited.inc_by(rows.len() as u64);
        let recorded = rows.into_iter().map(|(Found { row, .. }, text)| {
            let event = event::decode(&text).map_err(|why| Malformed { number: row, why })?;
            Ok(StoredEvent { seq: Seq(row), event, json: pyjson::into_strict(text).into() })
        });
        Ok(recorded.collect())
    }
}

/// Events that come after a row.
pub(crate) struct Newest {
    pub(crate) events: Vec<StoredEvent>,
    /// Up to which row there are no others.
    pub(crate) through: RowNumber,
    /// Whether there may be more after that.
    pub(crate) has_more: bool,
}

impl Tracking {
    /// The first `limit` events after a row, without the rows that are no events.
    pub(crate) fn rows_after(
        &self,
        row: RowNumber,
        filter: &EventFilter,
        limit: usize,
    ) -> io::Result<Newest> {
        let (mut through, mut has_more) = (row, false);
        let stored = self.recorded(|index| {
            let found = index.after(row, filter, limit);
            has_more = found.len() == limit;
            let last = found.last().map(|found| found.row).filter(|_| has_more);
            through = last.unwrap_or_else(|| index.last_row().max(row));
            found
        })?;
        Ok(Newest { events: stored.into_iter().flatten().collect(), through, has_more })
    }
}

impl Tracking {
    /// The number of the last row; 0 if there is none.
    pub(crate) fn last_row(&self) -> RowNumber {
        self.inner.read().index.last_row()
    }

    /// The event that matches and has that id, unless it is malformed.
    pub(crate) fn with_id(
        &self,
        id: &EventId,
        filter: &EventFilter,
    ) -> io::Result<Option<StoredEvent>> {
        let found = self.recorded(|index| index.with_id(id.as_str(), filter))?;
        Ok(found.into_iter().flatten().find(|stored| stored.event.id == *id))
    }

    /// Whether an event with that id comes after a row.
    pub(crate) fn has_after(&self, row: RowNumber, id: &str) -> io::Result<bool> {
        let found = self.recorded(|index| index.with_id_after(row, id))?;
        Ok(found.into_iter().flatten().any(|stored| stored.event.id.as_str() == id))
    }

    /// Counts the events that match and come after a row, up to `limit`. Reads none of them.
    pub(crate) fn count_after(&self, row: RowNumber, filter: &EventFilter, limit: usize) -> usize {
        self.inner.read().index.count_after(row, filter, limit)
    }

    /// The first `limit` events that match and come after a row.
    pub(crate) fn events_after(
        &self,
        row: RowNumber,
        filter: &EventFilter,
        limit: usize,
    ) -> io::Result<Vec<FoundEvent>> {
        self.recorded(|index| index.after(row, filter, limit))
    }
}

/// The bytes that may be read on an async thread.
const AT_ONCE_BYTES: usize = 256 << 10;

/// Found rows, by their positions in the index: four bytes each.
pub(super) struct Rows {
    tracking: Arc<Tracking>,
    positions: Box<[u32]>,
}

impl Rows {
    pub(super) fn new(tracking: Arc<Tracking>, found: &[Found]) -> Self {
        let position = |found: &Found| u32::try_from(found.at).unwrap_or(u32::MAX);
        Self { tracking, positions: found.iter().map(position).collect() }
    }

    fn found(&self, rows: Range<usize>) -> Vec<Found> {
        let inner = self.tracking.inner.read();
        let positions = self.positions.get(rows).unwrap_or_default();
        positions.iter().map(|at| inner.index.found(*at as usize)).collect()
    }
}

impl EventRows for Rows {
    fn count(&self) -> usize {
        self.positions.len()
    }

    fn fitting(&self, from: usize, bytes: usize) -> usize {
        let inner = self.tracking.inner.read();
        let positions = self.positions.get(from..).unwrap_or_default();
        let mut left = bytes;
        let others = positions.iter().take_while(|at| {
            let len = inner.index.found(**at as usize).place.len as usize;
            let fits = len <= left;
            left = left.saturating_sub(len);
            fits
        });
        others.count().max(1).min(positions.len())
    }

    fn read(&self, rows: Range<usize>) -> BoxFuture<'_, Result<Vec<Arc<str>>, ReadError>> {
        let found = self.found(rows);
        let bytes: usize = found.iter().map(|found| found.place.len as usize).sum();
        Box::pin(async move {
            // Starting another thread takes longer than a short read.
            if bytes <= AT_ONCE_BYTES {
                match self.tracking.answered(&found, ReadMode::NonBlocking) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    answered => return Ok(answered?),
                }
            }
            let (span, tracking) = (Span::current(), Arc::clone(&self.tracking));
            let read = move || span.in_scope(|| tracking.answered(&found, ReadMode::Blocking));
            let joined = task::spawn_blocking(read).await;
            Ok(joined.unwrap_or_else(|error| Err(io::Error::other(error)))?)
        })
    }
}
