//! The records that only an export contains.

use std::sync::Arc;

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::domain::schedule::{Mark, MarkKey};
use crate::domain::{Amount, EndedRequest, IdempotencyRecord, Message, Session};
use crate::http::resources::records::Iso;

/// A session, without its token.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedSession)]
pub(super) struct SessionBody {
    /// The child that uses the session. Null for a parent's.
    #[schema(required)]
    child_id: Option<String>,
    /// The name of the device, if it is that of a child's device.
    #[schema(required)]
    device_name: Option<String>,
    /// The time of the login.
    #[schema(value_type = String, format = DateTime)]
    created_at: Iso,
    /// Accurate to an hour.
    #[schema(value_type = String, format = DateTime)]
    last_used_at: Iso,
    /// When the session ends if it is not used again.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Iso,
    /// Whether it is no session, but a link to reset the password.
    is_reset_link: bool,
    /// Whether it is no session yet: a parent has confirmed the device, and it has not fetched its session.
    is_waiting: bool,
    /// Whether it is no session, but an invitation to the family.
    is_invitation: bool,
}

impl From<&Session> for SessionBody {
    fn from(session: &Session) -> Self {
        Self {
            child_id: session.child_id.as_ref().map(ToString::to_string),
            device_name: session.device.as_ref().map(|device| device.name.to_string()),
            created_at: Iso(session.created_at),
            last_used_at: Iso(session.last_used_at),
            expires_at: Iso(session.expires_at),
            is_reset_link: session.is_reset_link(),
            is_waiting: session.is_pairing(),
            is_invitation: session.invitation.is_some(),
        }
    }
}

/// A request that has ended.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedEndedRequest)]
pub(super) struct EndedBody {
    /// Unique.
    id: String,
    /// The child that requested it.
    child_id: String,
    /// `task` or `reward`.
    entity_type: &'static str,
    /// The requested task or reward.
    entity_id: String,
    /// The points of the task or the cost of the reward at the time of the request. Null in older files.
    #[schema(required)]
    price: Option<i64>,
    /// Null if an older file does not contain it.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    requested_at: Option<Iso>,
    /// What the child or a parent wrote with the request.
    #[schema(required)]
    note: Option<String>,
    /// `redeemed`, `activated`, `cancelled` or `deleted`.
    ended: &'static str,
    /// The time of the end.
    #[schema(value_type = String, format = DateTime)]
    ended_at: Iso,
    /// The event that ended it. Null if its child, task or reward was deleted.
    #[schema(required)]
    tracking_event_id: Option<String>,
}

impl From<&EndedRequest> for EndedBody {
    fn from(request: &EndedRequest) -> Self {
        Self {
            id: request.id.to_string(),
            child_id: request.child_id.to_string(),
            entity_type: request.entity_type.as_str(),
            entity_id: request.entity_id.to_string(),
            price: request.price.map(Amount::get),
            requested_at: request.requested_at.map(Iso),
            note: request.note.as_ref().map(|note| note.as_str().to_owned()),
            ended: request.ended.as_str(),
            ended_at: Iso(request.ended_at),
            tracking_event_id: request.event_id.as_ref().map(ToString::to_string),
        }
    }
}

/// The `Idempotency-Key` of a request.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedIdempotencyKey)]
pub(super) struct KeyBody {
    /// The key.
    key: String,
    /// The time of the request.
    #[schema(value_type = String, format = DateTime)]
    created_at: Iso,
}

impl From<&IdempotencyRecord> for KeyBody {
    fn from(record: &IdempotencyRecord) -> Self {
        Self { key: record.key.as_str().to_owned(), created_at: Iso(record.created_at) }
    }
}

/// What is stored about an occurrence of a scheduled task.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedScheduleMark)]
pub(super) struct MarkBody {
    /// The scheduled task.
    task_id: String,
    /// The child that is to do it.
    child_id: String,
    /// The day of the occurrence.
    #[schema(format = Date)]
    day: String,
    /// `skipped`, `penalty`, or the message that was sent: `due`, `late`, `missed` or `done`.
    kind: &'static str,
    /// The note of the parent who skipped it.
    #[schema(required)]
    note: Option<String>,
    /// When it was stored.
    #[schema(value_type = String, format = DateTime)]
    created_at: Iso,
}

impl From<&Mark> for MarkBody {
    fn from(mark: &Mark) -> Self {
        let MarkKey { day, child_id, task_id, kind } = &mark.key;
        Self {
            task_id: task_id.to_string(),
            child_id: child_id.to_string(),
            day: day.to_string(),
            kind: kind.as_str(),
            note: mark.note.as_ref().map(|note| note.as_str().to_owned()),
            created_at: Iso(mark.created_at),
        }
    }
}

/// A message of the event stream.
pub(super) struct MessageBody(pub(super) Arc<Message>);

impl Serialize for MessageBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Message { name, payload, created_at, .. } = &*self.0;
        MessageFields { r#type: name, payload, created_at: Iso(*created_at) }.serialize(serializer)
    }
}

/// A message of the event stream.
#[derive(Serialize, ToSchema)]
#[schema(as = ExportedMessage)]
pub(super) struct MessageFields<'a> {
    /// `request_ended`, `records_changed`, `badge_awarded`, `badge_revoked`, `rank_changed`, `task_due`,
    /// `task_late`, `task_missed`, `task_done` or `tasks_summary`.
    r#type: &'a str,
    /// As in the event stream.
    #[schema(value_type = Object)]
    payload: &'a Map<String, Value>,
    /// The time of the change.
    #[schema(value_type = String, format = DateTime)]
    created_at: Iso,
}
