//! What holds for every request, and for every answer: it says how it may be used.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Version, header};

use crate::http::error::ApiError;

/// A header that every answer has. What lacks it is none of the product's.
pub(crate) const MARK: HeaderName = header::X_CONTENT_TYPE_OPTIONS;

/// Refuses a request that doesn't say once, and readably, which host it is for, as RFC 9112 (section
/// 3.2) asks of HTTP/1.1. The host may be empty.
pub(crate) fn check_host(request: &Request) -> Result<(), ApiError> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let is_host = |host: &HeaderValue| {
        host.is_empty() || Authority::try_from(host.as_bytes()).is_ok_and(|host| !has_user(&host))
    };
    let is_said = match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (None, _) => request.version() < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    };
    if is_said { Ok(()) } else { Err(ApiError::MalformedRequest) }
}

fn has_user(authority: &Authority) -> bool {
    authority.as_str().contains('@')
}

/// Sets the headers that every answer has. Nearly each holds a family's data, which no cache may
/// keep, and none but the documentation and the demo's page may load or embed anything: what an
/// answer says itself of that stays.
pub(crate) fn mark(headers: &mut HeaderMap) {
    for (name, value) in [
        (MARK, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
