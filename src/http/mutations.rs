//! The four mutations. They take no body.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderValue;
use axum::response::{IntoResponse, Response};

use super::ApiError;
use super::extract::{Key, Path};
use super::records::{ChildBody, JsonText};
use crate::service::{Caller, Mutated, Parent, Service, ServiceError};

/// `POST /children/{child_id}/tasks/{task_id}/activate`
pub(super) async fn activate(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path((child, task)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.activate(&parent, child.into(), task.into(), key);
    answer(done.await?)
}

/// `POST /children/{child_id}/rewards/{reward_id}/request`
pub(super) async fn request(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.request(&caller, child.into(), reward.into(), key);
    answer(done.await?)
}

/// `POST /children/{child_id}/rewards/{reward_id}/redeem`
pub(super) async fn redeem(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.redeem(&parent, child.into(), reward.into(), key);
    answer(done.await?)
}

/// `POST /children/{child_id}/rewards/{reward_id}/cancel`
pub(super) async fn cancel(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path((child, reward)): Path<(String, String)>,
    Key(key): Key,
) -> Result<Response, ApiError> {
    let done = service.cancel(&caller, child.into(), reward.into(), key);
    answer(done.await?)
}

const REPLAYED: [(&str, HeaderValue); 1] =
    [("Idempotent-Replayed", HeaderValue::from_static("true"))];

/// The child, and the event byte for byte as its row holds it.
fn answer(done: Mutated) -> Result<Response, ApiError> {
    let child = serde_json::to_string(&ChildBody(done.child));
    let child = child.map_err(|error| ServiceError::Internal(error.into()))?;
    let event = done.event;
    let body = JsonText(format!(r#"{{"child":{child},"tracking_event":{event}}}"#));
    Ok(if done.replayed { (REPLAYED, body).into_response() } else { body.into_response() })
}
