//! Records as plain lists, for a store that loads the records of each transaction.

mod apply;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::{FamilyRecords, Listing, Scope, Snapshot};
use crate::domain::badges::{Award, Badge, BadgeId};
use crate::domain::calendar::Day;
use crate::domain::schedule::{Mark, MarkKey};
use crate::domain::webhooks::{Webhook, WebhookId};
use crate::domain::{
    CalendarFeed, Child, ChildId, Email, EndedRequest, EventId, IdempotencyKey, IdempotencyRecord,
    Member, Page, PendingReward, PendingTask, RequestId, Reward, RewardId, Session, Task, TaskId,
    TokenHash, User, UserId,
};

/// The records of a scope, or of all families, each list in the order of creation.
#[derive(Clone, Default)]
pub(super) struct Records {
    pub(super) version: u64,
    pub(super) users: Vec<Arc<User>>,
    pub(super) sessions: Vec<Arc<Session>>,
    pub(super) children: Vec<Arc<Child>>,
    pub(super) tasks: Vec<Arc<Task>>,
    pub(super) rewards: Vec<Arc<Reward>>,
    pub(super) pending: Vec<Arc<PendingReward>>,
    pub(super) pending_tasks: Vec<Arc<PendingTask>>,
    pub(super) ended: Vec<Arc<EndedRequest>>,
    pub(super) badges: Vec<Arc<Badge>>,
    pub(super) feeds: Vec<Arc<CalendarFeed>>,
    pub(super) webhooks: Vec<Arc<Webhook>>,
    pub(super) members: Vec<Arc<Member>>,
    /// As far as they are known.
    pub(super) awards: Vec<Arc<Award>>,
    /// As far as they are known, by the texts of their keys, which begin with their days.
    pub(super) marks: BTreeMap<Arc<str>, Arc<Mark>>,
    pub(super) idempotency: Vec<Arc<IdempotencyRecord>>,
    pub(super) settings: BTreeMap<Arc<str>, Value>,
    /// The reversals of events, as far as they are known, by the ids of the events.
    pub(super) reversals: HashMap<Arc<str>, EventId>,
}

impl Records {
    /// Copies the records of a scope.
    pub(super) fn scoped(&self, scope: &Scope) -> Self {
        let families: Vec<UserId> = match scope {
            Scope::Family(id)
            | Scope::Event(id, _)
            | Scope::Awards(id, _)
            | Scope::Marks(id, _) => vec![id.clone()],
            Scope::Families(ids) => ids.clone(),
            Scope::Email(email) => {
                self.user_by_email(email).map(|user| user.id.clone()).into_iter().collect()
            }
            Scope::Session(token_hash) => {
                self.session(token_hash).map(|it| it.user_id.clone()).into_iter().collect()
            }
            Scope::CalendarFeed(secret_hash) => {
                self.feed(secret_hash).map(|it| it.user_id.clone()).into_iter().collect()
            }
            Scope::Server => Vec::new(),
        };
        let is_in = |id: &UserId| families.contains(id);
        let is_offered = |id: Option<&UserId>| id.is_none_or(is_in);
        Self {
            version: self.version,
            users: chosen(&self.users, |it| is_in(&it.id)),
            sessions: chosen(&self.sessions, |it| is_in(&it.user_id)),
            children: chosen(&self.children, |it| is_in(&it.user_id)),
            tasks: chosen(&self.tasks, |it| is_offered(it.user_id.as_ref())),
            rewards: chosen(&self.rewards, |it| is_offered(it.user_id.as_ref())),
            pending: chosen(&self.pending, |it| is_in(&it.user_id)),
            pending_tasks: chosen(&self.pending_tasks, |it| is_in(&it.user_id)),
            ended: chosen(&self.ended, |it| is_in(&it.user_id)),
            badges: chosen(&self.badges, |it| it.user_id.as_ref().is_some_and(is_in)),
            feeds: chosen(&self.feeds, |it| is_in(&it.user_id)),
            webhooks: chosen(&self.webhooks, |it| is_in(&it.user_id)),
            members: chosen(&self.members, |it| is_in(&it.user_id)),
            awards: match scope {
                Scope::Awards(user_id, child) => {
                    chosen(&self.awards, |it| it.key.child_id == *child && it.user_id == *user_id)
                }
                _ => Vec::new(),
            },
            marks: match scope {
                Scope::Marks(user_id, since) => self.marks_since(user_id, *since),
                _ => BTreeMap::new(),
            },
            idempotency: chosen(&self.idempotency, |it| is_in(&it.user_id)),
            settings: if *scope == Scope::Server { self.settings.clone() } else { BTreeMap::new() },
            reversals: match scope {
                Scope::Event(_, event) => self.reversal_entry(event).into_iter().collect(),
                _ => HashMap::new(),
            },
        }
    }

    fn reversal_entry(&self, event: &EventId) -> Option<(Arc<str>, EventId)> {
        Some((event.shared(), self.reversals.get(event.as_str())?.clone()))
    }

    fn marks_since(&self, user_id: &UserId, since: Day) -> BTreeMap<Arc<str>, Arc<Mark>> {
        let marks = self.marks.range(Arc::from(since.to_string())..);
        let of_account = marks.filter(|(_, it)| it.user_id == *user_id);
        of_account.map(|(key, it)| (Arc::clone(key), Arc::clone(it))).collect()
    }

    pub(super) fn has_mark(&self, key: &MarkKey) -> bool {
        self.marks.contains_key(&*key.to_string())
    }
}

fn chosen<T>(records: &[Arc<T>], choose: impl Fn(&T) -> bool) -> Vec<Arc<T>> {
    records.iter().filter(|record| choose(record)).cloned().collect()
}

impl Snapshot for Records {
    fn version(&self) -> u64 {
        self.version
    }

    fn task_mark(&self, _: &UserId) -> u64 {
        self.version
    }

    fn family(&self, user_id: &UserId) -> FamilyRecords {
        // Names every field, so that a new kind of record does not compile without its place here.
        let Self {
            version: _,
            users,
            sessions,
            children,
            tasks,
            rewards,
            pending,
            pending_tasks,
            ended,
            badges,
            feeds,
            webhooks,
            members,
            awards: _,
            marks: _,
            idempotency,
            settings: _,
            reversals: _,
        } = self;
        FamilyRecords {
            account: users.iter().find(|it| it.id == *user_id).cloned(),
            sessions: chosen(sessions, |it| it.user_id == *user_id),
            children: chosen(children, |it| it.user_id == *user_id),
            tasks: chosen(tasks, |it| it.user_id.as_ref() == Some(user_id)),
            rewards: chosen(rewards, |it| it.user_id.as_ref() == Some(user_id)),
            pending: chosen(pending, |it| it.user_id == *user_id),
            pending_tasks: chosen(pending_tasks, |it| it.user_id == *user_id),
            ended: chosen(ended, |it| it.user_id == *user_id),
            badges: chosen(badges, |it| it.user_id.as_ref() == Some(user_id)),
            feeds: chosen(feeds, |it| it.user_id == *user_id),
            webhooks: chosen(webhooks, |it| it.user_id == *user_id),
            members: chosen(members, |it| it.user_id == *user_id),
            idempotency: chosen(idempotency, |it| it.user_id == *user_id),
        }
    }

    fn user(&self, id: &UserId) -> Option<Arc<User>> {
        self.users.iter().find(|it| it.id == *id).cloned()
    }

    fn user_by_email(&self, email: &Email) -> Option<Arc<User>> {
        self.users.iter().find(|it| it.email.folded() == email.folded()).cloned()
    }

    fn session(&self, token_hash: &TokenHash) -> Option<Arc<Session>> {
        self.sessions.iter().find(|it| it.token_hash == *token_hash).cloned()
    }

    fn sessions_of(&self, user_id: &UserId) -> Vec<Arc<Session>> {
        chosen(&self.sessions, |it| it.user_id == *user_id)
    }

    fn sessions_of_child(&self, user_id: &UserId, child_id: &ChildId) -> Vec<Arc<Session>> {
        let is_childs = |it: &Session| it.child_id.as_ref() == Some(child_id);
        chosen(&self.sessions, |it| it.user_id == *user_id && is_childs(it))
    }

    fn count_sessions(&self, user_id: &UserId) -> usize {
        self.sessions_of(user_id).len()
    }

    fn child(&self, id: &ChildId) -> Option<Arc<Child>> {
        self.children.iter().find(|it| it.id == *id).cloned()
    }

    fn count_children(&self, user_id: &UserId) -> usize {
        self.children_of(user_id).len()
    }

    fn children_of(&self, user_id: &UserId) -> Vec<Arc<Child>> {
        chosen(&self.children, |it| it.user_id == *user_id)
    }

    fn children_page(&self, user_id: &UserId, page: Page) -> Listing<Arc<Child>> {
        Listing::of(self.children_of(user_id), page)
    }

    fn task(&self, id: &TaskId) -> Option<Arc<Task>> {
        self.tasks.iter().find(|it| it.id == *id).cloned()
    }

    fn count_tasks(&self, user_id: &UserId) -> usize {
        self.tasks_of(user_id).len()
    }

    fn tasks_of(&self, user_id: &UserId) -> Vec<Arc<Task>> {
        chosen(&self.tasks, |it| it.user_id.as_ref() == Some(user_id))
    }

    fn tasks_page(&self, user_id: &UserId, page: Page) -> Listing<Arc<Task>> {
        let offered = |it: &Task| it.user_id.as_ref().is_none_or(|id| id == user_id);
        Listing::of(chosen(&self.tasks, offered), page)
    }

    fn reward(&self, id: &RewardId) -> Option<Arc<Reward>> {
        self.rewards.iter().find(|it| it.id == *id).cloned()
    }

    fn count_rewards(&self, user_id: &UserId) -> usize {
        self.rewards_of(user_id).len()
    }

    fn rewards_of(&self, user_id: &UserId) -> Vec<Arc<Reward>> {
        chosen(&self.rewards, |it| it.user_id.as_ref() == Some(user_id))
    }

    fn rewards_page(&self, user_id: &UserId, page: Page) -> Listing<Arc<Reward>> {
        let offered = |it: &Reward| it.user_id.as_ref().is_none_or(|id| id == user_id);
        Listing::of(chosen(&self.rewards, offered), page)
    }

    fn pending(&self, child_id: &ChildId, reward_id: &RewardId) -> Option<Arc<PendingReward>> {
        let is_it =
            |it: &&Arc<PendingReward>| it.child_id == *child_id && it.reward_id == *reward_id;
        self.pending.iter().find(is_it).cloned()
    }

    fn count_pending(&self, user_id: &UserId) -> usize {
        self.pending_of(user_id).len()
    }

    fn pending_of(&self, user_id: &UserId) -> Vec<Arc<PendingReward>> {
        chosen(&self.pending, |it| it.user_id == *user_id)
    }

    fn pending_page(
        &self,
        user_id: &UserId,
        child_id: Option<&ChildId>,
        page: Page,
    ) -> Listing<Arc<PendingReward>> {
        let requests = match child_id {
            Some(child_id) => self.pending_of_child(user_id, child_id),
            None => self.pending_of(user_id),
        };
        Listing::of(requests, page)
    }

    fn pending_of_child(&self, user_id: &UserId, child_id: &ChildId) -> Vec<Arc<PendingReward>> {
        chosen(&self.pending, |it| it.user_id == *user_id && it.child_id == *child_id)
    }

    fn pending_of_reward(&self, user_id: &UserId, reward_id: &RewardId) -> Vec<Arc<PendingReward>> {
        chosen(&self.pending, |it| it.user_id == *user_id && it.reward_id == *reward_id)
    }

    fn pending_task(&self, child_id: &ChildId, task_id: &TaskId) -> Option<Arc<PendingTask>> {
        let is_it = |it: &&Arc<PendingTask>| it.child_id == *child_id && it.task_id == *task_id;
        self.pending_tasks.iter().find(is_it).cloned()
    }

    fn count_pending_tasks(&self, user_id: &UserId) -> usize {
        self.pending_tasks_of(user_id).len()
    }

    fn pending_tasks_of(&self, user_id: &UserId) -> Vec<Arc<PendingTask>> {
        chosen(&self.pending_tasks, |it| it.user_id == *user_id)
    }

    fn pending_tasks_page(
        &self,
        user_id: &UserId,
        child_id: Option<&ChildId>,
        page: Page,
    ) -> Listing<Arc<PendingTask>> {
        let mut requests = self.pending_tasks_of(user_id);
        requests.retain(|it| child_id.is_none_or(|id| it.child_id == *id));
        Listing::of(requests, page)
    }

    fn ended_request(&self, user_id: &UserId, id: &RequestId) -> Option<Arc<EndedRequest>> {
        self.ended.iter().find(|it| it.user_id == *user_id && it.id == *id).cloned()
    }

    fn ended_requests_of(&self, user_id: &UserId) -> Vec<Arc<EndedRequest>> {
        chosen(&self.ended, |it| it.user_id == *user_id)
    }

    fn badge(&self, id: &BadgeId) -> Option<Arc<Badge>> {
        self.badges.iter().find(|it| it.id == *id).cloned()
    }

    fn badges_of(&self, user_id: &UserId) -> Vec<Arc<Badge>> {
        chosen(&self.badges, |it| it.user_id.as_ref() == Some(user_id))
    }

    fn awards_of(&self, child_id: &ChildId) -> Vec<Arc<Award>> {
        chosen(&self.awards, |it| it.key.child_id == *child_id)
    }

    fn feed(&self, secret_hash: &TokenHash) -> Option<Arc<CalendarFeed>> {
        self.feeds.iter().find(|it| it.secret_hash == *secret_hash).cloned()
    }

    fn feeds_of(&self, user_id: &UserId) -> Vec<Arc<CalendarFeed>> {
        chosen(&self.feeds, |it| it.user_id == *user_id)
    }

    fn webhook(&self, id: &WebhookId) -> Option<Arc<Webhook>> {
        self.webhooks.iter().find(|it| it.id == *id).cloned()
    }

    fn webhooks_of(&self, user_id: &UserId) -> Vec<Arc<Webhook>> {
        chosen(&self.webhooks, |it| it.user_id == *user_id)
    }

    fn members_of(&self, user_id: &UserId) -> Vec<Arc<Member>> {
        chosen(&self.members, |it| it.user_id == *user_id)
    }

    fn mark(&self, key: &MarkKey) -> Option<Arc<Mark>> {
        self.marks.get(&*key.to_string()).cloned()
    }

    fn marks_of(&self, user_id: &UserId) -> Vec<Arc<Mark>> {
        self.marks.values().filter(|it| it.user_id == *user_id).cloned().collect()
    }

    fn idempotency_record(
        &self,
        user_id: &UserId,
        key: &IdempotencyKey,
    ) -> Option<Arc<IdempotencyRecord>> {
        self.idempotency.iter().find(|it| it.user_id == *user_id && it.key == *key).cloned()
    }

    fn idempotency_records_of(&self, user_id: &UserId) -> Vec<Arc<IdempotencyRecord>> {
        chosen(&self.idempotency, |it| it.user_id == *user_id)
    }

    fn reversal_of(&self, event: &EventId) -> Option<EventId> {
        self.reversals.get(event.as_str()).cloned()
    }

    fn setting(&self, name: &str) -> Option<Value> {
        self.settings.get(name).cloned()
    }
}
