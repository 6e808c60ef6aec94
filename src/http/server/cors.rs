//! CORS headers: they allow pages of other origins, which the operator lists, to use the API in a
//! browser.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::http::settings::Origin;

/// How long a browser may cache the response to a preflight request, and so how long a removed origin
/// keeps working.
const MAX_AGE: Duration = Duration::from_mins(10);

/// The allowed origins, at least one, and the layer for requests of their pages.
pub(crate) struct Cors {
    origins: Vec<HeaderValue>,
    layer: CorsLayer,
}

impl Cors {
    /// `None` if no origin is allowed.
    pub(super) fn new(allowed: &[Origin]) -> Option<Self> {
        let origins: Vec<HeaderValue> =
            allowed.iter().filter_map(|origin| origin.as_str().parse().ok()).collect();
        (!origins.is_empty()).then(|| Self { layer: layer(&origins), origins })
    }

    /// Whether the request comes from a page of an allowed origin.
    pub(super) fn allows(&self, headers: &HeaderMap) -> bool {
        let origin = headers.get(header::ORIGIN);
        origin.is_some_and(|origin| self.origins.contains(origin))
    }

    pub(super) fn layer(&self) -> &CorsLayer {
        &self.layer
    }
}

fn layer(origins: &[HeaderValue]) -> CorsLayer {
    let request_id = HeaderName::from_static("x-request-id");
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins.iter().cloned()))
        .allow_credentials(true)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([
            header::ACCEPT,
            header::AUTHORIZATION,
            header::CACHE_CONTROL,
            header::CONTENT_TYPE,
            HeaderName::from_static("last-event-id"),
            HeaderName::from_static("idempotency-key"),
            request_id.clone(),
        ])
        .expose_headers([
            header::ALLOW,
            header::RETRY_AFTER,
            HeaderName::from_static("idempotent-replayed"),
            request_id,
        ])
        .max_age(MAX_AGE)
}
