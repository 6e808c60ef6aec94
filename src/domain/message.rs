//! Messages: what front ends receive besides tracking events.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{ChildId, EndedRequest, Timestamp, UserId};

/// A message to the front ends of a family.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub user_id: UserId,
    /// What caused it. A family has one message of each cause: a later one replaces it.
    pub cause: Arc<str>,
    /// The child that it is about: other children's sessions do not receive it. `None` if all sessions of
    /// the family do.
    pub child_id: Option<ChildId>,
    /// The name in the event streams, such as `request_ended`.
    pub name: Arc<str>,
    pub payload: Map<String, Value>,
    pub created_at: Timestamp,
}

/// What a record is, for `records_changed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangedKind {
    Child,
    Task,
    Reward,
    PendingReward,
    PendingTask,
    Badge,
}

impl ChangedKind {
    pub const ALL: [Self; 6] = [
        Self::Child,
        Self::Task,
        Self::Reward,
        Self::PendingReward,
        Self::PendingTask,
        Self::Badge,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Child => "child",
            Self::Task => "task",
            Self::Reward => "reward",
            Self::PendingReward => "pending_reward",
            Self::PendingTask => "pending_task",
            Self::Badge => "badge",
        }
    }
}

impl Message {
    pub const LIFETIME: Duration = Duration::from_hours(30 * 24);
    /// The number of messages of a family that remain after the hourly removal, which limits a family that
    /// creates and deletes many records.
    pub const MOST: usize = 1000;
    pub const REQUEST_ENDED: &str = "request_ended";
    pub const RECORDS_CHANGED: &str = "records_changed";

    /// A request has ended.
    pub fn request_ended(request: &EndedRequest) -> Self {
        let payload = json!({
            "request_id": request.id.as_str(),
            "child_id": request.child_id.as_str(),
            "entity_type": request.entity_type.as_str(),
            "entity_id": &*request.entity_id,
            "ended": request.ended.as_str(),
            "ended_at": request.ended_at.to_string(),
            "tracking_event_id": request.event_id.as_ref().map(super::Id::as_str),
        });
        Self {
            user_id: request.user_id.clone(),
            cause: format!("{}/{}", Self::REQUEST_ENDED, request.id).into(),
            child_id: Some(request.child_id.clone()),
            name: Self::REQUEST_ENDED.into(),
            payload: object(payload),
            created_at: request.ended_at,
        }
    }

    /// A record was created, updated or deleted without an event.
    pub fn records_changed(
        user_id: UserId,
        kind: ChangedKind,
        id: &str,
        child_id: Option<ChildId>,
        now: Timestamp,
    ) -> Self {
        Self {
            user_id,
            cause: format!("{}/{}/{id}", Self::RECORDS_CHANGED, kind.as_str()).into(),
            child_id,
            name: Self::RECORDS_CHANGED.into(),
            payload: object(json!({"kind": kind.as_str(), "id": id})),
            created_at: now,
        }
    }

    /// Whether it is still kept at that time.
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.created_at.after(Self::LIFETIME)
    }
}

fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(fields) = value { fields } else { Map::new() }
}
