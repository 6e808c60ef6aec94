use std::fmt;
use std::io;
use std::ops::Deref;

use goldstar::domain::UserId;
use goldstar::followers::audit_log::{AuditLog, LogFollower, Writer as _};
use goldstar::store::json::JsonStore;
use goldstar::store::{Projection, Store};
use parking_lot::Mutex;

use super::backlog;

/// A store with audit logs, which are written when a test calls [`Self::follow`].
pub(crate) struct Logged {
    store: JsonStore,
    follower: Mutex<LogFollower>,
}

impl Logged {
    /// Writes the missing lines.
    pub(crate) fn new(store: JsonStore, log: AuditLog) -> Self {
        let follower = Mutex::new(LogFollower::new(log, store.following()));
        Self { store, follower }
    }

    /// Writes the lines of new events, and retries what failed.
    pub(crate) fn follow(&self) {
        let mut follower = self.follower.lock();
        while follower.round() {}
    }

    /// Removes an account's log.
    pub(crate) fn forget(&self, user_id: &UserId) -> io::Result<()> {
        self.follow();
        self.follower.lock().forget(user_id)
    }

    /// The number of missing lines after another round, and the store's backlog.
    pub(crate) fn backlog(&self) -> usize {
        self.follow();
        backlog(&self.store) + self.logs_health().backlog
    }

    pub(crate) fn logs_health(&self) -> Projection {
        self.follower.lock().health()
    }

    /// Closes the store as a server does.
    pub(crate) async fn close(&self) -> io::Result<()> {
        self.follower.lock().finish();
        self.store.close().await
    }
}

impl fmt::Debug for Logged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.store.fmt(f)
    }
}

impl Deref for Logged {
    type Target = JsonStore;

    fn deref(&self) -> &JsonStore {
        &self.store
    }
}
