//! What pages of other origins can't do with a browser's session.
//!
//! A browser sends the session's cookie along with requests that a page of another origin makes.
//! `SameSite=Lax` keeps it from other sites' POSTs; this also covers other origins of the same site
//! and browsers that don't know the attribute. Requests without the cookie aren't concerned: a
//! Bearer token is nothing that a browser adds by itself.

use std::convert::Infallible;
use std::future::ready;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, header};
use futures_util::FutureExt;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::csrf::{CsrfLayer, ProtectionError};

use crate::http::error::ApiError;
use crate::http::error::field::shortened;
use crate::http::extract::caller::session_cookies;
use crate::http::extract::input::is_json;
use crate::http::settings::{Origin, Settings};

/// Where a browser says whose page asks.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses a change with a session's cookie, where
///
/// - a page of a foreign origin asks for it, or of one that its browser hides. Its own pages are those
///   whose origin has the host that the request was sent to, and the ones that the operator names; the
///   latter is for a proxy that sends another host on, too.
/// - it has a body that isn't JSON, also where the body isn't read: any page can send a form, but only
///   one that may ask beforehand can send JSON.
pub(crate) fn judge(settings: &Settings, request: &Request) -> Result<(), ApiError> {
    let headers = request.headers();
    if !is_change(request.method())
        || session_cookies(headers, &settings.session_cookie).next().is_none()
    {
        return Ok(());
    }
    let of_a_page = headers.contains_key(SEC_FETCH_SITE) || headers.contains_key(header::ORIGIN);
    if of_a_page && !is_own(headers, settings) && !is_let_through(request) {
        return Err(foreign(headers, settings));
    }
    if has_body(headers) && !is_json(headers) {
        return Err(ApiError::UnsupportedMediaType);
    }
    Ok(())
}

/// The error, which names the page's origin and the ones that are the server's own.
fn foreign(headers: &HeaderMap, settings: &Settings) -> ApiError {
    let text = |name: HeaderName| headers.get(name)?.to_str().ok();
    let page = match text(header::ORIGIN) {
        Some(origin) if origin != "null" => shortened(origin),
        _ => "one whose origin the browser hides".to_owned(),
    };
    let mut own: Vec<String> = [&settings.public_origin]
        .into_iter()
        .flatten()
        .chain(&settings.allowed_origins)
        .map(|origin| origin.as_str().to_owned())
        .collect();
    if own.is_empty() {
        own.extend(text(header::HOST).map(|host| format!("http://{}", shortened(host))));
    }
    ApiError::ForeignOrigin { page, expected: own.join(" or ") }
}

/// Whether the layer lets a request like this one through.
fn is_let_through(request: &Request) -> bool {
    let mut alike = axum::http::Request::new(());
    alike.method_mut().clone_from(request.method());
    alike.uri_mut().clone_from(request.uri());
    alike.headers_mut().clone_from(request.headers());
    let through = service_fn(|_| ready(Ok::<_, Infallible>(Response::new(true))));
    let refused = |_: ProtectionError| Response::new(false);
    let judging = CsrfLayer::new().with_rejection_response(refused).layer(through);
    // Neither the layer nor what is in it waits for anything.
    let judged = judging.oneshot(alike).now_or_never();
    judged.is_some_and(|Ok(response)| response.into_body())
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

fn is_change(method: &Method) -> bool {
    !matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn has_body(headers: &HeaderMap) -> bool {
    let length = headers.get(header::CONTENT_LENGTH);
    let is_empty = |length: &HeaderValue| length.as_bytes().iter().all(|digit| *digit == b'0');
    headers.contains_key(header::TRANSFER_ENCODING)
        || length.is_some_and(|length| !is_empty(length))
}
