//! The check of the `Host` header, and the headers of every response.

use axum::extract::Request;
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Version, header};

use crate::http::error::ApiError;

/// A header that every response of the application has, and that hyper's own responses do not have.
pub(super) const IN_EVERY_RESPONSE: HeaderName = header::X_CONTENT_TYPE_OPTIONS;

/// Fails unless the request has exactly one valid `Host` header, as RFC 9112 (section 3.2) requires of
/// HTTP/1.1. The host may be empty.
pub(super) fn check_host(request: &Request) -> Result<(), ApiError> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let is_host = |host: &HeaderValue| {
        host.is_empty() || Authority::try_from(host.as_bytes()).is_ok_and(|host| !has_user(&host))
    };
    let is_valid = match (hosts.next(), hosts.next()) {
        (Some(host), None) => is_host(host),
        (None, _) => request.version() < Version::HTTP_11,
        (Some(_), Some(_)) => false,
    };
    if is_valid { Ok(()) } else { Err(ApiError::MalformedRequest) }
}

fn has_user(authority: &Authority) -> bool {
    authority.as_str().contains('@')
}

/// Adds the headers of every response; those that the response already has stay. Most responses
/// contain a family's data, which no cache may store, and only the pages may load or embed anything.
pub(super) fn add_to(headers: &mut HeaderMap) {
    for (name, value) in [
        (IN_EVERY_RESPONSE, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-store"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ] {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
}
