//! Records, as responses contain them. None of them contains a password hash.

use std::borrow::Cow;
use std::sync::Arc;

use serde::ser::{Error as _, SerializeMap};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::schedule::{PlanForm, Schedule};
use crate::domain::{
    Colour, Extra, Icon, LimitPeriod, Reward, RewardId, Task, TaskLimit, Timestamp, UserId,
};
use crate::http::extract::schedule::output as schedule;
use crate::http::openapi::{samples, schemas};
use crate::http::resources::secrets::may_be_secret;
use crate::http::response::page::ListItem;
use crate::service::ChildState;

/// A record that responses contain.
pub(crate) trait ApiRecord: Send + Sync + 'static {
    /// Its fields, in the order of the JSON text.
    type Fields<'a>: Serialize + ToSchema;

    /// The field of a response that contains one record: `task`.
    const SINGULAR: &'static str;
    /// The field of a response that contains several records, and their path: `tasks`.
    const PLURAL: &'static str;
    /// The fields that are not in the files of the Flask service. There, another program may have written
    /// fields with these names, which stay as they are and are not returned.
    const ADDED: &'static [&'static str] = &[];

    fn fields(&self) -> Self::Fields<'_>;
}

/// A record, serialized as its fields.
pub(crate) struct RecordBody<R>(pub(crate) Arc<R>);

// `utoipa` takes no generic types.
pub(crate) type RewardBody = RecordBody<Reward>;
pub(crate) type TaskBody = RecordBody<Task>;

impl<R: ApiRecord> Serialize for RecordBody<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.fields().serialize(serializer)
    }
}

impl<R: ApiRecord> PartialSchema for RecordBody<R> {
    fn schema() -> RefOr<Schema> {
        R::Fields::schema()
    }
}

impl<R: ApiRecord> ToSchema for RecordBody<R> {
    fn name() -> Cow<'static, str> {
        R::Fields::name()
    }

    fn schemas(schemas: &mut schemas::Named) {
        R::Fields::schemas(schemas);
    }
}

impl<R: ApiRecord> ListItem for RecordBody<R> {
    const FIELD: &'static str = R::PLURAL;
}

/// A response with one record: `{"task": {…}}`.
pub(crate) struct SingleRecord<R>(pub(crate) Arc<R>);

impl<R: ApiRecord> Serialize for SingleRecord<R> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(R::SINGULAR, &self.0.fields())?;
        map.end()
    }
}

impl<R: ApiRecord> PartialSchema for SingleRecord<R> {
    fn schema() -> RefOr<Schema> {
        let record = Ref::from_schema_name(R::Fields::name());
        ObjectBuilder::new().property(R::SINGULAR, record).required(R::SINGULAR).into()
    }
}

impl<R: ApiRecord> ToSchema for SingleRecord<R> {
    fn name() -> Cow<'static, str> {
        format!("{}Answer", R::Fields::name()).into()
    }

    fn schemas(schemas: &mut schemas::Named) {
        schemas::add::<RecordBody<R>>(schemas);
    }
}

impl ApiRecord for ChildState {
    type Fields<'a> = ChildFields<'a>;

    const SINGULAR: &'static str = "child";
    const PLURAL: &'static str = "children";
    const ADDED: &'static [&'static str] = &["colour", "goal_reward_id", "reserved"];

    fn fields(&self) -> ChildFields<'_> {
        let Self { child, reserved } = self;
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
            colour: child.colour.map(Colour::as_str),
            goal_reward_id: child.goal.as_ref().map(RewardId::as_str),
            reserved: *reserved,
            extra: Unknown::public::<Self>(&child.extra),
        }
    }
}

/// A child.
#[derive(Serialize, ToSchema)]
#[schema(as = Child, examples(samples::child))]
pub(crate) struct ChildFields<'a> {
    /// Unique.
    id: &'a str,
    /// The family's account.
    user_id: &'a str,
    /// The given name.
    name: &'a str,
    /// In years.
    #[schema(required)]
    age: Option<i64>,
    /// The points that the child has now.
    #[schema(minimum = -9_007_199_254_740_991_i64, maximum = 9_007_199_254_740_991_i64)]
    points: i64,
    /// The ids of tasks that a front end wants to show first.
    #[schema(value_type = Vec<String>)]
    tasks: &'a [Arc<str>],
    /// The ids of rewards that a front end wants to show first.
    #[schema(value_type = Vec<String>)]
    rewards: &'a [Arc<str>],
    /// Identifies a picture in the front end.
    #[schema(required)]
    image_id: Option<&'a str>,
    /// Null if an older file does not contain it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Iso>,
    /// The time of the last update or event. Null if an older file does not contain it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Iso>,
    /// The child's colour in front ends.
    #[schema(required, schema_with = colour)]
    colour: Option<&'static str>,
    /// The reward that the child saves for.
    #[schema(required)]
    goal_reward_id: Option<&'a str>,
    /// The sum of the costs of the pending requests. The child still has these points, and can request more.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    reserved: i64,
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, Value>)]
    extra: Unknown<'a>,
}

impl ApiRecord for Task {
    type Fields<'a> = TaskFields<'a>;

    const SINGULAR: &'static str = "task";
    const PLURAL: &'static str = "tasks";
    const ADDED: &'static [&'static str] = &["requestable", "icon", "limit", "schedule"];

    fn fields(&self) -> TaskFields<'_> {
        TaskFields {
            id: self.id.as_str(),
            user_id: self.user_id.as_ref().map(UserId::as_str),
            name: self.name.as_str(),
            points: self.points.get(),
            is_good: self.is_good,
            image_id: self.image_id.as_deref(),
            created_at: self.created_at.map(Iso),
            updated_at: self.updated_at.map(Iso),
            requestable: self.is_requestable,
            icon: self.icon.map(Icon::as_str),
            limit: self.limit.map(Into::into),
            schedule: self.schedule.as_ref().and_then(newest_plan),
            extra: Unknown::public::<Self>(&self.extra),
        }
    }
}

/// A task or penalty.
#[derive(Serialize, ToSchema)]
#[schema(as = Task, examples(samples::task))]
pub(crate) struct TaskFields<'a> {
    /// Unique.
    id: &'a str,
    /// The family's account. Null for a shared task, which every family has.
    #[schema(required)]
    user_id: Option<&'a str>,
    /// The task's name.
    name: &'a str,
    /// The points that it gives, or deducts if it is a penalty.
    points: i64,
    /// False for a penalty.
    is_good: bool,
    /// Identifies a picture in the front end.
    #[schema(required)]
    image_id: Option<&'a str>,
    /// Null if an older file does not contain it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Iso>,
    /// The time of the last update. Null if an older file does not contain it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Iso>,
    /// Whether children can request it. Without effect for a penalty.
    requestable: bool,
    /// The picture in every front end.
    #[schema(required, schema_with = icon)]
    icon: Option<&'static str>,
    /// How often each child may do it; null if as often as it wants. Without effect for a penalty.
    #[schema(required)]
    limit: Option<TaskLimitBody>,
    #[schema(required, schema_with = schedule)]
    schedule: Option<PlanForm>,
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, Value>)]
    extra: Unknown<'a>,
}

/// How often each child may do a task.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = TaskLimit)]
struct TaskLimitBody {
    #[schema(minimum = 1, maximum = 100)]
    count: u32,
    /// The period of the family's calendar in which it counts.
    #[schema(schema_with = limit_period)]
    per: &'static str,
}

impl From<TaskLimit> for TaskLimitBody {
    fn from(limit: TaskLimit) -> Self {
        Self { count: limit.count(), per: limit.per.as_str() }
    }
}

/// The plan that a schedule has now, or will have.
fn newest_plan(schedule: &Schedule) -> Option<PlanForm> {
    let version = schedule.last()?;
    Some(PlanForm::from(version.plan.as_ref()?).starting(version.starts))
}

fn limit_period() -> ObjectBuilder {
    schemas::flag(LimitPeriod::ALL.map(LimitPeriod::as_str))
}

impl ApiRecord for Reward {
    type Fields<'a> = RewardFields<'a>;

    const SINGULAR: &'static str = "reward";
    const PLURAL: &'static str = "rewards";
    const ADDED: &'static [&'static str] = &["icon"];

    fn fields(&self) -> RewardFields<'_> {
        RewardFields {
            id: self.id.as_str(),
            user_id: self.user_id.as_ref().map(UserId::as_str),
            name: self.name.as_str(),
            description: &self.description,
            cost: self.cost.get(),
            image_id: self.image_id.as_deref(),
            created_at: self.created_at.map(Iso),
            updated_at: self.updated_at.map(Iso),
            icon: self.icon.map(Icon::as_str),
            extra: Unknown::public::<Self>(&self.extra),
        }
    }
}

/// A reward.
#[derive(Serialize, ToSchema)]
#[schema(as = Reward, examples(samples::reward))]
pub(crate) struct RewardFields<'a> {
    /// Unique.
    id: &'a str,
    /// The family's account. Null for a shared reward, which every family has.
    #[schema(required)]
    user_id: Option<&'a str>,
    /// The reward's name.
    name: &'a str,
    /// Can be empty.
    description: &'a str,
    /// The points that a child pays for it.
    cost: i64,
    /// Identifies a picture in the front end.
    #[schema(required)]
    image_id: Option<&'a str>,
    /// Null if an older file does not contain it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Iso>,
    /// The time of the last update. Null if an older file does not contain it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    updated_at: Option<Iso>,
    /// The picture in every front end.
    #[schema(required, schema_with = icon)]
    icon: Option<&'static str>,
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, Value>)]
    extra: Unknown<'a>,
}

fn colour() -> Schema {
    or_null(Colour::ALL)
}

pub(crate) fn icon() -> Schema {
    or_null(Icon::ALL)
}

/// One of these names, or null.
pub(crate) fn or_null(names: &'static [&'static str]) -> Schema {
    let names = names.iter().map(|name| Value::from(*name)).chain([Value::Null]);
    let types = SchemaType::from_iter([Type::String, Type::Null]);
    ObjectBuilder::new().schema_type(types).enum_values(Some(names)).into()
}

/// A time in its ISO 8601 form.
pub(crate) struct Iso(pub(crate) Timestamp);

impl Serialize for Iso {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A record's unknown fields, as they are in its file.
pub(crate) struct Unknown<'a> {
    pub(crate) fields: &'a Extra,
    /// Whether the field of this name is returned.
    pub(crate) is_shown: &'a dyn Fn(&str) -> bool,
}

impl<'a> Unknown<'a> {
    /// All fields except those that may be secret, and those with the name of a field of an `R`.
    pub(crate) fn public<R: ApiRecord>(fields: &'a Extra) -> Self {
        Self { fields, is_shown: &|name| !may_be_secret(name) && !R::ADDED.contains(&name) }
    }

    /// All fields of an account except those that may be secret.
    pub(crate) fn of_account(fields: &'a Extra) -> Self {
        Self { fields, is_shown: &|name| !may_be_secret(name) && name != "language" }
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
