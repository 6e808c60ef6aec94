//! Pending requests, as responses contain them.

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Amount, Note, PendingReward, PendingTask};
use crate::http::openapi::{samples, schemas};
use crate::http::resources::records::{ApiRecord, Iso, Unknown};

impl ApiRecord for PendingReward {
    type Fields<'a> = PendingRewardFields<'a>;

    const SINGULAR: &'static str = "pending_reward";
    const PLURAL: &'static str = "pending_rewards";
    const ADDED: &'static [&'static str] = &["cost", "note"];

    fn fields(&self) -> PendingRewardFields<'_> {
        PendingRewardFields {
            id: self.id.as_str(),
            user_id: self.user_id.as_str(),
            child_id: self.child_id.as_str(),
            child_name: self.child_name.as_str(),
            reward_id: self.reward_id.as_str(),
            reward_name: self.reward_name.as_str(),
            created_at: self.created_at.map(Iso),
            cost: self.cost.map(Amount::get),
            note: self.note.as_ref().map(Note::as_str),
            extra: Unknown::public::<Self>(&self.extra),
        }
    }
}

/// A child's pending request for a reward.
#[derive(Serialize, ToSchema)]
#[schema(as = PendingReward, examples(samples::pending_reward))]
pub(crate) struct PendingRewardFields<'a> {
    /// Unique.
    id: &'a str,
    /// The family's account.
    user_id: &'a str,
    /// The child that requests the reward.
    child_id: &'a str,
    /// The child's name at the time of the request.
    child_name: &'a str,
    /// The requested reward.
    reward_id: &'a str,
    /// The reward's name at the time of the request.
    reward_name: &'a str,
    /// Null if an older file does not contain it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    created_at: Option<Iso>,
    /// The reward's cost at the time of the request. Null in older files: then the current one counts.
    #[schema(required)]
    cost: Option<i64>,
    /// What the child or a parent wrote with the request.
    #[schema(required)]
    note: Option<&'a str>,
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, Value>)]
    extra: Unknown<'a>,
}

impl ApiRecord for PendingTask {
    type Fields<'a> = PendingTaskFields<'a>;

    const SINGULAR: &'static str = "pending_task";
    const PLURAL: &'static str = "pending_tasks";

    fn fields(&self) -> PendingTaskFields<'_> {
        PendingTaskFields {
            id: self.id.as_str(),
            user_id: self.user_id.as_str(),
            child_id: self.child_id.as_str(),
            child_name: self.child_name.as_str(),
            task_id: self.task_id.as_str(),
            task_name: self.task_name.as_str(),
            points: self.points.get(),
            created_at: Iso(self.created_at),
            note: self.note.as_ref().map(Note::as_str),
        }
    }
}

/// A child's pending request for the points of a task.
#[derive(Serialize, ToSchema)]
#[schema(as = PendingTask, examples(samples::pending_task))]
pub(crate) struct PendingTaskFields<'a> {
    /// Unique.
    id: &'a str,
    /// The family's account.
    user_id: &'a str,
    /// The child that has done the task.
    child_id: &'a str,
    /// The child's name at the time of the request.
    child_name: &'a str,
    /// The requested task.
    task_id: &'a str,
    /// The task's name at the time of the request.
    task_name: &'a str,
    /// The task's points at the time of the request.
    points: i64,
    #[schema(schema_with = schemas::moment)]
    created_at: Iso,
    /// What the child or a parent wrote with the request.
    #[schema(required)]
    note: Option<&'a str>,
}
