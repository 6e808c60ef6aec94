//! The webhooks of a family.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::Id;
use crate::domain::webhooks::{Webhook, WebhookEvent};
use crate::http::error::ApiError;
use crate::http::extract::caller::{Key, Path};
use crate::http::extract::field_types::{BOOLEAN, CHILD_ID, WEBHOOK_EVENTS, WEBHOOK_URL};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::{Input, RECORD_FIELDS};
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{ChangeErrors, Errors, FamilyLimitErrors, samples, schemas, tags};
use crate::http::resources::mutations::replayed_header;
use crate::http::resources::records::Iso;
use crate::http::response::json;
use crate::http::response::page::{ListItem, PageOf};
use crate::service::{NewSecret, NewWebhook, Parent, Service, WebhookPatch};

// `utoipa::path` takes no generic types.
type WebhookPage = PageOf<WebhookBody>;
type NewWebhookInput = Input<NewWebhook>;
type WebhookPatchInput = Input<WebhookPatch>;

/// A webhook, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub(crate) struct WebhookBody {
    /// Unique.
    id: String,
    /// Where messages are sent to.
    url: String,
    /// The types of the messages that it sends.
    #[schema(schema_with = event_types)]
    events: Vec<&'static str>,
    /// It sends only what is about this child. Null for everything about the family.
    #[schema(required)]
    child_id: Option<String>,
    /// Whether messages are delivered.
    enabled: bool,
    /// Why it is disabled: `parent` (a parent has disabled it), `gone` (the receiver has answered 410) or `failing` (nothing was
    /// delivered for five days). Null if it is enabled.
    #[schema(required, schema_with = disabled_by)]
    disabled_by: Option<&'static str>,
    /// Null if it is enabled.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    disabled_at: Option<Iso>,
    /// The first failure after the last success. Null after a success.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    failing_since: Option<Iso>,
    /// When the next attempt follows after a failure. Null after a success.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Iso>,
    #[schema(schema_with = schemas::moment)]
    created_at: Iso,
    #[schema(schema_with = schemas::moment)]
    updated_at: Iso,
}

fn event_types() -> utoipa::openapi::schema::Array {
    let types = schemas::flag(WebhookEvent::ALL.map(WebhookEvent::as_str));
    utoipa::openapi::schema::ArrayBuilder::new().items(types).build()
}

fn disabled_by() -> utoipa::openapi::Object {
    use crate::domain::webhooks::DisabledReason;
    use utoipa::openapi::schema::Type;
    let reasons = DisabledReason::ALL.map(|reason| Some(reason.as_str()));
    let reasons = reasons.into_iter().chain([None]);
    schemas::nullable(schemas::text(), Type::String).enum_values(Some(reasons)).build()
}

impl ListItem for WebhookBody {
    const FIELD: &'static str = "webhooks";
}

impl From<Arc<Webhook>> for WebhookBody {
    fn from(webhook: Arc<Webhook>) -> Self {
        Self {
            id: webhook.id.to_string(),
            url: webhook.target.as_str().to_owned(),
            events: webhook.events.iter().map(|event| event.as_str()).collect(),
            child_id: webhook.child_id.as_ref().map(Id::to_string),
            enabled: webhook.disabled.is_none(),
            disabled_by: webhook.disabled.map(|it| it.reason.as_str()),
            disabled_at: webhook.disabled.map(|it| Iso(it.at)),
            failing_since: webhook.failing.map(|it| Iso(it.since)),
            next_attempt_at: webhook.failing.map(|it| Iso(it.next_attempt_at)),
            created_at: Iso(webhook.created_at),
            updated_at: Iso(webhook.updated_at),
        }
    }
}

/// A webhook with its new secret.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookWithSecret, examples(sample_with_secret))]
pub(crate) struct SecretBody {
    #[serde(flatten)]
    webhook: WebhookBody,
    /// With it, the receiver verifies signatures. Null in the response to a repeat: only the first response contains it.
    #[schema(required)]
    secret: Option<String>,
}

pub(crate) fn sample() -> Value {
    json!({
        "id": "0b8ff1ff-3d0c-4b4c-9a55-2f0f5a3f7b6e", "url": "https://home.example.org/hooks/goldstar",
        "events": ["tracking_event.created", "badge.awarded"], "child_id": null, "enabled": true,
        "disabled_by": null, "disabled_at": null, "failing_since": null, "next_attempt_at": null,
        "created_at": samples::MOMENT, "updated_at": samples::MOMENT,
    })
}

fn sample_with_secret() -> Value {
    let mut webhook = sample();
    webhook["secret"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo=".into();
    webhook
}

/// One webhook.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookAnswer)]
pub(crate) struct WebhookAnswer {
    webhook: WebhookBody,
}

/// One webhook with its new secret.
#[derive(Serialize, ToSchema)]
#[schema(as = WebhookWithSecretAnswer)]
pub(crate) struct SecretAnswer {
    webhook: SecretBody,
}

impl From<NewSecret> for SecretAnswer {
    fn from(NewSecret { webhook, secret }: NewSecret) -> Self {
        let secret = secret.map(|secret| secret.reveal().to_owned());
        Self { webhook: SecretBody { webhook: webhook.into(), secret } }
    }
}

impl RequestBody for NewWebhook {
    const NAME: &'static str = "NewWebhook";
    const ABOUT: &'static str = "A new webhook.";
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn example() -> Value {
        json!({"url": "https://home.example.org/hooks/goldstar", "events": ["badge.awarded"]})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let url = fields.required("url", WEBHOOK_URL);
        let events = fields.required("events", WEBHOOK_EVENTS);
        let child_id = fields.nullable("child_id", CHILD_ID);
        Ok(Self { url: url?, events: events?, child_id: child_id? })
    }
}

impl RequestBody for WebhookPatch {
    const NAME: &'static str = "WebhookPatch";
    const ABOUT: &'static str = "The fields of a webhook to update.";
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn example() -> Value {
        json!({"enabled": true})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let url = fields.optional("url", WEBHOOK_URL);
        let events = fields.optional("events", WEBHOOK_EVENTS);
        let child_id = fields.patch("child_id", CHILD_ID);
        let enabled = fields.optional("enabled", BOOLEAN);
        Ok(Self { url: url?, events: events?, child_id: child_id?, enabled: enabled? })
    }
}

/// List the webhooks
///
/// In the order of their creation, without their secrets.
#[utoipa::path(
    get,
    path = "/webhooks",
    operation_id = "listWebhooks",
    tag = tags::WEBHOOKS,
    params(Paging),
    responses(
        (status = 200, description = "A page of the list", body = WebhookPage),
        Errors<Parent, Query<Paging>>
    )
)]
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let webhooks = service.webhooks(&parent, page).await?;
    json::list(&service, &parent, PageOf::new(page, webhooks, WebhookBody::from)).await
}

/// Create a webhook
///
/// It sends what happens from now on. A family can have ten. The operator's settings decide whether it may be on a private
/// network.
#[utoipa::path(
    post,
    path = "/webhooks",
    operation_id = "createWebhook",
    tag = tags::WEBHOOKS,
    params(Key),
    request_body = NewWebhookInput,
    responses(
        (
            status = 201,
            description = "The webhook and its secret",
            body = SecretAnswer,
            headers((
                "Idempotent-Replayed" = String,
                description = "`true` if this is the response to an earlier request with the same `Idempotency-Key`."
            ))
        ),
        Errors<Parent, Key, Input<NewWebhook>, Path<String>, ChangeErrors, FamilyLimitErrors>
    )
)]
pub(crate) async fn create(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Key(key): Key,
    Input(new): Input<NewWebhook>,
) -> Result<Response, ApiError> {
    let created = service.create_webhook(&parent, key, new).await?;
    let replayed = replayed_header(created.secret.is_none());
    Ok((StatusCode::CREATED, replayed, Json(SecretAnswer::from(created))).into_response())
}

/// Get a webhook
#[utoipa::path(
    get,
    path = "/webhooks/{id}",
    operation_id = "getWebhook",
    tag = tags::WEBHOOKS,
    params(("id" = String, Path, description = "The id of the webhook.")),
    responses(
        (status = 200, description = "The webhook", body = WebhookAnswer),
        Errors<Parent, Path<String>>
    )
)]
pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
) -> Result<Json<WebhookAnswer>, ApiError> {
    let webhook = service.webhook(&parent, &id.into()).await?;
    Ok(Json(WebhookAnswer { webhook: webhook.into() }))
}

/// Update a webhook
///
/// Fields that are left out keep their values. `null` clears `child_id`. A webhook that is enabled again continues where it
/// has stopped. A new URL is tried at once.
#[utoipa::path(
    patch,
    path = "/webhooks/{id}",
    operation_id = "updateWebhook",
    tag = tags::WEBHOOKS,
    params(("id" = String, Path, description = "The id of the webhook.")),
    request_body = WebhookPatchInput,
    responses(
        (status = 200, description = "Updated", body = WebhookAnswer),
        Errors<Parent, Path<String>, Input<WebhookPatch>, ChangeErrors>
    )
)]
pub(crate) async fn update(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
    Input(patch): Input<WebhookPatch>,
) -> Result<Json<WebhookAnswer>, ApiError> {
    let webhook = service.update_webhook(&parent, id.into(), patch).await?;
    Ok(Json(WebhookAnswer { webhook: webhook.into() }))
}

/// Delete a webhook
///
/// What is being sent to it ends, and its deliveries are deleted.
#[utoipa::path(
    delete,
    path = "/webhooks/{id}",
    operation_id = "deleteWebhook",
    tag = tags::WEBHOOKS,
    params(("id" = String, Path, description = "The id of the webhook.")),
    responses(
        (status = 204, description = "Deleted"),
        Errors<Parent, Path<String>, ChangeErrors>
    )
)]
pub(crate) async fn delete(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.delete_webhook(&parent, id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Give a webhook a new secret
///
/// For 24 hours messages have two signatures, one with the new secret and one with the one before.
#[utoipa::path(
    post,
    path = "/webhooks/{id}/rotate-secret",
    operation_id = "rotateWebhookSecret",
    tag = tags::WEBHOOKS,
    params(("id" = String, Path, description = "The id of the webhook.")),
    responses(
        (status = 200, description = "The webhook and its new secret", body = SecretAnswer),
        Errors<Parent, Path<String>, ChangeErrors>
    )
)]
pub(crate) async fn rotate_secret(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
) -> Result<Json<SecretAnswer>, ApiError> {
    Ok(Json(service.rotate_webhook_secret(&parent, id.into()).await?.into()))
}
