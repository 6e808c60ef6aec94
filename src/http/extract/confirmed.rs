//! Routes for which an administrator repeats the password.

use axum::extract::{FromRequest, FromRequestParts, Request};
use serde_json::{Value, json};

use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::field_types::TEXT;
use crate::http::extract::fields::{self, FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::{Input, optional_body};
use crate::http::openapi::ErrorCodes;
use crate::http::server::request_context::Client;
use crate::http::state::AppState;
use crate::service::Authority;

/// An administrator who has repeated the password in the body or has logged in a short time ago, or the
/// operator.
pub(crate) struct Confirmed(pub(crate) Authority);

// `utoipa::path` takes no generic types.
pub(crate) type PasswordAgainInput = Input<PasswordAgain>;

pub(crate) struct PasswordAgain {
    password: Option<String>,
}

impl RequestBody for PasswordAgain {
    const NAME: &'static str = "PasswordAgain";
    const ABOUT: &'static str =
        "The administrator's own password, unless the session is younger than 15 minutes.";

    fn example() -> Value {
        json!({"password": "correct horse battery"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        Ok(Self { password: fields.optional("password", TEXT)? })
    }
}

impl FromRequest<AppState> for Confirmed {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        let (mut parts, body) = request.into_parts();
        let authority = Authority::from_request_parts(&mut parts, state).await?;
        let client = Client::from_request_parts(&mut parts, state).await?;
        let request = Request::from_parts(parts, body);
        // A misspelt field is an error, not a missing password.
        let again: PasswordAgain = fields::read(&optional_body(request, state).await?)?;
        state.service.confirm_authority(client.address, &authority, again.password).await?;
        Ok(Self(authority))
    }
}

impl ErrorCodes for Confirmed {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::PayloadTooLarge,
        ErrorCode::RequestTimeout,
        ErrorCode::MalformedRequest,
        ErrorCode::InvalidJson,
        ErrorCode::FieldNotAllowed,
        ErrorCode::ValidationFailed,
        ErrorCode::Unauthenticated,
        ErrorCode::AdminRequired,
        ErrorCode::SessionRequired,
        ErrorCode::WrongPassword,
        ErrorCode::PasswordRequired,
        ErrorCode::TooManyAttempts,
    ];
}
