mod any_table;
mod full_leaves;
mod groups;
mod joined;
mod marks;
mod messages;
mod named;
mod read;
mod removals;
mod reversals;
pub(crate) mod table;

use std::sync::Arc;

use crate::domain::badges::{Award, Badge};
use crate::domain::schedule::Mark;
use crate::domain::webhooks::{Delivery, Webhook};
use crate::domain::{
    AccountFilter, CalendarFeed, Child, Email, EndedRequest, Epoch, IdempotencyRecord, LogEntry,
    Member, Message, PendingReward, PendingTask, Reward, RuleViolation, Session, Setting, Task,
    Timestamp, TrackingEvent, User, UserId,
};
use crate::metrics::Counter;
use crate::store::json::tinydb::file::RowImage;
use crate::store::json::tinydb::idempotency::remembered_key;
use crate::store::json::tinydb::message::message_key;
use crate::store::json::tinydb::record::Record;
use crate::store::{Change, Changes, Expiry, Listing, constraints};
pub(crate) use joined::Joined;
pub(crate) use messages::LAST_MESSAGE;
pub(crate) use reversals::Reversals;
use table::{AnyTable, Table};

/// The setting with the name of the [`Epoch`].
pub(crate) const EPOCH: &str = "event_stream_epoch";

/// All small tables at one moment. It is a value: clones are cheap and independent. A batch is
/// executed on a clone, which replaces the state once the batch is durable, and is dropped if that
/// fails.
#[derive(Clone, Default)]
pub(crate) struct State {
    pub(crate) users: Joined<User>,
    pub(crate) children: Joined<Child>,
    pub(crate) tasks: Joined<Task>,
    pub(crate) rewards: Joined<Reward>,
    pub(crate) pending: Joined<PendingReward>,
    pub(crate) sessions: Table<Session>,
    pub(crate) remembered: Table<IdempotencyRecord>,
    pub(crate) settings: Table<Setting>,
    pub(crate) pending_tasks: Table<PendingTask>,
    pub(crate) ended: Table<EndedRequest>,
    pub(crate) messages: Table<Message>,
    /// The administration log.
    pub(crate) log: Table<LogEntry>,
    pub(crate) badges: Table<Badge>,
    pub(crate) awards: Table<Award>,
    pub(crate) marks: Table<Mark>,
    pub(crate) feeds: Table<CalendarFeed>,
    pub(crate) webhooks: Table<Webhook>,
    pub(crate) deliveries: Table<Delivery>,
    pub(crate) members: Table<Member>,
    /// Part of the history, kept with the state of the records so that a transaction sees both.
    pub(crate) reversals: Reversals,
    /// The version of the last event about a task with a limit or a schedule, by account, since the start.
    pub(crate) limited: imbl::HashMap<UserId, u64>,
    /// Counts the records that lists and look-ups visit. Clones share the counter.
    pub(crate) visited: Counter,
    /// The number of changes since the start.
    pub(crate) version: u64,
}

impl State {
    /// The epoch of the numbers of the events.
    pub(crate) fn epoch(&self) -> Epoch {
        let name = self.settings.get(EPOCH);
        let name = name.as_ref().and_then(|setting| setting.value.as_str());
        name.map(Epoch::from_stored).unwrap_or_default()
    }

    /// The latest time in any record.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        let changed = [
            latest(&self.users, |it| [it.created_at, it.updated_at]),
            latest(&self.children, |it| [it.created_at, it.updated_at]),
            latest(&self.tasks, |it| [it.created_at, it.updated_at]),
            latest(&self.rewards, |it| [it.created_at, it.updated_at]),
            latest(&self.pending, |it| [it.created_at, None]),
            latest(&self.pending_tasks, |it| [Some(it.created_at), None]),
            latest(&self.ended, |it| [Some(it.ended_at), None]),
            latest(&self.messages, |it| [Some(it.created_at), None]),
            latest(&self.badges, |it| [it.created_at, it.updated_at]),
            latest(&self.awards, |it| [Some(it.earned_at), it.revoked_at]),
            latest(&self.marks, |it| [Some(it.created_at), None]),
            latest(&self.feeds, |it| [Some(it.created_at), None]),
            latest(&self.webhooks, |it| [Some(it.created_at), Some(it.updated_at)]),
            latest(&self.deliveries, |it| [Some(it.attempted_at), None]),
            latest(&self.members, |it| [Some(it.created_at), None]),
            latest(&self.sessions, |it| [it.created_at, it.last_used_at].map(Some)),
            latest(&self.remembered, |it| [Some(it.created_at), None]),
        ];
        changed.into_iter().flatten().max()
    }

    /// Every table.
    pub(crate) fn tables(&self) -> [&dyn AnyTable; 24] {
        [
            &self.users.records,
            &self.children.records,
            &self.tasks.records,
            &self.rewards.records,
            &self.pending.records,
            &self.sessions,
            &self.remembered,
            &self.settings,
            &self.users.details,
            &self.children.details,
            &self.tasks.details,
            &self.rewards.details,
            &self.pending.details,
            &self.pending_tasks,
            &self.ended,
            &self.messages,
            &self.log,
            &self.badges,
            &self.awards,
            &self.marks,
            &self.feeds,
            &self.webhooks,
            &self.deliveries,
            &self.members,
        ]
    }

    /// Gives the records the fields of their details. Must be called after all rows are set.
    pub(crate) fn join(&mut self) {
        self.users.join();
        self.children.join();
        self.tasks.join();
        self.rewards.join();
        self.pending.join();
    }

    /// Applies a change; returns the changed rows.
    pub(crate) fn apply(&mut self, change: Change) -> Vec<RowImage> {
        self.version += 1;
        match change {
            Change::PutUser(user) => self.users.put(user),
            Change::RemoveUser(id) => self.remove_user(&id),
            Change::PutChild(child) => self.children.put(child),
            Change::RemoveChild(id) => self.remove_child(&id),
            Change::PutTask(task) => self.tasks.put(task),
            Change::RemoveTask(id) => self.remove_task(&id),
            Change::PutReward(reward) => self.rewards.put(reward),
            Change::RemoveReward(id) => self.rewards.remove(id.as_str()),
            Change::PutPending(pending) => self.pending.put(pending),
            Change::RemovePending(id) => self.pending.remove(id.as_str()),
            Change::PutPendingTask(pending) => vec![self.pending_tasks.put(pending)],
            Change::RemovePendingTask(id) => self.pending_tasks.remove(id.as_str()),
            Change::PutEnded(ended) => vec![self.ended.put(ended)],
            Change::RemoveEnded(id) => self.ended.remove(id.as_str()),
            Change::PutMessage(message) => self.put_message(&message),
            Change::RemoveMessage(user_id, cause) => {
                self.remove_message(&message_key(&user_id, &cause))
            }
            Change::PutBadge(badge) => vec![self.badges.put(badge)],
            Change::RemoveBadge(id) => self.badges.remove(id.as_str()),
            Change::PutAward(award) => vec![self.awards.put(award)],
            Change::PutMark(mark) => vec![self.marks.put(mark)],
            Change::RemoveMark(user_id, key) => self.remove_mark(&user_id, &key),
            Change::PutFeed(feed) => vec![self.feeds.put(feed)],
            Change::RemoveFeed(hash) => self.feeds.remove(&hash.0),
            Change::PutWebhook(webhook) => vec![self.webhooks.put(webhook)],
            Change::RemoveWebhook(id) => self.remove_webhook(&id),
            Change::PutDelivery(delivery) => vec![self.deliveries.put(delivery)],
            Change::PutMember(member) => vec![self.members.put(member)],
            Change::RemoveMember(id) => self.members.remove(id.as_str()),
            Change::PutSession(session) => vec![self.sessions.put(session)],
            Change::RemoveSession(hash) => self.sessions.remove(&hash.0),
            Change::RemoveIdempotencyKey(user_id, key) => {
                self.remembered.remove(&remembered_key(user_id.as_str(), key.as_str()))
            }
            Change::PutSetting { name, value } => vec![self.settings.put(Setting { name, value })],
            Change::Log(entry) => vec![self.log.put(entry)],
            Change::RemoveLogEntry(id) => self.log.remove(id.as_str()),
        }
    }

    /// Notes an event that is added to the history.
    pub(crate) fn note(&mut self, event: &TrackingEvent) {
        self.reversals.note(event);
        let task = self.tasks.get(&event.entity_id);
        let task = task.filter(|task| task.limit.is_some() || task.schedule.is_some());
        if let Some(user_id) = event.user_id.as_ref().filter(|_| task.is_some()) {
            self.version += 1;
            self.limited.insert(user_id.clone(), self.version);
        }
    }

    /// Adds an idempotency key; returns its row.
    pub(crate) fn remember(&mut self, remembered: IdempotencyRecord) -> RowImage {
        self.version += 1;
        let (key, life) = (remembered.key(), remembered.life);
        let row = self.remembered.put(remembered);
        self.remembered.amend(&key, |record| record.life = life);
        row
    }

    /// Sets a row to its text in the log.
    pub(crate) fn set(&mut self, image: &RowImage) {
        let mut tables = self.tables_mut().into_iter();
        if let Some(table) = tables.find(|table| table.file() == image.file) {
            table.set(image.number, image.text.clone());
        }
    }

    pub(crate) fn tables_mut(&mut self) -> [&mut dyn AnyTable; 24] {
        [
            &mut self.users.records,
            &mut self.children.records,
            &mut self.tasks.records,
            &mut self.rewards.records,
            &mut self.pending.records,
            &mut self.sessions,
            &mut self.remembered,
            &mut self.settings,
            &mut self.users.details,
            &mut self.children.details,
            &mut self.tasks.details,
            &mut self.rewards.details,
            &mut self.pending.details,
            &mut self.pending_tasks,
            &mut self.ended,
            &mut self.messages,
            &mut self.log,
            &mut self.badges,
            &mut self.awards,
            &mut self.marks,
            &mut self.feeds,
            &mut self.webhooks,
            &mut self.deliveries,
            &mut self.members,
        ]
    }
}

fn latest<R: Record>(
    table: &Table<R>,
    times: impl Fn(&R) -> [Option<Timestamp>; 2],
) -> Option<Timestamp> {
    table.records().flat_map(|record| times(record)).flatten().max()
}

impl State {
    /// Counts one visited record.
    pub(crate) fn one<R>(&self, found: Option<Arc<R>>) -> Option<Arc<R>> {
        self.visited.inc();
        found
    }

    /// Counts the records of a list.
    pub(crate) fn all<R>(&self, found: Vec<Arc<R>>) -> Vec<Arc<R>> {
        self.visited.inc_by(found.len() as u64);
        found
    }

    /// Counts the records of a page.
    pub(crate) fn page<R>(&self, listing: Listing<Arc<R>>) -> Listing<Arc<R>> {
        self.visited.inc_by(listing.records.len() as u64);
        listing
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.users.is_empty()
            && self.children.is_empty()
            && self.tasks.is_empty()
            && self.rewards.is_empty()
            && self.pending.is_empty()
    }

    /// The first of the accounts with that email address: another program may have added more.
    pub(crate) fn user_by_email(&self, email: &Email) -> Option<Arc<User>> {
        self.all(self.users.group(email.folded())).into_iter().next()
    }

    pub(crate) fn find_users(&self, filter: &AccountFilter) -> Vec<Arc<User>> {
        self.visited.inc_by(self.users.len() as u64);
        self.users.records().filter(|user| filter.matches(user)).cloned().collect()
    }

    /// Fails if the changes break a rule that concerns more than the scope of a transaction.
    pub(crate) fn check(&self, changes: &Changes) -> Result<(), RuleViolation> {
        constraints::check(
            changes,
            |id| self.users.get(id.as_str()),
            |email| self.user_by_email(email),
            || self.count_active_admins(),
            |event| self.reversals.get(event).cloned(),
            |mark| self.marks.get(&mark.to_string()).is_some(),
        )
    }

    fn count_active_admins(&self) -> usize {
        self.visited.inc_by(self.users.len() as u64);
        self.users.records().filter(|user| user.is_active_admin()).count()
    }

    /// The changes that remove what has expired.
    pub(crate) fn removal_of_expired<'a>(
        &'a self,
        expiry: &'a Expiry,
    ) -> impl Iterator<Item = Change> + 'a {
        let State { remembered, sessions, ended, messages, marks, log, .. } = self;
        let visited = remembered.len() + sessions.len() + ended.len() + messages.len();
        let visited = visited + marks.len() + log.len();
        self.visited.inc_by(visited as u64);
        expiry.changes(
            remembered.records(),
            sessions.records(),
            ended.records(),
            messages.records(),
            marks.records(),
            log.records(),
        )
    }
}
