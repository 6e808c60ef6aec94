//! The schemas of the event stream, whose texts the followers render.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::samples;
use super::schemas::{self, flag, moment, nullable, text};
use super::tracking::{about, common, object, reference};
use crate::domain::{ChangedKind, Ending, EntityType, Message};

/// The `data` of a frame of the event stream.
pub(crate) enum StreamData {}

impl PartialSchema for StreamData {
    fn schema() -> RefOr<Schema> {
        let kinds = OneOfBuilder::new().item(reference::<TrackingEventCreated>());
        let kinds = kinds.item(reference::<RequestEnded>()).item(reference::<RecordsChanged>());
        kinds.description(Some("The `data` of a frame of the event stream.")).into()
    }
}

impl ToSchema for StreamData {
    fn name() -> Cow<'static, str> {
        "StreamData".into()
    }

    fn schemas(schemas: &mut schemas::Named) {
        schemas::add::<TrackingEventCreated>(schemas);
        schemas::add::<RequestEnded>(schemas);
        schemas::add::<RecordsChanged>(schemas);
    }
}

/// A type and its payload.
fn data(text: &str, kind: &'static str, payload: ObjectBuilder) -> ObjectBuilder {
    let kind = about(flag([kind]), "The type of the message.");
    object(text, [("type", kind), ("payload", payload.into())])
}

/// A tracking event was recorded.
pub(crate) enum TrackingEventCreated {}

impl PartialSchema for TrackingEventCreated {
    fn schema() -> RefOr<Schema> {
        let id = ("tracking_event_id", about(text(), "The `id` of the event."));
        let payload = object(
            "The event, without the account and the metadata.",
            [id].into_iter().chain(common()),
        );
        data("A tracking event was recorded.", "tracking_event_created", payload)
            .examples([samples::tracking_event_created()])
            .into()
    }
}

impl ToSchema for TrackingEventCreated {
    fn name() -> Cow<'static, str> {
        "TrackingEventCreated".into()
    }
}

/// A request has ended.
pub(crate) enum RequestEnded {}

impl PartialSchema for RequestEnded {
    fn schema() -> RefOr<Schema> {
        let types = flag([EntityType::Task, EntityType::Reward].map(EntityType::as_str));
        let event = "The event that ended it; null if it was `deleted`.";
        let payload = object(
            "The request.",
            [
                ("request_id", about(text(), "The `id` of the request.")),
                ("child_id", about(text(), "The child, which may be deleted since.")),
                ("entity_type", about(types, "The type of `entity_id`.")),
                ("entity_id", about(text(), "The requested task or reward.")),
                ("ended", about(flag(Ending::ALL.map(Ending::as_str)), "How it ended.")),
                ("ended_at", about(moment(), "When it ended, by the server's clock.")),
                ("tracking_event_id", about(nullable(text(), Type::String), event)),
            ],
        );
        data("A request has ended: remove its prompt.", Message::REQUEST_ENDED, payload)
            .examples([samples::request_ended()])
            .into()
    }
}

impl ToSchema for RequestEnded {
    fn name() -> Cow<'static, str> {
        "RequestEnded".into()
    }
}

/// A record has changed without an event.
pub(crate) enum RecordsChanged {}

impl PartialSchema for RecordsChanged {
    fn schema() -> RefOr<Schema> {
        let kinds = flag(ChangedKind::ALL.map(ChangedKind::as_str));
        let payload = object(
            "The record.",
            [
                ("kind", about(kinds, "What it is.")),
                ("id", about(text(), "Its `id`; it may be deleted.")),
            ],
        );
        let text = "A record was created, updated or deleted, and no event says so: load it again.";
        data(text, Message::RECORDS_CHANGED, payload).examples([samples::records_changed()]).into()
    }
}

impl ToSchema for RecordsChanged {
    fn name() -> Cow<'static, str> {
        "RecordsChanged".into()
    }
}
