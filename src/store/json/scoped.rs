//! The records of one scope, as a view of the state of all records.

use std::ops::Deref;
use std::sync::Arc;

use serde_json::Value;

use super::state::State;
use super::tinydb::badges::award_list;
use super::tinydb::idempotency::remembered_key;
use super::tinydb::record::list_name;
use crate::domain::badges::{Award, Badge, BadgeId};
use crate::domain::calendar::Day;
use crate::domain::schedule::{Mark, MarkKey};
use crate::domain::webhooks::{Webhook, WebhookId};
use crate::domain::{
    CalendarFeed, Child, ChildId, Email, EndedRequest, EventId, IdempotencyKey, IdempotencyRecord,
    Member, Page, PendingReward, PendingTask, RequestId, Reward, RewardId, Session, Task, TaskId,
    TokenHash, User, UserId,
};
use crate::store::{FamilyRecords, Listing, Scope, Snapshot};

/// The families of a scope: most have one, and the list is empty.
struct Families(Option<UserId>, Vec<UserId>);

/// A state of which only the records of a scope are visible.
pub(super) struct Scoped<S> {
    state: S,
    families: Families,
    /// The event whose reversal is visible.
    event: Option<EventId>,
    /// The child whose awards are visible.
    child: Option<ChildId>,
    /// The first day whose marks are visible.
    day: Option<Day>,
    /// Whether the settings are visible.
    server: bool,
}

impl<S: Deref<Target = State>> Scoped<S> {
    pub(super) fn new(state: S, scope: &Scope) -> Self {
        let families = match scope {
            Scope::Family(id)
            | Scope::Event(id, _)
            | Scope::Awards(id, _)
            | Scope::Marks(id, _) => Families(Some(id.clone()), Vec::new()),
            Scope::Families(ids) => Families(None, ids.clone()),
            Scope::Email(email) => {
                Families(state.user_by_email(email).map(|user| user.id.clone()), Vec::new())
            }
            Scope::Session(token_hash) => {
                let session = state.one(state.sessions.get(&token_hash.0));
                Families(session.map(|session| session.user_id.clone()), Vec::new())
            }
            Scope::CalendarFeed(secret_hash) => {
                let feed = state.one(state.feeds.get(&secret_hash.0));
                Families(feed.map(|feed| feed.user_id.clone()), Vec::new())
            }
            Scope::Server => Families(None, Vec::new()),
        };
        let event = if let Scope::Event(_, id) = scope { Some(id.clone()) } else { None };
        let child = if let Scope::Awards(_, id) = scope { Some(id.clone()) } else { None };
        let day = if let Scope::Marks(_, day) = scope { Some(*day) } else { None };
        Self { state, families, event, child, day, server: *scope == Scope::Server }
    }

    fn contains(&self, family: &UserId) -> bool {
        let Families(one, more) = &self.families;
        one.iter().chain(more).any(|id| id == family)
    }

    fn contains_or_shared(&self, family: Option<&UserId>) -> bool {
        family.is_none_or(|family| self.contains(family))
    }

    /// The list of a family that is in the scope.
    fn list<R>(&self, family: &UserId, list: impl FnOnce(&State) -> Vec<Arc<R>>) -> Vec<Arc<R>> {
        if self.contains(family) { self.state.all(list(&self.state)) } else { Vec::new() }
    }

    fn page<R>(
        &self,
        family: &UserId,
        page: impl FnOnce(&State) -> Listing<Arc<R>>,
    ) -> Listing<Arc<R>> {
        if self.contains(family) {
            self.state.page(page(&self.state))
        } else {
            Listing { records: Vec::new(), total: 0 }
        }
    }

    fn count(&self, family: &UserId, count: impl FnOnce(&State) -> usize) -> usize {
        if self.contains(family) { count(&self.state) } else { 0 }
    }
}

impl<S: Deref<Target = State> + Send + Sync> Snapshot for Scoped<S> {
    fn version(&self) -> u64 {
        self.state.version
    }

    fn task_mark(&self, user_id: &UserId) -> u64 {
        self.state.limited.get(user_id).copied().unwrap_or_default()
    }

    fn family(&self, user_id: &UserId) -> FamilyRecords {
        FamilyRecords {
            account: self.user(user_id),
            sessions: self.sessions_of(user_id),
            children: self.children_of(user_id),
            tasks: self.tasks_of(user_id),
            rewards: self.rewards_of(user_id),
            pending: self.pending_of(user_id),
            pending_tasks: self.pending_tasks_of(user_id),
            ended: self.ended_requests_of(user_id),
            badges: self.badges_of(user_id),
            feeds: self.feeds_of(user_id),
            webhooks: self.webhooks_of(user_id),
            members: self.members_of(user_id),
            idempotency: self.idempotency_records_of(user_id),
        }
    }

    fn user(&self, id: &UserId) -> Option<Arc<User>> {
        if self.contains(id) { self.state.one(self.state.users.get(id.as_str())) } else { None }
    }

    fn user_by_email(&self, email: &Email) -> Option<Arc<User>> {
        self.state.user_by_email(email).filter(|user| self.contains(&user.id))
    }

    fn session(&self, token_hash: &TokenHash) -> Option<Arc<Session>> {
        let session = self.state.one(self.state.sessions.get(&token_hash.0));
        session.filter(|session| self.contains(&session.user_id))
    }

    fn sessions_of(&self, user_id: &UserId) -> Vec<Arc<Session>> {
        self.list(user_id, |state| state.sessions.group(user_id.as_str()))
    }

    fn sessions_of_child(&self, user_id: &UserId, child_id: &ChildId) -> Vec<Arc<Session>> {
        let list = list_name('c', &[user_id.as_str(), child_id.as_str()]);
        self.list(user_id, |state| state.sessions.list(&list))
    }

    fn count_sessions(&self, user_id: &UserId) -> usize {
        self.count(user_id, |state| state.sessions.group_len(user_id.as_str()))
    }

    fn child(&self, id: &ChildId) -> Option<Arc<Child>> {
        let child = self.state.one(self.state.children.get(id.as_str()));
        child.filter(|child| self.contains(&child.user_id))
    }

    fn count_children(&self, user_id: &UserId) -> usize {
        self.count(user_id, |state| state.children.group_len(user_id.as_str()))
    }

    fn children_of(&self, user_id: &UserId) -> Vec<Arc<Child>> {
        self.list(user_id, |state| state.children.group(user_id.as_str()))
    }

    fn children_page(&self, user_id: &UserId, page: Page) -> Listing<Arc<Child>> {
        self.page(user_id, |state| state.children.group_page(user_id.as_str(), page))
    }

    fn task(&self, id: &TaskId) -> Option<Arc<Task>> {
        let task = self.state.one(self.state.tasks.get(id.as_str()));
        task.filter(|task| self.contains_or_shared(task.user_id.as_ref()))
    }

    fn count_tasks(&self, user_id: &UserId) -> usize {
        self.count(user_id, |state| state.tasks.group_len(user_id.as_str()))
    }

    fn tasks_of(&self, user_id: &UserId) -> Vec<Arc<Task>> {
        self.list(user_id, |state| state.tasks.group(user_id.as_str()))
    }

    fn tasks_page(&self, user_id: &UserId, page: Page) -> Listing<Arc<Task>> {
        self.page(user_id, |state| state.tasks.group_and_ungrouped_page(user_id.as_str(), page))
    }

    fn reward(&self, id: &RewardId) -> Option<Arc<Reward>> {
        let reward = self.state.one(self.state.rewards.get(id.as_str()));
        reward.filter(|reward| self.contains_or_shared(reward.user_id.as_ref()))
    }

    fn count_rewards(&self, user_id: &UserId) -> usize {
        self.count(user_id, |state| state.rewards.group_len(user_id.as_str()))
    }

    fn rewards_of(&self, user_id: &UserId) -> Vec<Arc<Reward>> {
        self.list(user_id, |state| state.rewards.group(user_id.as_str()))
    }

    fn rewards_page(&self, user_id: &UserId, page: Page) -> Listing<Arc<Reward>> {
        self.page(user_id, |state| state.rewards.group_and_ungrouped_page(user_id.as_str(), page))
    }

    fn pending(&self, child_id: &ChildId, reward_id: &RewardId) -> Option<Arc<PendingReward>> {
        let family = &self.child(child_id)?.user_id;
        let ids = [family.as_str(), child_id.as_str(), reward_id.as_str()];
        self.state.one(self.state.pending.first_of_list(&list_name('p', &ids)))
    }

    fn count_pending(&self, user_id: &UserId) -> usize {
        self.count(user_id, |state| state.pending.group_len(user_id.as_str()))
    }

    fn pending_of(&self, user_id: &UserId) -> Vec<Arc<PendingReward>> {
        self.list(user_id, |state| state.pending.group(user_id.as_str()))
    }

    fn pending_page(
        &self,
        user_id: &UserId,
        child_id: Option<&ChildId>,
        page: Page,
    ) -> Listing<Arc<PendingReward>> {
        self.page(user_id, |state| match child_id {
            Some(child_id) => {
                let list = list_name('c', &[user_id.as_str(), child_id.as_str()]);
                state.pending.list_page(&list, page)
            }
            None => state.pending.group_page(user_id.as_str(), page),
        })
    }

    fn pending_of_child(&self, user_id: &UserId, child_id: &ChildId) -> Vec<Arc<PendingReward>> {
        let list = list_name('c', &[user_id.as_str(), child_id.as_str()]);
        self.list(user_id, |state| state.pending.list(&list))
    }

    fn pending_of_reward(&self, user_id: &UserId, reward_id: &RewardId) -> Vec<Arc<PendingReward>> {
        let list = list_name('r', &[user_id.as_str(), reward_id.as_str()]);
        self.list(user_id, |state| state.pending.list(&list))
    }

    fn pending_task(&self, child_id: &ChildId, task_id: &TaskId) -> Option<Arc<PendingTask>> {
        let family = &self.child(child_id)?.user_id;
        let ids = [family.as_str(), child_id.as_str(), task_id.as_str()];
        self.state.one(self.state.pending_tasks.first_of_list(&list_name('p', &ids)))
    }

    fn count_pending_tasks(&self, user_id: &UserId) -> usize {
        self.count(user_id, |state| state.pending_tasks.group_len(user_id.as_str()))
    }

    fn pending_tasks_of(&self, user_id: &UserId) -> Vec<Arc<PendingTask>> {
        self.list(user_id, |state| state.pending_tasks.group(user_id.as_str()))
    }

    fn pending_tasks_page(
        &self,
        user_id: &UserId,
        child_id: Option<&ChildId>,
        page: Page,
    ) -> Listing<Arc<PendingTask>> {
        self.page(user_id, |state| match child_id {
            Some(child_id) => {
                let list = list_name('c', &[user_id.as_str(), child_id.as_str()]);
                state.pending_tasks.list_page(&list, page)
            }
            None => state.pending_tasks.group_page(user_id.as_str(), page),
        })
    }

    fn ended_request(&self, user_id: &UserId, id: &RequestId) -> Option<Arc<EndedRequest>> {
        let ended = self.state.one(self.state.ended.get(id.as_str()));
        ended.filter(|ended| ended.user_id == *user_id && self.contains(user_id))
    }

    fn ended_requests_of(&self, user_id: &UserId) -> Vec<Arc<EndedRequest>> {
        self.list(user_id, |state| state.ended.group(user_id.as_str()))
    }

    fn badge(&self, id: &BadgeId) -> Option<Arc<Badge>> {
        let badge = self.state.one(self.state.badges.get(id.as_str()));
        badge.filter(|badge| badge.user_id.as_ref().is_some_and(|id| self.contains(id)))
    }

    fn badges_of(&self, user_id: &UserId) -> Vec<Arc<Badge>> {
        self.list(user_id, |state| state.badges.group(user_id.as_str()))
    }

    fn awards_of(&self, child_id: &ChildId) -> Vec<Arc<Award>> {
        let family = self.families.0.as_ref().filter(|_| self.child.as_ref() == Some(child_id));
        let Some(family) = family else { return Vec::new() };
        self.list(family, |state| state.awards.list(&award_list(family, child_id)))
    }

    fn feed(&self, secret_hash: &TokenHash) -> Option<Arc<CalendarFeed>> {
        let feed = self.state.one(self.state.feeds.get(&secret_hash.0));
        feed.filter(|feed| self.contains(&feed.user_id))
    }

    fn feeds_of(&self, user_id: &UserId) -> Vec<Arc<CalendarFeed>> {
        self.list(user_id, |state| state.feeds.group(user_id.as_str()))
    }

    fn webhook(&self, id: &WebhookId) -> Option<Arc<Webhook>> {
        let webhook = self.state.one(self.state.webhooks.get(id.as_str()));
        webhook.filter(|webhook| self.contains(&webhook.user_id))
    }

    fn webhooks_of(&self, user_id: &UserId) -> Vec<Arc<Webhook>> {
        self.list(user_id, |state| state.webhooks.group(user_id.as_str()))
    }

    fn members_of(&self, user_id: &UserId) -> Vec<Arc<Member>> {
        self.list(user_id, |state| state.members.group(user_id.as_str()))
    }

    fn mark(&self, key: &MarkKey) -> Option<Arc<Mark>> {
        self.day.filter(|day| key.day >= *day)?;
        self.state.one(self.state.mark(self.families.0.as_ref()?, key))
    }

    fn marks_of(&self, user_id: &UserId) -> Vec<Arc<Mark>> {
        let Some(day) = self.day else { return Vec::new() };
        self.list(user_id, |state| state.marks_since(user_id, day))
    }

    fn idempotency_record(
        &self,
        user_id: &UserId,
        key: &IdempotencyKey,
    ) -> Option<Arc<IdempotencyRecord>> {
        if !self.contains(user_id) {
            return None;
        }
        let key = remembered_key(user_id.as_str(), key.as_str());
        self.state.one(self.state.remembered.get(&key))
    }

    fn idempotency_records_of(&self, user_id: &UserId) -> Vec<Arc<IdempotencyRecord>> {
        self.list(user_id, |state| state.remembered.group(user_id.as_str()))
    }

    fn reversal_of(&self, event: &EventId) -> Option<EventId> {
        let is_visible = self.event.as_ref() == Some(event);
        self.state.reversals.get(event.as_str()).filter(|_| is_visible).cloned()
    }

    fn setting(&self, name: &str) -> Option<Value> {
        if !self.server {
            return None;
        }
        self.state.settings.get(name).map(|setting| setting.value.clone())
    }
}
