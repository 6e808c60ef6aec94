//! The records of a family.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::calendar::{FamilySettings, Zone};
use super::deletion::Deletion;
use super::schedule::Schedule;
use super::{
    Amount, ApiToken, Colour, Device, Email, Icon, Id, Invitation, Language, Name, Note, Points,
    TaskLimit, Timestamp,
};

pub type UserId = Id<User>;
pub type ChildId = Id<Child>;
pub type TaskId = Id<Task>;
pub type RewardId = Id<Reward>;
pub type RequestId = Id<Request>;

/// The fields of a record that Goldstar does not know, in their order: the name, and the value as JSON
/// text. They are only read, for responses; a store keeps them when it writes a record.
pub type Extra = Arc<[(Box<str>, Box<str>)]>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Can manage its own family.
    Parent,
    /// Can also use the administrative routes.
    Admin,
}

impl Role {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Parent => "parent",
            Self::Admin => "admin",
        }
    }
}

/// An account: a parent, and the family that belongs to it.
#[derive(Clone, Debug)]
pub struct User {
    pub id: UserId,
    pub first_name: Name,
    pub last_name: Name,
    /// Unique, compared in lower case.
    pub email: Email,
    /// A werkzeug hash; see [`super::password`].
    pub password: Arc<str>,
    pub role: Role,
    pub image_id: Option<Arc<str>>,
    /// `None` in some older files, as in the other records.
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    /// `None` unless the account is marked for deletion.
    pub deletion: Option<Deletion>,
    /// The language of its pages; `None` for that of the browser.
    pub language: Option<Language>,
    pub family: FamilySettings,
    /// The next time at which an occurrence of a scheduled task becomes due, late or missed, or one that has passed
    /// and was not processed; `None` if no task is scheduled.
    pub schedule_at: Option<Timestamp>,
    /// The family that the account is a member of, if that family agrees; `None` for that of its own.
    pub member_of: Option<UserId>,
    pub extra: Extra,
}

impl User {
    /// The zone of the family: that of its settings, else the `timezone` of an older file if it is known, else
    /// the server's.
    pub fn zone(&self, server: &Zone) -> Zone {
        let set = self.family.time_zone.as_deref().and_then(Zone::find);
        let older = || {
            let (_, value) = self.extra.iter().find(|(name, _)| **name == *"timezone")?;
            Zone::find(&serde_json::from_str::<String>(value).ok()?)
        };
        set.or_else(older).unwrap_or_else(|| server.clone())
    }
}

#[derive(Clone, Debug)]
pub struct Child {
    pub id: ChildId,
    pub user_id: UserId,
    pub name: Name,
    /// In years; 0 to 150 if Goldstar wrote it.
    pub age: Option<i64>,
    /// Changed only by tracking events.
    pub points: Points,
    /// The ids of the tasks that the front end shows first. They need not exist.
    pub tasks: Arc<[Arc<str>]>,
    /// The ids of the rewards that the front end shows first. They need not exist.
    pub rewards: Arc<[Arc<str>]>,
    pub image_id: Option<Arc<str>>,
    pub created_at: Option<Timestamp>,
    /// The last change by a parent or by an event.
    pub updated_at: Option<Timestamp>,
    pub colour: Option<Colour>,
    /// The reward that the child saves for.
    pub goal: Option<RewardId>,
    /// The hash of the PIN that a shared device needs to become this child's.
    pub pin: Option<Arc<str>>,
    pub extra: Extra,
}

/// A chore that adds points, or a penalty that subtracts them.
#[derive(Clone, Debug)]
pub struct Task {
    pub id: TaskId,
    /// `None` for a task that all families share.
    pub user_id: Option<UserId>,
    pub name: Name,
    pub points: Amount,
    /// False for a penalty.
    pub is_good: bool,
    pub image_id: Option<Arc<str>>,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    /// Whether children can request it. Without effect for a penalty.
    pub is_requestable: bool,
    pub icon: Option<Icon>,
    /// How often each child may do it; `None` if as often as it wants. Without effect for a penalty.
    pub limit: Option<TaskLimit>,
    /// Who is to do it when. Without effect for a penalty.
    pub schedule: Option<Schedule>,
    pub extra: Extra,
}

/// Something that points can be spent on.
#[derive(Clone, Debug)]
pub struct Reward {
    pub id: RewardId,
    /// `None` for a reward that all families share.
    pub user_id: Option<UserId>,
    pub name: Name,
    /// May be empty.
    pub description: Arc<str>,
    /// In points.
    pub cost: Amount,
    pub image_id: Option<Arc<str>>,
    pub created_at: Option<Timestamp>,
    pub updated_at: Option<Timestamp>,
    pub icon: Option<Icon>,
    pub extra: Extra,
}

/// Marks the ids of pending requests, for rewards and for tasks.
#[derive(Debug)]
pub enum Request {}

/// A child's request for a reward, until a parent redeems it or it is cancelled.
#[derive(Clone, Debug)]
pub struct PendingReward {
    pub id: RequestId,
    pub user_id: UserId,
    pub child_id: ChildId,
    /// The child's name at the time of the request.
    pub child_name: Name,
    pub reward_id: RewardId,
    /// The reward's name at the time of the request.
    pub reward_name: Name,
    pub created_at: Option<Timestamp>,
    /// The reward's cost at the time of the request; `None` if an older version wrote the request.
    pub cost: Option<Amount>,
    pub note: Option<Note>,
    pub extra: Extra,
}

/// A child's request for the points of a task that it has done, until a parent activates the task or it is
/// cancelled.
#[derive(Clone, Debug)]
pub struct PendingTask {
    pub id: RequestId,
    pub user_id: UserId,
    pub child_id: ChildId,
    /// The child's name at the time of the request.
    pub child_name: Name,
    pub task_id: TaskId,
    /// The task's name at the time of the request.
    pub task_name: Name,
    /// The task's points at the time of the request.
    pub points: Amount,
    pub created_at: Timestamp,
    pub note: Option<Note>,
}

/// A value that the server keeps across restarts.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    pub name: Arc<str>,
    pub value: Value,
}

/// The SHA-256 of a session's token, in lower-case hexadecimal digits. The token itself is not stored.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TokenHash(pub Arc<str>);

/// The session of a browser or another client that has logged in, a
/// [link to reset a password](Self::is_reset_link), a [pairing](Self::is_pairing) of a device, an invitation to a
/// family, or an API token.
#[derive(Clone, Debug)]
pub struct Session {
    pub token_hash: TokenHash,
    pub user_id: UserId,
    /// The child that uses this session, or that an API token is for; `None` for a parent's session, and for a token for
    /// all children.
    pub child_id: Option<ChildId>,
    /// The account of the member that uses this session; `None` for the owner of the family and for a child.
    pub member: Option<UserId>,
    /// What it offers, if it is an invitation.
    pub invitation: Option<Arc<Invitation>>,
    pub created_at: Timestamp,
    /// Accurate to [`Self::TOUCH_INTERVAL`].
    pub last_used_at: Timestamp,
    /// When the session ends if it is not used again.
    pub expires_at: Timestamp,
    /// The device of the child; `None` for any other session.
    pub device: Option<Device>,
    /// What it is besides, if it is an API token: exactly if the hash [says so](TokenHash::is_of_api_token).
    pub api_token: Option<Arc<ApiToken>>,
}

impl User {
    /// Whether the account is an administrator's and is not marked for deletion.
    pub fn is_active_admin(&self) -> bool {
        self.role == Role::Admin && self.deletion.is_none()
    }

    /// When the scheduled tasks of the family must be processed next; `None` also if the account is marked for deletion.
    pub fn schedules_due_at(&self) -> Option<Timestamp> {
        self.schedule_at.filter(|_| self.deletion.is_none())
    }
}

impl Session {
    /// How long a session is valid after its last use, unless it is that of a device.
    pub const LIFETIME: Duration = Duration::from_hours(30 * 24);
    /// A use within this time after the last recorded one is not recorded.
    pub const TOUCH_INTERVAL: Duration = Duration::from_hours(1);

    /// How much longer than its lifetime a session may still be valid.
    const EXCESS: Duration = Duration::from_hours(24);

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
            member: None,
            invitation: None,
            created_at: now,
            last_used_at: now,
            expires_at: now.after(Self::LIFETIME),
            device: None,
            api_token: None,
        }
    }

    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.expires_at
    }

    /// The session as if it were used now, if it would otherwise be valid for more than a day longer:
    /// then the clock was set back, perhaps by years. `None` for any other session.
    pub fn shortened(&self, now: Timestamp) -> Option<Self> {
        let latest = now.after(self.lifetime() + Self::EXCESS);
        (self.expires_at > latest).then(|| Self {
            last_used_at: now,
            expires_at: now.after(self.lifetime()),
            ..self.clone()
        })
    }

    /// The session after a use at `now`; `None` if the use need not be recorded.
    pub fn touched(&self, now: Timestamp) -> Option<Self> {
        (now.since(self.last_used_at) >= Self::TOUCH_INTERVAL).then(|| self.touched_at(now))
    }

    pub(super) fn touched_at(&self, now: Timestamp) -> Self {
        Self {
            last_used_at: now,
            // A use never shortens a session: it may have started while the clock was ahead.
            expires_at: self.expires_at.max(now.after(self.lifetime())),
            ..self.clone()
        }
    }
}
