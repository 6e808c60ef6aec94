//! What pages of other origins can't do with a browser's session.
//!
//! A browser sends the session's cookie along with requests that a page of another origin makes.
//! `SameSite=Lax` keeps it from other sites' POSTs; this also covers other origins of the same site
//! and browsers that don't know the attribute. Requests without the cookie aren't concerned: a
//! Bearer token is nothing that a browser adds by itself.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower::{Layer, ServiceExt};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use super::extract::session_cookie;
use super::input::is_json;
use super::{ApiError, AppState, Settings};

/// Refuses a change with a session's cookie that a page of a foreign origin, or of one that its
/// browser hides, asks for.
///
/// Its own pages are those whose origin has the host that the request was sent to, and the ones
/// that the operator names; the latter is for a proxy that sends another host on, too.
pub(super) async fn refuse_foreign_pages(
    State(state): State<AppState>,
    request: Request,
    next: Next,
) -> Response {
    let headers = request.headers();
    if session_cookie(headers).is_none() || is_named(headers, &state.settings) {
        return next.run(request).await;
    }
    let foreign = |_: ProtectionError| ApiError::ForeignOrigin.into_response();
    let judging = CsrfLayer::new().with_rejection_response(foreign).layer(next);
    judging.oneshot(request).await.into_response()
}

fn is_named(headers: &HeaderMap, settings: &Settings) -> bool {
    let origin = headers.get(header::ORIGIN).map(HeaderValue::as_bytes);
    let mut named = settings.public_origin.iter().chain(&settings.allowed_origins);
    named.any(|named| Some(named.as_str().as_bytes()) == origin)
}

/// Refuses a change with a session's cookie and a body that isn't JSON, also where the body isn't
/// read: any page can send a form, but only one that may ask beforehand can send JSON.
pub(super) async fn refuse_forms(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_change = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    let has_cookie = session_cookie(headers).is_some();
    if is_change && has_cookie && has_body(headers) && !is_json(headers) {
        return ApiError::UnsupportedMediaType.into_response();
    }
    next.run(request).await
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    headers.contains_key(header::TRANSFER_ENCODING) || length.is_some_and(|length| length != "0")
}
