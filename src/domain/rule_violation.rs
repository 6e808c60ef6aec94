use std::sync::Arc;

use thiserror::Error;

use super::{EndedRequest, EventId, Invalid, Name, Points, Timestamp};

/// A kind of record, for error messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    User,
    Child,
    Task,
    Reward,
    Badge,
    Session,
    Event,
    Certificate,
    CalendarFeed,
    Device,
    Webhook,
    Delivery,
    Member,
    Invitation,
    ApiToken,
}

/// What a family can have only a limited number of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyLimit {
    Children,
    /// Tasks and penalties.
    Tasks,
    Rewards,
    PendingRequests,
    /// The family's own badges.
    Badges,
    /// Tasks with a schedule.
    ScheduledTasks,
    /// The calendar feeds of a child.
    CalendarFeeds,
    /// The devices of a child.
    Devices,
    Webhooks,
    /// Deliveries that a parent has asked for and that were not attempted yet.
    RequestedDeliveries,
    /// Besides the owner.
    Members,
    Invitations,
    /// Those of one account.
    ApiTokens,
    /// The bytes of all ids in a child's lists `tasks` and `rewards`.
    DisplayBytes,
}

impl FamilyLimit {
    pub const ALL: [Self; 14] = [
        Self::Children,
        Self::Tasks,
        Self::Rewards,
        Self::PendingRequests,
        Self::Badges,
        Self::ScheduledTasks,
        Self::CalendarFeeds,
        Self::Devices,
        Self::Webhooks,
        Self::RequestedDeliveries,
        Self::Members,
        Self::Invitations,
        Self::ApiTokens,
        Self::DisplayBytes,
    ];

    /// The name in `details.limit`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Children => "children",
            Self::Tasks => "tasks",
            Self::Rewards => "rewards",
            Self::PendingRequests => "pending_requests",
            Self::Badges => "badges",
            Self::ScheduledTasks => "scheduled_tasks",
            Self::CalendarFeeds => "calendar_feeds",
            Self::Devices => "devices",
            Self::Webhooks => "webhooks",
            Self::RequestedDeliveries => "requested_deliveries",
            Self::Members => "members",
            Self::Invitations => "invitations",
            Self::ApiTokens => "api_tokens",
            Self::DisplayBytes => "display_bytes",
        }
    }

    /// What is limited and what to do, as the end of a sentence.
    fn advice(self) -> &'static str {
        match self {
            Self::Children => "children: delete one first",
            Self::Tasks => "tasks and penalties: delete one first",
            Self::Rewards => "rewards: delete one first",
            Self::Badges => "badges of its own: delete one first",
            Self::ScheduledTasks => "tasks with a schedule: remove one first",
            Self::CalendarFeeds => "calendar feeds of a child: delete one first",
            Self::Devices => "devices of a child: remove one first",
            Self::Webhooks => "webhooks: delete one first",
            Self::RequestedDeliveries => {
                "deliveries that a parent has asked for: wait until one was attempted"
            }
            Self::Members => "members besides its owner: remove one first",
            Self::Invitations => "open invitations: delete one first",
            Self::ApiTokens => "API tokens of each adult: revoke one first",
            Self::PendingRequests => "pending requests: redeem or cancel one first",
            Self::DisplayBytes => {
                "bytes in the lists `tasks` and `rewards` of a child: put fewer ids into them"
            }
        }
    }
}

/// The rule that a rejected change breaks. Nothing is changed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RuleViolation {
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The record does not exist or belongs to another family. The caller cannot tell which.
    #[error("there is no {} with this id", .0.as_str())]
    NotFound(RecordKind),
    /// The record is shared by all families, and no family can change it.
    #[error("a {} that all families share is read-only: create one of your own instead", .0.as_str())]
    SharedReadOnly(RecordKind),
    #[error("an account with this email address already exists: log in, or use another address")]
    EmailTaken,
    #[error("the current password is wrong")]
    WrongPassword,
    /// It is unknown, was used, or has expired. The caller cannot tell which.
    #[error("this link is not valid any more: ask for another one")]
    InvalidResetLink,
    /// It is unknown, was used, or has expired. The caller cannot tell which.
    #[error("this code is not valid any more: let the device show a new one")]
    InvalidDeviceCode,
    /// A child has a PIN, and the request has none or another one.
    #[error("this child's PIN is needed")]
    WrongPin,
    /// It is unknown, was used, was revoked, has expired, or is for another email address.
    #[error("this invitation is not valid, or not for this account: ask for another one")]
    InvalidInvitation,
    #[error("you are a member of another family: leave it first")]
    AlreadyMember,
    /// Its records would be out of reach.
    #[error(
        "your own family has records: only an account with an empty family can join another one"
    )]
    FamilyNotEmpty,
    /// The first names of its members.
    #[error(
        "the family has other members: transfer it to one of them, or repeat with `delete_family`"
    )]
    FamilyHasMembers(Vec<Name>),
    #[error("the owner stays in the family with this role: transfer the family first")]
    OwnerRemains,
    #[error("a helper can't do this: ask a parent")]
    NotAllowedToHelper,
    #[error("this account is marked for deletion: restore it to use it again")]
    MarkedForDeletion {
        /// When the deletion is due; `None` if the mark cannot be read.
        due_at: Option<Timestamp>,
    },
    #[error("this account is not marked for deletion")]
    NotMarkedForDeletion,
    /// Parts of the account may be deleted already.
    #[error("the deletion of this account has started: it can no longer be restored")]
    DeletionInProgress,
    #[error("the last administrator must remain one: create another administrator first")]
    LastAdministrator,
    /// The session has ended after the request was authenticated.
    #[error("the session has ended: log in again")]
    SessionEnded,
    #[error("this reward is already requested")]
    RewardAlreadyRequested,
    #[error("{points_needed} more points are needed")]
    InsufficientPoints { points_needed: i64 },
    #[error("this task is already requested")]
    TaskAlreadyRequested,
    /// The child has done the task as often as its limit allows.
    #[error("this task can't be done more often{}", until(*.available_at))]
    LimitReached {
        /// When it can be done again; `None` if never.
        available_at: Option<Timestamp>,
    },
    /// It is a penalty, or a parent has closed it to requests.
    #[error("this task can't be requested")]
    TaskNotRequestable,
    #[error("there is no pending request")]
    NoPendingRequest,
    /// How the request ended, if that is known.
    #[error("this request is no longer pending: {}", how_ended(.0.as_deref()))]
    RequestGone(Option<Arc<EndedRequest>>),
    /// The reversal of the event.
    #[error("this event is already reversed")]
    AlreadyReversed(EventId),
    /// The penalty for this occurrence was activated before.
    #[error("the penalty for this occurrence was already activated")]
    AlreadyPenalised,
    /// It is a request, a cancellation or a reversal.
    #[error("this event can't be reversed")]
    NotReversible,
    #[error("the child's points would exceed the limit of {}", Points::LIMIT)]
    PointsOutOfRange,
    #[error("a family can have at most {most} {}", .limit.advice())]
    FamilyLimitReached { limit: FamilyLimit, most: usize },
    /// The points of the task or the cost of the reward are negative. Only older files contain that.
    #[error("the {} of this {} is below zero: set it to 1 or more", amount_of(*.0), .0.as_str())]
    AmountOutOfRange(RecordKind),
    /// The account has used the key for another request.
    #[error("this Idempotency-Key was used for another request: use a new key")]
    IdempotencyKeyReused,
}

fn how_ended(request: Option<&EndedRequest>) -> String {
    match request {
        Some(request) => format!("it was {} at {}", request.ended.as_str(), request.ended_at),
        None => "how it ended is not known".to_owned(),
    }
}

fn amount_of(kind: RecordKind) -> &'static str {
    if kind == RecordKind::Reward { "cost" } else { "number of points" }
}

impl RecordKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Child => "child",
            Self::Task => "task",
            Self::Reward => "reward",
            Self::Badge => "badge",
            Self::Session => "session",
            Self::Event => "event",
            Self::Certificate => "certificate",
            Self::CalendarFeed => "calendar feed",
            Self::Device => "device",
            Self::Webhook => "webhook",
            Self::Delivery => "delivery",
            Self::Member => "member",
            Self::Invitation => "invitation",
            Self::ApiToken => "API token",
        }
    }
}

/// When a limit allows a task again.
fn until(available_at: Option<Timestamp>) -> String {
    available_at.map_or_else(String::new, |moment| format!(" before {moment}"))
}
