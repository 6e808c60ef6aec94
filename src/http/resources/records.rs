//! Records as they are answered. A password hash has no place in any of them.

use std::borrow::Cow;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::{Child, Extra, Page, PendingReward, Reward, Task, Timestamp, UserId};
use crate::http::openapi::samples;
use crate::http::resources::secrets::may_be_secret;
use crate::service::Listing;

/// A body is described as the fields that it serialises as.
macro_rules! described_as {
    ($body:ty, $fields:ident) => {
        impl PartialSchema for $body {
            fn schema() -> RefOr<Schema> {
                $fields::schema()
            }
        }

        impl ToSchema for $body {
            fn name() -> Cow<'static, str> {
                $fields::name()
            }

            fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
                $fields::schemas(schemas);
            }
        }
    };
}

pub(crate) use described_as;

/// A child.
pub(crate) struct ChildBody(pub(crate) Arc<Child>);

described_as!(ChildBody, ChildFields);

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
            extra: Unknown::public(&child.extra),
        }
        .serialize(serializer)
    }
}

/// A child.
#[derive(Serialize, ToSchema)]
#[schema(as = Child, examples(samples::child))]
struct ChildFields<'a> {
    /// Unique.
    id: &'a str,
    /// The family's account.
    user_id: &'a str,
    /// Given name.
    name: &'a str,
    /// In years.
    #[schema(required)]
    age: Option<i64>,
    /// How many it has.
    #[schema(minimum = -9_007_199_254_740_991_i64, maximum = 9_007_199_254_740_991_i64)]
    points: i64,
    /// The ids of tasks that a front end wants to show first.
    #[schema(value_type = Vec<String>)]
    tasks: &'a [Arc<str>],
    /// The ids of rewards that a front end wants to show first.
    #[schema(value_type = Vec<String>)]
    rewards: &'a [Arc<str>],
    /// The id of a picture.
    #[schema(required)]
    image_id: Option<&'a str>,
    /// When it was made.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Iso>,
    /// When it was last changed.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Iso>,
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, Value>)]
    extra: Unknown<'a>,
}

/// A task or a penalty.
pub(crate) struct TaskBody(pub(crate) Arc<Task>);

described_as!(TaskBody, TaskFields);

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
            extra: Unknown::public(&task.extra),
        }
        .serialize(serializer)
    }
}

/// A task, or a penalty.
#[derive(Serialize, ToSchema)]
#[schema(as = Task, examples(samples::task))]
struct TaskFields<'a> {
    /// Unique.
    id: &'a str,
    /// The family's account. Null where it is offered to every family.
    #[schema(required)]
    user_id: Option<&'a str>,
    /// What it is called.
    name: &'a str,
    /// How many it gives, or takes.
    points: i64,
    /// False for a penalty, which takes its points.
    is_good: bool,
    /// The id of a picture.
    #[schema(required)]
    image_id: Option<&'a str>,
    /// When it was made.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Iso>,
    /// When it was last changed.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Iso>,
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, Value>)]
    extra: Unknown<'a>,
}

/// A reward.
pub(crate) struct RewardBody(pub(crate) Arc<Reward>);

described_as!(RewardBody, RewardFields);

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
            extra: Unknown::public(&reward.extra),
        }
        .serialize(serializer)
    }
}

/// A reward.
#[derive(Serialize, ToSchema)]
#[schema(as = Reward, examples(samples::reward))]
struct RewardFields<'a> {
    /// Unique.
    id: &'a str,
    /// The family's account. Null where it is offered to every family.
    #[schema(required)]
    user_id: Option<&'a str>,
    /// What it is called.
    name: &'a str,
    /// A few words about it.
    description: &'a str,
    /// How many points it costs.
    cost: i64,
    /// The id of a picture.
    #[schema(required)]
    image_id: Option<&'a str>,
    /// When it was made.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Iso>,
    /// When it was last changed.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Iso>,
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, Value>)]
    extra: Unknown<'a>,
}

/// A request for a reward that waits.
pub(crate) struct PendingBody(pub(crate) Arc<PendingReward>);

described_as!(PendingBody, PendingFields);

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
            extra: Unknown::public(&pending.extra),
        }
        .serialize(serializer)
    }
}

/// A request for a reward that waits.
#[derive(Serialize, ToSchema)]
#[schema(as = PendingReward, examples(samples::pending_reward))]
struct PendingFields<'a> {
    /// Unique.
    id: &'a str,
    /// The family's account.
    user_id: &'a str,
    /// Who asks for it.
    child_id: &'a str,
    /// The name of the child.
    child_name: &'a str,
    /// The reward.
    reward_id: &'a str,
    /// What the reward is called.
    reward_name: &'a str,
    /// When it was made.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Iso>,
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, Value>)]
    extra: Unknown<'a>,
}

/// A moment in its ISO form.
pub(crate) struct Iso(pub(crate) Timestamp);

impl Serialize for Iso {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A record's unknown fields, as they stand in its file.
pub(crate) struct Unknown<'a> {
    pub(crate) fields: &'a Extra,
    /// Which of them are shown, by their names.
    pub(crate) is_shown: &'a dyn Fn(&str) -> bool,
}

impl<'a> Unknown<'a> {
    /// All but those that may be secret.
    fn public(fields: &'a Extra) -> Self {
        Self { fields, is_shown: &|name| !may_be_secret(name) }
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
#[derive(Serialize, ToSchema)]
#[schema(as = Page)]
pub(crate) struct PageBody {
    /// How many there are on all pages.
    total: usize,
    /// How many this page has at most.
    #[schema(minimum = 1, maximum = 500)]
    limit: usize,
    /// How many come before it.
    offset: usize,
}

impl PageBody {
    /// The page that was asked for, of a list of `total`.
    pub(crate) fn new(page: Page, total: usize) -> Self {
        Self { total, limit: page.limit, offset: page.offset }
    }

    /// The end of a list's answer, from the end of the list on.
    pub(crate) fn tail(&self) -> String {
        let Self { total, limit, offset } = self;
        format!(r#"],"total":{total},"limit":{limit},"offset":{offset}}}"#)
    }
}

/// The records of a listing, each as its body.
pub(crate) fn bodies<T, B>(listing: Listing<T>, body: impl FnMut(T) -> B) -> Vec<B> {
    listing.map(body).records
}

/// An answer whose JSON text is there already.
pub(crate) struct JsonText<T>(pub(crate) T);

impl<T: Into<Body>> IntoResponse for JsonText<T> {
    fn into_response(self) -> Response {
        let mut response = Response::new(self.0.into());
        let headers = response.headers_mut();
        // For those, too, that every answer gets on its way out.
        headers.reserve(8);
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
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
            name: Name::from_stored("Homework"),
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
