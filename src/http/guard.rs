//! What holds for every answer: it begins in time, and it says how it may be used.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::{ApiError, AppState, compression};

/// A header that every answer has. What lacks it is none of the product's.
pub(super) const MARK: HeaderName = header::X_CONTENT_TYPE_OPTIONS;

/// Answers in time: a handler that takes longer is given up. A change that it has handed to the
/// store by then is made all the same. A body, such as a live stream, takes what time it needs.
pub(super) async fn guard(
    State(state): State<AppState>,
    mut request: Request,
    next: Next,
) -> Response {
    compression::settle(request.headers_mut());
    let limit = state.settings.limits.request_timeout;
    let answered = tokio::time::timeout(limit, next.run(request)).await;
    let mut response = answered.unwrap_or_else(|_| ApiError::TimedOut.into_response());
    mark(response.headers_mut());
    response
}

/// Sets the headers that every answer has: nearly each holds a family's data, which no cache may
/// keep, and none is a page that may load or embed anything.
pub(super) fn mark(headers: &mut HeaderMap) {
    for (name, value) in [
        (MARK, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
