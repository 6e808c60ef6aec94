//! Floor 3: HTTP and nothing else. A small file a resource; each handler parses, calls the service
//! and answers.

mod auth;
mod children;
mod client;
mod compression;
mod cross_site;
mod deletion;
mod demo;
mod error;
mod events;
mod extract;
mod guard;
mod health;
mod input;
mod metrics;
mod mutations;
mod observe;
mod query;
mod records;
mod rewards;
mod serve;
mod settings;
mod tasks;
mod tracking;

pub use error::ApiError;
pub use serve::{Connections, MAX_REFUSALS, serve};
pub(crate) use settings::is_host;
pub use settings::{Limits, Monitoring, Origin, Secret, Settings};

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use axum::http::{HeaderValue, header};
use axum::middleware::{from_fn, from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use tower_http::catch_panic::CatchPanicLayer;

use crate::metrics::Metrics;
use crate::service::Service;
use observe::RequestIds;

/// What every handler can reach.
#[derive(Clone)]
struct AppState {
    service: Arc<Service>,
    settings: Arc<Settings>,
    metrics: Arc<Metrics>,
    request_ids: Arc<RequestIds>,
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

/// Every route, at `/…` and at `/api/…`. Requests are counted in `metrics`, which `/metrics` shows.
pub fn router(service: Arc<Service>, settings: Arc<Settings>, metrics: Arc<Metrics>) -> Router {
    let demo = demo::routes(&settings);
    let state = AppState { service, settings, metrics, request_ids: Arc::new(RequestIds::new()) };
    let answering = routes()
        .merge(demo.clone())
        .nest("/api", routes().merge(demo))
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::other_method)
        .layer(from_fn(cross_site::refuse_forms))
        .layer(from_fn_with_state(state.clone(), cross_site::refuse_foreign_pages))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(compression::layer())
        .layer(from_fn_with_state(state.clone(), guard::guard))
        .layer(from_fn_with_state(state.clone(), observe::observe))
        .layer(from_fn_with_state(state.clone(), client::identify))
        .with_state(state);
    // Around the router: it sets `Allow` behind the layers of its routes.
    Router::new().fallback_service(answering).layer(map_response(with_options))
}

fn routes() -> Router<AppState> {
    let threshold = get(deletion::threshold).put(deletion::set_threshold);
    Router::new()
        .route("/auth/signup", post(auth::signup))
        .route("/auth/login", post(auth::login))
        .route("/auth/restore", post(auth::restore))
        .route("/auth/logout", post(auth::logout))
        .route("/auth/me", get(auth::me))
        .route("/auth/password", put(auth::change_password))
        .route("/auth/child-session", post(auth::begin_child_session))
        .route("/user/mark-for-deletion", post(auth::mark_for_deletion))
        .route("/events", get(events::stream))
        .route("/admin/tracking", get(tracking::query))
        .route("/admin/deletion-threshold", threshold)
        .route("/admin/deletion-queue", get(deletion::queue))
        .route("/admin/deletion-queue/run", post(deletion::run))
        .route("/health", get(health::health))
        .route("/metrics", get(metrics::scrape))
        .merge(record_routes())
        .merge(mutation_routes())
}

fn record_routes() -> Router<AppState> {
    let children = get(children::list).post(children::create);
    let child = get(children::get).patch(children::update).delete(children::delete);
    let tasks = get(tasks::list).post(tasks::create);
    let task = get(tasks::get).patch(tasks::update).delete(tasks::delete);
    let rewards = get(rewards::list).post(rewards::create);
    let reward = get(rewards::get).patch(rewards::update).delete(rewards::delete);
    Router::new()
        .route("/children", children)
        .route("/children/{id}", child)
        .route("/children/{id}/rewards", get(rewards::offers))
        .route("/children/{id}/tracking", get(tracking::of_child))
        .route("/tasks", tasks)
        .route("/tasks/{id}", task)
        .route("/rewards", rewards)
        .route("/rewards/pending", get(rewards::pending))
        .route("/rewards/{id}", reward)
}

fn mutation_routes() -> Router<AppState> {
    Router::new()
        .route("/children/{id}/tasks/{task_id}/activate", post(mutations::activate))
        .route("/children/{id}/rewards/{reward_id}/request", post(mutations::request))
        .route("/children/{id}/rewards/{reward_id}/redeem", post(mutations::redeem))
        .route("/children/{id}/rewards/{reward_id}/cancel", post(mutations::cancel))
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
