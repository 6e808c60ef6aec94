//! The schemas of what is answered as the store keeps it, so that no type here serialises it.

use std::borrow::Cow;

use utoipa::openapi::schema::{AllOfBuilder, ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::samples;
use super::schemas::{flag, integer, moment, nullable, text};
use crate::domain::{Action, EntityType, Points};
use crate::http::resources::records::{ChildBody, PageBody};

/// The name and the schema of each type that some schema refers to.
type Schemas = Vec<(String, RefOr<Schema>)>;

fn reference<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

/// An object that has all of its fields.
fn object(
    about: &str,
    fields: impl IntoIterator<Item = (&'static str, RefOr<Schema>)>,
) -> ObjectBuilder {
    let object = ObjectBuilder::new().schema_type(Type::Object).description(Some(about));
    fields
        .into_iter()
        .fold(object, |object, (name, schema)| object.property(name, schema).required(name))
}

fn about(schema: ObjectBuilder, about: &str) -> RefOr<Schema> {
    schema.description(Some(about)).into()
}

/// What an event is about, and what it did to the points, as the event and the live stream have it.
fn substance() -> [(&'static str, RefOr<Schema>); 8] {
    let points = || integer(-Points::LIMIT..=Points::LIMIT);
    let types = flag(EntityType::ALL.map(EntityType::as_str));
    let actions = flag(Action::ALL.map(Action::as_str));
    [
        ("child_id", about(text(), "The child, which may be deleted by now.")),
        ("entity_type", about(types, "What it is about.")),
        (
            "entity_id",
            about(
                text(),
                "The id of the task, the penalty or the reward, which may be deleted by now.",
            ),
        ),
        (
            "action",
            about(
                actions,
                "What was done: tasks and penalties are activated, rewards the other three.",
            ),
        ),
        ("points_before", about(points(), "The child's points before it.")),
        ("points_after", about(points(), "The child's points after it.")),
        ("delta", about(integer(..), "Always `points_after` less `points_before`.")),
        ("occurred_at", about(moment(), "When, by the server's clock.")),
    ]
}

/// One entry of the audit history.
pub(crate) enum TrackingEvent {}

impl PartialSchema for TrackingEvent {
    fn schema() -> RefOr<Schema> {
        let user_id = nullable(text(), Type::String);
        let metadata = nullable(ObjectBuilder::new(), Type::Object)
            .property("name", text().description(Some("What it was called then.")))
            .property("points", integer(..).description(Some("Of a task or a penalty.")))
            .property("cost", integer(..).description(Some("Of a reward.")))
            .property("actor", text().description(Some("`parent` or `child`.")))
            .property(
                "requested_delta",
                integer(..).description(Some("Where a penalty took less than it should.")),
            );
        let ids = [
            ("id", about(text(), "Unique.")),
            ("user_id", about(user_id, "The family's account. Null once that is deleted.")),
        ];
        let event = object(
            "One entry of the audit history. Goldstar's own hold what `metadata` lists; those of an \
             older file whatever is there.",
            ids.into_iter().chain(substance()),
        );
        event
            .property("created_at", about(moment(), "When it was recorded, by the server's clock."))
            .required("created_at")
            .property(
                "metadata",
                about(metadata, "More about it. Null or missing in some events of older files."),
            )
            .additional_properties(Some(true_schema()))
            .examples([samples::tracking_event()])
            .into()
    }
}

fn true_schema() -> utoipa::openapi::schema::AdditionalProperties<Schema> {
    utoipa::openapi::schema::AdditionalProperties::FreeForm(true)
}

impl ToSchema for TrackingEvent {
    fn name() -> Cow<'static, str> {
        "TrackingEvent".into()
    }
}

/// A page of the audit history.
pub(crate) enum TrackingEventList {}

impl PartialSchema for TrackingEventList {
    fn schema() -> RefOr<Schema> {
        let events = ArrayBuilder::new().items(reference::<TrackingEvent>());
        let list = object("", [("tracking_events", Schema::from(events).into())])
            .description(None::<String>);
        Schema::from(AllOfBuilder::new().item(reference::<PageBody>()).item(list)).into()
    }
}

impl ToSchema for TrackingEventList {
    fn name() -> Cow<'static, str> {
        "TrackingEventList".into()
    }

    fn schemas(schemas: &mut Schemas) {
        schemas.push((TrackingEvent::name().into(), TrackingEvent::schema()));
        schemas.push((PageBody::name().into(), PageBody::schema()));
    }
}

/// What one of the four mutations did.
pub(crate) enum MutationResult {}

impl PartialSchema for MutationResult {
    fn schema() -> RefOr<Schema> {
        let fields =
            [("child", reference::<ChildBody>()), ("tracking_event", reference::<TrackingEvent>())];
        object("The child as it is now, and the event as it is recorded.", fields).into()
    }
}

impl ToSchema for MutationResult {
    fn name() -> Cow<'static, str> {
        "MutationResult".into()
    }

    fn schemas(schemas: &mut Schemas) {
        schemas.push((TrackingEvent::name().into(), TrackingEvent::schema()));
        schemas.push((ChildBody::name().into(), ChildBody::schema()));
    }
}

/// The `data` of a frame of the live stream.
pub(crate) enum TrackingEventCreated {}

impl PartialSchema for TrackingEventCreated {
    fn schema() -> RefOr<Schema> {
        let id = ("tracking_event_id", about(text(), "The event's id."));
        let payload = object(
            "The event, without what it would tell of the family.",
            [id].into_iter().chain(substance()),
        );
        let kind = about(flag(["tracking_event_created"]), "What has happened.");
        object(
            "The `data` of a frame of the live stream.",
            [("type", kind), ("payload", payload.into())],
        )
        .examples([samples::tracking_event_created()])
        .into()
    }
}

impl ToSchema for TrackingEventCreated {
    fn name() -> Cow<'static, str> {
        "TrackingEventCreated".into()
    }
}
