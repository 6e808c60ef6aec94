//! The schemas of tracking events, which are returned as they are stored: no type of this layer serializes
//! them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder, Schema};
use utoipa::{IntoResponses, PartialSchema, ToSchema};

use super::samples;
use super::schemas::{self, about, flag, integer, moment, nullable, text};
use crate::domain::{Action, EntityType, Points};
use crate::http::resources::records::RecordBody;
use crate::http::response::page::{ListItem, PageOf};
use crate::service::ChildState;

pub(super) fn reference<T: ToSchema>() -> RefOr<Schema> {
    Ref::from_schema_name(T::name()).into()
}

/// An object that has all of its fields.
pub(super) fn object(
    about: &str,
    fields: impl IntoIterator<Item = (&'static str, RefOr<Schema>)>,
) -> ObjectBuilder {
    let object = ObjectBuilder::new().schema_type(Type::Object).description(Some(about));
    fields
        .into_iter()
        .fold(object, |object, (name, schema)| object.property(name, schema).required(name))
}

/// The fields that the event and the event stream have in common.
pub(super) fn common() -> [(&'static str, RefOr<Schema>); 8] {
    let points = || integer(-Points::LIMIT..=Points::LIMIT);
    let types = flag(EntityType::ALL.map(EntityType::as_str));
    let actions = flag(Action::ALL.map(Action::as_str));
    let entity = "The id of the task, penalty or reward, which may be deleted since.";
    let action = "Tasks are `activated`, `requested` or `cancelled`; penalties are `activated`; rewards are \
                  `requested`, `redeemed` or `cancelled`. With `metadata.reverses`, `cancelled` is the reversal \
                  of an event of any type.";
    [
        ("child_id", about(text(), "The child, which may be deleted since.")),
        ("entity_type", about(types, "The type of `entity_id`.")),
        ("entity_id", about(text(), entity)),
        ("action", about(actions, action)),
        ("points_before", about(points(), "The child's points before the event.")),
        ("points_after", about(points(), "The child's points after the event.")),
        ("delta", about(integer(..), "`points_after` minus `points_before`.")),
        ("occurred_at", about(moment(), "The time of the event, by the server's clock.")),
    ]
}

/// One event of the history.
pub(crate) enum TrackingEvent {}

impl PartialSchema for TrackingEvent {
    fn schema() -> RefOr<Schema> {
        let user_id = nullable(text(), Type::String);
        let name = "The name of the task, penalty or reward at that time.";
        let metadata = nullable(ObjectBuilder::new(), Type::Object)
            .property("name", about(text(), name))
            .property("points", about(integer(..), "The points of the task or penalty."))
            .property("cost", about(integer(..), "The cost of the reward."))
            .property(
                "actor_id",
                about(text(), "The member of the family who acted, if it has several adults."),
            )
            .property("actor", about(text(), "Whose session it was: `parent` or `child`."))
            .property(
                "requested_delta",
                about(integer(..), "The full deduction, if the floor reduced it."),
            )
            .property(
                "note",
                about(
                    nullable(text(), Type::String),
                    "What a person wrote. Null after the deletion of the account.",
                ),
            )
            .property(
                "adjustment",
                about(
                    schemas::boolean(),
                    "True if the event is an adjustment, not of a task or penalty.",
                ),
            )
            .property("reverses", about(text(), "The event that this one reverses."))
            .property(
                "request_id",
                about(
                    text(),
                    "The request that begins or ends with the event, or is pending again.",
                ),
            )
            .property(
                "requested_at",
                about(text(), "The time of the request that ends with the event."),
            )
            .property(
                "requested_points",
                about(
                    integer(..),
                    "The points of the request for a task that ends with the event.",
                ),
            );
        let ids = [
            ("id", about(text(), "Unique.")),
            ("user_id", about(user_id, "The family's account. Null after its deletion.")),
        ];
        let event = object(
            "One event of the history. Goldstar's own events have the listed `metadata`; events of older \
             files can have any.",
            ids.into_iter().chain(common()),
        );
        let metadata = about(metadata, "Details. Null or absent in some events of older files.");
        event
            .property(
                "created_at",
                about(moment(), "The time of recording, by the server's clock."),
            )
            .required("created_at")
            .property("metadata", metadata)
            .additional_properties(Some(AdditionalProperties::<Schema>::FreeForm(true)))
            .examples([samples::tracking_event()])
            .into()
    }
}

impl ToSchema for TrackingEvent {
    fn name() -> Cow<'static, str> {
        "TrackingEvent".into()
    }
}

impl ListItem for TrackingEvent {
    const FIELD: &'static str = "tracking_events";

    fn complete(page: ObjectBuilder) -> ObjectBuilder {
        let reversals = ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(String::schema()))
            .description(Some(
                "The id of each event of the page that is reversed, with the id of its reversal.",
            ));
        let actor = ObjectBuilder::new()
            .schema_type(Type::Object)
            .property("name", about(text(), "The given name."))
            .property("role", flag(["owner", "parent", "helper"]))
            .required("name")
            .required("role");
        let actors = ObjectBuilder::new()
            .schema_type(Type::Object)
            .additional_properties(Some(schemas::closed(actor)))
            .description(Some(
                "The adults of the family by the ids that events name in `metadata.actor_id`; in the query of all \
                 families, those whom the page names. Those who have left are not here. Empty while the family has one \
                 adult.",
            ));
        let page = page.property("reversals", reversals).required("reversals");
        page.property("actors", actors).required("actors")
    }
}

/// `utoipa::path` takes no generic types.
pub(crate) type TrackingEventPage = PageOf<TrackingEvent>;

/// The response to each mutation.
pub(crate) enum MutationResult {}

/// The header of the response to a repeated request.
pub(crate) const REPLAYED: &str = "Idempotent-Replayed";

/// Describes [`REPLAYED`].
pub(crate) fn replayed() -> Header {
    let header = HeaderBuilder::new().schema(Some(String::schema()));
    header.description(Some("`true` if the request is a repetition")).build()
}

impl IntoResponses for MutationResult {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let content = ContentBuilder::new().schema(Some(reference::<Self>())).build();
        let response = ResponseBuilder::new()
            .description("The child and the event")
            .content("application/json", content)
            .header(REPLAYED, replayed());
        [("200".to_owned(), response.build().into())].into()
    }
}

impl PartialSchema for MutationResult {
    fn schema() -> RefOr<Schema> {
        let fields = [
            ("child", reference::<RecordBody<ChildState>>()),
            ("tracking_event", reference::<TrackingEvent>()),
        ];
        object("The child after the event, and the event as it is stored.", fields).into()
    }
}

impl ToSchema for MutationResult {
    fn name() -> Cow<'static, str> {
        "MutationResult".into()
    }

    fn schemas(schemas: &mut schemas::Named) {
        schemas::add::<TrackingEvent>(schemas);
        schemas::add::<RecordBody<ChildState>>(schemas);
    }
}

/// A type and its payload.
pub(super) fn data(text: &str, kind: &'static str, payload: ObjectBuilder) -> ObjectBuilder {
    let kind = about(flag([kind]), "The type of the message.");
    object(text, [("type", kind), ("payload", payload.into())])
}
