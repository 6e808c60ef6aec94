//! The events of an export.

use std::sync::Arc;

use tracing::Span;

use super::csv;
use super::permit::Permit;
use crate::domain::Timestamp;
use crate::metrics;
use crate::service::ServiceError;
use crate::store::{EventRows, EventScan, ReadError};

/// The most events that are found at once. Each takes a few bytes until it is read.
const FOUND_AT_ONCE: usize = 1000;
/// The approximate number of bytes that are read at once.
const READ_AT_ONCE: usize = 64 << 10;

/// The form of exported events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// Lines of comma-separated values, after a header.
    Csv {
        /// Whether the text starts with a byte order mark, by which Excel recognizes UTF-8.
        bom: bool,
    },
    /// Each event as it is stored, in a line.
    Ndjson,
}

/// The events of an export, which are read while they are sent.
pub struct ExportedEvents {
    started_at: Timestamp,
    scan: Box<dyn EventScan>,
    rows: Arc<dyn EventRows>,
    /// The number of events in `rows` that were read.
    read: usize,
    /// The number of all events that were read.
    events: u64,
    has_begun: bool,
    is_complete: bool,
    metrics: metrics::Exports,
    /// The log line at the end belongs to the request.
    span: Span,
    _permit: Option<Permit>,
}

impl ExportedEvents {
    pub(super) async fn start(
        mut scan: Box<dyn EventScan>,
        permit: Option<Permit>,
        metrics: metrics::Exports,
        started_at: Timestamp,
    ) -> Result<Self, ServiceError> {
        let rows = scan.next(FOUND_AT_ONCE).await?;
        Ok(Self {
            started_at,
            scan,
            rows,
            read: 0,
            events: 0,
            has_begun: false,
            is_complete: false,
            metrics,
            span: Span::current(),
            _permit: permit,
        })
    }

    /// The number of events that were read.
    pub fn count(&self) -> u64 {
        self.events
    }

    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// Reads the next events, as they are stored; none at the end.
    pub async fn read(&mut self) -> Result<Vec<Arc<str>>, ReadError> {
        if self.read == self.rows.count() {
            self.rows = self.scan.next(FOUND_AT_ONCE).await?;
            self.read = 0;
        }
        if self.rows.count() == 0 {
            self.is_complete = true;
            return Ok(Vec::new());
        }
        let end = self.read + self.rows.fitting(self.read, READ_AT_ONCE);
        let events = self.rows.read(self.read..end).await?;
        self.read = end;
        self.events += events.len() as u64;
        self.metrics.events.inc_by(events.len() as u64);
        Ok(events)
    }

    /// Returns the next piece of a file of that format; empty at the end.
    pub async fn next(&mut self, format: ExportFormat) -> Result<String, ServiceError> {
        let mut piece = String::new();
        if !std::mem::replace(&mut self.has_begun, true)
            && let ExportFormat::Csv { bom } = format
        {
            piece.push_str(if bom { "\u{feff}" } else { "" });
            piece.push_str(&csv::header());
        }
        for event in self.read().await? {
            match format {
                ExportFormat::Csv { .. } => {
                    csv::push_event(&mut piece, &event).map_err(ServiceError::internal)?;
                }
                ExportFormat::Ndjson => push_line(&mut piece, &event),
            }
        }
        Ok(piece)
    }
}

/// Appends an event as a line. Older files can have line breaks between the fields of a row.
fn push_line(out: &mut String, event: &str) {
    if event.contains(['\n', '\r']) {
        out.push_str(&event.replace(['\n', '\r'], " "));
    } else {
        out.push_str(event);
    }
    out.push('\n');
}

impl Drop for ExportedEvents {
    fn drop(&mut self) {
        let Self { events, is_complete, .. } = self;
        self.span.in_scope(|| tracing::info!(events, is_complete, "an export has ended"));
    }
}
