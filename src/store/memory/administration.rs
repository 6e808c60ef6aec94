//! The administration log, the sessions of all accounts, and how much there is.

use std::cmp::Reverse;
use std::sync::Arc;

use crate::domain::{LogEntry, Page, Timestamp, User, pseudonym};
use crate::store::records::Records;
use crate::store::{
    Administration, BoxFuture, Change, Counts, Listing, OwnedSession, ReadError, Snapshot as _,
    is_session,
};

#[derive(Clone, Default)]
pub(super) struct Log(Vec<Arc<LogEntry>>);

impl Log {
    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::Log(new) => self.0.push(Arc::new(new.clone())),
            Change::RemoveLogEntry(id) => self.0.retain(|it| it.id != *id),
            _ => {}
        }
    }

    pub(super) fn entries(&self) -> &[Arc<LogEntry>] {
        &self.0
    }
}

/// The log and the records at one moment.
pub(super) struct Moment {
    pub(super) log: Log,
    pub(super) records: Records,
}

impl Administration for Moment {
    fn entries(&self, page: Page) -> BoxFuture<'static, Result<Listing<Arc<LogEntry>>, ReadError>> {
        let newest = self.log.0.iter().rev().cloned().collect();
        Box::pin(std::future::ready(Ok(Listing::of(newest, page))))
    }

    fn accounts(
        &self,
        salt: String,
        pseudonyms: Vec<Arc<str>>,
    ) -> BoxFuture<'static, Result<Vec<Arc<User>>, ReadError>> {
        let users = self.records.users.iter();
        let found = users.filter(|user| pseudonyms.contains(&pseudonym(&salt, &user.id).into()));
        Box::pin(std::future::ready(Ok(found.cloned().collect())))
    }

    fn sessions(
        &self,
        now: Timestamp,
        page: Page,
    ) -> BoxFuture<'static, Result<Listing<OwnedSession>, ReadError>> {
        let live = self.records.sessions.iter().filter(|session| is_session(session, now));
        let owned = live.filter_map(|it| Some((self.records.user(&it.user_id)?, Arc::clone(it))));
        let mut found: Vec<OwnedSession> = owned.collect();
        found.sort_by_key(|(_, session)| Reverse((session.last_used_at, session.created_at)));
        Box::pin(std::future::ready(Ok(Listing::of(found, page))))
    }

    fn counts(&self) -> BoxFuture<'static, Result<Counts, ReadError>> {
        let Records { users, children, tasks, rewards, .. } = &self.records;
        let count = |number: usize| number as u64;
        let counts = Counts {
            accounts: count(users.len()),
            administrators: count(users.iter().filter(|it| it.is_active_admin()).count()),
            marked: count(users.iter().filter(|it| it.deletion.is_some()).count()),
            children: count(children.len()),
            tasks: count(tasks.len()),
            rewards: count(rewards.len()),
            bytes: 0,
        };
        Box::pin(std::future::ready(Ok(counts)))
    }
}
