//! The state that every handler can use.

use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

use arc_swap::{ArcSwap, ArcSwapOption};
use axum::extract::FromRef;
use axum::http::HeaderMap;
use axum::response::Response;

use crate::http::docs::documentation::Documentation;
use crate::http::error::ApiError;
use crate::http::server::address_limit::Addresses;
use crate::http::server::cors::Cors;
use crate::http::server::request_id::RequestIds;
use crate::http::settings::HttpSettings;
use crate::metrics::Metrics;
use crate::service::Service;

/// Writes an error as a page, in the language of a request with these headers.
pub(crate) type ErrorPage =
    fn(AppState, HeaderMap, Arc<ApiError>) -> Pin<Box<dyn Future<Output = Response> + Send>>;

/// The state that every handler can use. A single pointer, since it is cloned for each request.
#[derive(Clone)]
pub(crate) struct AppState(pub(crate) Arc<Parts>);

pub(crate) struct Parts {
    pub(crate) service: Arc<Service>,
    pub(crate) live_settings: ArcSwap<HttpSettings>,
    /// `None` if no other origin is allowed.
    pub(crate) cors: ArcSwapOption<Cors>,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) request_ids: RequestIds,
    pub(crate) addresses: Arc<Addresses>,
    pub(crate) documentation: Arc<Documentation>,
    /// `None` on a server without pages.
    pub(crate) error_page: Option<ErrorPage>,
}

impl Parts {
    pub(crate) fn settings(&self) -> Arc<HttpSettings> {
        self.live_settings.load_full()
    }
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

impl FromRef<AppState> for Arc<HttpSettings> {
    fn from_ref(state: &AppState) -> Self {
        state.settings()
    }
}

impl FromRef<AppState> for Arc<Documentation> {
    fn from_ref(state: &AppState) -> Self {
        Self::clone(&state.documentation)
    }
}
