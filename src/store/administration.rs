use std::sync::Arc;

use super::{BoxFuture, Listing, ReadError};
use crate::domain::{LogEntry, Page, Session, Timestamp, User};

/// What only administrators and the operator read. Entries of the log are added by [`super::Change::Log`].
pub trait Administration: Send + Sync {
    /// Returns a page of the entries, the newest first.
    fn entries(&self, page: Page) -> BoxFuture<'static, Result<Listing<Arc<LogEntry>>, ReadError>>;

    /// Returns the accounts that have one of these pseudonyms with a salt.
    fn accounts(
        &self,
        salt: String,
        pseudonyms: Vec<Arc<str>>,
    ) -> BoxFuture<'static, Result<Vec<Arc<User>>, ReadError>>;

    /// Returns a page of the sessions of all accounts that are live, with their accounts: the most recently
    /// used first. Links to reset a password are not sessions.
    fn sessions(
        &self,
        now: Timestamp,
        page: Page,
    ) -> BoxFuture<'static, Result<Listing<OwnedSession>, ReadError>>;

    /// Returns how much there is of everything.
    fn counts(&self) -> BoxFuture<'static, Result<Counts, ReadError>>;
}

/// A session and its account.
pub type OwnedSession = (Arc<User>, Arc<Session>);

/// How much there is of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    pub accounts: u64,
    /// Those that are not marked for deletion.
    pub administrators: u64,
    /// The accounts that are marked for deletion.
    pub marked: u64,
    pub children: u64,
    pub tasks: u64,
    pub rewards: u64,
    /// The size of the data directory, or of the database.
    pub bytes: u64,
}

/// Whether it is live, and not a link to reset a password.
pub(super) fn is_session(session: &Session, now: Timestamp) -> bool {
    session.is_live(now) && !session.is_reset_link()
}
