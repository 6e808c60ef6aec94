use thiserror::Error;

use super::Timestamp;

/// A value of a request that breaks a rule: which field, and the rule.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("`{field}` {message}")]
pub struct Invalid {
    /// The field's name in the request.
    pub field: &'static str,
    /// The rule, so that "`name` must not be empty" reads as a sentence.
    pub message: String,
}

impl Invalid {
    /// `field` breaks the rule that `message` says.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

/// A kind of record, as refusals name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordKind {
    /// A [`super::User`].
    User,
    /// A [`super::Child`].
    Child,
    /// A [`super::Task`].
    Task,
    /// A [`super::Reward`].
    Reward,
}

/// What a family may have only so much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FamilyLimit {
    /// Its children.
    Children,
    /// Its tasks and penalties.
    Tasks,
    /// Its rewards.
    Rewards,
    /// Its pending requests for rewards.
    PendingRequests,
    /// The bytes of the ids in a child's lists of tasks and rewards.
    DisplayBytes,
}

impl FamilyLimit {
    /// Every limit.
    pub const ALL: [Self; 5] =
        [Self::Children, Self::Tasks, Self::Rewards, Self::PendingRequests, Self::DisplayBytes];

    /// Its name for a program.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Children => "children",
            Self::Tasks => "tasks",
            Self::Rewards => "rewards",
            Self::PendingRequests => "pending_requests",
            Self::DisplayBytes => "display_bytes",
        }
    }

    /// What can be done where it is reached, as a part of a sentence.
    fn advice(self) -> &'static str {
        match self {
            Self::Children => "children: delete one first",
            Self::Tasks => "tasks and penalties: delete one first",
            Self::Rewards => "rewards: delete one first",
            Self::PendingRequests => "pending requests: redeem or cancel one first",
            Self::DisplayBytes => {
                "bytes in the lists `tasks` and `rewards` of a child: put fewer ids into them"
            }
        }
    }
}

/// Why a change was not made. Nothing changes where one is returned.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RuleViolation {
    /// A value breaks a rule.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The record doesn't exist, or is another family's: nobody learns which.
    #[error("there is no such {}", .0.as_str())]
    NotFound(RecordKind),
    /// The record is offered to every family; none may change it.
    #[error("a shared {} can't be changed by a family", .0.as_str())]
    SharedReadOnly(RecordKind),
    /// An account with that email address exists.
    #[error("an account with this email address exists already")]
    EmailTaken,
    /// The password isn't the account's.
    #[error("the current password is not right")]
    WrongPassword,
    /// The account is marked for deletion: it can only be restored.
    #[error("this account is marked for deletion; until that begins it can be restored")]
    MarkedForDeletion {
        /// When its deletion is due; none if its mark can't be read.
        due_at: Option<Timestamp>,
    },
    /// The account isn't marked for deletion.
    #[error("this account is not marked for deletion")]
    NotMarkedForDeletion,
    /// The account's deletion has begun: something of it may be gone.
    #[error("the deletion of this account has begun, and it can't be restored any more")]
    DeletionInProgress,
    /// Without this account there would be no administrator.
    #[error("the last administrator can't be deleted")]
    LastAdministrator,
    /// The session has ended since the request was let in.
    #[error("the session has ended")]
    SessionEnded,
    /// The child has asked for this reward already.
    #[error("this reward is already requested")]
    RewardAlreadyRequested,
    /// The reward costs more than the child has.
    #[error("{points_needed} more points are needed")]
    InsufficientPoints {
        /// How many are missing.
        points_needed: i64,
    },
    /// Nothing waits to be cancelled.
    #[error("there is no pending request for this reward")]
    NoPendingRequest,
    /// The points would leave the range that is kept exactly.
    #[error("the points would go beyond what can be counted")]
    PointsOutOfRange,
    /// The family has as much of that as it may have.
    #[error("a family can have at most {most} {}", .limit.advice())]
    FamilyLimitReached {
        /// Of what.
        limit: FamilyLimit,
        /// The most that it may have.
        most: usize,
    },
    /// The points of the task, or the cost of the reward, are below zero, as an older file has them.
    #[error("the {} of this {} is below zero: set it to 1 or more", amount_of(*.0), .0.as_str())]
    AmountOutOfRange(RecordKind),
    /// The idempotency key belongs to another mutation of the account.
    #[error("this Idempotency-Key was used for another request")]
    IdempotencyKeyReused,
}

/// What a task or a reward has an amount of.
fn amount_of(kind: RecordKind) -> &'static str {
    if kind == RecordKind::Reward { "cost" } else { "number of points" }
}

impl RecordKind {
    /// The word for it in a sentence.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Child => "child",
            Self::Task => "task",
            Self::Reward => "reward",
        }
    }
}
