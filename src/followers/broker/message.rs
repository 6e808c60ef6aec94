//! The form of an event in the event streams.

use bytes::Bytes;
use serde::Serialize;

use super::sse;
use crate::domain::{ChildId, Epoch, Seq, TrackingEvent, UserId};
use crate::store::StoredEvent;

/// A new event as the bytes that are sent: rendered once, shared by all subscribers.
#[derive(Debug)]
pub struct Message {
    pub seq: Seq,
    /// The family that receives it.
    pub user_id: UserId,
    /// The child that it is about.
    pub child_id: ChildId,
    /// The frame with an `event:` line.
    pub named: Bytes,
    /// The frame without one.
    pub unnamed: Bytes,
}

impl Message {
    /// Renders an event's frames; `data` is the JSON text that the client gets.
    pub fn new(epoch: &Epoch, seq: Seq, user_id: UserId, child_id: ChildId, data: &str) -> Self {
        let (named, unnamed) = sse::event(&epoch.stream_id(seq), data);
        Self { seq, user_id, child_id, named, unnamed }
    }
}

/// The frames of an event; `None` if it was anonymised.
pub(super) fn message(stored: &StoredEvent, epoch: &Epoch) -> Option<Message> {
    let event = &stored.event;
    let user_id = event.user_id.clone()?;
    let data = live_data(event);
    Some(Message::new(epoch, stored.seq, user_id, event.child_id.clone(), &data))
}

#[derive(Serialize)]
struct LiveData<'a> {
    r#type: &'static str,
    payload: LivePayload<'a>,
}

#[derive(Serialize)]
struct LivePayload<'a> {
    tracking_event_id: &'a str,
    child_id: &'a str,
    entity_type: &'static str,
    entity_id: &'a str,
    action: &'static str,
    points_before: i64,
    points_after: i64,
    delta: i64,
    occurred_at: String,
}

fn live_data(event: &TrackingEvent) -> String {
    let data = LiveData {
        r#type: "tracking_event_created",
        payload: LivePayload {
            tracking_event_id: event.id.as_str(),
            child_id: event.child_id.as_str(),
            entity_type: event.entity_type.as_str(),
            entity_id: &event.entity_id,
            action: event.action.as_str(),
            points_before: event.points_before.get(),
            points_after: event.points_after.get(),
            delta: event.delta,
            occurred_at: event.occurred_at.to_string(),
        },
    };
    // Texts and numbers under fixed keys always have a JSON form.
    serde_json::to_string(&data).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Action, EntityType, EventFields, Points, Timestamp};

    #[test]
    fn the_streams_get_nine_fields_of_an_event() {
        let event = TrackingEvent::new(EventFields {
            id: "e".into(),
            user_id: Some("u".into()),
            child_id: "c".into(),
            entity_type: EntityType::Reward,
            entity_id: "r".to_owned(),
            action: Action::Redeemed,
            points_before: Points::new(25).unwrap(),
            points_after: Points::new(5).unwrap(),
            delta: -20,
            occurred_at: Timestamp::EPOCH,
            created_at: Timestamp::EPOCH,
            metadata: None,
        });
        assert_eq!(
            live_data(&event.unwrap()),
            r#"{"type":"tracking_event_created","payload":{"tracking_event_id":"e","child_id":"c","entity_type":"reward","entity_id":"r","action":"redeemed","points_before":25,"points_after":5,"delta":-20,"occurred_at":"1970-01-01T00:00:00.000000Z"}}"#
        );
    }
}
