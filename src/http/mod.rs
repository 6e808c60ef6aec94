//! Floor 4: HTTP and nothing else. A small file a resource; each handler parses, calls the service
//! and answers.

mod addresses;
mod arrival;
mod auth;
mod children;
mod client;
mod compression;
mod cors;
mod credentials;
mod cross_site;
mod deletion;
mod demo;
mod docs;
mod entrance;
mod error;
mod error_body;
mod error_code;
mod event_list;
mod events;
mod extract;
mod field_error;
mod fields;
mod files;
mod guard;
mod health;
mod input;
mod json;
mod legacy;
mod metrics;
mod mutations;
mod observe;
mod openapi;
mod pieces;
mod query;
mod records;
mod rewards;
mod secrets;
mod serve;
mod settings;
mod tasks;
mod tracking;
mod users;

pub use arrival::Peer;
pub use entrance::Entrance;
pub use error::ApiError;
pub use error_code::ErrorCode;
pub use serve::{Connections, MAX_REFUSALS, serve};
pub(crate) use settings::is_host;
pub use settings::{CookieName, Limits, Monitoring, Origin, Secret, Settings};

use std::ops::Deref;
use std::sync::Arc;

use axum::Router;
use axum::extract::FromRef;
use utoipa::openapi::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::metrics::Metrics;
use crate::service::Service;
use addresses::Addresses;
use docs::Documentation;
use observe::RequestIds;

/// What every handler can reach. One pointer, since it is cloned for each request.
#[derive(Clone)]
struct AppState(Arc<Parts>);

struct Parts {
    service: Arc<Service>,
    settings: Arc<Settings>,
    metrics: Arc<Metrics>,
    request_ids: RequestIds,
    addresses: Arc<Addresses>,
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

/// Every route, at `/…` and at `/api/…`, with its part of the OpenAPI document.
fn every_route(settings: &Settings) -> (Router<AppState>, OpenApi) {
    let (routes, document) = routes(settings.session_cookie.as_str()).split_for_parts();
    // A page that is no part of the document.
    let routes = routes.merge(demo::routes(settings));
    let routes = routes
        .clone()
        .nest("/api", routes)
        .fallback(error::not_found)
        .method_not_allowed_fallback(error::other_method);
    (routes, document)
}

/// Every route, with its part of the OpenAPI document, which names the session's cookie.
fn routes(session_cookie: &str) -> OpenApiRouter<AppState> {
    OpenApiRouter::with_openapi(openapi::base(session_cookie))
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
        .routes(routes!(deletion::run_one))
        .routes(routes!(deletion::unmark))
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
        .routes(routes!(tracking::of_family))
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
    in_json(routes(CookieName::DEFAULT).get_openapi())
}

fn in_json(document: &OpenApi) -> String {
    // A document without a JSON form would be a fault of its library; the tests would see it.
    let json = document.to_pretty_json().unwrap_or_default();
    json + "\n"
}
