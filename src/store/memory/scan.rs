//! Found events, and scans.

use std::ops::Range;
use std::sync::Arc;

use crate::domain::Seq;
use crate::store::{BoxFuture, EventRows, EventScan, ReadError, StoredEvent};

/// Events that were found.
pub(super) struct Rows(pub(super) Vec<Arc<str>>);

impl EventRows for Rows {
    fn count(&self) -> usize {
        self.0.len()
    }

    fn fitting(&self, from: usize, bytes: usize) -> usize {
        let mut sum = 0;
        let mut fits = |json: &&Arc<str>| {
            sum += json.len();
            sum <= bytes
        };
        let rest = &self.0[from..];
        rest.iter().take_while(&mut fits).count().max(usize::from(!rest.is_empty()))
    }

    fn read(&self, rows: Range<usize>) -> BoxFuture<'_, Result<Vec<Arc<str>>, ReadError>> {
        Box::pin(async move { Ok(self.0[rows].to_vec()) })
    }
}

/// Returns the matching events up to `end` in parts.
pub(super) struct Scan {
    /// Returns all matching events in their order.
    pub(super) find: Box<dyn Fn() -> Vec<Arc<StoredEvent>> + Send>,
    pub(super) end: Seq,
    pub(super) after: Option<Seq>,
}

impl EventScan for Scan {
    fn next(&mut self, limit: usize) -> BoxFuture<'_, Result<Arc<dyn EventRows>, ReadError>> {
        let mut rest = (self.find)();
        rest.retain(|it| it.seq <= self.end);
        let after = self.after.and_then(|after| rest.iter().position(|it| it.seq == after));
        let part: Vec<_> = rest.drain(after.map_or(0, |after| after + 1)..).take(limit).collect();
        self.after = part.last().map(|it| it.seq).or(self.after);
        let rows = Rows(part.iter().map(|it| Arc::clone(&it.json)).collect());
        Box::pin(async move { Ok(Arc::new(rows) as Arc<dyn EventRows>) })
    }
}
