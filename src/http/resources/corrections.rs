//! Corrections: events that take back others, and adjustments of points.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::mutations::respond;
use crate::domain::{Mutation, MutationDetails, Operation};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::{Key, Path};
use crate::http::extract::field_types::{BOOLEAN, DELTA, NOTE};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::{Input, OptionalInput};
use crate::http::openapi::{ChangeErrors, ErrorCodes, Errors, MutationResult, schemas, tags};
use crate::service::{Adult, Parent, Service};

/// Reverse an event
///
/// Takes back what an activation or a redemption has changed: a new event with the opposite `delta` and the action
/// `cancelled` names the reversed event in `metadata.reverses`. The reversed event stays as it is. An event can be
/// reversed once, at any time. If the event ended a request, that request is pending again, unless its task or reward
/// no longer exists or can no longer be requested, or the child has made a newer request for it.
///
/// If the child no longer has the points, the error is 409 `INSUFFICIENT_POINTS`. With `partial`, the reversal takes
/// the points that are above the floor; it counts as a full reversal.
#[utoipa::path(
    post,
    path = "/children/{id}/tracking/{event_id}/reverse",
    operation_id = "reverseTrackingEvent",
    tag = tags::HISTORY,
    params(ChildAndEvent, Key),
    request_body = Option<ReversalInput>,
    responses(
        MutationResult,
        Errors<Adult, Path<String>, Key, OptionalInput<Reversal>, ChangeErrors, ReversalErrors>
    )
)]
pub(crate) async fn reverse(
    State(service): State<Arc<Service>>,
    adult: Adult,
    Path((child, event)): Path<(String, String)>,
    Key(key): Key,
    OptionalInput(Reversal(details)): OptionalInput<Reversal>,
) -> Result<Response, ApiError> {
    let mutation = Mutation::new(child, Operation::Reverse(event.into()), details);
    respond(service.mutate(&adult, mutation, key).await?).await
}

/// Adjust a child's points
///
/// Adds points or, if `delta` is negative, takes them, without a task. The note says why. The event is the activation
/// of a task or of a penalty with the `entity_id` `adjustment`, and has `adjustment` in its metadata; it can be
/// reversed. If the child does not have the points, the error is 409 `INSUFFICIENT_POINTS`. With `partial`, the
/// adjustment takes the points that are above the floor.
#[utoipa::path(
    post,
    path = "/children/{id}/points/adjust",
    operation_id = "adjustPoints",
    tag = tags::HISTORY,
    params(("id" = String, Path, description = "The id of the child."), Key),
    request_body = AdjustmentInput,
    responses(
        MutationResult,
        Errors<Parent, Path<String>, Key, OptionalInput<Adjustment>, ChangeErrors, AdjustmentErrors>
    )
)]
pub(crate) async fn adjust(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(child): Path<String>,
    Key(key): Key,
    OptionalInput(Adjustment { delta, details }): OptionalInput<Adjustment>,
) -> Result<Response, ApiError> {
    let mutation = Mutation::new(child, Operation::Adjust(delta), details);
    respond(service.mutate(&parent, mutation, key).await?).await
}

// `utoipa::path` takes no generic types.
pub(crate) type ReversalInput = Input<Reversal>;
pub(crate) type AdjustmentInput = Input<Adjustment>;

/// The body of a reversal.
#[derive(Default)]
pub(crate) struct Reversal(pub(crate) MutationDetails);

impl RequestBody for Reversal {
    const NAME: &'static str = "Reversal";
    const ABOUT: &'static str = "A note, and whether to take back less if the child no longer has the points. Other \
        fields are ignored.";

    fn example() -> Value {
        json!({"partial": true, "note": "It was your brother"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let is_partial = fields.with_default("partial", BOOLEAN, false);
        let note = fields.nullable("note", NOTE);
        let (is_partial, note) = (is_partial?, note?);
        Ok(Self(MutationDetails { note, is_partial, ..MutationDetails::default() }))
    }
}

/// The body of an adjustment.
pub(crate) struct Adjustment {
    pub(crate) delta: i64,
    pub(crate) details: MutationDetails,
}

impl RequestBody for Adjustment {
    const NAME: &'static str = "Adjustment";
    const ABOUT: &'static str = "The points to add, or to take if negative; the reason; and whether to take less if the \
        child does not have the points. Other fields are ignored.";

    fn example() -> Value {
        json!({"delta": -3, "note": "Counted twice yesterday"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let delta = fields.required("delta", DELTA);
        let note = fields.required("note", NOTE);
        let is_partial = fields.with_default("partial", BOOLEAN, false);
        let (note, is_partial) = (Some(note?), is_partial?);
        let details = MutationDetails { note, is_partial, ..MutationDetails::default() };
        Ok(Self { delta: delta?, details })
    }
}

/// The path parameters of a reversal.
struct ChildAndEvent;

impl IntoParams for ChildAndEvent {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let event = schemas::path("event_id", "The id of the event.");
        vec![schemas::path("id", "The id of the child."), event]
    }
}

enum AdjustmentErrors {}

impl ErrorCodes for AdjustmentErrors {
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::InsufficientPoints, ErrorCode::PointsOutOfRange];
}

enum ReversalErrors {}

impl ErrorCodes for ReversalErrors {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::AlreadyReversed,
        ErrorCode::NotReversible,
        ErrorCode::InsufficientPoints,
        ErrorCode::PointsOutOfRange,
        ErrorCode::FamilyLimitReached,
    ];
}
