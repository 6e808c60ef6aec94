//! The four mutations. They take no body.

use std::io::Write;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};

use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::{Key, Path};
use crate::http::openapi::{Change, Errors, MutationResult, Refuses, tags};
use crate::http::resources::records::{ChildBody, JsonText};
use crate::http::response::json::{self, Parts};
use crate::service::{Caller, Mutated, Parent, Service};

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
pub(crate) async fn activate(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path((child, task)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.activate(&parent, child.into(), task.into(), key);
    answer(done.await?).await
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
pub(crate) async fn request(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.request(&caller, child.into(), reward.into(), key);
    answer(done.await?).await
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
pub(crate) async fn redeem(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.redeem(&parent, child.into(), reward.into(), key);
    answer(done.await?).await
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
pub(crate) async fn cancel(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.cancel(&caller, child.into(), reward.into(), key);
    answer(done.await?).await
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
async fn answer(done: Mutated) -> Result<Response, ApiError> {
    let replayed = done.replayed;
    let body = JsonText(json::body(MutatedBody(ChildBody(done.child), done.event), None).await?);
    Ok(if replayed { (REPLAYED, body).into_response() } else { body.into_response() })
}

struct MutatedBody(ChildBody, Arc<str>);

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
