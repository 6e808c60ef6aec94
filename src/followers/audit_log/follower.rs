use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::{AuditLog, Past};
use crate::domain::{Position, UserId};
use crate::followers::thread::{FollowerThread, LONGEST_WAIT, Next};
use crate::metrics::Counter;
use crate::store::{Followed, Following, Lease, Outage, Projection, Purpose, ReadError};

/// The name of its cursor, and its name in [`crate::store::Health`].
pub(super) const NAME: &str = "audit_log";
/// How long the follower waits after it has written lines, so that it writes many lines at once.
const BATCH_PAUSE: Duration = Duration::from_millis(20);
/// After this many events, the logs are synced and the cursor is saved.
pub(super) const CHECKPOINT_EVENTS: u64 = 16_384;
/// Retries take at most one part in this many of the time.
const RETRY_SHARE: u32 = 20;
/// An event without a line counts as backlog after this time.
const LATE: Duration = Duration::from_secs(2);
const PANICKED: &str = "it has panicked, which is a bug in the server";

/// What writes the audit log, with its cursor and its lease. [`AuditFollower`] runs it on a thread.
pub trait Writer: Send {
    /// Writes the lines of a bounded number of new events, and retries what failed. Returns whether
    /// there is more to do at once.
    fn round(&mut self) -> bool;

    /// Writes the lines of all events, retries what failed once more, and saves the cursor.
    fn finish(&mut self);

    /// Removes an account's log with all its rotated files, and removes the account from the
    /// cursor. Can be repeated; after an error, some of the files may still exist.
    fn forget(&mut self, user_id: &UserId) -> io::Result<()>;

    /// The position up to which every event was read.
    fn position(&self) -> Position;

    fn health(&self) -> Projection;
}

/// The log files with their cursor, their lease and their retries.
pub struct LogFollower {
    history: Arc<dyn Following>,
    log: AuditLog,
    /// `None` until a round obtains the lease.
    lease: Option<Lease>,
    /// The position that was noted last, and that of the last checkpoint.
    noted: Option<Position>,
    saved: Position,
    retry_at: Instant,
    look_at: Instant,
}

impl LogFollower {
    /// Continues from the saved cursor, unless another server writes the logs. Blocks.
    pub fn new(log: AuditLog, history: Arc<dyn Following>) -> Self {
        let now = Instant::now();
        let mut follower = Self {
            history,
            log,
            lease: None,
            noted: None,
            saved: Position::START,
            retry_at: now,
            look_at: now + LONGEST_WAIT,
        };
        follower.begin();
        follower
    }

    /// Obtains the lease, if necessary. Returns whether this server writes the logs.
    fn begin(&mut self) -> bool {
        if self.lease.as_ref().is_some_and(|lease| !lease.is_held()) {
            // Another server may write the logs since, so this one begins again at the saved cursor.
            tracing::warn!(
                "the audit logs are left to another server: this one was paused too long"
            );
            drop(self.lease.take());
            self.log = self.log.renewed();
            self.noted = None;
        }
        if self.lease.is_none() {
            self.lease = self.history.lease(Purpose::AuditLog);
            if self.lease.is_none() {
                return false;
            }
            let (Ok(cursor), Ok(end)) = (self.history.cursor(NAME), self.history.read_end()) else {
                // A later round begins again.
                self.lease = None;
                return false;
            };
            if let Some(noted) = &cursor.noted {
                self.log.trust(noted);
            }
            if let Some(lease) = &self.lease {
                let past = Held { history: &self.history, lease, end: Some(end) };
                self.log.resume(cursor.saved.as_deref(), &past);
            }
            self.saved = self.log.position();
            self.save();
        }
        true
    }

    fn retry(&mut self) {
        let (started, behind) = (Instant::now(), self.log.backlog());
        if behind == 0 || started < self.retry_at {
            return;
        }
        if let Some(lease) = &self.lease {
            self.log.retry(&Held { history: &self.history, lease, end: None });
        }
        let took = started.elapsed();
        // If a retry makes progress, the next one follows soon. Otherwise new events could arrive
        // faster than old lines are written.
        let is_progress = self.log.backlog() < behind;
        let pause = if is_progress { took } else { LONGEST_WAIT.max(took * RETRY_SHARE) };
        self.retry_at = Instant::now() + pause;
    }

    fn note(&mut self) {
        self.noted = Some(self.log.position());
        if let Some(reached) = self.log.reached() {
            self.history.note_cursor(NAME, reached);
        }
    }

    /// Syncs the logs and saves the cursor. If that fails, the previous cursor stays, which is
    /// still correct.
    fn save(&mut self) {
        let Some(lease) = &self.lease else { return };
        self.saved = self.log.position();
        match self.log.checkpoint()() {
            Ok(cursor) => self.history.save_cursor(NAME, cursor, &lease.fence()),
            Err(error) => tracing::warn!(%error, "the audit logs could not be synced"),
        }
    }
}

/// The history while the lease is held.
struct Held<'a> {
    history: &'a Arc<dyn Following>,
    lease: &'a Lease,
    /// The end, if it was read before.
    end: Option<Position>,
}

impl Past for Held<'_> {
    fn end(&self) -> Position {
        self.end.unwrap_or_else(|| self.history.end())
    }

    /// A server that was paused while it read writes no lines: another one may have written them.
    fn events_since(
        &self,
        after: Position,
        family: Option<&UserId>,
        limit: usize,
    ) -> Result<Followed, ReadError> {
        let page = self.history.events_since(after, family, limit)?;
        if self.lease.is_held() {
            Ok(page)
        } else {
            Err(ReadError::Unavailable(Outage::Unreachable))
        }
    }
}

impl Writer for LogFollower {
    fn round(&mut self) -> bool {
        if !self.begin() {
            return false;
        }
        let Some(lease) = &self.lease else { return false };
        let before = (self.log.position(), self.log.backlog());
        let has_more = self.log.follow(&Held { history: &self.history, lease, end: None });
        self.retry();
        let now = Instant::now();
        if self.look_at <= now {
            self.log.look();
            self.look_at = now + LONGEST_WAIT;
        }
        if self.noted.is_none() || before != (self.log.position(), self.log.backlog()) {
            self.note();
        }
        if self.log.position().0 - self.saved.0 >= CHECKPOINT_EVENTS {
            self.save();
        }
        has_more || (self.log.backlog() > 0 && self.retry_at <= Instant::now())
    }

    fn finish(&mut self) {
        self.retry_at = Instant::now();
        while self.round() {}
        if self.lease.is_some() {
            self.save();
            if self.log.backlog() > 0 {
                // A sync may have failed. Then the lines are written again.
                self.retry_at = Instant::now();
                self.retry();
                self.save();
            }
            self.note();
        }
    }

    fn forget(&mut self, user_id: &UserId) -> io::Result<()> {
        let forgotten = self.log.forget(user_id);
        if let Some(lease) = &self.lease {
            let cursor = self.log.durable_cursor()?;
            self.history.save_cursor(NAME, cursor, &lease.fence());
            self.note();
        }
        forgotten
    }

    fn health(&self) -> Projection {
        let (backlog, last_error) = (self.log.backlog(), self.log.last_error());
        Projection { name: NAME, backlog, last_error }
    }

    fn position(&self) -> Position {
        self.log.position()
    }
}

/// The thread of the audit log. Dropping this value stops the thread.
pub struct AuditFollower {
    shared: Arc<Shared>,
    thread: FollowerThread,
}

struct Shared {
    history: Arc<dyn Following>,
    /// `None` after a panic, because its state is unknown then. The next start continues from the
    /// cursor.
    follower: Mutex<Option<Box<dyn Writer>>>,
    status: Mutex<Status>,
    failures: Counter,
}

/// The result of the last round.
struct Status {
    projection: Projection,
    /// Every event up to this position was read.
    position: Position,
    /// When that round started.
    began: Instant,
}

impl Shared {
    /// Calls `work` with the follower. Fails if it panics or has panicked before.
    fn with<T>(&self, work: impl FnOnce(&mut dyn Writer) -> T) -> io::Result<T> {
        let mut follower = self.follower.lock();
        let panicked = || io::Error::other(PANICKED);
        let alive = follower.as_mut().ok_or_else(panicked)?;
        let done = catch_unwind(AssertUnwindSafe(|| work(&mut **alive)));
        done.map_err(|_| {
            self.failures.inc();
            tracing::error!(follower = NAME, "panicked: it does nothing until a restart");
            let broken = follower.take();
            if catch_unwind(AssertUnwindSafe(|| drop(broken))).is_err() {
                tracing::error!(follower = NAME, "panicked when it was dropped");
            }
            let mut status = self.status.lock();
            status.projection.last_error = Some(format!("{PANICKED}; a restart resumes it"));
            panicked()
        })
    }

    fn note(&self, follower: &dyn Writer, began: Instant) {
        let position = follower.position();
        *self.status.lock() = Status { projection: follower.health(), position, began };
    }

    fn round(&self, stopping: bool) -> Next {
        let began = Instant::now();
        let round = self.with(|follower| {
            let before = follower.position();
            let is_more = follower.round();
            if stopping && !is_more {
                follower.finish();
            }
            self.note(follower, began);
            (is_more, follower.position() != before)
        });
        match round {
            Ok((true, _)) => Next::Again,
            Ok((false, true)) => Next::Events(BATCH_PAUSE),
            Ok((false, false)) => Next::Events(Duration::ZERO),
            Err(_) => Next::Nudge,
        }
    }
}

impl AuditFollower {
    /// Its name in the server's health.
    pub const NAME: &str = NAME;

    /// Starts a thread on which `writer` follows the history. `failures` counts panics. Fails if the
    /// system cannot start another thread.
    pub fn start(
        writer: Box<dyn Writer>,
        history: Arc<dyn Following>,
        failures: Counter,
    ) -> io::Result<Self> {
        let wakeups = history.wakeups();
        let (projection, position) = (writer.health(), writer.position());
        let status = Mutex::new(Status { projection, position, began: Instant::now() });
        let follower = Mutex::new(Some(writer));
        let shared = Arc::new(Shared { history, follower, status, failures });
        let working = Arc::clone(&shared);
        let thread = FollowerThread::spawn(NAME, wakeups, move |stopping| working.round(stopping))?;
        Ok(Self { shared, thread })
    }

    /// Removes an account's log. Blocks. See [`Writer::forget`].
    pub fn forget(&self, user_id: &UserId) -> io::Result<()> {
        self.shared.with(|follower| {
            let forgotten = follower.forget(user_id);
            self.shared.note(follower, Instant::now());
            forgotten
        })?
    }

    /// Does something while no line is written and no log is rotated. Blocks.
    pub(super) fn between_lines<T>(&self, work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let _paused = self.shared.follower.lock();
        work()
    }

    /// The number of missing lines: of events whose lines could not be written, and of events that
    /// have waited for more than two seconds.
    pub fn health(&self) -> Projection {
        let status = self.shared.status.lock();
        let (mut projection, position) = (status.projection.clone(), status.position);
        let is_late = status.began.elapsed() > LATE || projection.last_error.is_some();
        drop(status);
        if is_late {
            projection.backlog += self.shared.history.count_since(position);
        }
        projection
    }

    /// Waits until every event is read and its line is written or has failed, and saves the cursor.
    /// The follower does nothing afterwards.
    pub async fn close(&self) {
        self.thread.stop();
        self.thread.ended().await;
    }
}

impl Drop for AuditFollower {
    fn drop(&mut self) {
        self.thread.stop();
        self.thread.join();
    }
}
