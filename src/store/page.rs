//! One page of a query to the audit history.

use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use super::history::ReadError;

/// A future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One page of a query, before its events are read.
pub struct FoundEvents {
    pub rows: Arc<dyn EventRows>,
    /// How many events match the filter, on all pages.
    pub total: usize,
    /// The id of each event of the page that is reversed, and the id of its reversal.
    pub reversals: Reversals,
}

/// The ids of reversed events, each with the id of its reversal.
pub type Reversals = Vec<(Arc<str>, Arc<str>)>;

/// The events of a page in order. Each takes little memory until it is read.
pub trait EventRows: Send + Sync {
    fn count(&self) -> usize;

    /// How many of the events, starting with `from`, have about this many bytes at most; at least
    /// one if there is one.
    fn fitting(&self, from: usize, bytes: usize) -> usize;

    /// Reads some of the events as JSON objects. If an event was anonymised since the query, its
    /// object is shorter.
    fn read(&self, rows: Range<usize>) -> BoxFuture<'_, Result<Vec<Arc<str>>, ReadError>>;
}

/// All events that match a filter and existed at one moment, read in parts.
pub trait EventScan: Send {
    /// Finds the next events, at most `limit`; none at the end. After an error, the same events can be
    /// found again.
    fn next(&mut self, limit: usize) -> BoxFuture<'_, Result<Arc<dyn EventRows>, ReadError>>;
}

#[derive(Debug, Default)]
pub struct EventPage {
    /// Each event as a JSON object, including unknown fields.
    pub events: Vec<Arc<str>>,
    /// How many events match the filter, on all pages.
    pub total: usize,
}
