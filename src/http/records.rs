//! Records as they are answered. A password hash has no place in any of them.

use std::sync::Arc;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::secrets::may_be_secret;
use crate::domain::{Child, Extra, Page, PendingReward, Reward, Task, Timestamp, User, UserId};
use crate::service::{Caller, Listing};

/// An account, as its owner sees it; in a child's session only what a child needs.
pub(super) struct UserBody {
    user: Arc<User>,
    for_child: bool,
}

impl UserBody {
    /// The caller's own account.
    pub(super) fn seen_by(caller: &Caller) -> Self {
        Self { user: Arc::clone(caller.user()), for_child: caller.child_id().is_some() }
    }
}

impl Serialize for UserBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let user = &*self.user;
        if self.for_child {
            return UserForChild {
                id: user.id.as_str(),
                first_name: user.first_name.as_str(),
                image_id: user.image_id.as_deref(),
            }
            .serialize(serializer);
        }
        UserFields {
            id: user.id.as_str(),
            first_name: user.first_name.as_str(),
            last_name: user.last_name.as_str(),
            email: user.email.as_str(),
            role: user.role.as_str(),
            image_id: user.image_id.as_deref(),
            created_at: user.created_at.map(Iso),
            updated_at: user.updated_at.map(Iso),
            extra: Unknown { fields: &user.extra, is_shown: |name| !may_be_secret(name) },
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct UserForChild<'a> {
    id: &'a str,
    first_name: &'a str,
    image_id: Option<&'a str>,
}

#[derive(Serialize)]
struct UserFields<'a> {
    id: &'a str,
    first_name: &'a str,
    last_name: &'a str,
    email: &'a str,
    role: &'static str,
    image_id: Option<&'a str>,
    created_at: Option<Iso>,
    updated_at: Option<Iso>,
    #[serde(flatten)]
    extra: Unknown<'a>,
}

/// A child.
pub(super) struct ChildBody(pub(super) Arc<Child>);

impl Serialize for ChildBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let child = &*self.0;
        ChildFields {
            id: child.id.as_str(),
            user_id: child.user_id.as_str(),
            name: child.name.as_str(),
            age: child.age,
            points: child.points.get(),
            tasks: &child.tasks,
            rewards: &child.rewards,
            image_id: child.image_id.as_deref(),
            created_at: child.created_at.map(Iso),
            updated_at: child.updated_at.map(Iso),
            extra: Unknown::all(&child.extra),
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct ChildFields<'a> {
    id: &'a str,
    user_id: &'a str,
    name: &'a str,
    age: Option<i64>,
    points: i64,
    tasks: &'a [Arc<str>],
    rewards: &'a [Arc<str>],
    image_id: Option<&'a str>,
    created_at: Option<Iso>,
    updated_at: Option<Iso>,
    #[serde(flatten)]
    extra: Unknown<'a>,
}

/// A task or a penalty.
pub(super) struct TaskBody(pub(super) Arc<Task>);

impl Serialize for TaskBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let task = &*self.0;
        TaskFields {
            id: task.id.as_str(),
            user_id: task.user_id.as_ref().map(UserId::as_str),
            name: task.name.as_str(),
            points: task.points.get(),
            is_good: task.is_good,
            image_id: task.image_id.as_deref(),
            created_at: task.created_at.map(Iso),
            updated_at: task.updated_at.map(Iso),
            extra: Unknown::all(&task.extra),
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct TaskFields<'a> {
    id: &'a str,
    user_id: Option<&'a str>,
    name: &'a str,
    points: i64,
    is_good: bool,
    image_id: Option<&'a str>,
    created_at: Option<Iso>,
    updated_at: Option<Iso>,
    #[serde(flatten)]
    extra: Unknown<'a>,
}

/// A reward.
pub(super) struct RewardBody(pub(super) Arc<Reward>);

impl Serialize for RewardBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let reward = &*self.0;
        RewardFields {
            id: reward.id.as_str(),
            user_id: reward.user_id.as_ref().map(UserId::as_str),
            name: reward.name.as_str(),
            description: &reward.description,
            cost: reward.cost.get(),
            image_id: reward.image_id.as_deref(),
            created_at: reward.created_at.map(Iso),
            updated_at: reward.updated_at.map(Iso),
            extra: Unknown::all(&reward.extra),
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct RewardFields<'a> {
    id: &'a str,
    user_id: Option<&'a str>,
    name: &'a str,
    description: &'a str,
    cost: i64,
    image_id: Option<&'a str>,
    created_at: Option<Iso>,
    updated_at: Option<Iso>,
    #[serde(flatten)]
    extra: Unknown<'a>,
}

/// A request for a reward that waits.
pub(super) struct PendingBody(pub(super) Arc<PendingReward>);

impl Serialize for PendingBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pending = &*self.0;
        PendingFields {
            id: pending.id.as_str(),
            user_id: pending.user_id.as_str(),
            child_id: pending.child_id.as_str(),
            child_name: pending.child_name.as_str(),
            reward_id: pending.reward_id.as_str(),
            reward_name: pending.reward_name.as_str(),
            created_at: pending.created_at.map(Iso),
            extra: Unknown::all(&pending.extra),
        }
        .serialize(serializer)
    }
}

#[derive(Serialize)]
struct PendingFields<'a> {
    id: &'a str,
    user_id: &'a str,
    child_id: &'a str,
    child_name: &'a str,
    reward_id: &'a str,
    reward_name: &'a str,
    created_at: Option<Iso>,
    #[serde(flatten)]
    extra: Unknown<'a>,
}

/// A moment in its ISO form.
pub(super) struct Iso(pub(super) Timestamp);

impl Serialize for Iso {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A record's unknown fields, as they stand in its file.
struct Unknown<'a> {
    fields: &'a Extra,
    is_shown: fn(&str) -> bool,
}

impl<'a> Unknown<'a> {
    fn all(fields: &'a Extra) -> Self {
        Self { fields, is_shown: |_| true }
    }
}

impl Serialize for Unknown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (name, json) in self.fields.iter().filter(|(name, _)| (self.is_shown)(name)) {
            let value: &RawValue = serde_json::from_str(json).map_err(S::Error::custom)?;
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// What a list's answer says of its page, beside the records.
#[derive(Serialize)]
pub(super) struct PageBody {
    total: usize,
    limit: usize,
    offset: usize,
}

impl PageBody {
    /// The page that was asked for, of a list of `total`.
    pub(super) fn new(page: Page, total: usize) -> Self {
        Self { total, limit: page.limit, offset: page.offset }
    }
}

/// The records of a listing, each as its body.
pub(super) fn bodies<T, B>(listing: Listing<T>, body: impl FnMut(T) -> B) -> Vec<B> {
    listing.map(body).records
}

/// An answer whose JSON text is there already.
pub(super) struct JsonText(pub(super) String);

impl IntoResponse for JsonText {
    fn into_response(self) -> Response {
        let json = HeaderValue::from_static("application/json");
        ([(header::CONTENT_TYPE, json)], self.0).into_response()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Amount, Name};

    #[test]
    fn unknown_fields_follow_the_known_ones() {
        let task = Task {
            id: "t".into(),
            user_id: None,
            name: Name::recorded("Homework"),
            points: Amount::new(5).unwrap(),
            is_good: true,
            image_id: None,
            created_at: Some(Timestamp::EPOCH),
            updated_at: None,
            extra: [("colour".into(), r#"{"b":1, "a":2.50}"#.into())].into(),
        };
        assert_eq!(
            serde_json::to_string(&TaskBody(Arc::new(task))).unwrap(),
            r#"{"id":"t","user_id":null,"name":"Homework","points":5,"is_good":true,"image_id":null,"created_at":"1970-01-01T00:00:00.000000Z","updated_at":null,"colour":{"b":1, "a":2.50}}"#
        );
    }
}
