//! Floor 3: HTTP and nothing else. A small file a resource; each handler parses, calls the service
//! and answers.

mod auth;
mod children;
mod client;
mod compression;
mod credentials;
mod cross_site;
mod deletion;
mod demo;
mod docs;
mod error;
mod error_code;
mod events;
mod extract;
mod guard;
mod health;
mod input;
mod legacy;
mod metrics;
mod mutations;
mod observe;
mod openapi;
mod query;
mod records;
mod rewards;
mod secrets;
mod serve;
mod settings;
mod tasks;
mod tracking;
mod users;

pub use error::ApiError;
pub use error_code::ErrorCode;
pub use serve::{Connections, MAX_REFUSALS, serve};
pub(crate) use settings::is_host;
pub use settings::{Limits, Monitoring, Origin, Secret, Settings};

use std::any::Any;
use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::{FromRef, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{Next, from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::metrics::Metrics;
use crate::service::Service;
use docs::Documentation;
use observe::RequestIds;

/// What every handler can reach. One pointer, since each layer of the router clones it for each
/// request.
#[derive(Clone)]
struct AppState(Arc<Parts>);

struct Parts {
    service: Arc<Service>,
    settings: Arc<Settings>,
    metrics: Arc<Metrics>,
    request_ids: RequestIds,
    documentation: Arc<Documentation>,
}

impl Deref for AppState {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<AppState> for Arc<Service> {
    fn from_ref(state: &AppState) -> Self {
        Self::clone(&state.service)
    }
}

impl FromRef<AppState> for Arc<Settings> {
    fn from_ref(state: &AppState) -> Self {
        Self::clone(&state.settings)
    }
}

impl FromRef<AppState> for Arc<Documentation> {
    fn from_ref(state: &AppState) -> Self {
        Self::clone(&state.documentation)
    }
}

/// Every route, at `/…` and at `/api/…`. Requests are counted in `metrics`, which `/metrics` shows.
pub fn router(service: Arc<Service>, settings: Arc<Settings>, metrics: Arc<Metrics>) -> Router {
    let (routes, document) = routes().split_for_parts();
    // A page that is no part of the document.
    let routes = routes.merge(demo::routes(&settings));
    let state = AppState(Arc::new(Parts {
        service,
        settings,
        metrics,
        request_ids: RequestIds::new(),
        documentation: Arc::new(Documentation::new(in_json(&document))),
    }));
    let answering = routes
        .clone()
        .nest("/api", routes)
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::other_method)
        .layer(from_fn(cross_site::refuse_forms))
        .layer(from_fn_with_state(state.clone(), cross_site::refuse_foreign_pages))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(compression::layer())
        .layer(from_fn_with_state(state.clone(), outermost))
        .with_state(state);
    // Around the router: it sets `Allow` behind the layers of its routes.
    Router::new().fallback_service(answering).layer(map_response(with_options))
}

/// What each request goes through first, and each answer last: one layer, since each costs its own
/// memory for every request.
async fn outermost(State(state): State<AppState>, mut request: Request, next: Next) -> Response {
    let Settings { trusted_proxies, limits, .. } = &*state.settings;
    let client = client::identify(&mut request, trusted_proxies);
    let guarded =
        |request| guard::guard(limits.request_timeout, request, |request| next.run(request));
    observe::observe(&state, client, request, guarded).await
}

/// Every route, with its part of the OpenAPI document.
fn routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::base())
        .routes(routes!(auth::signup))
        .routes(routes!(auth::login))
        .routes(routes!(auth::restore))
        .routes(routes!(auth::logout))
        .routes(routes!(auth::me))
        .routes(routes!(auth::change_password))
        .routes(routes!(auth::begin_child_session))
        .routes(routes!(auth::mark_for_deletion))
        .routes(routes!(events::stream))
        .routes(routes!(tracking::query))
        .routes(routes!(deletion::threshold, deletion::set_threshold))
        .routes(routes!(deletion::queue))
        .routes(routes!(deletion::run))
        .routes(routes!(health::health))
        .routes(routes!(metrics::scrape))
        .routes(routes!(docs::document))
        .routes(routes!(docs::page))
        .routes(routes!(docs::file))
        .merge(record_routes())
        .merge(mutation_routes())
        .merge(legacy::routes())
}

fn record_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(children::list, children::create))
        .routes(routes!(children::get, children::update, children::delete))
        .routes(routes!(rewards::offers))
        .routes(routes!(tracking::of_child))
        .routes(routes!(tasks::list, tasks::create))
        .routes(routes!(tasks::get, tasks::update, tasks::delete))
        .routes(routes!(rewards::list, rewards::create))
        .routes(routes!(rewards::pending))
        .routes(routes!(rewards::get, rewards::update, rewards::delete))
}

fn mutation_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::default()
        .routes(routes!(mutations::activate))
        .routes(routes!(mutations::request))
        .routes(routes!(mutations::redeem))
        .routes(routes!(mutations::cancel))
}

/// The OpenAPI document, in JSON with one field a line.
pub fn openapi_document() -> String {
    in_json(routes().get_openapi())
}

fn in_json(document: &OpenApi) -> String {
    // A document without a JSON form would be a fault of its library; the tests would see it.
    let json = document.to_pretty_json().unwrap_or_default();
    json + "\n"
}

/// The panic itself has been reported on the standard error output by then.
fn panicked(_panic: Box<dyn Any + Send>) -> Response {
    ApiError::Panicked.into_response()
}

/// Every address takes `OPTIONS`, by the router's fallback, which isn't in its list of methods.
async fn with_options(mut response: Response) -> Response {
    if let Some(allow) = response.headers_mut().get_mut(header::ALLOW)
        && let Ok(longer) = HeaderValue::from_bytes(&[allow.as_bytes(), b",OPTIONS"].concat())
    {
        *allow = longer;
    }
    response
}
