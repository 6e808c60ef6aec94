//! One page of a query to the audit history.

use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;

use super::history::ReadError;

/// A future that can be sent between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One page of a query, found and not read.
pub struct FoundEvents {
    /// The events.
    pub rows: Arc<dyn EventRows>,
    /// How many events the filter is for, on all pages.
    pub total: usize,
}

/// Events that were found, in their order. They take little memory until they are read.
pub trait EventRows: Send + Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// How many of them, beginning with `from`, take no more than so many bytes, about; one at least,
    /// where there is one.
    fn fitting(&self, from: usize, bytes: usize) -> usize;

    /// Reads some of them, each as its JSON object. Of an event that has lost its account since the
    /// last time, the object is shorter.
    fn read(&self, rows: Range<usize>) -> BoxFuture<'_, Result<Vec<Arc<str>>, ReadError>>;
}

/// One page of a query.
#[derive(Debug, Default)]
pub struct EventPage {
    /// Each event as its JSON object, unknown fields included.
    pub events: Vec<Arc<str>>,
    /// How many events the filter is for, on all pages.
    pub total: usize,
}
