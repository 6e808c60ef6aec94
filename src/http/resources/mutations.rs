//! The mutations, which change a child's points or its pending requests. Their bodies are optional.

use std::io::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::domain::{Mutation, MutationDetails, Operation};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::{Key, Path};
use crate::http::extract::field_types::{AMOUNT, BOOLEAN, NOTE, REQUEST_ID};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::{Input, OptionalInput};
use crate::http::openapi::{
    ChangeErrors, ErrorCodes, Errors, MutationResult, REPLAYED, samples, schemas, tags,
};
use crate::http::resources::records::RecordBody;
use crate::http::response::json::{self, JsonText, Parts};
use crate::service::{Adult, Caller, ChildState, Mutated, Service};

/// Activate a task or penalty
///
/// A task gives the child its points, and ends the child's pending request, if there is one: then it gives the points
/// at the time of the request, or `points` of the body. A penalty deducts its points, but not below the floor, which is
/// 0 unless the operator sets another one.
#[utoipa::path(
    post,
    path = "/children/{id}/tasks/{task_id}/activate",
    operation_id = "activateTask",
    tag = tags::TASKS,
    params(ChildAndTask, Key),
    request_body = Option<ApprovalInput>,
    responses(
        MutationResult,
        Errors<Adult, Path<String>, Key, OptionalInput<Approval>, ChangeErrors, ActivationErrors>
    )
)]
pub(crate) async fn activate(
    State(service): State<Arc<Service>>,
    adult: Adult,
    Path((child, task)): Path<(String, String)>,
    Key(key): Key,
    OptionalInput(Approval(details)): OptionalInput<Approval>,
) -> Result<Response, ApiError> {
    let mutation = Mutation::new(child, Operation::Activate(task.into()), details);
    respond(service.mutate(&adult, mutation, key).await?).await
}

/// Request a task's points
///
/// The child has done the task. A parent gives the points by activating it. The request keeps the task's points of this
/// time. Penalties, and tasks with `requestable: false`, cannot be requested.
#[utoipa::path(
    post,
    path = "/children/{id}/tasks/{task_id}/request",
    operation_id = "requestTask",
    tag = tags::TASKS,
    params(ChildAndTask, Key),
    request_body = Option<NotedInput>,
    responses(
        MutationResult,
        Errors<Caller, Path<String>, Key, OptionalInput<Noted>, ChangeErrors, TaskRequestErrors>
    )
)]
pub(crate) async fn request_task(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((child, task)): Path<(String, String)>,
    Key(key): Key,
    OptionalInput(Noted(details)): OptionalInput<Noted>,
) -> Result<Response, ApiError> {
    let mutation = Mutation::new(child, Operation::RequestTask(task.into()), details);
    respond(service.mutate(&caller, mutation, key).await?).await
}

/// Cancel a request for a task's points
///
/// The points do not change.
#[utoipa::path(
    post,
    path = "/children/{id}/tasks/{task_id}/cancel",
    operation_id = "cancelTask",
    tag = tags::TASKS,
    params(ChildAndTask, Key),
    request_body = Option<AnswerInput>,
    responses(
        MutationResult,
        Errors<Caller, Path<String>, Key, OptionalInput<Answer>, ChangeErrors, CancellationErrors>
    )
)]
pub(crate) async fn cancel_task(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((child, task)): Path<(String, String)>,
    Key(key): Key,
    OptionalInput(Answer(details)): OptionalInput<Answer>,
) -> Result<Response, ApiError> {
    let mutation = Mutation::new(child, Operation::CancelTask(task.into()), details);
    respond(service.mutate(&caller, mutation, key).await?).await
}

/// Request a reward
///
/// The child must have enough points. It keeps them until the reward is redeemed. The request keeps the reward's cost
/// of this time.
#[utoipa::path(
    post,
    path = "/children/{id}/rewards/{reward_id}/request",
    operation_id = "requestReward",
    tag = tags::REWARDS,
    params(ChildAndReward, Key),
    request_body = Option<NotedInput>,
    responses(
        MutationResult,
        Errors<Caller, Path<String>, Key, OptionalInput<Noted>, ChangeErrors, RequestErrors>
    )
)]
pub(crate) async fn request(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
    OptionalInput(Noted(details)): OptionalInput<Noted>,
) -> Result<Response, ApiError> {
    let mutation = Mutation::new(child, Operation::Request(reward.into()), details);
    respond(service.mutate(&caller, mutation, key).await?).await
}

/// Redeem a reward
///
/// Deducts the cost from the child's points and ends the child's pending request, if there is one: then the cost at
/// the time of the request counts. A reward can be redeemed without a request.
#[utoipa::path(
    post,
    path = "/children/{id}/rewards/{reward_id}/redeem",
    operation_id = "redeemReward",
    tag = tags::REWARDS,
    params(ChildAndReward, Key),
    request_body = Option<AnswerInput>,
    responses(
        MutationResult,
        Errors<Adult, Path<String>, Key, OptionalInput<Answer>, ChangeErrors, RedemptionErrors>
    )
)]
pub(crate) async fn redeem(
    State(service): State<Arc<Service>>,
    adult: Adult,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
    OptionalInput(Answer(details)): OptionalInput<Answer>,
) -> Result<Response, ApiError> {
    let mutation = Mutation::new(child, Operation::Redeem(reward.into()), details);
    respond(service.mutate(&adult, mutation, key).await?).await
}

/// Cancel a request for a reward
///
/// The points do not change.
#[utoipa::path(
    post,
    path = "/children/{id}/rewards/{reward_id}/cancel",
    operation_id = "cancelReward",
    tag = tags::REWARDS,
    params(ChildAndReward, Key),
    request_body = Option<AnswerInput>,
    responses(
        MutationResult,
        Errors<Caller, Path<String>, Key, OptionalInput<Answer>, ChangeErrors, CancellationErrors>
    )
)]
pub(crate) async fn cancel(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
    OptionalInput(Answer(details)): OptionalInput<Answer>,
) -> Result<Response, ApiError> {
    let mutation = Mutation::new(child, Operation::Cancel(reward.into()), details);
    respond(service.mutate(&caller, mutation, key).await?).await
}

// `utoipa::path` takes no generic types.
pub(crate) type NotedInput = Input<Noted>;
pub(crate) type AnswerInput = Input<Answer>;
pub(crate) type ApprovalInput = Input<Approval>;

/// The body of a request.
#[derive(Default)]
pub(crate) struct Noted(pub(crate) MutationDetails);

impl RequestBody for Noted {
    const NAME: &'static str = "RequestNote";
    const ABOUT: &'static str = "What the child wants to say. Other fields are ignored.";

    fn example() -> Value {
        json!({"note": "For the weekend, please"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let note = fields.nullable("note", NOTE)?;
        Ok(Self(MutationDetails { note, ..MutationDetails::default() }))
    }
}

/// The body of an activation.
#[derive(Default)]
pub(crate) struct Approval(pub(crate) MutationDetails);

impl RequestBody for Approval {
    const NAME: &'static str = "Approval";
    const ABOUT: &'static str = "As `RequestAnswer`, the points to give for a requested task, and whether to exceed the limit of \
        the task.";

    fn example() -> Value {
        json!({"request_id": samples::REQUEST_ID, "points": 3})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let answer = Answer::read(fields);
        let points = fields.nullable("points", AMOUNT);
        let is_forced = fields.with_default("force", BOOLEAN, false);
        let Answer(details) = answer?;
        Ok(Self(MutationDetails { points: points?, is_forced: is_forced?, ..details }))
    }
}

/// The body of a change that can end a request.
#[derive(Default)]
pub(crate) struct Answer(pub(crate) MutationDetails);

impl RequestBody for Answer {
    const NAME: &'static str = "RequestAnswer";
    const ABOUT: &'static str = "A note, and the request that is answered: if that is no longer pending, nothing \
        changes, and the error is 409 `REQUEST_GONE`. Other fields are ignored.";

    fn example() -> Value {
        json!({"request_id": samples::REQUEST_ID, "note": "Well done"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let note = fields.nullable("note", NOTE);
        let request_id = fields.nullable("request_id", REQUEST_ID);
        let (note, request_id) = (note?, request_id?);
        Ok(Self(MutationDetails { note, request_id, ..MutationDetails::default() }))
    }
}

/// The path parameters of an activation.
struct ChildAndTask;

impl IntoParams for ChildAndTask {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let task = schemas::path("task_id", "The id of the task or penalty.");
        vec![schemas::path("id", "The id of the child."), task]
    }
}

/// The path parameters of a change to a reward.
struct ChildAndReward;

impl IntoParams for ChildAndReward {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let reward = schemas::path("reward_id", "The id of the reward.");
        vec![schemas::path("id", "The id of the child."), reward]
    }
}

enum ActivationErrors {}

impl ErrorCodes for ActivationErrors {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::PointsOutOfRange,
        ErrorCode::AmountOutOfRange,
        ErrorCode::RequestGone,
        ErrorCode::LimitReached,
    ];
}

enum TaskRequestErrors {}

impl ErrorCodes for TaskRequestErrors {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::TaskAlreadyRequested,
        ErrorCode::LimitReached,
        ErrorCode::TaskNotRequestable,
        ErrorCode::FamilyLimitReached,
        ErrorCode::AmountOutOfRange,
    ];
}

enum RequestErrors {}

impl ErrorCodes for RequestErrors {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::RewardAlreadyRequested,
        ErrorCode::InsufficientPoints,
        ErrorCode::FamilyLimitReached,
        ErrorCode::AmountOutOfRange,
    ];
}

enum RedemptionErrors {}

impl ErrorCodes for RedemptionErrors {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::InsufficientPoints,
        ErrorCode::PointsOutOfRange,
        ErrorCode::AmountOutOfRange,
        ErrorCode::RequestGone,
    ];
}

enum CancellationErrors {}

impl ErrorCodes for CancellationErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::NoPendingRequest, ErrorCode::RequestGone];
}

/// The header of the response to a repeated request.
pub(super) fn replayed_header(replayed: bool) -> Option<[(&'static str, HeaderValue); 1]> {
    replayed.then_some([(REPLAYED, HeaderValue::from_static("true"))])
}

pub(super) async fn respond(done: Mutated) -> Result<Response, ApiError> {
    let replayed = done.replayed;
    let body = JsonText(json::body(MutatedBody(RecordBody(done.child), done.event), None).await?);
    Ok((replayed_header(replayed), body).into_response())
}

/// The child, and the text of the event exactly as it is stored.
struct MutatedBody(RecordBody<ChildState>, Arc<str>);

impl Parts for MutatedBody {
    fn count(&self) -> usize {
        2
    }

    fn write(&self, part: usize, to: &mut dyn Write) -> serde_json::Result<()> {
        let Self(child, event) = self;
        let mut text = |text: &str| to.write_all(text.as_bytes()).map_err(serde_json::Error::io);
        if part > 0 {
            text(r#","tracking_event":"#)?;
            text(event)?;
            return text("}");
        }
        text(r#"{"child":"#)?;
        serde_json::to_writer(to, child)
    }
}
