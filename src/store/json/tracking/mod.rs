//! The tracking table: `tracking_events.json`, its index in memory, and the rows that the file
//! doesn't hold yet.

mod append;
pub(super) mod event;
mod index;
mod load;

use std::collections::VecDeque;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::RwLock;

pub(super) use append::{Appender, NewRow};
use index::{Index, Place};
pub(super) use load::{Loaded, Mark, load};

use super::pyjson;
use crate::disk::{DiskFile, read_exact_at};
use crate::domain::{EventFilter, Page, RowNumber, SortOrder, Timestamp};
use crate::store::{EventPage, History, ReadError, Recorded};

/// The file's name in a data directory.
pub(super) const FILE: &str = "tracking_events.json";

/// The tracking table, to be read. Its one [`Appender`] adds to it.
pub(super) struct Tracking {
    path: PathBuf,
    inner: RwLock<Inner>,
}

struct Inner {
    index: Index,
    file: Arc<dyn DiskFile>,
    /// The rows that aren't in the file yet, and where they will be.
    backlog: VecDeque<Waiting>,
}

/// A row that isn't in the file yet.
#[derive(Clone)]
struct Waiting {
    /// What goes in front of it.
    prefix: String,
    place: Place,
    text: Arc<str>,
}

/// A row's text, or where it stands.
enum Source {
    File(Place),
    Memory(Arc<str>),
}

impl Tracking {
    /// The events that `filter` is for.
    pub(super) fn query(
        &self,
        filter: &EventFilter,
        order: SortOrder,
        page: Page,
    ) -> Result<EventPage, ReadError> {
        let (found, total) = self.locate(|index| index.query(filter, order, page));
        let mut events = Vec::with_capacity(found.rows.len());
        for (_, source) in &found.rows {
            let text = read(&*found.file, source)?;
            events.push(pyjson::strict(&text).into_owned());
        }
        Ok(EventPage { events, total })
    }

    /// The latest `occurred_at` that isn't later than `limit`.
    pub(super) fn latest_until(&self, limit: Timestamp) -> Option<Timestamp> {
        self.inner.read().index.latest_until(limit)
    }

    /// How many rows aren't in the file yet.
    pub(super) fn backlog(&self) -> usize {
        self.inner.read().backlog.len()
    }

    /// Finds rows, and holds on to what is needed to read them: no lock is kept while the disk works.
    fn locate<T>(&self, find: impl FnOnce(&Index) -> (Vec<(RowNumber, Place)>, T)) -> (Located, T) {
        let inner = self.inner.read();
        let (places, rest) = find(&inner.index);
        let source = |(row, place): (RowNumber, Place)| {
            let in_file =
                inner.backlog.front().is_none_or(|first| place.offset < first.place.offset);
            if in_file {
                return (row, Source::File(place));
            }
            let at = inner.backlog.partition_point(|other| other.place.offset < place.offset);
            (row, Source::Memory(Arc::clone(&inner.backlog[at].text)))
        };
        let rows = places.into_iter().map(source).collect();
        (Located { rows, file: Arc::clone(&inner.file) }, rest)
    }
}

/// Rows, and all that is needed to read them.
struct Located {
    rows: Vec<(RowNumber, Source)>,
    file: Arc<dyn DiskFile>,
}

impl Located {
    fn recorded(&self) -> Result<Vec<Recorded>, ReadError> {
        let mut events = Vec::with_capacity(self.rows.len());
        for &(row, ref source) in &self.rows {
            let text = read(&*self.file, source)?;
            let event = event::decode(&text).map_err(|why| ReadError::Malformed { row, why })?;
            events.push(Recorded { row, event, json: pyjson::strict(&text).into() });
        }
        Ok(events)
    }
}

fn read(file: &dyn DiskFile, source: &Source) -> io::Result<String> {
    let place = match source {
        Source::Memory(text) => return Ok(text.to_string()),
        Source::File(place) => place,
    };
    let mut bytes = vec![0; place.len as usize];
    read_exact_at(file, &mut bytes, place.offset)?;
    String::from_utf8(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

impl History for Tracking {
    fn last_row(&self) -> RowNumber {
        self.inner.read().index.last_row()
    }

    fn event(&self, row: RowNumber) -> Result<Option<Recorded>, ReadError> {
        let find =
            |index: &Index| (index.find(row).map(|place| (row, place)).into_iter().collect(), ());
        let (found, ()) = self.locate(find);
        Ok(found.recorded()?.pop())
    }

    fn events_after(
        &self,
        row: RowNumber,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Vec<Recorded>, ReadError> {
        let (found, ()) = self.locate(|index| (index.after(row, filter, limit), ()));
        found.recorded()
    }
}
