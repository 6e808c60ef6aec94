//! The four mutations. They take no body.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};

use super::extract::{Key, Path};
use super::openapi::{Change, Errors, MutationResult, Refuses, tags};
use super::records::{ChildBody, JsonText};
use super::{ApiError, ErrorCode};
use crate::service::{Caller, Mutated, Parent, Service, ServiceError};

/// Activates a task or a penalty
///
/// The child gets the points of a task. A penalty takes its points, but none below the floor, which is zero
/// unless the operator has set another.
#[utoipa::path(
    post,
    path = "/children/{id}/tasks/{task_id}/activate",
    operation_id = "activateTask",
    tag = tags::MUTATIONS,
    params(("id" = String, Path, description = "The child's id."), ("task_id" = String, Path, description = "The task's id."), Key),
    responses(
        (
            status = 200,
            description = "What it did",
            body = MutationResult,
            headers(("Idempotent-Replayed" = String, description = "`true` for a repeat"))
        ),
        Errors<Parent, Path<String>, Key, Change, Counted>
    )
)]
pub(super) async fn activate(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path((child, task)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.activate(&parent, child.into(), task.into(), key);
    answer(done.await?)
}

/// Requests a reward
///
/// The child must be able to pay it. The points stay.
#[utoipa::path(
    post,
    path = "/children/{id}/rewards/{reward_id}/request",
    operation_id = "requestReward",
    tag = tags::MUTATIONS,
    params(("id" = String, Path, description = "The child's id."), ("reward_id" = String, Path, description = "The reward's id."), Key),
    responses(
        (
            status = 200,
            description = "What it did",
            body = MutationResult,
            headers(("Idempotent-Replayed" = String, description = "`true` for a repeat"))
        ),
        Errors<Caller, Path<String>, Key, Change, Requested>
    )
)]
pub(super) async fn request(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.request(&caller, child.into(), reward.into(), key);
    answer(done.await?)
}

/// Redeems a reward
///
/// The child pays its cost, and its request for it ends, if there is one.
#[utoipa::path(
    post,
    path = "/children/{id}/rewards/{reward_id}/redeem",
    operation_id = "redeemReward",
    tag = tags::MUTATIONS,
    params(("id" = String, Path, description = "The child's id."), ("reward_id" = String, Path, description = "The reward's id."), Key),
    responses(
        (
            status = 200,
            description = "What it did",
            body = MutationResult,
            headers(("Idempotent-Replayed" = String, description = "`true` for a repeat"))
        ),
        Errors<Parent, Path<String>, Key, Change, Redeemed>
    )
)]
pub(super) async fn redeem(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.redeem(&parent, child.into(), reward.into(), key);
    answer(done.await?)
}

/// Cancels a request for a reward
///
/// The points stay.
#[utoipa::path(
    post,
    path = "/children/{id}/rewards/{reward_id}/cancel",
    operation_id = "cancelReward",
    tag = tags::MUTATIONS,
    params(("id" = String, Path, description = "The child's id."), ("reward_id" = String, Path, description = "The reward's id."), Key),
    responses(
        (
            status = 200,
            description = "What it did",
            body = MutationResult,
            headers(("Idempotent-Replayed" = String, description = "`true` for a repeat"))
        ),
        Errors<Caller, Path<String>, Key, Change, Cancelled>
    )
)]
pub(super) async fn cancel(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.cancel(&caller, child.into(), reward.into(), key);
    answer(done.await?)
}

/// What points can do.
enum Counted {}

impl Refuses for Counted {
    const CODES: &'static [ErrorCode] = &[ErrorCode::PointsOutOfRange, ErrorCode::AmountOutOfRange];
}

/// What a request can be refused for.
enum Requested {}

impl Refuses for Requested {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::RewardAlreadyRequested,
        ErrorCode::InsufficientPoints,
        ErrorCode::FamilyLimitReached,
        ErrorCode::AmountOutOfRange,
    ];
}

/// What a redeeming can be refused for.
enum Redeemed {}

impl Refuses for Redeemed {
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::InsufficientPoints, ErrorCode::PointsOutOfRange, ErrorCode::AmountOutOfRange];
}

/// What a cancelling can be refused for.
enum Cancelled {}

impl Refuses for Cancelled {
    const CODES: &'static [ErrorCode] = &[ErrorCode::NoPendingRequest];
}

const REPLAYED: [(&str, HeaderValue); 1] =
    [("Idempotent-Replayed", HeaderValue::from_static("true"))];

/// The child, and the event byte for byte as its row holds it.
fn answer(done: Mutated) -> Result<Response, ApiError> {
    let event = &done.event;
    // Room for most children; the rest is known.
    let mut body = Vec::with_capacity(event.len() + 480);
    body.extend_from_slice(br#"{"child":"#);
    serde_json::to_writer(&mut body, &ChildBody(done.child))
        .map_err(|error| ServiceError::Internal(error.into()))?;
    body.extend_from_slice(br#","tracking_event":"#);
    body.extend_from_slice(event.as_bytes());
    body.push(b'}');
    let body = JsonText(body);
    Ok(if done.replayed { (REPLAYED, body).into_response() } else { body.into_response() })
}
