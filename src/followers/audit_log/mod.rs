//! The audit log: one logfmt file per account, rotated by size; and the log of account deletion,
//! which is kept after the accounts are deleted.
//!
//! The audit log follows the history and never delays it. A log that cannot be written falls behind
//! without affecting the others, and catches up from the history later. After any failure or crash,
//! each event has exactly one line, and the lines of an account are in the order of its events.

mod account_deletion;
mod catch_up;
mod copies;
mod files;
mod follower;
mod lag;
mod line;
mod lines;
mod log_files;
mod rotation;
mod server_id;
mod sync;
mod tail;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::disk::Disk;
use crate::domain::{Position, TrackingEvent, UserId};
use crate::metrics::Counter;
use crate::store::{Followed, ReadError};
pub use account_deletion::{DeletionEvent, DeletionLog};
pub use copies::LeftCopy;
pub use files::MAX_OPEN_FILES;
use files::{Files, LogError};
pub use follower::{AuditFollower, LogFollower, Writer};
use lag::{Backoff, Lag};
pub use lines::LineFollower;
pub use log_files::{LogFile, LogFiles, Rotated};
pub use rotation::{AuditOutput, Settings};
pub use server_id::{SERVER_ID, server_id};
use sync::{Cursor, Unsynced};

/// How many new events are read at once.
const NEW_EVENTS: usize = 1024;
/// How many lines one retry writes, so that new events do not wait for long. A log that fails
/// counts as one line.
const RETRY_LINES: usize = 4096;
/// If more logs are behind, [`AuditLog::reached`] returns `None`.
const MAX_NOTED_LAGS: usize = 32;

/// Whether a file with that name in the log directory is a log of an account, or belongs to one.
pub fn is_own_file(name: &str) -> bool {
    name.starts_with("tracking_user_") || name == DeletionLog::FILE_NAME
}

/// The parts of the history that the logs need.
pub trait Past {
    /// See [`crate::store::Following::end`].
    fn end(&self) -> Position;

    /// See [`crate::store::Following::events_since`].
    fn events_since(
        &self,
        after: Position,
        family: Option<&UserId>,
        limit: usize,
    ) -> Result<Followed, ReadError>;
}

/// The audit logs of all accounts.
///
/// Nothing else may write to their files while this value exists. Its methods do not fail: lines
/// that cannot be written now are counted by [`Self::backlog`] and written by [`Self::retry`].
#[derive(Debug)]
pub struct AuditLog {
    files: Files,
    unsynced: Unsynced,
    /// The last event that was applied, or the last event at the start.
    done: Position,
    /// The part of the history whose events were not assigned to their logs yet.
    unscanned: Option<Unscanned>,
    /// The logs that are behind. Every other log contains the lines of all its events up to `done`.
    lags: HashMap<UserId, Lag>,
    /// Rows of another program: those after the first position and up to the second.
    foreign: Vec<(Position, Position)>,
    /// What a process that was killed had written; `None` if that is not known.
    reached: Option<Cursor>,
    last_error: Option<String>,
    /// Why new events could not be read the last time.
    read_error: Option<String>,
    failures: Counter,
}

/// The history after a row, which could not be read at the start.
#[derive(Debug)]
struct Unscanned {
    after: Position,
    /// How many events were applied since.
    backlog: usize,
    failing: bool,
    backoff: Backoff,
}

impl AuditLog {
    /// The logs `tracking_user_<user_id>.log` in `folder`, which is created when the first line is
    /// written. `failures` counts how often a log could not be written or the history could not be
    /// read.
    pub fn new(
        disk: Arc<dyn Disk>,
        folder: PathBuf,
        settings: Settings,
        failures: Counter,
    ) -> Self {
        let unsynced = Unsynced::default();
        let settings =
            Settings { backups: settings.backups.min(Settings::MAX_BACKUPS), ..settings };
        Self {
            files: Files::new(disk, folder, settings, unsynced.clone()),
            unsynced,
            done: Position::START,
            unscanned: None,
            lags: HashMap::new(),
            foreign: Vec::new(),
            reached: None,
            last_error: None,
            read_error: None,
            failures,
        }
    }

    /// Sets the last result of [`Self::reached`] from before a process was killed, if the machine
    /// has not restarted since. These lines were written: if one is missing, another program has
    /// moved or removed it. Must be called before [`Self::resume`].
    pub fn trust(&mut self, reached: &str) {
        match serde_json::from_str(reached) {
            Ok(reached) => self.reached = Some(reached),
            Err(error) => {
                tracing::warn!(%error, "the state of the audit logs can't be read");
            }
        }
    }

    /// How far the logs are written, durable or not, as a text of bounded length.
    pub fn reached(&self) -> Option<String> {
        let is_short = self.lags.len() <= MAX_NOTED_LAGS;
        let cursor = if is_short { self.cursor() } else { Cursor::default() };
        serde_json::to_string(&Cursor { foreign: Vec::new(), ..cursor }).ok()
    }

    /// The same logs without what was known about them, for [`Self::resume`].
    pub(crate) fn renewed(&self) -> Self {
        let (disk, folder, settings) = self.files.place();
        Self::new(disk, folder, settings, self.failures.clone())
    }

    /// Closes the logs that another program has moved or removed.
    pub fn look(&mut self) {
        self.take_findings();
        self.files.look();
    }

    /// Continues after a start. Must be called once, and before every other method except
    /// [`Self::trust`].
    ///
    /// `saved` is the result of the last checkpoint. Without it, every event of the history gets a
    /// line.
    ///
    /// When this returns, each event after the checkpoint has exactly one line, except in logs that
    /// cannot be read or written now.
    pub fn resume(&mut self, saved: Option<&str>, past: &dyn Past) {
        self.done = past.end();
        let mut cursor = self.read_cursor(saved);
        // After a backup is restored, row numbers are used again.
        cursor.through = cursor.through.min(self.done);
        self.foreign.clone_from(&cursor.foreign);
        for (user_id, row) in &cursor.lagging {
            let lag = Lag::after((*row).min(self.done));
            self.lags.insert(user_id.as_str().into(), lag);
        }
        self.unscanned = Some(Unscanned {
            after: cursor.through,
            backlog: 0,
            failing: false,
            backoff: Backoff::default(),
        });
        self.unsynced.set_durable(cursor);
        if self.scan(past) {
            let mut lines = usize::MAX;
            for user_id in self.lags.keys().cloned().collect::<Vec<_>>() {
                self.settle(&user_id, past, &mut lines);
            }
        }
    }

    /// Writes a line for each of these events. They must directly follow the events applied before,
    /// in order. An event without an account has no log.
    pub fn apply(&mut self, events: &[(Position, &TrackingEvent)]) {
        let Some((last, _)) = events.last() else {
            return;
        };
        self.take_findings();
        self.done = *last;
        if let Some(unscanned) = &mut self.unscanned {
            unscanned.backlog += events.len();
            return;
        }
        for (user_id, events) in by_account(events) {
            if let Some(lag) = self.lags.get_mut(user_id) {
                lag.backlog += events.len();
                continue;
            }
            let lines = events.iter().map(|(_, event)| *event);
            if let Err((count, error)) = self.files.append(user_id, lines) {
                let mut lag = Lag::after(events[count].0.before());
                lag.backlog = events.len() - count;
                self.fall_behind(user_id, lag, &error);
            }
        }
    }

    /// Writes the lines of the next events. Returns whether there are more.
    pub fn follow(&mut self, past: &dyn Past) -> bool {
        let page = match past.events_since(self.done, None, NEW_EVENTS) {
            Ok(page) => page,
            Err(error) => {
                self.failures.inc();
                let error = LogError::Past(error).to_string();
                if self.read_error.replace(error.clone()).is_none() {
                    tracing::error!(error, "the audit logs can't be written");
                }
                return false;
            }
        };
        self.read_error = None;
        let events: Vec<_> =
            page.events.iter().map(|(position, stored)| (*position, &stored.event)).collect();
        self.apply(&events);
        self.done = self.done.max(page.through);
        page.has_more
    }

    /// The position up to which every event was read.
    pub(crate) fn position(&self) -> Position {
        self.done
    }

    /// Retries what failed. Must be called about once a second while there is a backlog, and more
    /// often while it becomes smaller. A log that failed more than once is skipped in every other
    /// call. The number of lines per call is bounded, so that a long backlog does not delay new
    /// events.
    pub fn retry(&mut self, past: &dyn Past) {
        self.take_findings();
        if let Some(unscanned) = &mut self.unscanned
            && !unscanned.backoff.tick()
        {
            return;
        }
        if !self.scan(past) {
            return;
        }
        let mut due = Vec::new();
        for (user_id, lag) in &mut self.lags {
            if lag.backoff.tick() {
                due.push((lag.backlog, user_id.clone()));
            }
        }
        // The smallest backlog first: a log that needs many calls must not delay the others.
        due.sort_by_key(|(backlog, _)| *backlog);
        let mut lines = RETRY_LINES;
        for (_, user_id) in due {
            self.settle(&user_id, past, &mut lines);
        }
    }

    /// Removes an account's log with all its rotated files; later checkpoints do not mention it.
    /// Can be repeated; after an error, some of the files may still exist. The error does not
    /// identify the account.
    pub fn forget(&mut self, user_id: &UserId) -> io::Result<()> {
        self.take_findings();
        self.lags.remove(user_id);
        self.unsynced.forget(user_id);
        self.files.remove(user_id)
    }

    /// The result of the last checkpoint, without the accounts that were removed since.
    pub(crate) fn durable_cursor(&self) -> io::Result<String> {
        self.unsynced.durable_text()
    }

    /// The number of missing lines; at least 1 for each log that is behind.
    pub fn backlog(&self) -> usize {
        let lags = self.lags.values().map(|lag| lag.backlog.max(1));
        let unscanned = self.unscanned.as_ref();
        let failed = self.unsynced.failed().map_or(0, |(count, _)| count);
        let unread = usize::from(self.read_error.is_some());
        let unscanned = unscanned.map_or(0, |unscanned| unscanned.backlog.max(1));
        lags.sum::<usize>() + unscanned + failed + unread
    }

    /// The reason of the last failure while there is a backlog. It does not identify an account: it
    /// is shown in public.
    pub fn last_error(&self) -> Option<String> {
        if self.backlog() == 0 {
            return None;
        }
        let sync = self.unsynced.failed().map(|(_, error)| error);
        sync.or_else(|| self.read_error.clone()).or_else(|| self.last_error.clone())
    }

    /// Notes which lines are written. The returned function makes them durable and returns the text
    /// for [`Self::resume`]; it may run on another thread while events are applied.
    ///
    /// If it fails or is dropped, the next checkpoint includes what it did not do.
    pub fn checkpoint(&mut self) -> Box<dyn FnOnce() -> io::Result<String> + Send> {
        self.look();
        // A log that must be renewed counts only up to the last checkpoint and is not synced.
        let is_whole = |user_id: &UserId| self.lags.get(user_id).is_none_or(|lag| !lag.renew);
        let work = self.unsynced.checkpoint(
            self.files.disk(),
            self.files.folder(),
            self.cursor(),
            |user_id| is_whole(user_id).then(|| self.files.path(user_id)),
        );
        Box::new(move || work.run())
    }
}

impl AuditLog {
    fn read_cursor(&self, saved: Option<&str>) -> Cursor {
        let all_done = Cursor { through: self.done, ..Cursor::default() };
        let Some(saved) = saved else {
            return Cursor::default();
        };
        serde_json::from_str(saved).unwrap_or_else(|error| {
            tracing::error!(%error, "the audit logs' cursor can't be read: only new events are logged");
            all_done
        })
    }

    fn cursor(&self) -> Cursor {
        let unscanned = self.unscanned.as_ref();
        let through = unscanned.map_or(self.done, |unscanned| unscanned.after);
        let lags = self.lags.iter();
        let lagging: BTreeMap<_, _> =
            lags.map(|(user_id, lag)| (user_id.as_str().to_owned(), lag.after)).collect();
        let lowest = lagging.values().copied().fold(through, Position::min);
        let mut foreign = self.foreign.clone();
        foreign.retain(|(_, end)| *end > lowest);
        Cursor { through, lagging, foreign }
    }

    /// Handles what a checkpoint on another thread has found.
    fn take_findings(&mut self) {
        for user_id in self.unsynced.take_gone() {
            // The open file has no name any more: the next line starts a new file.
            self.files.leave(&user_id);
        }
        for (user_id, error) in self.unsynced.take_failed() {
            let lag = self.lags.remove(&user_id);
            let lag = lag.unwrap_or_else(|| Lag::after(self.done));
            let error = LogError::Sync(io::Error::other(error));
            self.fall_behind(&user_id, lag, &error);
        }
    }
}

/// Groups events by account, in order.
fn by_account<'a>(
    events: &[(Position, &'a TrackingEvent)],
) -> Vec<(&'a UserId, Vec<(Position, &'a TrackingEvent)>)> {
    let mut accounts: Vec<(&UserId, Vec<_>)> = Vec::new();
    let mut places = HashMap::new();
    for (row, event) in events {
        let Some(user_id) = &event.user_id else {
            continue;
        };
        let place = *places.entry(user_id).or_insert_with(|| {
            accounts.push((user_id, Vec::new()));
            accounts.len() - 1
        });
        accounts[place].1.push((*row, *event));
    }
    accounts
}

#[cfg(test)]
mod tests;
