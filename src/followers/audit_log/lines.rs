//! The audit log as JSON lines on one output, for containers.

use std::io::{self, Write};
use std::sync::Arc;

use serde::Serialize;

use super::follower::{CHECKPOINT_EVENTS, NAME, Writer};
use super::sync::Cursor;
use crate::domain::{Position, TrackingEvent, UserId};
use crate::metrics::Counter;
use crate::store::{Following, Lease, Projection, Purpose};

/// The maximum number of events of one write.
const BATCH_EVENTS: usize = 1024;

/// Writes a line for each event to one output, or drops it.
///
/// Each event has at least one line. After a crash, the lines of the last batch may be repeated.
pub struct LineFollower {
    history: Arc<dyn Following>,
    /// `None` if no lines are written.
    output: Option<Box<dyn Write + Send>>,
    /// `None` until the first round that gets it.
    lease: Option<Lease>,
    /// Every event up to this position has its line.
    done: Position,
    saved: Position,
    last_error: Option<String>,
    failures: Counter,
}

impl LineFollower {
    /// Continues from the saved cursor, if no other server writes the log. `failures` counts failed
    /// reads and writes.
    pub fn new(
        output: Option<Box<dyn Write + Send>>,
        history: Arc<dyn Following>,
        failures: Counter,
    ) -> Self {
        let mut follower = Self {
            history,
            output,
            lease: None,
            done: Position::START,
            saved: Position::START,
            last_error: None,
            failures,
        };
        follower.begin();
        follower
    }

    /// Whether this server writes the log.
    fn begin(&mut self) -> bool {
        if self.lease.as_ref().is_some_and(Lease::is_held) {
            return true;
        }
        drop(self.lease.take());
        self.lease = self.history.lease(Purpose::AuditLog);
        if self.lease.is_none() {
            return false;
        }
        let (Ok(kept), Ok(end)) = (self.history.cursor(NAME), self.history.read_end()) else {
            self.lease = None;
            return false;
        };
        let kept = [kept.saved, kept.noted].into_iter().flatten();
        let reached = kept.map(|text| reached(&text, end)).max().unwrap_or_default();
        self.done = reached.min(end);
        self.save();
        true
    }

    fn cursor(&self) -> Option<String> {
        let cursor = Cursor { through: self.done, ..Cursor::default() };
        serde_json::to_string(&cursor).ok()
    }

    fn save(&mut self) {
        self.saved = self.done;
        if let (Some(cursor), Some(lease)) = (self.cursor(), &self.lease) {
            self.history.save_cursor(NAME, cursor, &lease.fence());
        }
    }

    fn write_next(&mut self) -> Result<bool, String> {
        let page = self.history.events_since(self.done, None, BATCH_EVENTS);
        let page = page.map_err(|error| error.to_string())?;
        if let Some(output) = &mut self.output {
            let mut lines = Vec::new();
            for (_, stored) in &page.events {
                Line::of(&stored.event).write(&mut lines).map_err(|error| error.to_string())?;
            }
            let written = output.write_all(&lines).and_then(|()| output.flush());
            written.map_err(|error| format!("the output could not be written: {error}"))?;
        }
        if page.through > self.done {
            self.done = page.through;
            if let Some(cursor) = self.cursor() {
                self.history.note_cursor(NAME, cursor);
            }
        }
        Ok(page.has_more)
    }
}

impl Writer for LineFollower {
    fn round(&mut self) -> bool {
        if !self.begin() {
            return false;
        }
        let written = self.write_next();
        if self.done.0 - self.saved.0 >= CHECKPOINT_EVENTS {
            self.save();
        }
        let error = written.as_ref().err();
        if let Some(error) = error {
            self.failures.inc();
            if self.last_error.is_none() {
                tracing::error!(error, "the audit log waits");
            }
        }
        self.last_error = error.cloned();
        written.unwrap_or(false)
    }

    fn finish(&mut self) {
        self.save();
    }

    /// The output is not this program's: a line that was written stays.
    fn forget(&mut self, _user_id: &UserId) -> io::Result<()> {
        Ok(())
    }

    fn position(&self) -> Position {
        self.done
    }

    fn health(&self) -> Projection {
        let backlog = usize::from(self.last_error.is_some());
        Projection { name: NAME, backlog, last_error: self.last_error.clone() }
    }
}

/// The position up to which all lines were written, by a cursor of this follower or of the log files,
/// some of which may have been behind.
fn reached(cursor: &str, end: Position) -> Position {
    match serde_json::from_str(cursor) {
        Ok(Cursor { through, lagging, .. }) => lagging.into_values().fold(through, Position::min),
        Err(error) => {
            tracing::error!(%error, "the cursor of the audit log is unreadable: it continues here");
            end
        }
    }
}

/// One event as a JSON object, with the fields of a line of the log files.
#[derive(Serialize)]
struct Line<'a> {
    r#type: &'static str,
    created_at: String,
    event_id: &'a str,
    user_id: Option<&'a str>,
    child_id: &'a str,
    entity_type: &'static str,
    entity_id: &'a str,
    action: &'static str,
    points_before: i64,
    points_after: i64,
    delta: i64,
    occurred_at: String,
}

impl<'a> Line<'a> {
    fn of(event: &'a TrackingEvent) -> Self {
        Self {
            r#type: "tracking_event",
            created_at: event.created_at.to_string(),
            event_id: event.id.as_str(),
            user_id: event.user_id.as_ref().map(UserId::as_str),
            child_id: event.child_id.as_str(),
            entity_type: event.entity_type.as_str(),
            entity_id: &event.entity_id,
            action: event.action.as_str(),
            points_before: event.points_before.get(),
            points_after: event.points_after.get(),
            delta: event.delta,
            occurred_at: event.occurred_at.to_string(),
        }
    }

    fn write(&self, lines: &mut Vec<u8>) -> io::Result<()> {
        serde_json::to_writer(&mut *lines, self)?;
        lines.push(b'\n');
        Ok(())
    }
}
