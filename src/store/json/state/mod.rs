pub(crate) mod table;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::domain::{
    Child, ChildId, Email, IdempotencyKey, IdempotencyRecord, KeyTime, Page, PendingReward, Reward,
    RewardId, Role, Session, Setting, Task, TaskId, Timestamp, TokenHash, User, UserId,
};
use crate::metrics::Counter;
use crate::store::json::damage::Damage;
use crate::store::json::tinydb::codecs::remembered_key;
use crate::store::json::tinydb::file::RowImage;
use crate::store::json::tinydb::record::{Record, list_name};
use crate::store::{Change, Listed, View};
use table::{AnyTable, Table};

/// All small tables at one moment. It is a value: a clone costs nothing, and neither sees what is
/// done to the other. So a batch is decided on a clone, which takes the state's place once the
/// batch is durable, and is dropped where that fails.
#[derive(Clone, Default)]
pub(crate) struct State {
    pub(crate) users: Table<User>,
    pub(crate) children: Table<Child>,
    pub(crate) tasks: Table<Task>,
    pub(crate) rewards: Table<Reward>,
    pub(crate) pending: Table<PendingReward>,
    pub(crate) sessions: Table<Session>,
    pub(crate) remembered: Table<IdempotencyRecord>,
    pub(crate) settings: Table<Setting>,
    /// Counts the records that lists and lookups touch. Clones count together.
    pub(crate) visited: Counter,
}

impl State {
    /// Reads every table; `read` gives a file's contents, empty where there is none. A table whose
    /// file is damaged is left empty, and `damage` is told.
    pub(crate) fn parse<E>(
        folder: &Path,
        mut read: impl FnMut(&'static str) -> Result<Vec<u8>, E>,
        damage: &mut Vec<Damage>,
    ) -> Result<Self, E> {
        Ok(Self {
            users: parse_table(folder, &mut read, damage)?,
            children: parse_table(folder, &mut read, damage)?,
            tasks: parse_table(folder, &mut read, damage)?,
            rewards: parse_table(folder, &mut read, damage)?,
            pending: parse_table(folder, &mut read, damage)?,
            sessions: parse_table(folder, &mut read, damage)?,
            remembered: parse_table(folder, &mut read, damage)?,
            settings: parse_table(folder, &mut read, damage)?,
            visited: Counter::default(),
        })
    }

    /// The latest time at which a record was created, changed or used.
    pub(crate) fn newest(&self) -> Option<Timestamp> {
        let changed = [
            latest(&self.users, |it| [it.created_at, it.updated_at]),
            latest(&self.children, |it| [it.created_at, it.updated_at]),
            latest(&self.tasks, |it| [it.created_at, it.updated_at]),
            latest(&self.rewards, |it| [it.created_at, it.updated_at]),
            latest(&self.pending, |it| [it.created_at, None]),
            latest(&self.sessions, |it| [it.created_at, it.last_used_at].map(Some)),
            latest(&self.remembered, |it| [Some(it.created_at), None]),
        ];
        changed.into_iter().flatten().max()
    }

    /// Every table.
    pub(crate) fn tables(&self) -> [&dyn AnyTable; 8] {
        [
            &self.users,
            &self.children,
            &self.tasks,
            &self.rewards,
            &self.pending,
            &self.sessions,
            &self.remembered,
            &self.settings,
        ]
    }

    /// Makes a change; returns the rows that it leaves. None where nothing changes.
    pub(crate) fn apply(&mut self, change: Change) -> Vec<RowImage> {
        match change {
            Change::PutUser(user) => vec![self.users.put(user)],
            Change::RemoveUser(id) => self.remove_user(id.as_str()),
            Change::PutChild(child) => vec![self.children.put(child)],
            Change::RemoveChild(id) => self.children.remove(id.as_str()),
            Change::PutTask(task) => vec![self.tasks.put(task)],
            Change::RemoveTask(id) => self.tasks.remove(id.as_str()),
            Change::PutReward(reward) => vec![self.rewards.put(reward)],
            Change::RemoveReward(id) => self.rewards.remove(id.as_str()),
            Change::PutPending(pending) => vec![self.pending.put(pending)],
            Change::RemovePending(id) => self.pending.remove(id.as_str()),
            Change::PutSession(session) => vec![self.sessions.put(session)],
            Change::RemoveSession(hash) => self.sessions.remove(&hash.0),
            Change::Forget(user_id, key) => {
                self.remembered.remove(&remembered_key(user_id.as_str(), key.as_str()))
            }
            Change::PutSetting { name, value } => vec![self.settings.put(Setting { name, value })],
        }
    }

    /// Removes an account, with the rows that name it and that nothing else finds.
    fn remove_user(&mut self, id: &str) -> Vec<RowImage> {
        let mut removed = self.users.remove(id);
        for table in self.tables_mut() {
            removed.extend(table.remove_strays_of(id));
        }
        removed
    }

    /// Remembers an idempotency key; returns the row that it is.
    pub(crate) fn remember(&mut self, remembered: IdempotencyRecord) -> RowImage {
        self.remembered.put(remembered)
    }

    /// Sets a row to what the journal says.
    pub(crate) fn set(&mut self, image: &RowImage) {
        let mut tables = self.tables_mut().into_iter();
        if let Some(table) = tables.find(|table| table.file() == image.file) {
            table.set(image.number, image.text.clone());
        }
    }

    fn tables_mut(&mut self) -> [&mut dyn AnyTable; 8] {
        [
            &mut self.users,
            &mut self.children,
            &mut self.tasks,
            &mut self.rewards,
            &mut self.pending,
            &mut self.sessions,
            &mut self.remembered,
            &mut self.settings,
        ]
    }
}

fn latest<R: Record>(
    table: &Table<R>,
    times: impl Fn(&R) -> [Option<Timestamp>; 2],
) -> Option<Timestamp> {
    table.records().flat_map(|record| times(record)).flatten().max()
}

fn parse_table<R: Record, E>(
    folder: &Path,
    read: &mut impl FnMut(&'static str) -> Result<Vec<u8>, E>,
    damage: &mut Vec<Damage>,
) -> Result<Table<R>, E> {
    let parsed = Table::parse(&folder.join(R::FILE), &read(R::FILE)?);
    Ok(parsed.unwrap_or_else(|found| {
        damage.push(found);
        Table::default()
    }))
}

impl State {
    fn one<R>(&self, found: Option<Arc<R>>) -> Option<Arc<R>> {
        self.visited.inc();
        found
    }

    fn all<R>(&self, found: Vec<Arc<R>>) -> Vec<Arc<R>> {
        self.visited.inc_by(found.len() as u64);
        found
    }

    fn page<R>(&self, listed: Listed<R>) -> Listed<R> {
        self.visited.inc_by(listed.records.len() as u64);
        listed
    }
}

impl View for State {
    fn is_empty(&self) -> bool {
        self.users.is_empty()
            && self.children.is_empty()
            && self.tasks.is_empty()
            && self.rewards.is_empty()
            && self.pending.is_empty()
    }

    fn user(&self, id: &UserId) -> Option<Arc<User>> {
        self.one(self.users.get(id.as_str()))
    }

    fn user_by_email(&self, email: &Email) -> Option<Arc<User>> {
        self.all(self.users.group(email.folded())).into_iter().next()
    }

    fn users(&self) -> Vec<Arc<User>> {
        self.users.records().cloned().collect()
    }

    fn marked_users(&self) -> Vec<Arc<User>> {
        self.visited.inc_by(self.users.len() as u64);
        self.users.records().filter(|user| user.deletion.is_some()).cloned().collect()
    }

    fn count_users(&self) -> usize {
        self.users.records().count()
    }

    fn count_admins(&self) -> usize {
        let is_admin = |user: &&Arc<User>| user.role == Role::Admin && user.deletion.is_none();
        self.visited.inc_by(self.users.len() as u64);
        self.users.records().filter(is_admin).count()
    }

    fn session(&self, token_hash: &TokenHash) -> Option<Arc<Session>> {
        self.one(self.sessions.get(&token_hash.0))
    }

    fn sessions_of(&self, user_id: &UserId) -> Vec<Arc<Session>> {
        self.all(self.sessions.group(user_id.as_str()))
    }

    fn sessions_of_child(&self, user_id: &UserId, child_id: &ChildId) -> Vec<Arc<Session>> {
        self.all(self.sessions.list(&list_name('c', &[user_id.as_str(), child_id.as_str()])))
    }

    fn expired_sessions(&self, now: Timestamp) -> Vec<Arc<Session>> {
        self.visited.inc_by(self.sessions.len() as u64);
        self.sessions.records().filter(|session| !session.is_live(now)).cloned().collect()
    }

    fn sessions_ending_after(&self, moment: Timestamp) -> Vec<Arc<Session>> {
        self.visited.inc_by(self.sessions.len() as u64);
        self.sessions.records().filter(|session| session.expires_at > moment).cloned().collect()
    }

    fn child(&self, id: &ChildId) -> Option<Arc<Child>> {
        self.one(self.children.get(id.as_str()))
    }

    fn count_children(&self, user_id: &UserId) -> usize {
        self.children.group_len(user_id.as_str())
    }

    fn count_tasks(&self, user_id: &UserId) -> usize {
        self.tasks.group_len(user_id.as_str())
    }

    fn count_rewards(&self, user_id: &UserId) -> usize {
        self.rewards.group_len(user_id.as_str())
    }

    fn count_pending(&self, user_id: &UserId) -> usize {
        self.pending.group_len(user_id.as_str())
    }

    fn count_sessions(&self, user_id: &UserId) -> usize {
        self.sessions.group_len(user_id.as_str())
    }

    fn children_of(&self, user_id: &UserId) -> Vec<Arc<Child>> {
        self.all(self.children.group(user_id.as_str()))
    }

    fn children_page(&self, user_id: &UserId, page: Page) -> Listed<Child> {
        self.page(self.children.group_page(user_id.as_str(), page))
    }

    fn task(&self, id: &TaskId) -> Option<Arc<Task>> {
        self.one(self.tasks.get(id.as_str()))
    }

    fn tasks_for(&self, user_id: &UserId) -> Vec<Arc<Task>> {
        self.all(self.tasks.group_and_ungrouped(user_id.as_str()))
    }

    fn tasks_page(&self, user_id: &UserId, page: Page) -> Listed<Task> {
        self.page(self.tasks.group_and_ungrouped_page(user_id.as_str(), page))
    }

    fn tasks_of(&self, user_id: &UserId) -> Vec<Arc<Task>> {
        self.all(self.tasks.group(user_id.as_str()))
    }

    fn reward(&self, id: &RewardId) -> Option<Arc<Reward>> {
        self.one(self.rewards.get(id.as_str()))
    }

    fn rewards_for(&self, user_id: &UserId) -> Vec<Arc<Reward>> {
        self.all(self.rewards.group_and_ungrouped(user_id.as_str()))
    }

    fn rewards_page(&self, user_id: &UserId, page: Page) -> Listed<Reward> {
        self.page(self.rewards.group_and_ungrouped_page(user_id.as_str(), page))
    }

    fn rewards_of(&self, user_id: &UserId) -> Vec<Arc<Reward>> {
        self.all(self.rewards.group(user_id.as_str()))
    }

    fn pending(&self, child_id: &ChildId, reward_id: &RewardId) -> Option<Arc<PendingReward>> {
        let family = &self.child(child_id)?.user_id;
        let ids = [family.as_str(), child_id.as_str(), reward_id.as_str()];
        self.one(self.pending.first_of_list(&list_name('p', &ids)))
    }

    fn pending_of(&self, user_id: &UserId) -> Vec<Arc<PendingReward>> {
        self.all(self.pending.group(user_id.as_str()))
    }

    fn pending_page(
        &self,
        user_id: &UserId,
        child_id: Option<&ChildId>,
        page: Page,
    ) -> Listed<PendingReward> {
        let user_id = user_id.as_str();
        self.page(match child_id {
            Some(child_id) => {
                self.pending.list_page(&list_name('c', &[user_id, child_id.as_str()]), page)
            }
            None => self.pending.group_page(user_id, page),
        })
    }

    fn pending_of_child(&self, user_id: &UserId, child_id: &ChildId) -> Vec<Arc<PendingReward>> {
        self.all(self.pending.list(&list_name('c', &[user_id.as_str(), child_id.as_str()])))
    }

    fn pending_of_reward(&self, user_id: &UserId, reward_id: &RewardId) -> Vec<Arc<PendingReward>> {
        self.all(self.pending.list(&list_name('r', &[user_id.as_str(), reward_id.as_str()])))
    }

    fn remembered(&self, user_id: &UserId, key: &IdempotencyKey) -> Option<Arc<IdempotencyRecord>> {
        self.one(self.remembered.get(&remembered_key(user_id.as_str(), key.as_str())))
    }

    fn expired_keys(&self, time: &KeyTime) -> Vec<Arc<IdempotencyRecord>> {
        self.visited.inc_by(self.remembered.len() as u64);
        self.remembered.records().filter(|kept| !kept.is_live(time)).cloned().collect()
    }

    fn keys_of(&self, user_id: &UserId) -> Vec<Arc<IdempotencyRecord>> {
        self.all(self.remembered.group(user_id.as_str()))
    }

    fn setting(&self, name: &str) -> Option<Value> {
        self.settings.get(name).map(|setting| setting.value.clone())
    }
}
