use std::sync::Arc;
use std::time::Duration;

use super::{BoxFuture, Listing, ReadError};
use crate::domain::{EntityType, LogEntry, Page, Session, Timestamp, User};

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
    /// used first. Links to reset a password, pairings and API tokens are not sessions.
    fn sessions(
        &self,
        now: Timestamp,
        page: Page,
    ) -> BoxFuture<'static, Result<Listing<OwnedSession>, ReadError>>;

    /// Returns how much there is of everything.
    fn counts(&self) -> BoxFuture<'static, Result<Counts, ReadError>>;

    /// Returns what happened on each of a number of days of 24 hours, the first of which starts at `first`.
    fn activity(
        &self,
        first: Timestamp,
        days: usize,
    ) -> BoxFuture<'static, Result<Activity, ReadError>>;
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

/// What happened in a number of days.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    pub days: Vec<DayActivity>,
    /// The number of accounts with an event on any of these days.
    pub active_accounts: u64,
}

/// What happened on a day. Accounts are those that still exist.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DayActivity {
    /// The number of events of all types, those of deleted accounts and of unknown types included.
    pub events: u64,
    pub tasks: u64,
    pub rewards: u64,
    pub penalties: u64,
    /// The number of accounts with an event.
    pub active_accounts: u64,
    /// The number of accounts that were created.
    pub sign_ups: u64,
}

impl Activity {
    pub(super) fn new(days: usize) -> Self {
        Self { days: vec![DayActivity::default(); days], active_accounts: 0 }
    }

    /// Counts the accounts that were created on these days.
    pub(super) fn add_sign_ups(
        &mut self,
        first: Timestamp,
        created: impl Iterator<Item = Timestamp>,
    ) {
        for created_at in created.filter(|created_at| *created_at >= first) {
            let day = created_at.since(first).as_secs() / DAY.as_secs();
            let day = usize::try_from(day).unwrap_or(usize::MAX);
            if let Some(day) = self.days.get_mut(day) {
                day.sign_ups += 1;
            }
        }
    }
}

impl DayActivity {
    /// Counts an event; `None` if its type is unknown.
    pub(super) fn add(&mut self, entity_type: Option<EntityType>) {
        self.events += 1;
        match entity_type {
            Some(EntityType::Task) => self.tasks += 1,
            Some(EntityType::Reward) => self.rewards += 1,
            Some(EntityType::Penalty) => self.penalties += 1,
            None => {}
        }
    }
}

/// A day of an [`Activity`].
pub(super) const DAY: Duration = Duration::from_hours(24);

/// Whether it is a session that is live.
pub(super) fn is_session(session: &Session, now: Timestamp) -> bool {
    session.is_live(now) && session.is_session()
}
