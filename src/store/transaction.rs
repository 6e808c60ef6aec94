use std::sync::Arc;

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

use super::history::StoredEvent;
use super::{CommitError, Fence};
use crate::domain::badges::{Award, Badge, BadgeId};
use crate::domain::schedule::{Mark, MarkKey};
use crate::domain::webhooks::{Delivery, Webhook, WebhookId};
use crate::domain::{
    CalendarFeed, Child, ChildId, EndedRequest, Id, IdempotencyKey, IdempotencyRecord, KeyLife,
    KeyResult, LogEntry, LogEntryId, Member, MemberId, Message, PendingReward, PendingTask,
    RequestId, Reward, RewardId, RuleViolation, Session, Task, TaskId, Timestamp, TokenHash,
    TrackingEvent, User, UserId,
};

/// What a decision results in: the changes and a value for the caller, or the rule that forbids it.
pub type Decided<T> = Result<(Changes, T), RuleViolation>;

/// What a committed transaction returns.
#[derive(Debug)]
pub struct Commit<T> {
    /// The decision's value.
    pub value: T,
    /// The event that the changes contained, as it is stored.
    pub event: Option<Arc<StoredEvent>>,
}

/// The time and the new ids of one transaction. Every run of the decision gets the same ids.
#[derive(Debug)]
pub struct Context {
    now: Timestamp,
    seed: Uuid,
    next: u64,
}

impl Context {
    /// The time is that of the store's clock. The seed must be random: the ids are as unpredictable
    /// as the seed.
    pub fn new(now: Timestamp, seed: Uuid) -> Self {
        Self { now, seed, next: 0 }
    }

    /// The time of the transaction.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The next new id: a UUID of version 4. The first one is the seed itself.
    pub fn new_id<K>(&mut self) -> Id<K> {
        let number = self.next;
        self.next += 1;
        if number == 0 {
            return Id::from_uuid(self.seed);
        }
        let hash = Sha256::new().chain_update(self.seed).chain_update(number.to_be_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&hash.finalize()[..16]);
        Id::from_uuid(Builder::from_random_bytes(bytes).into_uuid())
    }
}

/// What one transaction changes: all of it becomes durable, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// The changes of records, in the order in which they are applied.
    pub records: Vec<Change>,
    /// The event that is appended to the history, with the time of the transaction. The store sets its
    /// time to be after the family's last event, by [`TrackingEvent::following`].
    pub event: Option<TrackingEvent>,
    /// The idempotency key of the request.
    pub remember: Option<KeyUse>,
    /// The lease that must be valid.
    pub lease: Option<Fence>,
}

/// The use of an idempotency key, by which a repeat of the request is recognised.
#[derive(Clone, Debug)]
pub struct KeyUse {
    /// The account that sent the request.
    pub user_id: UserId,
    pub key: IdempotencyKey,
    /// See [`IdempotencyRecord::fingerprint`].
    pub fingerprint: Arc<str>,
    /// The record that a repeat returns; `None` for the event of the transaction.
    pub record: Option<Arc<str>>,
    /// The time by which keys expire: [`crate::domain::KeyTime::now`].
    pub at: Timestamp,
}

impl KeyUse {
    /// What is kept, in a store whose keys expire by the clock of the server; `None` if the transaction has
    /// neither an event nor a new record. `now` is the time of the transaction.
    pub(super) fn record(
        self,
        event: Option<&StoredEvent>,
        now: Timestamp,
    ) -> Option<IdempotencyRecord> {
        let result = match self.record {
            Some(id) => KeyResult::Record(id),
            None => KeyResult::Event(event?.seq),
        };
        Some(IdempotencyRecord {
            user_id: self.user_id,
            key: self.key,
            fingerprint: self.fingerprint,
            result,
            life: KeyLife::OfServer { used_at: Some(self.at) },
            created_at: event.map_or(now, |event| event.event.created_at),
        })
    }
}

impl Changes {
    pub fn none() -> Self {
        Self::default()
    }

    /// Changes of records, without an event.
    pub fn of(records: impl IntoIterator<Item = Change>) -> Self {
        Self { records: records.into_iter().collect(), ..Self::none() }
    }

    /// The same changes, while a lease is valid.
    pub fn under(self, lease: Option<Fence>) -> Self {
        Self { lease, ..self }
    }

    /// Fails if it is known that the lease is not valid any more.
    pub(super) fn check_lease(&self) -> Result<(), CommitError> {
        self.lease.as_ref().map_or(Ok(()), Fence::check)
    }

    /// Whether they change the email address of that account, so that another one can have it.
    pub(super) fn gives_up_email(&self, holder: &User) -> bool {
        self.records.iter().any(|change| match change {
            Change::PutUser(new) => {
                new.id == holder.id && new.email.folded() != holder.email.folded()
            }
            _ => false,
        })
    }

    /// Whether an account becomes an administrator. The closure tells who is one before the changes.
    pub(super) fn promotes(&self, is_active_admin: impl Fn(&UserId) -> bool) -> bool {
        self.records.iter().any(|change| match change {
            Change::PutUser(new) => new.is_active_admin() && !is_active_admin(&new.id),
            _ => false,
        })
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.event.is_none()
    }
}

/// A change of one record. A `Put` whose id exists replaces that record, and keeps the fields that
/// Goldstar does not know. A `Remove` of a record that does not exist changes nothing.
///
/// `RemoveUser` also removes the account's messages, marks and deliveries of webhooks, and the rows of any table that name the account and are
/// not valid records. `RemoveChild` also removes the child's awards and marks, `RemoveTask` the marks of the task, and
/// `RemoveWebhook` the deliveries of the webhook.
/// `RemoveSession` is allowed in every scope: the token's hash is proof enough.
#[derive(Clone, Debug)]
pub enum Change {
    PutUser(User),
    RemoveUser(UserId),
    PutChild(Child),
    RemoveChild(ChildId),
    PutTask(Task),
    RemoveTask(TaskId),
    PutReward(Reward),
    RemoveReward(RewardId),
    PutPending(PendingReward),
    RemovePending(RequestId),
    PutPendingTask(PendingTask),
    RemovePendingTask(RequestId),
    PutEnded(EndedRequest),
    RemoveEnded(RequestId),
    /// Replaces the message with the same cause, and gets a new number.
    PutMessage(Message),
    /// The message of an account with that cause.
    RemoveMessage(UserId, Arc<str>),
    PutBadge(Badge),
    RemoveBadge(BadgeId),
    PutAward(Award),
    /// Replaces the mark with the same key.
    PutMark(Mark),
    /// The mark of an account with that key.
    RemoveMark(UserId, MarkKey),
    PutFeed(CalendarFeed),
    RemoveFeed(TokenHash),
    PutWebhook(Webhook),
    RemoveWebhook(WebhookId),
    /// Replaces the delivery with the same key.
    PutDelivery(Delivery),
    PutMember(Member),
    RemoveMember(MemberId),
    PutSession(Session),
    RemoveSession(TokenHash),
    RemoveIdempotencyKey(UserId, IdempotencyKey),
    PutSetting {
        name: Arc<str>,
        value: serde_json::Value,
    },
    /// Adds an entry to the administration log.
    Log(LogEntry),
    /// Only an expired entry, or one beyond the limit.
    RemoveLogEntry(LogEntryId),
}

impl Change {
    /// The child whose awards the change needs.
    pub(super) fn awarded(&self) -> Option<&ChildId> {
        match self {
            Self::RemoveChild(id) => Some(id),
            Self::PutAward(new) => Some(&new.key.child_id),
            _ => None,
        }
    }

    /// The account whose family the change needs.
    pub(super) fn owner(&self) -> Option<&UserId> {
        match self {
            Self::PutUser(new) => Some(&new.id),
            Self::PutChild(new) => Some(&new.user_id),
            Self::PutTask(new) => new.user_id.as_ref(),
            Self::PutReward(new) => new.user_id.as_ref(),
            Self::PutPending(new) => Some(&new.user_id),
            Self::PutPendingTask(new) => Some(&new.user_id),
            Self::PutEnded(new) => Some(&new.user_id),
            Self::PutBadge(new) => new.user_id.as_ref(),
            Self::PutAward(new) => Some(&new.user_id),
            Self::PutMark(new) => Some(&new.user_id),
            Self::PutFeed(new) => Some(&new.user_id),
            Self::PutWebhook(new) => Some(&new.user_id),
            Self::PutDelivery(new) => Some(&new.user_id),
            Self::PutMember(new) => Some(&new.user_id),
            Self::PutSession(new) => Some(&new.user_id),
            Self::PutMessage(new) => Some(&new.user_id),
            Self::RemoveUser(id)
            | Self::RemoveIdempotencyKey(id, _)
            | Self::RemoveMessage(id, _)
            | Self::RemoveMark(id, _) => Some(id),
            Self::RemoveChild(_)
            | Self::RemoveTask(_)
            | Self::RemoveReward(_)
            | Self::RemovePending(_)
            | Self::RemovePendingTask(_)
            | Self::RemoveEnded(_)
            | Self::RemoveBadge(_)
            | Self::RemoveFeed(_)
            | Self::RemoveWebhook(_)
            | Self::RemoveMember(_)
            | Self::RemoveSession(_)
            | Self::PutSetting { .. }
            | Self::Log(_)
            | Self::RemoveLogEntry(_) => None,
        }
    }
}
