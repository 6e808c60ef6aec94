//! The history of events, for replay.

use std::io;
use std::sync::Arc;

use thiserror::Error;

use crate::domain::{EventFilter, RowNumber, TrackingEvent};

/// An event in the audit history.
#[derive(Debug)]
pub struct StoredEvent {
    /// Grows with every event; unique within the history.
    pub row: RowNumber,
    pub event: TrackingEvent,
    /// The event as a JSON object, byte for byte as it is stored and returned.
    pub json: Arc<str>,
}

/// The audit history in the order of writing.
pub trait History: Send + Sync {
    /// The number of the last event; 0 where there is none.
    fn last_row(&self) -> RowNumber;

    /// The event with that number.
    fn event(&self, row: RowNumber) -> Result<Option<StoredEvent>, ReadError>;

    /// How many events `filter` is for whose number is above `row`. Reads none of them, and counts
    /// no further than `limit`.
    fn count_after(&self, row: RowNumber, filter: &EventFilter, limit: usize) -> usize;

    /// The first `limit` events that `filter` is for and whose number is above `row`; in the place
    /// of what another program wrote and is no event, that.
    fn events_after(
        &self,
        row: RowNumber,
        filter: &EventFilter,
        limit: usize,
    ) -> Result<Vec<Result<StoredEvent, Malformed>>, ReadError>;
}

/// Why the history couldn't be read.
#[derive(Debug, Error)]
pub enum ReadError {
    /// The disk failed.
    #[error("the audit history could not be read")]
    Io(#[from] io::Error),
    /// It isn't all there.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Another program wrote something that is no event.
#[derive(Debug, Error)]
#[error("event {row} is not well-formed: {why}")]
pub struct Malformed {
    /// The event's number.
    pub row: RowNumber,
    /// What is wrong with it.
    pub why: String,
}
