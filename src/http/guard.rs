//! What holds for every answer: it begins in time, and it says how it may be used.

use std::time::Duration;

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Version, header};
use axum::response::{IntoResponse, Response};

use super::{ApiError, compression};

/// A header that every answer has. What lacks it is none of the product's.
pub(super) const MARK: HeaderName = header::X_CONTENT_TYPE_OPTIONS;

/// Answers in time: a handler that takes longer is given up. A change that it has handed to the
/// store by then is made all the same. A body, such as a live stream, takes what time it needs.
pub(super) async fn guard<F: Future<Output = Response>>(
    limit: Duration,
    mut request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    compression::settle(request.headers_mut());
    let mut response = if names_its_host(&request) {
        let answered = tokio::time::timeout(limit, answer(request)).await;
        answered.unwrap_or_else(|_| ApiError::TimedOut.into_response())
    } else {
        ApiError::MalformedRequest.into_response()
    };
    mark(response.headers_mut());
    response
}

/// Whether a request says once, and readably, which host it is for, as RFC 9112 (section 3.2) asks of
/// HTTP/1.1. The host may be empty.
fn names_its_host(request: &Request) -> bool {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let is_host = |host: &HeaderValue| {
        host.is_empty() || Authority::try_from(host.as_bytes()).is_ok_and(|host| !has_user(&host))
    };
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (None, _) => request.version() < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    }
}

fn has_user(authority: &Authority) -> bool {
    authority.as_str().contains('@')
}

/// Sets the headers that every answer has. Nearly each holds a family's data, which no cache may
/// keep, and none but the documentation and the demo's page may load or embed anything: what an
/// answer says itself of that stays.
pub(super) fn mark(headers: &mut HeaderMap) {
    for (name, value) in [
        (MARK, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
