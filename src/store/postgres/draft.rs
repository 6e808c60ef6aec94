//! The changes of a group of transactions, which are committed together.

mod removals;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::accounts::Account;
use super::administration::LOG;
use super::load::{Family, Kind, Loaded, SHARED, Wanted, kind_of};
use super::marks::WantedMarks;
use crate::clock::random;
use crate::domain::badges::Badge;
use crate::domain::webhooks::Delivery;
use crate::domain::{
    CalendarFeed, Deletion, EndedRequest, IdempotencyRecord, KeyLife, LogEntry, Member, Message,
    PendingReward, PendingTask, Reward, RuleViolation, Seq, Session, Setting, Timestamp,
    TrackingEvent, User, UserId,
};
use crate::store::json::tinydb::details::Extended;
use crate::store::json::tinydb::idempotency::remembered_key;
use crate::store::json::tinydb::record::{Record, merge, new_row};
use crate::store::json::tracking::event::encode;
use crate::store::records::Records;
use crate::store::{Change, Changes, Fence, StoredEvent};

/// Why a transaction's changes cannot be added.
pub(super) enum Obstacle {
    Refused(RuleViolation),
    /// More must be loaded first.
    Missing(Box<Wanted>),
}

/// A record that is written: its text, or `None` if it is removed.
pub(super) struct Write {
    /// The order of the first write.
    pub(super) number: usize,
    pub(super) text: Option<Arc<str>>,
    pub(super) expires_at: Option<Timestamp>,
}

/// Families as they were loaded, with the changes of the transactions that were decided since.
pub(super) struct Draft {
    pub(super) families: Vec<Family>,
    pub(super) records: Records,
    admins: Option<i64>,
    /// The accounts that were looked for: one that was not found is new.
    known: BTreeSet<Arc<str>>,
    tokens: BTreeSet<Arc<str>>,
    /// The events whose reversals were looked for.
    reversed: BTreeSet<Arc<str>>,
    /// The children whose awards were looked for.
    awarded: BTreeSet<Arc<str>>,
    /// The marks that were looked for.
    marks: WantedMarks,
    pub(super) writes: BTreeMap<(i64, Kind, Arc<str>), Write>,
    pub(super) accounts: BTreeMap<i64, Account>,
    /// The events with the keys of their families.
    pub(super) events: Vec<(i64, Arc<StoredEvent>)>,
    pub(super) has_messages: bool,
    /// Whether what all families share is changed.
    pub(super) changes_shared: bool,
    /// The leases that must be valid.
    pub(super) leases: Vec<Fence>,
}

impl Draft {
    pub(super) fn new(loaded: Loaded, wanted: &Wanted) -> Self {
        Self {
            families: loaded.families,
            records: loaded.records,
            admins: loaded.admins,
            known: wanted.accounts.clone(),
            tokens: wanted.tokens.clone(),
            reversed: wanted.reversed.clone(),
            awarded: wanted.awarded.clone(),
            marks: wanted.marks.clone(),
            writes: BTreeMap::new(),
            accounts: BTreeMap::new(),
            events: Vec::new(),
            has_messages: false,
            changes_shared: false,
            leases: Vec::new(),
        }
    }

    /// The families after the commit.
    pub(super) fn committed(self) -> Loaded {
        let Self { families, records, changes_shared, .. } = self;
        let loaded = Loaded { families, records, admins: None };
        loaded.after_commit(|key| key != SHARED || changes_shared)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.writes.is_empty() && self.events.is_empty()
    }

    /// Adds the changes of one transaction, or nothing. Returns its event as it will be stored.
    pub(super) fn add(
        &mut self,
        changes: Changes,
        now: Timestamp,
    ) -> Result<Option<Arc<StoredEvent>>, Obstacle> {
        self.check_loaded(&changes)?;
        self.check_rules(&changes)?;
        self.leases.extend(changes.lease);
        for change in changes.records {
            self.apply(change);
        }
        let event = changes.event.map(|event| self.append(event, now));
        if let Some(record) = changes.remember.and_then(|used| used.record(event.as_deref(), now)) {
            self.remember(record);
        }
        Ok(event)
    }

    fn apply(&mut self, change: Change) {
        match &change {
            Change::PutUser(new) => self.put_user(new),
            Change::RemoveUser(id) => self.remove_user(id),
            Change::PutChild(new) => {
                let old = find(&self.records.children, new);
                self.put_extended(new, Some(&new.user_id), old.as_deref());
            }
            Change::PutTask(new) => {
                let old = find(&self.records.tasks, new);
                self.put_extended(new, new.user_id.as_ref(), old.as_deref());
            }
            Change::PutReward(new) => {
                let old = find(&self.records.rewards, new);
                self.put_extended(new, new.user_id.as_ref(), old.as_deref());
            }
            Change::PutPending(new) => {
                let old = find(&self.records.pending, new);
                self.put_extended(new, Some(&new.user_id), old.as_deref());
            }
            Change::PutSession(new) => {
                let old = find(&self.records.sessions, new);
                self.put(new, Some(&new.user_id), old.as_deref(), Some(new.expires_at));
            }
            Change::PutFeed(new) => {
                let old = find(&self.records.feeds, new);
                self.put(new, Some(&new.user_id), old.as_deref(), None);
            }
            Change::PutWebhook(new) => {
                let old = find(&self.records.webhooks, new);
                self.put(new, Some(&new.user_id), old.as_deref(), None);
            }
            Change::PutDelivery(new) => {
                let key = self.family(Some(&new.user_id)).key;
                self.write(key, kind_of::<Delivery>(), new.key(), Some(new_row(new)), None);
            }
            Change::PutMember(new) => {
                let old = find(&self.records.members, new);
                self.put(new, Some(&new.user_id), old.as_deref(), None);
            }
            Change::PutPendingTask(new) => {
                let old = find(&self.records.pending_tasks, new);
                self.put(new, Some(&new.user_id), old.as_deref(), None);
            }
            Change::PutEnded(new) => {
                let old = find(&self.records.ended, new);
                let expires_at = new.ended_at.after(EndedRequest::LIFETIME);
                self.put(new, Some(&new.user_id), old.as_deref(), Some(expires_at));
            }
            Change::PutBadge(new) => {
                let old = find(&self.records.badges, new);
                self.put(new, new.user_id.as_ref(), old.as_deref(), None);
            }
            Change::PutAward(new) => {
                let old = self.records.awards.iter().find(|it| it.key == new.key).cloned();
                self.put(new, Some(&new.user_id), old.as_deref(), None);
            }
            Change::PutMark(new) => {
                let old = self.records.marks.get(&new.key()).cloned();
                self.put(new, Some(&new.user_id), old.as_deref(), Some(new.expires_at()));
            }
            Change::PutSetting { name, value } => {
                let new = Setting { name: Arc::clone(name), value: value.clone() };
                let old = self.records.settings.get(name).cloned();
                let old = old.map(|value| Arc::new(Setting { name: Arc::clone(name), value }));
                self.put(&new, None, old.as_deref(), None);
            }
            Change::RemoveChild(id) => self.remove_child(id),
            Change::RemoveTask(id) => self.remove_task(id),
            Change::RemoveReward(id) => self.remove_extended::<Reward>(&id.shared()),
            Change::RemovePending(id) => self.remove_extended::<PendingReward>(&id.shared()),
            Change::RemovePendingTask(id) => self.remove::<PendingTask>(&id.shared()),
            Change::RemoveEnded(id) => self.remove::<EndedRequest>(&id.shared()),
            Change::RemoveBadge(id) => self.remove::<Badge>(&id.shared()),
            Change::RemoveMark(user_id, key) => self.remove_mark(user_id, key),
            Change::RemoveFeed(hash) => self.remove::<CalendarFeed>(&hash.0),
            Change::RemoveWebhook(id) => self.remove_webhook(id),
            Change::RemoveMember(id) => self.remove::<Member>(&id.shared()),
            Change::RemoveSession(hash) => self.remove::<Session>(&hash.0),
            Change::PutMessage(new) => {
                let key = self.family(Some(&new.user_id)).key;
                let expires_at = new.created_at.after(Message::LIFETIME);
                let (kind, text) = (kind_of::<Message>(), new_row(new));
                self.write(key, kind, new.key(), Some(text), Some(expires_at));
                self.has_messages = true;
            }
            Change::Log(new) => self.log(new),
            // Only `remove_expired` removes these, and does so without a draft.
            Change::RemoveMessage(..) | Change::RemoveLogEntry(_) => {}
            Change::RemoveIdempotencyKey(user_id, key) => {
                let key = remembered_key(user_id.as_str(), key.as_str());
                self.remove::<IdempotencyRecord>(&key);
            }
        }
        self.records.apply(change);
    }

    /// Adds an entry to the administration log, which is not loaded.
    fn log(&mut self, new: &LogEntry) {
        let (kind, text) = (kind_of::<LogEntry>(), new_row(new));
        self.write(LOG, kind, new.key(), Some(text), Some(new.expires_at()));
        // A commit is recognised by a family that it changes.
        self.changes_shared |= self.families.iter().all(|it| it.key == SHARED);
    }

    fn put_user(&mut self, new: &User) {
        let was_active = self.is_active_admin(&new.id);
        self.count_admin(was_active, new.is_active_admin());
        let key = self.family(Some(&new.id)).key;
        let account = Account {
            id: new.id.clone(),
            email: Some(Arc::clone(new.email.folded())),
            is_active_admin: new.is_active_admin(),
            is_marked: new.deletion.is_some(),
            deletion_has_started: new.deletion.as_ref().is_some_and(Deletion::has_started),
            schedule_at: new.schedules_due_at(),
        };
        self.accounts.insert(key, account);
        let old = find(&self.records.users, new);
        self.put_extended(new, Some(&new.id), old.as_deref());
    }

    /// Notes a change of the administrators. What all families share changes with them, so that two
    /// servers cannot remove the last two at the same time.
    fn count_admin(&mut self, was_active: bool, is_active: bool) {
        if was_active != is_active {
            self.changes_shared = true;
            if let Some(admins) = &mut self.admins {
                *admins += if is_active { 1 } else { -1 };
            }
        }
    }

    /// Puts a record and its details.
    fn put_extended<R: Extended>(&mut self, new: &R, owner: Option<&UserId>, old: Option<&R>) {
        self.put(new, owner, old, None);
        let old = old.and_then(R::details);
        match new.details() {
            Some(details) if old.as_ref() == Some(&details) => {}
            Some(details) => self.put(&details, owner, old.as_ref(), None),
            None => self.remove::<R::Details>(&new.key()),
        }
    }

    fn remove_extended<R: Extended>(&mut self, id: &Arc<str>) {
        self.remove::<R>(id);
        self.remove::<R::Details>(id);
    }

    fn put<R: Record>(
        &mut self,
        new: &R,
        owner: Option<&UserId>,
        old: Option<&R>,
        expires_at: Option<Timestamp>,
    ) {
        let (kind, id) = (kind_of::<R>(), new.key());
        let key = self.family(owner).key;
        let elsewhere =
            self.families.iter().find(|it| it.rows.contains_key(&(kind, Arc::clone(&id))));
        if elsewhere.is_some_and(|family| family.key != key) {
            self.remove::<R>(&id);
        }
        let family = self.family(owner);
        let text = match (family.rows.get(&(kind, Arc::clone(&id))), old) {
            (Some(row), Some(old)) => merge(row, old, new),
            _ => new_row(new),
        };
        family.rows.insert((kind, Arc::clone(&id)), Arc::clone(&text));
        self.write(key, kind, id, Some(text), expires_at);
    }

    fn remove<R: Record>(&mut self, id: &Arc<str>) {
        let row = (kind_of::<R>(), Arc::clone(id));
        let remove = |it: &mut Family| it.rows.remove(&row).map(|_| it.key);
        let keys: Vec<i64> = self.families.iter_mut().filter_map(remove).collect();
        for key in keys {
            self.write(key, row.0, Arc::clone(id), None, None);
        }
    }

    fn write(
        &mut self,
        key: i64,
        kind: Kind,
        id: Arc<str>,
        text: Option<Arc<str>>,
        expires_at: Option<Timestamp>,
    ) {
        self.changes_shared |= key == SHARED;
        let row = (key, kind, id);
        let number = self.writes.get(&row).map_or(self.writes.len(), |first| first.number);
        self.writes.insert(row, Write { number, text, expires_at });
    }

    fn remember(&mut self, record: IdempotencyRecord) {
        let record = IdempotencyRecord { life: KeyLife::OfDatabase { is_live: true }, ..record };
        // The database counts from its own clock.
        let lifetime = Timestamp::EPOCH.after(IdempotencyRecord::LIFETIME);
        self.put(&record, Some(&record.user_id), None, Some(lifetime));
        self.records.remember(record);
    }

    fn append(&mut self, event: TrackingEvent, now: Timestamp) -> Arc<StoredEvent> {
        let family = self.family(event.user_id.as_ref());
        let event = event.following(family.last_occurred_at, now);
        family.last_occurred_at = Some(event.occurred_at);
        family.seq += 1;
        let (key, seq) = (family.key, Seq(family.seq.cast_unsigned()));
        if let Some(reversed) = event.reverses() {
            self.records.reversals.insert(reversed.into(), event.id.clone());
        }
        let json = encode(&event).0.into();
        let stored = Arc::new(StoredEvent { seq, event, json });
        self.changes_shared |= key == SHARED;
        self.events.push((key, Arc::clone(&stored)));
        stored
    }

    fn place(&self, account: Option<&UserId>) -> Option<usize> {
        let is_it = |it: &Family| match account {
            Some(_) => it.account.as_ref() == account,
            None => it.key == SHARED,
        };
        self.families.iter().position(is_it)
    }

    /// The family of an account, or what all families share. An account that was not found gets a new
    /// family.
    fn family(&mut self, account: Option<&UserId>) -> &mut Family {
        let place = self.place(account).unwrap_or_else(|| {
            let key = new_key();
            if let Some(id) = account {
                self.accounts.insert(key, Account::without_record(id));
            }
            self.families.push(Family { key, account: account.cloned(), ..Family::default() });
            self.families.len() - 1
        });
        &mut self.families[place]
    }
}

/// A random key of a new family: positive, and not the account's id.
pub(crate) fn new_key() -> i64 {
    (i64::from_be_bytes(random()) & i64::MAX).max(1)
}

/// The record with the same key.
fn find<R: Record>(records: &[Arc<R>], new: &R) -> Option<Arc<R>> {
    let key = new.key();
    records.iter().find(|it| it.key() == key).cloned()
}
