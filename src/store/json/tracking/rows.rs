//! A page of the history that is read when it is sent.

use std::io;
use std::ops::Range;
use std::sync::Arc;

use tokio::task;
use tracing::Span;

use super::index::Found;
use super::{Patience, Tracking};
use crate::store::{BoxFuture, EventRows, ReadError};

/// How many bytes are read at once where nobody is to wait.
const AT_ONCE_BYTES: usize = 256 << 10;

/// Rows that were found, by their positions in the index: four bytes for each.
pub(crate) struct Rows {
    tracking: Arc<Tracking>,
    positions: Box<[u32]>,
}

impl Rows {
    pub(crate) fn new(tracking: Arc<Tracking>, found: &[Found]) -> Self {
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
            // To hand a short question on to another thread takes longer than to answer it.
            if bytes <= AT_ONCE_BYTES {
                match self.tracking.answered(&found, Patience::AtOnce) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    answered => return Ok(answered?),
                }
            }
            let (span, tracking) = (Span::current(), Arc::clone(&self.tracking));
            let read = move || span.in_scope(|| tracking.answered(&found, Patience::Waits));
            let joined = task::spawn_blocking(read).await;
            Ok(joined.unwrap_or_else(|error| Err(io::Error::other(error)))?)
        })
    }
}
