//! A log that is behind catches up from the history, in the same way after a crash and after a
//! failure.

use std::sync::Arc;

use super::files::LogError;
use super::lag::{Backoff, Lag, LastLine};
use super::{AuditLog, Past, line};
use crate::domain::Position;
use crate::domain::{Timestamp, UserId};
use crate::store::StoredEvent;

/// How many events are read from the history at once.
const PAGE: usize = 256;

impl AuditLog {
    /// Whether this log contains a line for that row. Rows of other programs have none.
    fn is_own(&self, row: Position) -> bool {
        let is_foreign = |(start, end): &(Position, Position)| *start < row && row <= *end;
        row <= self.done && !self.foreign.iter().any(is_foreign)
    }

    /// Finds out which logs the unscanned events belong to. Returns false if that fails.
    pub(super) fn scan(&mut self, past: &dyn Past) -> bool {
        while let Some(unscanned) = &mut self.unscanned {
            let page = match past.events_since(unscanned.after, None, PAGE) {
                Ok(page) => page,
                Err(error) => {
                    self.failures.inc();
                    unscanned.backoff.failed();
                    if !std::mem::replace(&mut unscanned.failing, true) {
                        tracing::error!(%error, "the audit logs can't be written: the history can't be read");
                    }
                    self.last_error = Some(LogError::Past(error).to_string());
                    return false;
                }
            };
            if page.has_more && page.through < self.done {
                unscanned.after = page.through;
            } else {
                self.unscanned = None;
            }
            for (row, stored) in &page.events {
                if let Some(user_id) = &stored.event.user_id
                    && self.is_own(*row)
                {
                    // The log has all earlier lines: otherwise, an earlier event would have been
                    // found first.
                    let new = || Lag::after(row.before());
                    let lag = self.lags.entry(user_id.clone()).or_insert_with(new);
                    lag.backlog += 1;
                }
            }
        }
        true
    }

    /// Writes missing lines of one log, and subtracts them from `lines`, the number that may still
    /// be written.
    pub(super) fn settle(&mut self, user_id: &UserId, past: &dyn Past, lines: &mut usize) {
        if *lines == 0 {
            return;
        }
        let Some(mut lag) = self.lags.remove(user_id) else {
            return;
        };
        match self.catch_up(user_id, &mut lag, past, lines) {
            Ok(true) if lag.failing => {
                let folder = self.files.folder().display();
                tracing::info!(%folder, "an audit log has caught up");
            }
            Ok(true) => {}
            Ok(false) => {
                lag.backoff = Backoff::default();
                self.lags.insert(user_id.clone(), lag);
            }
            Err(error) => {
                *lines = lines.saturating_sub(1);
                self.fall_behind(user_id, lag, &error);
            }
        }
    }

    /// Returns whether the log now has all its lines.
    fn catch_up(
        &mut self,
        user_id: &UserId,
        lag: &mut Lag,
        past: &dyn Past,
        lines: &mut usize,
    ) -> Result<bool, LogError> {
        if !lag.surveyed {
            self.survey(user_id, lag, past)?;
        }
        while *lines > 0 {
            let events = self.own_events(past, lag.after, user_id, PAGE)?;
            let Some((last, _)) = events.last() else {
                return Ok(true);
            };
            let appended =
                self.files.append(user_id, events.iter().map(|(_, stored)| &stored.event));
            if let Err((count, error)) = appended {
                lag.advance(events[count].0.before(), count);
                return Err(error);
            }
            lag.advance(*last, events.len());
            *lines = lines.saturating_sub(events.len());
        }
        Ok(false)
    }

    /// Finds out which lines a log has. Lines are written in the order of the events, so the last
    /// line is enough.
    fn survey(&mut self, user_id: &UserId, lag: &mut Lag, past: &dyn Past) -> Result<(), LogError> {
        let oldest = self.oldest(user_id, lag, past)?;
        let last_line = LastLine(self.files.mend(user_id, oldest, lag.renew)?);
        lag.renew = false;
        if let Some(reached) = &self.reached {
            lag.after = lag.after.max(reached.row_of(user_id).min(self.done));
        }
        // A log that fails repeatedly is not searched each time: the more lines it lacks, the
        // longer a search takes.
        if lag.seen.as_ref() != Some(&last_line) {
            self.find(user_id, lag, &last_line, past)?;
            lag.seen = Some(last_line);
        }
        lag.surveyed = true;
        Ok(())
    }

    /// The earliest time of the events whose lines may be missing. That is not always the time of
    /// the first one, because the clock may have been set back.
    fn oldest(
        &self,
        user_id: &UserId,
        lag: &mut Lag,
        past: &dyn Past,
    ) -> Result<Timestamp, LogError> {
        let (mut row, mut oldest) =
            lag.oldest.filter(|(row, _)| *row >= lag.after).unwrap_or((lag.after, Timestamp::MAX));
        loop {
            let events = self.own_events(past, row, user_id, PAGE)?;
            let Some((last, _)) = events.last() else {
                lag.oldest = Some((row, oldest));
                return Ok(oldest);
            };
            row = *last;
            let times = events.iter().map(|(_, stored)| stored.event.created_at);
            oldest = times.fold(oldest, Timestamp::min);
        }
    }

    /// Finds the event of a log's last line among the events whose lines may be missing.
    fn find(
        &self,
        user_id: &UserId,
        lag: &mut Lag,
        LastLine(last_line): &LastLine,
        past: &dyn Past,
    ) -> Result<(), LogError> {
        let (mut row, mut count) = (lag.after, 0);
        loop {
            let events = self.own_events(past, row, user_id, PAGE)?;
            let Some((last, _)) = events.last() else {
                lag.backlog = count;
                return Ok(());
            };
            row = *last;
            for (row, stored) in &events {
                count += 1;
                if last_line.as_deref() == Some(&*line::value(stored.event.id.as_str())) {
                    lag.advance(*row, count);
                    return Ok(());
                }
            }
        }
    }

    /// Some of the events after a position that belong in an account's log. Empty only if there are
    /// no more.
    fn own_events(
        &self,
        past: &dyn Past,
        mut after: Position,
        user_id: &UserId,
        limit: usize,
    ) -> Result<Vec<(Position, Arc<StoredEvent>)>, LogError> {
        loop {
            let page = past.events_since(after, Some(user_id), limit).map_err(LogError::Past)?;
            after = page.through;
            let own = page.events.into_iter().filter(|(position, _)| self.is_own(*position));
            let own: Vec<_> = own.collect();
            if !own.is_empty() || !page.has_more {
                return Ok(own);
            }
        }
    }

    /// Adds a log to those that are behind, after a failure.
    pub(super) fn fall_behind(&mut self, user_id: &UserId, mut lag: Lag, error: &LogError) {
        self.failures.inc();
        lag.surveyed = false;
        if matches!(error, LogError::Sync(_)) {
            // Lines that were written may be lost.
            self.reached = None;
            self.unsynced.sync_failed();
            lag.renew = true;
            lag.seen = None;
            lag.after = lag.after.min(self.unsynced.durable_row(user_id));
            lag.oldest = None;
        }
        lag.backoff.failed();
        if !std::mem::replace(&mut lag.failing, true) {
            // The folder and not the file, whose name contains the account's id.
            let folder = self.files.folder().display();
            tracing::error!(%folder, %error, "an audit log can't be written");
        }
        self.last_error = Some(error.to_string());
        self.lags.insert(user_id.clone(), lag);
    }
}
