//! Links to reset a forgotten password.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::password::NewPassword;
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::Path;
use crate::http::extract::confirmed::{Confirmed, PasswordAgainInput};
use crate::http::extract::field_types::{NEW_PASSWORD, TEXT};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::Input;
use crate::http::openapi::{
    ChangeErrors, ErrorCodes, Errors, PasswordErrors, SessionChangeErrors, samples, schemas, tags,
};
use crate::http::resources::account_changes::StartedError;
use crate::http::resources::records::Iso;
use crate::http::server::request_context::Client;
use crate::http::settings::{HttpSettings, Origin};
use crate::service::{ResetLink, Service, Token};

// `utoipa::path` takes no generic types.
type ResetInput = Input<Reset>;

const SECRET: &str = "5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b5f0c0f4d4d1c2a3b";

/// A link to reset a password.
#[derive(Serialize, ToSchema)]
#[schema(as = ResetLink, examples(sample))]
pub(crate) struct LinkAnswer {
    /// The address of the front end's page, with the secret behind `#reset`: `/reset#<secret>` under `public_url`, or
    /// without an origin if the operator has not set it.
    link: String,
    /// When it ends if it is not used.
    #[schema(schema_with = schemas::moment)]
    expires_at: Iso,
}

impl LinkAnswer {
    pub(crate) fn of(created: &ResetLink, settings: &HttpSettings) -> Self {
        let origin = settings.public_origin.as_ref().map_or("", Origin::as_str);
        let link = format!("{origin}/reset#{}", created.secret.reveal());
        Self { link, expires_at: Iso(created.expires_at) }
    }
}

fn sample() -> Value {
    json!({"link": format!("https://chores.example.org/reset#{SECRET}"), "expires_at": samples::MOMENT})
}

pub(crate) struct Reset {
    pub(crate) secret: Token,
    pub(crate) new: NewPassword,
}

impl RequestBody for Reset {
    const NAME: &'static str = "PasswordReset";
    const ABOUT: &'static str = "The secret of a link, and the new password of its account.";

    fn example() -> Value {
        json!({"secret": SECRET, "new_password": "wrong horse, new battery"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let secret = fields.required("secret", TEXT);
        let new = fields.required("new_password", NEW_PASSWORD);
        Ok(Self { secret: Token::presented(&secret?), new: new? })
    }
}

enum LinkErrors {}

impl ErrorCodes for LinkErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::InvalidResetLink];
}

/// Create a link to reset the password of an account
///
/// Whoever opens it within 24 hours can set a new password once: give it to the owner of the account only. Nothing
/// changes before. An account can have five links; a sixth one ends the oldest. An administrator repeats the password,
/// unless the session is younger than 15 minutes.
#[utoipa::path(
    post,
    path = "/admin/accounts/{user_id}/reset-link",
    operation_id = "createResetLink",
    tag = tags::ADMINISTRATION,
    params(("user_id" = String, Path, description = "The id of the account.")),
    request_body = Option<PasswordAgainInput>,
    responses(
        (status = 201, description = "The link", body = LinkAnswer),
        Errors<Confirmed, Path<String>, ChangeErrors, StartedError>
    )
)]
pub(crate) async fn create(
    State(service): State<Arc<Service>>,
    State(settings): State<Arc<HttpSettings>>,
    Path(user_id): Path<String>,
    Confirmed(authority): Confirmed,
) -> Result<(StatusCode, Json<LinkAnswer>), ApiError> {
    let created = service.create_reset_link(&authority, user_id.into()).await?;
    Ok((StatusCode::CREATED, Json(LinkAnswer::of(&created, &settings))))
}

/// Set a new password with a link
///
/// Ends every session and every other link of the account, which may be marked for deletion. Log in afterwards.
#[utoipa::path(
    post,
    path = "/auth/reset",
    operation_id = "resetPassword",
    tag = tags::ACCOUNT,
    request_body = ResetInput,
    responses(
        (status = 204, description = "The account has the new password"),
        Errors<Input<Reset>, PasswordErrors, SessionChangeErrors, LinkErrors>
    ),
    security(())
)]
pub(crate) async fn reset(
    State(service): State<Arc<Service>>,
    client: Client,
    Input(Reset { secret, new }): Input<Reset>,
) -> Result<StatusCode, ApiError> {
    service.reset_password(client.address, &secret, new).await?;
    Ok(StatusCode::NO_CONTENT)
}
