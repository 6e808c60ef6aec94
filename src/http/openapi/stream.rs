//! The schemas of the event stream, whose texts the followers render.

use std::borrow::Cow;

use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::occurrences::{TaskDue, TasksSummary};
use super::samples;
use super::schemas::about;
use super::schemas::{self, flag, moment, nullable, text};
use super::tracking::{common, data, object, reference};
use crate::domain::{ChangedKind, Ending, EntityType, Message};

/// The `data` of a frame of the event stream.
pub(crate) enum StreamData {}

impl PartialSchema for StreamData {
    fn schema() -> RefOr<Schema> {
        let kinds = OneOfBuilder::new().item(reference::<TrackingEventCreated>());
        let kinds = kinds.item(reference::<RequestEnded>()).item(reference::<RecordsChanged>());
        let kinds = kinds.item(reference::<BadgeAwarded>()).item(reference::<BadgeRevoked>());
        let kinds = kinds.item(reference::<RankChanged>());
        let kinds = kinds.item(reference::<TaskDue>()).item(reference::<TasksSummary>());
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
        schemas::add::<BadgeAwarded>(schemas);
        schemas::add::<BadgeRevoked>(schemas);
        schemas::add::<RankChanged>(schemas);
        schemas::add::<TaskDue>(schemas);
        schemas::add::<TasksSummary>(schemas);
    }
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

/// A child has earned a badge.
pub(crate) enum BadgeAwarded {}

impl PartialSchema for BadgeAwarded {
    fn schema() -> RefOr<Schema> {
        let at = ("earned_at", about(moment(), "When the child reached it."));
        let event = "The event that reached it; null if the end of a day did.";
        let payload = award(at, about(nullable(text(), Type::String), event));
        data("A child has earned a badge.", Message::BADGE_AWARDED, payload)
            .examples([samples::badge_awarded()])
            .into()
    }
}

impl ToSchema for BadgeAwarded {
    fn name() -> Cow<'static, str> {
        "BadgeAwarded".into()
    }
}

/// The reversal of an event has taken a badge away.
pub(crate) enum BadgeRevoked {}

impl PartialSchema for BadgeRevoked {
    fn schema() -> RefOr<Schema> {
        let at = ("revoked_at", about(moment(), "The time of the reversal."));
        let payload = award(at, about(text(), "The reversal."));
        let text = "The reversal of an event has taken a badge away.";
        data(text, Message::BADGE_REVOKED, payload).examples([samples::badge_revoked()]).into()
    }
}

impl ToSchema for BadgeRevoked {
    fn name() -> Cow<'static, str> {
        "BadgeRevoked".into()
    }
}

/// The payload of a message about an award.
fn award(at: (&'static str, RefOr<Schema>), event: RefOr<Schema>) -> ObjectBuilder {
    let period = "The first day of the week, or the month, in which it was earned; null if all of the history counts.";
    let grade = schemas::integer(1..=3);
    object(
        "The award.",
        [
            ("award_id", about(text(), "The `id` of the award.")),
            ("child_id", about(text(), "The child.")),
            ("badge_id", about(text(), "The badge.")),
            ("badge_name", about(text(), "The badge's name at that time.")),
            ("grade", about(grade, "1 for bronze, 2 for silver, 3 for gold.")),
            ("period", about(nullable(text(), Type::String), period)),
            at,
            ("tracking_event_id", event),
        ],
    )
}

/// An event has changed the rank of a child.
pub(crate) enum RankChanged {}

impl PartialSchema for RankChanged {
    fn schema() -> RefOr<Schema> {
        let payload = object(
            "The rank after the event.",
            [
                ("child_id", about(text(), "The child.")),
                ("number", about(schemas::integer(1..), "From 1.")),
                ("name", about(text(), "The name of the rank.")),
                (
                    "threshold",
                    about(schemas::integer(0..), "The number of points at which it begins."),
                ),
                (
                    "points_earned",
                    about(schemas::integer(0..), "The points earned in the child's lifetime."),
                ),
                ("tracking_event_id", about(text(), "The event.")),
            ],
        );
        data("An event has changed the rank of a child.", Message::RANK_CHANGED, payload)
            .examples([samples::rank_changed()])
            .into()
    }
}

impl ToSchema for RankChanged {
    fn name() -> Cow<'static, str> {
        "RankChanged".into()
    }
}
