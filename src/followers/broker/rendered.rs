//! The form of an event and of a message in the event streams.

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use super::sse;
use crate::domain::{ChildId, Epoch, Message, Seq, TrackingEvent, UserId};
use crate::store::StoredEvent;

/// A new event or message as the bytes that are sent: rendered once, shared by all subscribers.
#[derive(Debug)]
pub struct Rendered {
    pub place: Place,
    /// The family that receives it.
    pub user_id: UserId,
    /// The child that it is about; `None` if the sessions of all children receive it.
    pub child_id: Option<ChildId>,
    /// Whether no child's session receives it.
    pub is_for_parents: bool,
    /// The frame with an `event:` line.
    pub named: Bytes,
    /// The frame without one; `None` if streams without names do not get it.
    pub unnamed: Option<Bytes>,
}

/// Where it is in the history or among the messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Event(Seq),
    /// With the number of the message.
    Message(u64),
}

impl Rendered {
    /// Renders an event's frames; `data` is the JSON text that the client gets.
    pub fn new(epoch: &Epoch, seq: Seq, user_id: UserId, child_id: ChildId, data: &str) -> Self {
        let (named, unnamed) = sse::event(&epoch.stream_id(seq), data);
        let (child_id, unnamed) = (Some(child_id), Some(unnamed));
        Self { place: Place::Event(seq), user_id, child_id, is_for_parents: false, named, unnamed }
    }

    /// Renders a message.
    pub fn of_message(number: u64, message: &Message) -> Self {
        let data = MessageData { r#type: &message.name, payload: &message.payload };
        // Texts and JSON values always have a JSON form.
        let data = serde_json::to_string(&data).unwrap_or_default();
        Self {
            place: Place::Message(number),
            user_id: message.user_id.clone(),
            child_id: message.child_id.clone(),
            is_for_parents: message.is_for_parents(),
            named: sse::message(&message.name, &data),
            unnamed: None,
        }
    }
}

/// The frames of an event; `None` if it was anonymised.
pub(super) fn rendered(stored: &StoredEvent, epoch: &Epoch) -> Option<Rendered> {
    let event = &stored.event;
    let user_id = event.user_id.clone()?;
    let data = live_data(event);
    Some(Rendered::new(epoch, stored.seq, user_id, event.child_id.clone(), &data))
}

#[derive(Serialize)]
struct MessageData<'a> {
    r#type: &'a str,
    payload: &'a Map<String, Value>,
}

#[derive(Serialize)]
struct LiveData<'a> {
    r#type: &'static str,
    payload: LivePayload<'a>,
}

#[derive(Serialize)]
pub(crate) struct LivePayload<'a> {
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

/// The payload of an event.
pub(crate) fn event_payload(event: &TrackingEvent) -> LivePayload<'_> {
    LivePayload {
        tracking_event_id: event.id.as_str(),
        child_id: event.child_id.as_str(),
        entity_type: event.entity_type.as_str(),
        entity_id: &event.entity_id,
        action: event.action.as_str(),
        points_before: event.points_before.get(),
        points_after: event.points_after.get(),
        delta: event.delta,
        occurred_at: event.occurred_at.to_string(),
    }
}

fn live_data(event: &TrackingEvent) -> String {
    let data = LiveData { r#type: "tracking_event_created", payload: event_payload(event) };
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
