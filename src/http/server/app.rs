//! What applies to every request before it is routed, and to every response.

use std::convert::Infallible;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tower::util::MapRequestLayer;
use tower::{Layer, ServiceExt, service_fn};
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};
use tracing::Instrument;

use super::access::AccessRecord;
use super::address_limit::{AddressPermit, PermitBody};
use super::cors::Cors;
use super::cross_site;
use super::headers;
use super::request_context::{Client, Peer, RequestContext, is_trusted, note_route};
use super::request_id::RequestIds;
use crate::http::docs::documentation::Documentation;
use crate::http::error::ApiError;
use crate::http::pages::{Pages, WantsPage};
use crate::http::response::compression;
use crate::http::routes::{every_route, in_json};
use crate::http::settings::HttpSettings;
use crate::http::state::{AppState, Parts};
use crate::metrics::{self, Metrics};
use crate::service::Service;
use crate::store::as_request;

/// The HTTP application. Cheap to clone.
#[derive(Clone)]
pub struct App {
    state: AppState,
    /// Outside the router, which would otherwise choose a route before the trailing slash is removed.
    router: NormalizePath<Router>,
}

impl App {
    /// The routes of `service`, and the pages if there are any. Requests are counted in `metrics`, which `/metrics`
    /// returns.
    pub fn new(
        service: Arc<Service>,
        settings: Arc<HttpSettings>,
        metrics: Arc<Metrics>,
        pages: Option<Pages>,
    ) -> Self {
        let error_page = pages.as_ref().map(|pages| pages.error);
        let pages = pages.map(|pages| pages.routes).unwrap_or_default();
        let routes = every_route(&settings, pages);
        let session_cookie = settings.session_cookie.clone();
        let state = AppState(Arc::new(Parts {
            service,
            cors: ArcSwapOption::new(Cors::new(&settings.allowed_origins).map(Arc::new)),
            live_settings: ArcSwap::new(settings),
            metrics,
            request_ids: RequestIds::new(),
            addresses: Arc::default(),
            documentation: Arc::new(Documentation::new(move || in_json(session_cookie.as_str()))),
            error_page,
        }));
        let routes = routes.layer(MapRequestLayer::new(note_route)).with_state(state.clone());
        Self { state, router: NormalizePathLayer::trim_trailing_slash().layer(routes) }
    }

    /// Replaces the settings, for all requests that start afterwards. The numbers of connections, the
    /// routes and the API's description stay.
    pub fn reload(&self, mut settings: HttpSettings) {
        // The start may have lowered it to the number of open files that the system allows.
        settings.limits.max_connections = self.settings().limits.max_connections;
        self.state.cors.store(Cors::new(&settings.allowed_origins).map(Arc::new));
        self.state.live_settings.store(Arc::new(settings));
    }

    pub(super) fn settings(&self) -> Arc<HttpSettings> {
        self.state.settings()
    }

    pub(super) fn metrics(&self) -> &metrics::Http {
        &self.state.metrics.http
    }

    /// Returns the response to a request from `peer`. A handler that exceeds the request timeout is
    /// dropped; a change that it has already handed to the store is committed all the same. The body
    /// of a response, such as an event stream, has no time limit.
    ///
    /// Must be called within a Tokio runtime.
    pub async fn respond(self, peer: Arc<Peer>, mut request: Request) -> Response {
        let context = RequestContext::attach(peer, &mut request, &self.settings().trusted_proxies);
        let admitted = self.admit(&context, &request);
        let access = AccessRecord::start(&self.state, context.clone(), &request);
        let wants_page = WantsPage::of(request.method(), request.uri(), request.headers());
        let span = access.span().clone();
        let (is_admitted, permit) = (admitted.is_ok(), admitted.ok().flatten());
        let mut response = self.with_cors(request, is_admitted).instrument(span).await;
        if let Some(wants_page) = wants_page {
            response = wants_page.show(&self.state, &context, response).await;
        }
        headers::add_to(response.headers_mut());
        access.finish(&mut response);
        match permit {
            Some(permit) => response.map(|body| Body::new(PermitBody::new(body, permit))),
            None => response,
        }
    }

    /// Adds CORS headers to every response to a page of an allowed origin, errors included, and
    /// responds to its preflight requests. No other response has such headers.
    async fn with_cors(&self, request: Request, is_admitted: bool) -> Response {
        match self.state.cors.load_full() {
            Some(cors) if cors.allows(request.headers()) => {
                let inner = service_fn(|request| {
                    self.in_time(request, is_admitted).map(Ok::<_, Infallible>)
                });
                // On the heap: the future of the layer is large, and most requests do without it.
                let Ok(response) = Box::pin(cors.layer().layer(inner).oneshot(request)).await;
                response
            }
            _ => self.in_time(request, is_admitted).await,
        }
    }

    async fn in_time(&self, request: Request, is_admitted: bool) -> Response {
        let context = request.extensions().get::<RequestContext>();
        if context.is_some_and(|context| context.peer.is_operator) {
            // A command waits for as long as its work takes.
            return self.route(request, is_admitted).await;
        }
        let timeout = self.settings().limits.request_timeout;
        let work = as_request(self.route(request, is_admitted));
        let response = tokio::time::timeout(timeout, work).await;
        response.unwrap_or_else(|_| ApiError::TimedOut.into_response())
    }

    async fn route(&self, request: Request, is_admitted: bool) -> Response {
        if !is_admitted {
            return ApiError::TooManyConnections.into_response();
        }
        if let Err(error) = headers::check_host(&request) {
            return error.into_response();
        }
        let accepts_gzip = compression::accepts_gzip(request.headers());
        let settings = self.settings();
        let handled = cross_site::protect(&settings, self.router.clone(), request);
        // The panic itself has been reported on the standard error output by then.
        let handled = AssertUnwindSafe(handled).catch_unwind().await;
        let response = handled.unwrap_or_else(|_| ApiError::Panicked.into_response());
        let mut response = compression::compress(response, accepts_gzip);
        complete_allow(response.headers_mut());
        response
    }

    /// Decides whether a request is processed. A request through a trusted proxy needs a permit for its
    /// client's address, which is returned. A connection that is reserved for health checks serves
    /// nothing else.
    fn admit(
        &self,
        context: &RequestContext,
        request: &Request,
    ) -> Result<Option<AddressPermit>, ApiError> {
        let Client { address, is_proxied } = context.client;
        if context.peer.is_reserved {
            let is_check = address.is_loopback() && is_health_check(request);
            return if is_check { Ok(None) } else { Err(ApiError::TooManyConnections) };
        }
        if is_proxied { self.acquire(address) } else { Ok(None) }
    }

    /// Acquires a permit for an address; a trusted proxy needs none. Fails if the address has as many as
    /// it may have.
    pub(super) fn acquire(&self, address: IpAddr) -> Result<Option<AddressPermit>, ApiError> {
        let settings = self.settings();
        let address = address.to_canonical();
        if is_trusted(&address, &settings.trusted_proxies) {
            return Ok(None);
        }
        let permit =
            self.state.addresses.acquire(address, settings.limits.connections_per_address());
        permit.map(Some).ok_or(ApiError::TooManyConnections)
    }
}

fn is_health_check(request: &Request) -> bool {
    let path = request.uri().path().trim_end_matches('/');
    matches!(*request.method(), Method::GET | Method::HEAD)
        && path.strip_prefix("/api").unwrap_or(path) == "/health"
}

/// Adds `OPTIONS` to a list of allowed methods: the fallback of the router accepts it for every path.
fn complete_allow(headers: &mut HeaderMap) {
    if let Some(allow) = headers.get_mut(header::ALLOW)
        && let Ok(longer) = HeaderValue::from_bytes(&[allow.as_bytes(), b",OPTIONS"].concat())
    {
        *allow = longer;
    }
}
