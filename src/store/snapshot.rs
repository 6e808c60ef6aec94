use std::sync::Arc;

use serde_json::Value;

use crate::domain::badges::{Award, Badge, BadgeId};
use crate::domain::schedule::{Mark, MarkKey};
use crate::domain::webhooks::{Webhook, WebhookId};
use crate::domain::{
    CalendarFeed, Child, ChildId, Email, EndedRequest, EventId, IdempotencyKey, IdempotencyRecord,
    Member, Page, PendingReward, PendingTask, RequestId, Reward, RewardId, Session, Task, TaskId,
    TokenHash, User, UserId,
};

/// One page of a list.
#[derive(Debug)]
pub struct Listing<T> {
    pub records: Vec<T>,
    /// The number of records on all pages.
    pub total: usize,
}

impl<T> Listing<T> {
    /// A page of all records.
    pub fn of(mut records: Vec<T>, page: Page) -> Self {
        let total = records.len();
        records.truncate(page.offset.saturating_add(page.limit));
        records.drain(..page.offset.min(records.len()));
        Self { records, total }
    }

    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Listing<U> {
        let records = self.records.into_iter().map(change).collect();
        Listing { records, total: self.total }
    }
}

/// Every record of a family, except its messages, awards, marks and deliveries of webhooks. The tasks and rewards that are shared by
/// all families belong to none.
#[derive(Clone, Debug)]
pub struct FamilyRecords {
    pub account: Option<Arc<User>>,
    /// Including those of the children and expired ones.
    pub sessions: Vec<Arc<Session>>,
    pub children: Vec<Arc<Child>>,
    pub tasks: Vec<Arc<Task>>,
    pub rewards: Vec<Arc<Reward>>,
    pub pending: Vec<Arc<PendingReward>>,
    pub pending_tasks: Vec<Arc<PendingTask>>,
    /// Including expired ones.
    pub ended: Vec<Arc<EndedRequest>>,
    pub badges: Vec<Arc<Badge>>,
    pub feeds: Vec<Arc<CalendarFeed>>,
    pub webhooks: Vec<Arc<Webhook>>,
    pub members: Vec<Arc<Member>>,
    /// Including expired ones.
    pub idempotency: Vec<Arc<IdempotencyRecord>>,
}

/// The records of one [`super::Scope`] at one moment. It does not change after it was read.
///
/// Lists are in the order in which their records were created. Of a family outside of the scope,
/// every method returns nothing.
pub trait Snapshot: Send + Sync {
    /// Identifies the state of the records: a commit in the scope changes it, and it never returns to
    /// an earlier value while the store is open. Commits of other scopes may change it too.
    fn version(&self) -> u64;

    /// Every record of a family.
    fn family(&self, user_id: &UserId) -> FamilyRecords;

    fn user(&self, id: &UserId) -> Option<Arc<User>>;
    /// The account with that email address, ignoring case.
    fn user_by_email(&self, email: &Email) -> Option<Arc<User>>;
    /// The session whose token has that hash, even if it has expired.
    fn session(&self, token_hash: &TokenHash) -> Option<Arc<Session>>;
    /// Every session of an account, including those of its children and expired ones.
    fn sessions_of(&self, user_id: &UserId) -> Vec<Arc<Session>>;
    fn sessions_of_child(&self, user_id: &UserId, child_id: &ChildId) -> Vec<Arc<Session>>;
    fn count_sessions(&self, user_id: &UserId) -> usize;

    fn child(&self, id: &ChildId) -> Option<Arc<Child>>;
    fn count_children(&self, user_id: &UserId) -> usize;
    fn children_of(&self, user_id: &UserId) -> Vec<Arc<Child>>;
    fn children_page(&self, user_id: &UserId, page: Page) -> Listing<Arc<Child>>;

    /// A task or penalty of a family in the scope, or a shared one.
    fn task(&self, id: &TaskId) -> Option<Arc<Task>>;
    /// The number of the family's own tasks and penalties.
    fn count_tasks(&self, user_id: &UserId) -> usize;
    /// The family's own tasks and penalties.
    fn tasks_of(&self, user_id: &UserId) -> Vec<Arc<Task>>;
    /// A page of the family's tasks and penalties and the shared ones.
    fn tasks_page(&self, user_id: &UserId, page: Page) -> Listing<Arc<Task>>;

    /// A reward of a family in the scope, or a shared one.
    fn reward(&self, id: &RewardId) -> Option<Arc<Reward>>;
    /// The number of the family's own rewards.
    fn count_rewards(&self, user_id: &UserId) -> usize;
    /// The family's own rewards.
    fn rewards_of(&self, user_id: &UserId) -> Vec<Arc<Reward>>;
    /// A page of the family's rewards and the shared ones.
    fn rewards_page(&self, user_id: &UserId, page: Page) -> Listing<Arc<Reward>>;

    /// A child's pending request for a reward.
    fn pending(&self, child_id: &ChildId, reward_id: &RewardId) -> Option<Arc<PendingReward>>;
    fn count_pending(&self, user_id: &UserId) -> usize;
    fn pending_of(&self, user_id: &UserId) -> Vec<Arc<PendingReward>>;
    /// A page of the family's pending requests: all of them, or those of one child.
    fn pending_page(
        &self,
        user_id: &UserId,
        child_id: Option<&ChildId>,
        page: Page,
    ) -> Listing<Arc<PendingReward>>;
    fn pending_of_child(&self, user_id: &UserId, child_id: &ChildId) -> Vec<Arc<PendingReward>>;
    fn pending_of_reward(&self, user_id: &UserId, reward_id: &RewardId) -> Vec<Arc<PendingReward>>;

    /// A child's pending request for a task.
    fn pending_task(&self, child_id: &ChildId, task_id: &TaskId) -> Option<Arc<PendingTask>>;
    fn count_pending_tasks(&self, user_id: &UserId) -> usize;
    fn pending_tasks_of(&self, user_id: &UserId) -> Vec<Arc<PendingTask>>;
    /// A page of the family's pending requests for tasks: all of them, or those of one child.
    fn pending_tasks_page(
        &self,
        user_id: &UserId,
        child_id: Option<&ChildId>,
        page: Page,
    ) -> Listing<Arc<PendingTask>>;

    /// A request of the family that has ended.
    fn ended_request(&self, user_id: &UserId, id: &RequestId) -> Option<Arc<EndedRequest>>;
    fn ended_requests_of(&self, user_id: &UserId) -> Vec<Arc<EndedRequest>>;

    /// One of the family's own badges.
    fn badge(&self, id: &BadgeId) -> Option<Arc<Badge>>;
    /// The family's own badges.
    fn badges_of(&self, user_id: &UserId) -> Vec<Arc<Badge>>;
    /// The awards of a child, including revoked ones. Only of the child in [`super::Scope::Awards`].
    fn awards_of(&self, child_id: &ChildId) -> Vec<Arc<Award>>;

    /// The calendar feed whose secret has that hash.
    fn feed(&self, secret_hash: &TokenHash) -> Option<Arc<CalendarFeed>>;
    /// The calendar feeds of all children of an account.
    fn feeds_of(&self, user_id: &UserId) -> Vec<Arc<CalendarFeed>>;

    /// A webhook of a family in the scope.
    fn webhook(&self, id: &WebhookId) -> Option<Arc<Webhook>>;
    fn webhooks_of(&self, user_id: &UserId) -> Vec<Arc<Webhook>>;

    /// The adults of a family that has several, with its owner.
    fn members_of(&self, user_id: &UserId) -> Vec<Arc<Member>>;

    /// A mark of the family. Only of the days in [`super::Scope::Marks`].
    fn mark(&self, key: &MarkKey) -> Option<Arc<Mark>>;
    /// The marks of the family in the order of their days. Only of the days in [`super::Scope::Marks`].
    fn marks_of(&self, user_id: &UserId) -> Vec<Arc<Mark>>;

    /// The record of an account's idempotency key, even if it has expired.
    fn idempotency_record(
        &self,
        user_id: &UserId,
        key: &IdempotencyKey,
    ) -> Option<Arc<IdempotencyRecord>>;
    /// Every idempotency record of an account, including expired ones.
    fn idempotency_records_of(&self, user_id: &UserId) -> Vec<Arc<IdempotencyRecord>>;

    /// The reversal of an event. Only of the event in [`super::Scope::Event`].
    fn reversal_of(&self, event: &EventId) -> Option<EventId>;

    /// Identifies the state of the family's events about tasks with a limit or a schedule: each such event changes it.
    /// Commits of other kinds may change it too.
    fn task_mark(&self, user_id: &UserId) -> u64;

    /// The value of a setting; `None` if it was never set. Only in [`super::Scope::Server`].
    fn setting(&self, name: &str) -> Option<Value>;
}
