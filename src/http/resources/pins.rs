//! The PINs of children.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::password::NewPassword;
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::field_types::NEW_PIN;
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::Input;
use crate::http::openapi::{ChangeErrors, Errors, tags};
use crate::service::{Parent, Service};

// `utoipa::path` takes no generic types.
type PinInput = Input<Pin>;

/// Whether a child has a PIN.
#[derive(Serialize, ToSchema)]
#[schema(as = PinState)]
pub(crate) struct PinBody {
    has_pin: bool,
}

pub(crate) struct Pin(pub(crate) NewPassword);

impl RequestBody for Pin {
    const NAME: &'static str = "NewPin";
    const ABOUT: &'static str = "The PIN of a child.";

    fn example() -> Value {
        json!({"pin": "4711"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        Ok(Self(fields.required("pin", NEW_PIN)?))
    }
}

/// Get whether a child has a PIN
#[utoipa::path(
    get,
    path = "/children/{id}/pin",
    operation_id = "getPinState",
    tag = tags::CHILDREN,
    params(("id" = String, Path, description = "The id of the child.")),
    responses(
        (status = 200, description = "Whether it has one", body = PinBody),
        Errors<Parent, Path<String>>
    )
)]
pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
) -> Result<Json<PinBody>, ApiError> {
    let has_pin = service.has_pin(&parent, &id.into()).await?;
    Ok(Json(PinBody { has_pin }))
}

/// Set the PIN of a child
///
/// A device that several children share needs it to become this child's. It is stored as a hash.
#[utoipa::path(
    put,
    path = "/children/{id}/pin",
    operation_id = "setPin",
    tag = tags::CHILDREN,
    params(("id" = String, Path, description = "The id of the child.")),
    request_body = PinInput,
    responses(
        (status = 204, description = "Set"),
        Errors<Parent, Path<String>, Input<Pin>, ChangeErrors>
    )
)]
pub(crate) async fn set(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
    Input(Pin(pin)): Input<Pin>,
) -> Result<StatusCode, ApiError> {
    service.set_pin(&parent, id.into(), Some(pin)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove the PIN of a child
#[utoipa::path(
    delete,
    path = "/children/{id}/pin",
    operation_id = "removePin",
    tag = tags::CHILDREN,
    params(("id" = String, Path, description = "The id of the child.")),
    responses(
        (status = 204, description = "Removed"),
        Errors<Parent, Path<String>, ChangeErrors>
    )
)]
pub(crate) async fn remove(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.set_pin(&parent, id.into(), None).await?;
    Ok(StatusCode::NO_CONTENT)
}
