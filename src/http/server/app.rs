//! What each request goes through before it is routed, and each answer behind that.
//!
//! All of it is one future around the router. As layers of the router, each step would take
//! allocations of its own for each request.

use std::any::Any;
use std::convert::Infallible;
use std::future::ready;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use futures_util::future::Either;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};
use tracing::Instrument;

use crate::http::docs::Documentation;
use crate::http::error::ApiError;
use crate::http::response::compression;
use crate::http::routes::{every_route, in_json};
use crate::http::server::addresses::{Place, Placed};
use crate::http::server::cors::Cors;
use crate::http::server::observe::Observed;
use crate::http::server::request_context::{Arrival, Client, NoteLayer, Peer, is_trusted};
use crate::http::server::request_id::RequestIds;
use crate::http::server::{cross_site, guard};
use crate::http::settings::Settings;
use crate::http::state::{AppState, Parts};
use crate::metrics::Metrics;
use crate::service::Service;

/// The product over HTTP. A clone is the same.
#[derive(Clone)]
pub struct Entrance {
    state: AppState,
    /// Around the router: within it, a route would be chosen before the path is normalized.
    router: NormalizePath<Router>,
    /// `None` if no other origin is allowed.
    cors: Option<Cors>,
}

impl Entrance {
    /// Every route of a service. Requests are counted in `metrics`, which `/metrics` shows.
    pub fn new(service: Arc<Service>, settings: Arc<Settings>, metrics: Arc<Metrics>) -> Self {
        let (routes, document) = every_route(&settings);
        let cors = Cors::new(&settings.allowed_origins);
        let state = AppState(Arc::new(Parts {
            service,
            settings,
            metrics,
            request_ids: RequestIds::new(),
            addresses: Arc::default(),
            documentation: Arc::new(Documentation::new(&in_json(&document))),
        }));
        let routes = routes.layer(NoteLayer).with_state(state.clone());
        Self { state, router: NormalizePathLayer::trim_trailing_slash().layer(routes), cors }
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
        let Settings { trusted_proxies, .. } = &*self.state.settings;
        let arrival = Arrival::note(peer, &mut request, trusted_proxies);
        let admitted = self.admit(&arrival, &request);
        let (is_admitted, place) = (admitted.is_ok(), admitted.ok().flatten());
        let observed = Observed::begin(&self.state, arrival, &request);
        let span = observed.span().clone();
        // Combinators, and no `async`: that would have room for each step's future twice, and what is
        // larger than a kibibyte costs the allocator much more.
        self.with_cors(request, is_admitted).instrument(span).map(move |mut response| {
            guard::mark(response.headers_mut());
            observed.end(&mut response);
            match place {
                Some(place) => response.map(|body| Body::new(Placed::new(body, place))),
                None => response,
            }
        })
    }

    /// Adds CORS headers for a page of an allowed origin, to errors too, and answers its preflights.
    /// Nobody else gets such a header.
    fn with_cors(
        &self,
        request: Request,
        is_admitted: bool,
    ) -> impl Future<Output = Response> + Send + use<> {
        let Some(cors) = self.cors.as_ref().filter(|cors| cors.allows(request.headers())) else {
            return Either::Left(self.in_time(request, is_admitted));
        };
        let entrance = self.clone();
        let inner = service_fn(move |request| {
            entrance.in_time(request, is_admitted).map(Ok::<_, Infallible>)
        });
        let answered = cors.layer().layer(inner).oneshot(request);
        Either::Right(Box::pin(answered.map(|Ok(response)| response)))
    }

    fn in_time(
        &self,
        request: Request,
        is_admitted: bool,
    ) -> impl Future<Output = Response> + Send + use<> {
        let limit = self.state.settings.limits.request_timeout;
        let in_time = tokio::time::timeout(limit, self.route(request, is_admitted));
        in_time.map(|answered| answered.unwrap_or_else(|_| ApiError::TimedOut.into_response()))
    }

    /// The place that a request through a trusted proxy occupies, which is its client's. Refuses where
    /// that client occupies too many, and anything but a health check on a connection that is kept for
    /// those.
    fn admit(&self, arrival: &Arrival, request: &Request) -> Result<Option<Place>, ApiError> {
        let Client { address, is_proxied } = arrival.client;
        if arrival.peer.is_reserved {
            let is_check = address.is_loopback() && is_health_check(request);
            return if is_check { Ok(None) } else { Err(ApiError::TooManyConnections) };
        }
        if is_proxied { self.occupy(address) } else { Ok(None) }
    }

    /// One more place for that address. A trusted proxy needs none: its clients do. Refuses where the
    /// address occupies too many.
    pub(crate) fn occupy(&self, address: IpAddr) -> Result<Option<Place>, ApiError> {
        let Settings { trusted_proxies, limits, .. } = &*self.state.settings;
        let address = address.to_canonical();
        if is_trusted(&address, trusted_proxies) {
            return Ok(None);
        }
        let place = self.state.addresses.occupy(address, limits.connections_per_address());
        place.map(Some).ok_or(ApiError::TooManyConnections)
    }

    fn route(
        &self,
        request: Request,
        is_admitted: bool,
    ) -> impl Future<Output = Response> + Send + use<> {
        let takes_gzip = compression::takes_gzip(request.headers());
        let admitted = if is_admitted { Ok(()) } else { Err(ApiError::TooManyConnections) };
        let accepted = admitted
            .and_then(|()| guard::check_host(&request))
            .and_then(|()| cross_site::judge(&self.state.settings, &request));
        if let Err(error) = accepted {
            return Either::Left(ready(error.into_response()));
        }
        let answered = AssertUnwindSafe(self.router.clone().oneshot(request)).catch_unwind();
        Either::Right(answered.map(move |answered| {
            let mut response = answered.map_or_else(panicked, |answered| {
                let Ok(response) = answered;
                compression::compress(response, takes_gzip)
            });
            complete_allow(response.headers_mut());
            response
        }))
    }
}

fn is_health_check(request: &Request) -> bool {
    let path = request.uri().path().trim_end_matches('/');
    matches!(*request.method(), Method::GET | Method::HEAD)
        && path.strip_prefix("/api").unwrap_or(path) == "/health"
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
