//! The own account.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::field_types::{IMAGE_ID, LANGUAGE, NAME};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::Input;
use crate::http::openapi::{ChangeErrors, ErrorCodes, Errors, PasswordErrors, tags};
use crate::http::resources::credentials::{EmailChange, EmailChangeInput};
use crate::http::resources::users::{UserBody, UserFields};
use crate::http::server::request_context::Client;
use crate::http::settings::HttpSettings;
use crate::service::{Adult, Service, UserPatch};

/// An account.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserAnswer {
    #[schema(value_type = UserFields<'static>)]
    pub(crate) user: UserBody,
}

// `utoipa::path` takes no generic types.
type UserPatchInput = Input<UserPatch>;

/// Update your account
///
/// Fields that are left out keep their values. `null` clears `image_id` and `language`.
#[utoipa::path(
    patch,
    path = "/user",
    operation_id = "updateAccount",
    tag = tags::ACCOUNT,
    request_body = UserPatchInput,
    responses(
        (status = 200, description = "The account", body = UserAnswer),
        Errors<Adult, Input<UserPatch>, ChangeErrors>
    )
)]
pub(crate) async fn update(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    adult: Adult,
    Input(patch): Input<UserPatch>,
) -> Result<Json<UserAnswer>, ApiError> {
    let user = service.update_user(&adult, patch).await?;
    Ok(Json(UserAnswer { user: UserBody::of(user, &settings) }))
}

enum EmailErrors {}

impl ErrorCodes for EmailErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::WrongPassword, ErrorCode::EmailTaken];
}

/// Change the address to log in with
///
/// Sessions stay.
#[utoipa::path(
    put,
    path = "/user/email",
    operation_id = "changeEmail",
    tag = tags::ACCOUNT,
    request_body = EmailChangeInput,
    responses(
        (status = 200, description = "The account", body = UserAnswer),
        Errors<Adult, Input<EmailChange>, PasswordErrors, ChangeErrors, EmailErrors>
    )
)]
pub(crate) async fn change_email(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    client: Client,
    adult: Adult,
    Input(EmailChange { email, password }): Input<EmailChange>,
) -> Result<Json<UserAnswer>, ApiError> {
    let user = service.change_email(client.address, &adult, email, password).await?;
    Ok(Json(UserAnswer { user: UserBody::of(user, &settings) }))
}

impl RequestBody for UserPatch {
    const NAME: &'static str = "UserPatch";
    const ABOUT: &'static str = "The fields of the account to update.";
    const READ_ONLY: &'static [&'static str] =
        &["id", "email", "password", "role", "verified", "created_at", "updated_at"];

    fn example() -> Value {
        json!({"language": "de"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let first_name = fields.optional("first_name", NAME);
        let last_name = fields.optional("last_name", NAME);
        let image_id = fields.patch("image_id", IMAGE_ID);
        let language = fields.patch("language", LANGUAGE);
        Ok(Self {
            first_name: first_name?,
            last_name: last_name?,
            image_id: image_id?,
            language: language?,
        })
    }
}
