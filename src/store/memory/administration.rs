//! The administration log, the sessions of all accounts, and how much there is.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::{LogEntry, Page, Timestamp, User, pseudonym};
use crate::store::records::Records;
use crate::store::{
    Activity, Administration, BoxFuture, Change, Counts, DAY, Listing, OwnedSession, ReadError,
    Snapshot as _, StoredEvent, is_session,
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

/// The contents of a store at one moment.
pub(super) struct Moment {
    pub(super) log: Log,
    pub(super) records: Records,
    pub(super) events: Vec<Arc<StoredEvent>>,
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

    fn activity(
        &self,
        first: Timestamp,
        days: usize,
    ) -> BoxFuture<'static, Result<Activity, ReadError>> {
        let mut activity = Activity::new(days);
        let (start, mut all) = (first, HashSet::new());
        for (day, counted) in (0..).zip(&mut activity.days) {
            let (from, to) = (start.after(DAY * day), start.after(DAY * (day + 1)));
            let mut active = HashSet::new();
            for StoredEvent { event, .. } in self.events.iter().map(|event| &**event) {
                if (from..to).contains(&event.occurred_at) {
                    counted.add(Some(event.entity_type));
                    active.extend(event.user_id.clone());
                }
            }
            counted.active_accounts = active.len() as u64;
            all.extend(active);
        }
        activity.active_accounts = all.len() as u64;
        let users = self.records.users.iter();
        activity.add_sign_ups(first, users.filter_map(|user| user.created_at));
        Box::pin(std::future::ready(Ok(activity)))
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
