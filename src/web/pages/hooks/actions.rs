//! A new secret, a test, another attempt, and the end of a webhook.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::post;

use super::list::{HOOKS, secret};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::state::AppState;
use crate::service::{Parent, Service};
use crate::web::visit::{Visitor, see_other};

pub(super) fn routes() -> Router<AppState> {
    Router::new()
        .route("/app/webhooks/{id}/rotate", post(rotate).get(back))
        .route("/app/webhooks/{id}/test", post(test))
        .route("/app/webhooks/{id}/delete", post(delete))
        .route("/app/webhooks/{id}/deliveries/{number}/resend", post(resend))
}

async fn back() -> Response {
    see_other(HOOKS)
}

async fn rotate(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, visit }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let rotated = service.rotate_webhook_secret(&parent, id.into()).await?;
    secret(&visit, rotated).page()
}

async fn test(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    let next = format!("{HOOKS}/{id}?done=sent");
    service.test_webhook(&parent, id.into()).await?;
    Ok(see_other(&next))
}

async fn resend(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    Path((id, number)): Path<(String, String)>,
) -> Result<Response, ApiError> {
    let next = format!("{HOOKS}/{id}?done=sent");
    service.resend_delivery(&parent, id.into(), &number).await?;
    Ok(see_other(&next))
}

async fn delete(
    State(service): State<Arc<Service>>,
    Visitor { who: parent, .. }: Visitor<Parent>,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    service.delete_webhook(&parent, id.into()).await?;
    Ok(see_other("/app/webhooks?done=deleted"))
}
