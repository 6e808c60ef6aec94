//! The devices of children, for their parents.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::{Device, Session};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::{Key, Path};
use crate::http::extract::field_types::TEXT;
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::Input;
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{ChangeErrors, ErrorCodes, Errors, schemas, tags};
use crate::http::resources::mutations::replayed_header;
use crate::http::resources::records::Iso;
use crate::http::response::json;
use crate::http::response::page::{ListItem, PageOf};
use crate::http::server::request_context::Client;
use crate::service::{PairedDevice, Parent, Service};

// `utoipa::path` takes no generic types.
type DevicePage = PageOf<DeviceBody>;
type ShownCodeInput = Input<ShownCode>;

enum CodeErrors {}

impl ErrorCodes for CodeErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::InvalidDeviceCode, ErrorCode::TooManyAttempts];
}

enum PairErrors {}

impl ErrorCodes for PairErrors {
    const CODES: &'static [ErrorCode] =
        &[ErrorCode::InvalidDeviceCode, ErrorCode::TooManyAttempts, ErrorCode::FamilyLimitReached];
}

/// A device that shows a code.
#[derive(Serialize, ToSchema)]
#[schema(as = WaitingDevice)]
pub(crate) struct WaitingBody {
    /// The name that the device has given itself.
    device_name: String,
    /// When its code ends.
    #[schema(schema_with = schemas::moment)]
    expires_at: Iso,
}

/// A device of a child.
#[derive(Serialize, ToSchema)]
#[schema(as = Device)]
pub(crate) struct DeviceBody {
    /// Identifies the device. It does not give access to anything.
    id: String,
    /// The name that the device has given itself.
    name: String,
    /// The child that uses it.
    child_id: String,
    /// Whether a parent has confirmed the device, and it has not fetched its session yet.
    is_waiting: bool,
    #[schema(schema_with = schemas::moment)]
    created_at: Iso,
    /// The last use, accurate to an hour.
    #[schema(schema_with = schemas::moment)]
    last_used_at: Iso,
    /// When its session ends if it is not used again.
    #[schema(schema_with = schemas::moment)]
    expires_at: Iso,
}

impl ListItem for DeviceBody {
    const FIELD: &'static str = "devices";
}

impl From<Arc<Session>> for DeviceBody {
    fn from(session: Arc<Session>) -> Self {
        let (id, name) = match &session.device {
            Some(Device { id, name }) => (id.to_string(), name.to_string()),
            None => (String::new(), String::new()),
        };
        Self {
            id,
            name,
            child_id: session.child_id.as_ref().map(ToString::to_string).unwrap_or_default(),
            is_waiting: session.is_pairing(),
            created_at: Iso(session.created_at),
            last_used_at: Iso(session.last_used_at),
            expires_at: Iso(session.expires_at),
        }
    }
}

/// One device.
#[derive(Serialize, ToSchema)]
#[schema(as = DeviceAnswer)]
pub(crate) struct DeviceAnswer {
    device: DeviceBody,
}

pub(crate) struct ShownCode {
    pub(crate) user_code: String,
}

impl RequestBody for ShownCode {
    const NAME: &'static str = "ShownCode";
    const ABOUT: &'static str =
        "The code that a device shows. Case, dashes and spaces do not matter.";

    fn example() -> Value {
        json!({"user_code": "WDJB-MJHT"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        Ok(Self { user_code: fields.required("user_code", TEXT)? })
    }
}

/// Look up the device that shows a code
///
/// Changes nothing, so that you can see the device's name before you confirm it. Codes that are unknown, were used or have
/// expired have the same response. Each request counts as an attempt of your account and of your address.
#[utoipa::path(
    post,
    path = "/device-codes/inspect",
    operation_id = "inspectDeviceCode",
    tag = tags::CHILDREN,
    request_body = ShownCodeInput,
    responses(
        (status = 200, description = "The device", body = WaitingBody),
        Errors<Parent, Input<ShownCode>, ChangeErrors, CodeErrors>
    )
)]
pub(crate) async fn inspect(
    State(service): State<Arc<Service>>,
    client: Client,
    parent: Parent,
    Input(ShownCode { user_code }): Input<ShownCode>,
) -> Result<Json<WaitingBody>, ApiError> {
    let found = service.inspect_device_request(client.address, &parent, &user_code).await?;
    let device_name = found.device_name.to_string();
    Ok(Json(WaitingBody { device_name, expires_at: Iso(found.expires_at) }))
}

/// Confirm the device that shows a code, for a child
///
/// The device fetches a session of this child within ten minutes. The session lasts 180 days from its last use. The code
/// cannot be used again. A child can have ten devices. Each request counts as an attempt of your account and of your
/// address.
#[utoipa::path(
    post,
    path = "/children/{id}/devices",
    operation_id = "pairDevice",
    tag = tags::CHILDREN,
    params(("id" = String, Path, description = "The id of the child."), Key),
    request_body = ShownCodeInput,
    responses(
        (
            status = 201,
            description = "The device",
            body = DeviceAnswer,
            headers((
                "Idempotent-Replayed" = String,
                description = "`true` if this is the response to an earlier request with the same `Idempotency-Key`."
            ))
        ),
        Errors<Parent, Path<String>, Key, Input<ShownCode>, ChangeErrors, PairErrors>
    )
)]
pub(crate) async fn pair(
    State(service): State<Arc<Service>>,
    client: Client,
    parent: Parent,
    Path(id): Path<String>,
    Key(key): Key,
    Input(ShownCode { user_code }): Input<ShownCode>,
) -> Result<Response, ApiError> {
    let paired = service.pair_device(client.address, &parent, key, id.into(), &user_code);
    let PairedDevice { session, replayed } = paired.await?;
    let body = Json(DeviceAnswer { device: session.into() });
    Ok((StatusCode::CREATED, replayed_header(replayed), body).into_response())
}

/// List the devices of a child
///
/// The most recently used first, with those that have not fetched their sessions yet.
#[utoipa::path(
    get,
    path = "/children/{id}/devices",
    operation_id = "listDevices",
    tag = tags::CHILDREN,
    params(("id" = String, Path, description = "The id of the child."), Paging),
    responses(
        (status = 200, description = "A page of the list", body = DevicePage),
        Errors<Parent, Path<String>, Query<Paging>>
    )
)]
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let devices = service.devices(&parent, &id.into(), page).await?;
    json::list(&service, &parent, PageOf::new(page, devices, DeviceBody::from)).await
}

/// Remove a device of a child
///
/// Its session ends, and its event streams close at once.
#[utoipa::path(
    delete,
    path = "/children/{id}/devices/{device_id}",
    operation_id = "removeDevice",
    tag = tags::CHILDREN,
    params(
        ("id" = String, Path, description = "The id of the child."),
        ("device_id" = String, Path, description = "The id of the device, from the list.")
    ),
    responses(
        (status = 204, description = "Removed"),
        Errors<Parent, Path<String>, ChangeErrors>
    )
)]
pub(crate) async fn remove(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path((child, device)): Path<(String, String)>,
) -> Result<StatusCode, ApiError> {
    service.remove_device(&parent, child.into(), device.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}
