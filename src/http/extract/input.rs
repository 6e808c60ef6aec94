//! Reads JSON bodies, within the limits of size and time.

use std::borrow::Cow;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::BytesMut;
use http_body_util::BodyExt;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::fields::{self, RequestBody};
use crate::http::openapi::ErrorCodes;
use crate::http::settings::Limits;
use crate::http::state::AppState;

/// The body of a request.
pub(crate) struct Input<T>(pub(crate) T);

/// The fields of a child, a task or a reward that only the server sets.
pub(crate) const RECORD_FIELDS: &[&str] = &["id", "user_id", "created_at", "updated_at"];

impl<T: RequestBody> FromRequest<AppState> for Input<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::UnsupportedMediaType);
        }
        let body = read_body(request.into_body(), &state.settings().limits).await?;
        Ok(Self(fields::read(&body)?))
    }
}

/// The optional body of a request. No body, `null` and a body whose type is not JSON count as a body without
/// fields, and unknown fields are ignored: older front ends send such bodies.
#[derive(Default)]
pub(crate) struct OptionalInput<T>(pub(crate) T);

impl<T: RequestBody> FromRequest<AppState> for OptionalInput<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        Ok(Self(fields::read_known(&optional_body(request, state).await?)?))
    }
}

/// Reads the body of a request that may have none. No body, `null` and a body whose type is not JSON are an
/// object without fields.
pub(crate) async fn optional_body(request: Request, state: &AppState) -> Result<Bytes, ApiError> {
    let body = if is_json(request.headers()) {
        read_body(request.into_body(), &state.settings().limits).await?
    } else {
        Bytes::new()
    };
    Ok(match body.trim_ascii() {
        b"" | b"null" => Bytes::from_static(b"{}"),
        _ => body,
    })
}

impl<T> ErrorCodes for OptionalInput<T> {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::PayloadTooLarge,
        ErrorCode::RequestTimeout,
        ErrorCode::MalformedRequest,
        ErrorCode::InvalidJson,
        ErrorCode::ValidationFailed,
    ];
}

impl<T: RequestBody> PartialSchema for Input<T> {
    fn schema() -> RefOr<Schema> {
        fields::schema::<T>().into()
    }
}

impl<T: RequestBody> ToSchema for Input<T> {
    fn name() -> Cow<'static, str> {
        T::NAME.into()
    }
}

impl<T> ErrorCodes for Input<T> {
    const CODES: &'static [ErrorCode] = &[
        ErrorCode::UnsupportedMediaType,
        ErrorCode::PayloadTooLarge,
        ErrorCode::RequestTimeout,
        ErrorCode::MalformedRequest,
        ErrorCode::InvalidJson,
        ErrorCode::FieldNotAllowed,
        ErrorCode::ValidationFailed,
    ];
}

/// Whether the content type is JSON.
pub(crate) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let text = content_type.and_then(|value| value.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// Reads a whole body within the limits of size and time.
pub(crate) async fn read_body(body: Body, limits: &Limits) -> Result<Bytes, ApiError> {
    let whole = tokio::time::timeout(limits.body_timeout, collect(body, limits.max_body_bytes));
    whole.await.unwrap_or(Err(ApiError::RequestTimeout))
}

/// Leaves the rest of a body unread that is too large. The connection makes sure that the client can
/// still read the response.
async fn collect(mut body: Body, max_bytes: usize) -> Result<Bytes, ApiError> {
    let announced = body.size_hint().lower();
    if announced > max_bytes as u64 {
        return Err(ApiError::PayloadTooLarge(max_bytes));
    }
    let mut whole = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let data = frame.map_err(|_| ApiError::BrokenBody)?.into_data().unwrap_or_default();
        if data.len() > max_bytes - whole.len() {
            return Err(ApiError::PayloadTooLarge(max_bytes));
        }
        whole.extend_from_slice(&data);
    }
    Ok(whole.freeze())
}
