//! The access line and the metrics of each request.

use std::fmt;
use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use tracing::Span;

use super::request_context::RequestContext;
use super::request_id::REQUEST_ID;
use crate::http::state::AppState;

/// The status in the access line of a request without a response, as in nginx.
const UNANSWERED: u16 = 499;

/// A request in progress. Its id is in the response's `X-Request-Id` and in the span of its log lines.
///
/// When this is dropped, the access line is written and the request is counted: at the start of the
/// response, or without one if the client has disconnected or the server has stopped.
pub(super) struct AccessRecord {
    state: AppState,
    context: RequestContext,
    id: HeaderValue,
    span: Span,
    method: &'static str,
    started: Instant,
    status: u16,
}

impl AccessRecord {
    pub(super) fn start(state: &AppState, context: RequestContext, request: &Request) -> Self {
        let id = state.request_ids.id_of(context.client, request.headers());
        // At the highest level, so that an error's line has the id at every log level.
        let span = tracing::error_span!("request", id = %id.to_str().unwrap_or_default());
        Self {
            state: state.clone(),
            context,
            id,
            span,
            method: method_name(request.method()),
            started: Instant::now(),
            status: UNANSWERED,
        }
    }

    /// The span of the request's log lines.
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    pub(super) fn finish(mut self, response: &mut Response) {
        self.status = response.status().as_u16();
        response.headers_mut().insert(REQUEST_ID, self.id.clone());
    }
}

impl Drop for AccessRecord {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        let Self { method, status, .. } = *self;
        let route = self.context.route();
        self.state.metrics.http.count(method, route, status, took);
        self.span.in_scope(|| {
            let what = if status == UNANSWERED { "unanswered" } else { "answered" };
            let duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
            let address = self.context.client.address;
            let is_operator = self.context.peer.is_operator;
            let client: &dyn fmt::Display = if is_operator { &"operator" } else { &address };
            tracing::info!(%method, %route, status, duration_ms, %client, "{what}");
        });
    }
}

/// The label of a method. A client can send any word, and each would create a time series.
fn method_name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
