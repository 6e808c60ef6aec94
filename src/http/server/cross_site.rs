//! Protects a browser's session from pages of other origins.
//!
//! A browser sends the session cookie along with requests from pages of other origins.
//! `SameSite=Lax` prevents this for POST requests from other sites, but not for other origins of the
//! same site, nor in browsers that do not support the attribute. Requests without the cookie need no
//! protection: a browser never adds a Bearer token by itself.

use std::convert::Infallible;
use std::future::ready;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use futures_util::future::Either;
use tower::{Layer, Service, ServiceExt, service_fn};
use tower_http::csrf::CsrfLayer;

use crate::http::error::ApiError;
use crate::http::error::field::shortened;
use crate::http::extract::cookies::cookies_named;
use crate::http::extract::input::is_json;
use crate::http::extract::origin::{header_text, of_host, of_page};
use crate::http::pages::is_page;
use crate::http::settings::HttpSettings;

/// The header in which a browser states the relation of the page to this server.
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Calls `router`, unless the request posts to a page and is not a form of this server, or is a change with the cookie of a session or a device and
///
/// - comes from a page of a foreign origin, or of an origin that the browser hides. The server's own
///   origins are that of the request's host and those in the settings; the latter are needed behind a
///   proxy that replaces the host.
/// - or has a body that is not declared as JSON, even if the route reads no body: every page may send a
///   form, but only a page of an allowed origin may send JSON.
pub(super) async fn protect<R>(settings: &HttpSettings, router: R, request: Request) -> Response
where
    R: Service<Request, Response = Response, Error = Infallible> + Clone,
{
    let headers = request.headers();
    if is_page(request.uri().path()) && is_change(request.method()) {
        let response = match check_form(headers, settings) {
            Ok(()) => call(router, request, false).await,
            Err(error) => Ok(error.into_response()),
        };
        let Ok(response) = response;
        return response;
    }
    let is_protected = is_change(request.method()) && has_cookie(headers, settings);
    let is_type_wrong = is_protected && has_body(headers) && !is_json(headers);
    let is_from_page = headers.contains_key(SEC_FETCH_SITE) || headers.contains_key(header::ORIGIN);
    if is_protected && is_from_page && !is_own(headers, settings) {
        let (page, expected) = foreign(headers, settings);
        let rejected = move |_| {
            let (page, expected) = (page.clone(), expected.clone());
            ApiError::ForeignOrigin { page, expected }.into_response()
        };
        let inner = service_fn(|request| call(router.clone(), request, is_type_wrong));
        let layer = CsrfLayer::new().with_rejection_response(rejected);
        // On the heap, so that other requests do not reserve space for it.
        let Ok(response) = Box::pin(layer.layer(inner).oneshot(request)).await;
        return response;
    }
    let Ok(response) = call(router, request, is_type_wrong).await;
    response
}

/// Checks what is sent to a page, with or without a session. A browser says which page has sent a form: one that names
/// no page is refused, since every page may send a form.
fn check_form(headers: &HeaderMap, settings: &HttpSettings) -> Result<(), ApiError> {
    if has_body(headers) && !is_form(headers) {
        return Err(ApiError::UnsupportedMediaType);
    }
    let is_own = match header_text(headers, &SEC_FETCH_SITE) {
        Some(site) => site == "same-origin",
        // Over plain http, only `localhost` gets `Sec-Fetch-Site`.
        None => of_page(headers).is_some_and(|origin| {
            settings.public_origin.as_ref() == Some(&origin)
                || of_host(headers, origin.scheme()).as_ref() == Some(&origin)
        }),
    };
    if is_own {
        return Ok(());
    }
    let (page, expected) = foreign(headers, settings);
    Err(ApiError::ForeignOrigin { page, expected })
}

fn is_form(headers: &HeaderMap) -> bool {
    let essence =
        header_text(headers, &header::CONTENT_TYPE).and_then(|text| text.split(';').next());
    essence.is_some_and(|it| it.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded"))
}

fn call<R>(
    router: R,
    request: Request,
    is_type_wrong: bool,
) -> impl Future<Output = Result<Response, Infallible>>
where
    R: Service<Request, Response = Response, Error = Infallible>,
{
    if is_type_wrong {
        return Either::Left(ready(Ok(ApiError::UnsupportedMediaType.into_response())));
    }
    Either::Right(router.oneshot(request))
}

/// The page's origin and the server's own origins, for the error.
fn foreign(headers: &HeaderMap, settings: &HttpSettings) -> (String, String) {
    let page = match header_text(headers, &header::ORIGIN) {
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
        let host = header_text(headers, &header::HOST);
        own.extend(host.map(|host| format!("http://{}", shortened(host))));
    }
    (page, own.join(" or "))
}

fn is_own(headers: &HeaderMap, settings: &HttpSettings) -> bool {
    let Some(origin) = of_page(headers) else { return false };
    // Without `Sec-Fetch-Site`, the host decides. `CsrfLayer` compares it letter by letter, but some
    // proxies add the default port.
    let is_of_host = !headers.contains_key(SEC_FETCH_SITE)
        && of_host(headers, origin.scheme()).as_ref() == Some(&origin);
    let mut named = settings.public_origin.iter().chain(&settings.allowed_origins);
    is_of_host || named.any(|named| *named == origin)
}

fn has_cookie(headers: &HeaderMap, settings: &HttpSettings) -> bool {
    let name = &settings.session_cookie;
    [name, &name.of_devices()].into_iter().any(|name| cookies_named(headers, name).next().is_some())
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
