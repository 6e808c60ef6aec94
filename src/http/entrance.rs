//! What each request goes through before it is routed, and each answer behind that.
//!
//! All of it is one future around the router. As layers of the router, each step would take
//! allocations of its own for each request.

use std::any::Any;
use std::future::ready;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::Either;
use tower::{Layer, ServiceExt};
use tower_http::compression::Compression;
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};
use tracing::Instrument;

use super::arrival::{Arrival, NoteLayer, Peer};
use super::compression::{self, Compressible};
use super::docs::Documentation;
use super::observe::{Observed, RequestIds};
use super::{ApiError, AppState, Parts, Settings, cross_site, every_route, guard, in_json};
use crate::metrics::Metrics;
use crate::service::Service;

/// The product over HTTP. A clone is the same.
#[derive(Clone)]
pub struct Entrance {
    state: AppState,
    /// Around the router: within it, a route would be chosen before the path is normalized.
    router: Compression<NormalizePath<Router>, Compressible>,
}

impl Entrance {
    /// Every route of a service. Requests are counted in `metrics`, which `/metrics` shows.
    pub fn new(service: Arc<Service>, settings: Arc<Settings>, metrics: Arc<Metrics>) -> Self {
        let (routes, document) = every_route(&settings);
        let state = AppState(Arc::new(Parts {
            service,
            settings,
            metrics,
            request_ids: RequestIds::new(),
            documentation: Arc::new(Documentation::new(&in_json(&document))),
        }));
        let routes = routes.layer(NoteLayer).with_state(state.clone());
        let normalized = NormalizePathLayer::trim_trailing_slash().layer(routes);
        Self { state, router: compression::layer().layer(normalized) }
    }

    /// Answers a request that came from there, in time: a handler that takes longer is given up. A
    /// change that it has handed to the store by then is made all the same. A body, such as a live
    /// stream, takes what time it needs.
    ///
    /// Must be called within a Tokio runtime.
    pub fn answer(
        &self,
        peer: &Arc<Peer>,
        mut request: Request,
    ) -> impl Future<Output = Response> + Send + use<> {
        let Settings { trusted_proxies, limits, .. } = &*self.state.settings;
        let arrival = Arrival::note(peer, &mut request, trusted_proxies);
        let observed = Observed::begin(&self.state, arrival, &request);
        let span = observed.span().clone();
        // Combinators, and no `async`: that would have room for each step's future twice, and what is
        // larger than a kibibyte costs the allocator much more.
        let in_time = tokio::time::timeout(limits.request_timeout, self.route(request));
        in_time.instrument(span).map(move |answered| {
            let mut response = answered.unwrap_or_else(|_| ApiError::TimedOut.into_response());
            guard::mark(response.headers_mut());
            observed.end(&mut response);
            response
        })
    }

    fn route(&self, mut request: Request) -> impl Future<Output = Response> + Send + use<> {
        compression::settle(request.headers_mut());
        let accepted = guard::check_host(&request)
            .and_then(|()| cross_site::judge(&self.state.settings, &request));
        if let Err(error) = accepted {
            return Either::Left(ready(error.into_response()));
        }
        let answered = AssertUnwindSafe(self.router.clone().oneshot(request)).catch_unwind();
        Either::Right(answered.map(|answered| {
            let mut response = answered.map_or_else(panicked, |answered| {
                let Ok(response) = answered;
                response.map(Body::new)
            });
            complete_allow(response.headers_mut());
            response
        }))
    }
}

/// The panic itself has been reported on the standard error output by then.
fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    ApiError::Panicked.into_response()
}

/// Every address takes `OPTIONS`, by the router's fallback, which isn't in its list of methods.
fn complete_allow(headers: &mut HeaderMap) {
    if let Some(allow) = headers.get_mut(header::ALLOW)
        && let Ok(longer) = HeaderValue::from_bytes(&[allow.as_bytes(), b",OPTIONS"].concat())
    {
        *allow = longer;
    }
}
