//! Finds all matches of a filter in parts.

use std::sync::Arc;

use tokio::task;

use super::index::{Count, Position};
use super::table::{Rows, Tracking};
use crate::domain::{EventFilter, SortOrder, Timestamp};
use crate::store::{Activity, BoxFuture, EventRows, EventScan, ReadError};

pub(crate) struct Scan {
    tracking: Arc<Tracking>,
    filter: EventFilter,
    order: SortOrder,
    /// The number of events at the start. Later ones are not found.
    end: usize,
    /// The position in the index of the last event that was visited.
    after: Option<Position>,
    is_done: bool,
}

impl Scan {
    pub(crate) fn new(tracking: &Arc<Tracking>, filter: EventFilter, order: SortOrder) -> Self {
        let tracking = Arc::clone(tracking);
        let end = tracking.inner.read().index.len();
        Self { tracking, filter, order, end, after: None, is_done: false }
    }
}

impl Tracking {
    /// Counts the events of each day; see [`crate::store::Administration::activity`].
    pub(crate) async fn activity(self: Arc<Self>, first: Timestamp, days: usize) -> Activity {
        let mut count = Count::new(&self.inner.read().index, first, days);
        while count.advance(&self.inner.read().index) {
            // Lets other tasks run.
            task::yield_now().await;
        }
        count.finish()
    }
}

impl EventScan for Scan {
    fn next(&mut self, limit: usize) -> BoxFuture<'_, Result<Arc<dyn EventRows>, ReadError>> {
        Box::pin(async move {
            let mut found = Vec::new();
            while !self.is_done && found.len() < limit {
                let Self { tracking, filter, order, end, after, .. } = &*self;
                let left = limit - found.len();
                let (part, next) =
                    tracking.inner.read().index.scan(filter, *order, *end, *after, left);
                self.is_done = next.is_none();
                self.after = next;
                found.extend(part);
                // Lets other tasks run.
                task::yield_now().await;
            }
            self.tracking.visited.inc_by(found.len() as u64);
            Ok(Arc::new(Rows::new(Arc::clone(&self.tracking), &found)) as Arc<dyn EventRows>)
        })
    }
}
