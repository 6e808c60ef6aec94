//! The records of a family.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::deletion::Deletion;
use super::{Amount, Email, Id, Name, Points, Timestamp};

/// The id of a [`User`].
pub type UserId = Id<User>;
/// The id of a [`Child`].
pub type ChildId = Id<Child>;
/// The id of a [`Task`].
pub type TaskId = Id<Task>;
/// The id of a [`Reward`].
pub type RewardId = Id<Reward>;
/// The id of a [`PendingReward`].
pub type PendingRewardId = Id<PendingReward>;

/// Fields of a record that Goldstar doesn't know, in their order: the name, and the value as JSON
/// text. A store keeps them without being told; they are here to be answered.
pub type Extra = Arc<[(Box<str>, Box<str>)]>;

/// What an account may do beyond its own family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Everything in its own family.
    Parent,
    /// The same, and the administrative routes.
    Admin,
}

impl Role {
    /// `parent` or `admin`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Admin => "admin",
        }
    }
}

/// An account: a parent, with the family that belongs to it.
#[derive(Clone, Debug)]
pub struct User {
    /// Unique.
    pub id: UserId,
    /// Given name.
    pub first_name: Name,
    /// Family name.
    pub last_name: Name,
    /// Unique in its folded form.
    pub email: Email,
    /// A werkzeug hash; see [`super::password`].
    pub password: Arc<str>,
    /// Parent or administrator.
    pub role: Role,
    /// A picture of the front end's choosing.
    pub image_id: Option<Arc<str>>,
    /// When it was made; unknown in some older files.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// How far its deletion is; none where it isn't marked for deletion.
    pub deletion: Option<Deletion>,
    /// Unknown fields.
    pub extra: Extra,
}

/// A child of a family.
#[derive(Clone, Debug)]
pub struct Child {
    /// Unique.
    pub id: ChildId,
    /// The family's account.
    pub user_id: UserId,
    /// What it is called.
    pub name: Name,
    /// In years, 0 to 150 when set by Goldstar.
    pub age: Option<i64>,
    /// Changed by tracking events alone.
    pub points: Points,
    /// Task ids that the front end shows first: display data, never a condition.
    pub tasks: Arc<[Arc<str>]>,
    /// Reward ids that the front end shows first: display data, never a condition.
    pub rewards: Arc<[Arc<str>]>,
    /// A picture of the front end's choosing.
    pub image_id: Option<Arc<str>>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was last changed, by a parent or by an event.
    pub updated_at: Option<Timestamp>,
    /// Unknown fields.
    pub extra: Extra,
}

/// A chore that gives points, or a penalty that takes them.
#[derive(Clone, Debug)]
pub struct Task {
    /// Unique.
    pub id: TaskId,
    /// The family's account; none where the task is offered to every family.
    pub user_id: Option<UserId>,
    /// What it is called.
    pub name: Name,
    /// Points given or taken.
    pub points: Amount,
    /// False for a penalty.
    pub is_good: bool,
    /// A picture of the front end's choosing.
    pub image_id: Option<Arc<str>>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// Unknown fields.
    pub extra: Extra,
}

/// Something that points can be spent on.
#[derive(Clone, Debug)]
pub struct Reward {
    /// Unique.
    pub id: RewardId,
    /// The family's account; none where the reward is offered to every family.
    pub user_id: Option<UserId>,
    /// What it is called.
    pub name: Name,
    /// A few words about it; may be empty.
    pub description: Arc<str>,
    /// Points it takes.
    pub cost: Amount,
    /// A picture of the front end's choosing.
    pub image_id: Option<Arc<str>>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// When it was last changed.
    pub updated_at: Option<Timestamp>,
    /// Unknown fields.
    pub extra: Extra,
}

/// A reward that a child has asked for and that waits for a parent.
#[derive(Clone, Debug)]
pub struct PendingReward {
    /// Unique.
    pub id: PendingRewardId,
    /// The family's account.
    pub user_id: UserId,
    /// Who asked.
    pub child_id: ChildId,
    /// The child's name when it asked.
    pub child_name: Name,
    /// What for.
    pub reward_id: RewardId,
    /// The reward's name when it was asked for.
    pub reward_name: Name,
    /// When it was asked for.
    pub created_at: Option<Timestamp>,
    /// Unknown fields.
    pub extra: Extra,
}

/// Something that the server is told once and keeps across restarts.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// Unique.
    pub name: Arc<str>,
    /// What it is set to.
    pub value: Value,
}

/// The SHA-256 of a session's token, in lower-case hexadecimal digits. The token itself is stored
/// nowhere.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash(pub Arc<str>);

/// A browser, or another client, that has logged in.
#[derive(Clone, Debug)]
pub struct Session {
    /// Unique; what the client's token hashes to.
    pub token_hash: TokenHash,
    /// The account.
    pub user_id: UserId,
    /// The one child that this session belongs to; none for a parent's session.
    pub child_id: Option<ChildId>,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used, to the hour.
    pub last_used_at: Timestamp,
    /// When it ends unless it is used before.
    pub expires_at: Timestamp,
}

impl Session {
    /// How long a session lives after its last use.
    pub const LIFETIME: Duration = Duration::from_hours(30 * 24);
    /// How often its use is written down at most.
    pub const TOUCH_INTERVAL: Duration = Duration::from_hours(1);

    /// By how much a session may outlive one that is used now.
    const EXCESS: Duration = Duration::from_hours(24);

    /// A session that begins `now`.
    pub fn begin(
        token_hash: TokenHash,
        user_id: UserId,
        child_id: Option<ChildId>,
        now: Timestamp,
    ) -> Self {
        Self {
            token_hash,
            user_id,
            child_id,
            created_at: now,
            last_used_at: now,
            expires_at: now.after(Self::LIFETIME),
        }
    }

    /// Whether the session may still be used.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// The session where its end lies more than a day beyond that of one that is used now, since the
    /// clock was set back: it ends as if it were used now, instead of years
    /// later. None where it doesn't.
    pub fn shortened(&self, now: Timestamp) -> Option<Self> {
        let latest = now.after(Self::LIFETIME + Self::EXCESS);
        (self.expires_at > latest).then(|| Self {
            last_used_at: now,
            expires_at: now.after(Self::LIFETIME),
            ..self.clone()
        })
    }

    /// The session after a use at `now`; none where that isn't worth writing down yet.
    pub fn touched(&self, now: Timestamp) -> Option<Self> {
        (now.since(self.last_used_at) >= Self::TOUCH_INTERVAL).then(|| Self {
            last_used_at: now,
            // A use never shortens it: a session may have begun while the clock was ahead.
            expires_at: self.expires_at.max(now.after(Self::LIFETIME)),
            ..self.clone()
        })
    }
}
