//! What pages of other origins can't do with a browser's session.
//!
//! A browser sends the session's cookie along with requests that a page of another origin makes.
//! `SameSite=Lax` keeps it from other sites' POSTs; this also covers other origins of the same site
//! and browsers that don't know the attribute. Requests without the cookie aren't concerned: a
//! Bearer token is nothing that a browser adds by itself.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tower::{Layer, ServiceExt};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use super::extract::session_cookie;
use super::input::is_json;
use super::{ApiError, AppState, Origin, Settings};

/// Where a browser says whose page asks.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

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
    let is_concerned = is_change(request.method()) && session_cookie(headers).is_some();
    if !is_concerned || is_own(headers, &state.settings) {
        return next.run(request).await;
    }
    let foreign = |_: ProtectionError| ApiError::ForeignOrigin.into_response();
    let judging = CsrfLayer::new().with_rejection_response(foreign).layer(next);
    judging.oneshot(request).await.into_response()
}

fn is_own(headers: &HeaderMap, settings: &Settings) -> bool {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let Some(origin) = text(header::ORIGIN).and_then(Origin::parse) else { return false };
    // Where the browser doesn't say whose page it is, the host does. The layer compares it letter by
    // letter, but some proxies write the usual port, too.
    let host = text(header::HOST).filter(|_| !headers.contains_key(SEC_FETCH_SITE));
    let host = host.map(|host| format!("{}://{host}", origin.scheme()));
    let own = host.and_then(|host| Origin::parse(&host));
    let mut named = settings.public_origin.iter().chain(&settings.allowed_origins);
    own.as_ref() == Some(&origin) || named.any(|named| *named == origin)
}

/// Refuses a change with a session's cookie and a body that isn't JSON, also where the body isn't
/// read: any page can send a form, but only one that may ask beforehand can send JSON.
pub(super) async fn refuse_forms(request: Request, next: Next) -> Response {
    let headers = request.headers();
    let is_concerned = is_change(request.method()) && session_cookie(headers).is_some();
    if is_concerned && has_body(headers) && !is_json(headers) {
        return ApiError::UnsupportedMediaType.into_response();
    }
    next.run(request).await
}

fn is_change(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    let is_empty = |length: &HeaderValue| length.as_bytes().iter().all(|digit| *digit == b'0');
    headers.contains_key(header::TRANSFER_ENCODING)
        || length.is_some_and(|length| !is_empty(length))
}
