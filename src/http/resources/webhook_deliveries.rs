//! What was delivered to a webhook.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::Type;

use crate::domain::webhooks::{Delivery, DeliveryStatus, Outcome, SendError, WebhookEvent};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{ChangeErrors, Errors, FamilyLimitErrors, samples, schemas, tags};
use crate::http::resources::records::Iso;
use crate::http::response::json;
use crate::http::response::page::{ListItem, PageOf};
use crate::service::{Parent, Service};

// `utoipa::path` takes no generic types.
type DeliveryPage = PageOf<DeliveryBody>;

/// The delivery of a message to a webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookDelivery, examples(sample))]
pub(crate) struct DeliveryBody {
    /// Unique among the deliveries of the webhook.
    id: String,
    /// The webhook.
    webhook_id: String,
    /// The header `webhook-id`, which is the same in every attempt.
    message_id: String,
    /// The type of the message.
    #[schema(schema_with = event_type)]
    r#type: &'static str,
    /// The time of the message.
    #[schema(schema_with = schemas::moment)]
    created_at: Iso,
    /// `delivered`, `retrying` (another attempt follows) or `failed`.
    #[schema(schema_with = status)]
    status: &'static str,
    /// The number of attempts so far.
    attempts: u32,
    /// The last attempt.
    #[schema(schema_with = schemas::moment)]
    attempted_at: Iso,
    /// The duration of the last attempt in milliseconds.
    #[schema(value_type = u64)]
    duration_ms: u128,
    /// The status that the receiver has answered with. Null without an answer.
    #[schema(required)]
    response_status: Option<u16>,
    /// Why there is no answer: `forbidden` (the operator does not permit the address), `unresolved` (the name has no address),
    /// `unreachable` (no connection), `tls` (no valid certificate), `protocol` (no HTTP answer) or `timeout` (none within 15
    /// seconds). Null with an answer.
    #[schema(required, schema_with = error)]
    error: Option<&'static str>,
}

fn event_type() -> utoipa::openapi::Object {
    let types = WebhookEvent::ALL.into_iter().chain([WebhookEvent::Test]);
    schemas::flag(types.map(WebhookEvent::as_str)).build()
}

fn status() -> utoipa::openapi::Object {
    schemas::flag(DeliveryStatus::ALL.map(DeliveryStatus::as_str)).build()
}

fn error() -> utoipa::openapi::Object {
    let errors = SendError::ALL.map(|error| Some(error.as_str())).into_iter().chain([None]);
    schemas::nullable(schemas::text(), Type::String).enum_values(Some(errors)).build()
}

fn sample() -> Value {
    json!({
        "id": "17", "webhook_id": "0b8ff1ff-3d0c-4b4c-9a55-2f0f5a3f7b6e",
        "message_id": "msg_5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b", "type": "badge.awarded",
        "created_at": samples::MOMENT, "status": "delivered", "attempts": 1,
        "attempted_at": samples::MOMENT, "duration_ms": 48, "response_status": 204, "error": null,
    })
}

impl ListItem for DeliveryBody {
    const FIELD: &'static str = "deliveries";
}

impl From<Arc<Delivery>> for DeliveryBody {
    fn from(delivery: Arc<Delivery>) -> Self {
        let (response_status, error) = match delivery.outcome {
            Outcome::Status(status) => (Some(status), None),
            Outcome::Error(error) => (None, Some(error.as_str())),
        };
        Self {
            id: delivery.number.to_string(),
            webhook_id: delivery.webhook_id.to_string(),
            message_id: delivery.message_id.to_string(),
            r#type: delivery.event.as_str(),
            created_at: Iso(delivery.created_at),
            status: delivery.status.as_str(),
            attempts: delivery.attempts,
            attempted_at: Iso(delivery.attempted_at),
            duration_ms: delivery.duration.as_millis(),
            response_status,
            error,
        }
    }
}

/// A message that will be sent soon.
#[derive(Serialize, ToSchema)]
#[schema(as = RequestedDelivery)]
pub(crate) struct RequestedBody {
    /// The header `webhook-id`, by which the delivery is found in the list.
    message_id: String,
}

/// List the deliveries of a webhook
///
/// The last 100, the newest first.
#[utoipa::path(
    get,
    path = "/webhooks/{id}/deliveries",
    operation_id = "listWebhookDeliveries",
    tag = tags::WEBHOOKS,
    params(("id" = String, Path, description = "The id of the webhook."), Paging),
    responses(
        (status = 200, description = "A page of the list", body = DeliveryPage),
        Errors<Parent, Path<String>, Query<Paging>>
    )
)]
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let deliveries = service.webhook_deliveries(&parent, &id.into(), page).await?;
    json::list(&service, &parent, PageOf::new(page, deliveries, DeliveryBody::from)).await
}

/// Send a message again
///
/// Soon, once, and with the same `webhook-id`, even if the webhook is disabled. Fails if the message is not kept any more.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/deliveries/{delivery_id}/resend",
    operation_id = "resendWebhookDelivery",
    tag = tags::WEBHOOKS,
    params(
        ("id" = String, Path, description = "The id of the webhook."),
        ("delivery_id" = String, Path, description = "The id of the delivery, from the list.")
    ),
    responses(
        (status = 202, description = "It will be sent", body = RequestedBody),
        Errors<Parent, Path<String>, ChangeErrors, FamilyLimitErrors>
    )
)]
pub(crate) async fn resend(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path((webhook, delivery)): Path<(String, String)>,
) -> Result<(StatusCode, Json<RequestedBody>), ApiError> {
    let message_id = service.resend_delivery(&parent, webhook.into(), &delivery).await?;
    Ok((StatusCode::ACCEPTED, Json(RequestedBody { message_id: message_id.to_string() })))
}

/// Send a test message
///
/// A message of the type `webhook.test`, soon and once, even if the webhook is disabled.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/test",
    operation_id = "testWebhook",
    tag = tags::WEBHOOKS,
    params(("id" = String, Path, description = "The id of the webhook.")),
    responses(
        (status = 202, description = "It will be sent", body = RequestedBody),
        Errors<Parent, Path<String>, ChangeErrors, FamilyLimitErrors>
    )
)]
pub(crate) async fn test(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<RequestedBody>), ApiError> {
    let message_id = service.test_webhook(&parent, id.into()).await?;
    Ok((StatusCode::ACCEPTED, Json(RequestedBody { message_id: message_id.to_string() })))
}
