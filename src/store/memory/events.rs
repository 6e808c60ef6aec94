//! The events as they are stored and found.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::domain::{EventFilter, Id, TrackingEvent};

/// The event as a JSON object.
pub(super) fn json_of(event: &TrackingEvent) -> Arc<str> {
    let object = json!({
        "id": event.id.as_str(),
        "user_id": event.user_id.as_ref().map(Id::as_str),
        "child_id": event.child_id.as_str(),
        "entity_type": event.entity_type.as_str(),
        "entity_id": event.entity_id,
        "action": event.action.as_str(),
        "points_before": event.points_before.get(),
        "points_after": event.points_after.get(),
        "delta": event.delta,
        "occurred_at": event.occurred_at.to_string(),
        "created_at": event.created_at.to_string(),
        "metadata": event.metadata.clone().map(Value::Object),
    });
    object.to_string().into()
}

pub(super) fn matches(filter: &EventFilter, event: &TrackingEvent) -> bool {
    fn is<T: PartialEq>(wanted: Option<&T>, value: Option<&T>) -> bool {
        wanted.is_none_or(|wanted| Some(wanted) == value)
    }
    is(filter.child_id.as_ref(), Some(&event.child_id))
        && is(filter.user_id.as_ref(), event.user_id.as_ref())
        && is(filter.entity_type.as_ref(), Some(&event.entity_type))
        && is(filter.entity_id.as_ref(), Some(&event.entity_id))
        && is(filter.action.as_ref(), Some(&event.action))
        && filter.from.is_none_or(|from| event.occurred_at >= from)
        && filter.to.is_none_or(|to| event.occurred_at < to)
}
