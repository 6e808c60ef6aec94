//! The four mutations, which change a child's points or its pending requests. They have no body.

use std::io::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterIn};

use crate::domain::Child;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::{Key, Path};
use crate::http::openapi::{ChangeErrors, ErrorCodes, Errors, MutationResult, schemas, tags};
use crate::http::resources::records::RecordBody;
use crate::http::response::json::{self, JsonText, Parts};
use crate::service::{Caller, Mutated, Parent, Service};

/// Activate a task or penalty
///
/// A task gives the child its points. A penalty deducts its points, but not below the floor, which is 0 unless the
/// operator sets another one.
#[utoipa::path(
    post,
    path = "/children/{id}/tasks/{task_id}/activate",
    operation_id = "activateTask",
    tag = tags::TASKS,
    params(ChildAndTask, Key),
    responses(MutationResult, Errors<Parent, Path<String>, Key, ChangeErrors, ActivationErrors>)
)]
pub(crate) async fn activate(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path((child, task)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.activate(&parent, child.into(), task.into(), key);
    respond(done.await?).await
}

/// Request a reward
///
/// The child must have enough points. It keeps them until the reward is redeemed.
#[utoipa::path(
    post,
    path = "/children/{id}/rewards/{reward_id}/request",
    operation_id = "requestReward",
    tag = tags::REWARDS,
    params(ChildAndReward, Key),
    responses(MutationResult, Errors<Caller, Path<String>, Key, ChangeErrors, RequestErrors>)
)]
pub(crate) async fn request(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.request(&caller, child.into(), reward.into(), key);
    respond(done.await?).await
}

/// Redeem a reward
///
/// Deducts the cost from the child's points and ends the child's pending request, if there is one. A reward can be
/// redeemed without a request.
#[utoipa::path(
    post,
    path = "/children/{id}/rewards/{reward_id}/redeem",
    operation_id = "redeemReward",
    tag = tags::REWARDS,
    params(ChildAndReward, Key),
    responses(MutationResult, Errors<Parent, Path<String>, Key, ChangeErrors, RedemptionErrors>)
)]
pub(crate) async fn redeem(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.redeem(&parent, child.into(), reward.into(), key);
    respond(done.await?).await
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
    responses(MutationResult, Errors<Caller, Path<String>, Key, ChangeErrors, CancellationErrors>)
)]
pub(crate) async fn cancel(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.cancel(&caller, child.into(), reward.into(), key);
    respond(done.await?).await
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
    const CODES: &'static [ErrorCode] = &[ErrorCode::PointsOutOfRange, ErrorCode::AmountOutOfRange];
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
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::InsufficientPoints, ErrorCode::PointsOutOfRange, ErrorCode::AmountOutOfRange];
}

enum CancellationErrors {}

impl ErrorCodes for CancellationErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::NoPendingRequest];
}

const REPLAYED: [(&str, HeaderValue); 1] =
    [(MutationResult::REPLAYED, HeaderValue::from_static("true"))];

async fn respond(done: Mutated) -> Result<Response, ApiError> {
    let replayed = done.replayed;
    let body = JsonText(json::body(MutatedBody(RecordBody(done.child), done.event), None).await?);
    Ok(if replayed { (REPLAYED, body).into_response() } else { body.into_response() })
}

/// The child, and the text of the event exactly as it is stored.
struct MutatedBody(RecordBody<Child>, Arc<str>);

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
