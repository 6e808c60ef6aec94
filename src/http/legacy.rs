//! Paths in the style of the older Flask service, for front ends that call them. Each leads to the
//! handler of a new route: there is nothing here but the table, and how an old request is read.

use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use axum::routing::{MethodRouter, post};
use serde_json::json;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::extract::{Key, Path};
use super::input::{Fields, FromFields, Input};
use super::openapi::schemas;
use super::{ApiError, AppState, mutations};
use crate::domain::Invalid;
use crate::service::Service;

/// The table: an old path, the id that its body holds, and the new route's handler. An old path
/// whose request is that of a new route needs no more than `get(children::list)` behind it.
pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/child/{id}/trigger-task", with(|TaskId(id)| id, mutations::activate))
        .route("/child/{id}/request-reward", with(|RewardId(id)| id, mutations::request))
        .route("/child/{id}/trigger-reward", with(|RewardId(id)| id, mutations::redeem))
        .route("/child/{id}/cancel-request-reward", with(|RewardId(id)| id, mutations::cancel))
}

/// A body of `{"task_id": "…"}`.
struct TaskId(String);

/// A body of `{"reward_id": "…"}`.
struct RewardId(String);

/// A `POST` that has the child in its path and the other id in its body, as the new route's handler
/// wants it: both in the path.
fn with<Id, Who, Answer>(
    text: fn(Id) -> String,
    handler: impl Fn(State<Arc<Service>>, Who, Path<(String, String)>, Key) -> Answer
    + Clone
    + Send
    + Sync
    + 'static,
) -> MethodRouter<AppState>
where
    Id: FromFields + Send + 'static,
    Who: FromRequestParts<AppState, Rejection = ApiError> + Send + 'static,
    Answer: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    // Who asks comes before the body: a stranger isn't told what is wrong in it.
    post(move |service, who: Who, Path(child): Path<String>, key: Key, Input(id): Input<Id>| {
        handler(service, who, Path((child, text(id))), key)
    })
}

impl PartialSchema for TaskId {
    fn schema() -> RefOr<Schema> {
        let example = json!({"task_id": "f435a1ca-1254-4e99-a626-a09eabde92a2"});
        let body = schemas::body("A body of a legacy path.", example);
        body.property("task_id", schemas::text()).required("task_id").into()
    }
}

impl ToSchema for TaskId {}

impl FromFields for TaskId {
    const ALLOWED: &'static [&'static str] = &["task_id"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        fields.required("task_id").map(Self)
    }
}

impl PartialSchema for RewardId {
    fn schema() -> RefOr<Schema> {
        let example = json!({"reward_id": "67aadd88-dcea-4879-8d54-8f45bffe6d16"});
        let body = schemas::body("A body of a legacy path.", example);
        body.property("reward_id", schemas::text()).required("reward_id").into()
    }
}

impl ToSchema for RewardId {}

impl FromFields for RewardId {
    const ALLOWED: &'static [&'static str] = &["reward_id"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        fields.required("reward_id").map(Self)
    }
}
