//! JSON bodies: read within the limits of size and time, and checked strictly, so that a front end
//! learns of a misspelled field.

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, header};
use bytes::BytesMut;
use http_body_util::BodyExt;
use utoipa::ToSchema;

use super::fields::{Fields, Noted};
use super::openapi::Refuses;
use super::{ApiError, AppState, ErrorCode, Limits};

/// A request's body, which must be a JSON object.
pub(super) struct Input<T>(pub(super) T);

/// What can be read from a JSON object.
pub(super) trait FromFields: Sized + ToSchema {
    /// The fields that a request may set; every other one is an error.
    const ALLOWED: &'static [&'static str];
    /// The fields of the record that this request may not set. Their error differs from that of a
    /// field that does not exist.
    const READ_ONLY: &'static [&'static str] = &[];

    /// Reads and checks every field. Fails if `fields` has noted an error.
    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted>;
}

/// The fields of a child, a task or a reward that only the server sets.
pub(super) const RECORD_FIELDS: &[&str] = &["id", "user_id", "created_at", "updated_at"];

impl<T: FromFields> FromRequest<AppState> for Input<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::UnsupportedMediaType);
        }
        let body = read(request.into_body(), &state.settings.limits).await?;
        Ok(Self(Fields::read(&body)?))
    }
}

impl<T> Refuses for Input<T> {
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

/// Whether the body is said to be JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let text = content_type.and_then(|value| value.to_str().ok());
    let essence = text.and_then(|text| text.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

async fn read(body: Body, limits: &Limits) -> Result<Bytes, ApiError> {
    let whole = tokio::time::timeout(limits.body_timeout, collect(body, limits.max_body_bytes));
    whole.await.unwrap_or(Err(ApiError::RequestTimeout))
}

/// What is too large is left unread; the connection sees to it that its client reads the answer.
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
