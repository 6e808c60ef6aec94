//! What is seen of each request from outside: its id, its line in the log, and what is counted of
//! it.

use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderValue, Method};
use axum::response::Response;
use tracing::Span;

use super::request_id::REQUEST_ID;
use crate::http::server::request_context::Arrival;
use crate::http::state::AppState;

/// What stands for the status of a request that got no answer; nginx has it so.
const UNANSWERED: u16 = 499;

/// A request under way: it has an id, in the answer's `X-Request-Id` and in the span of all of its
/// lines. When this is dropped, the request is logged and counted: once its answer begins, or once it
/// is clear that it gets none, where its client went away, or the server's stop dropped it.
pub(crate) struct Observed {
    state: AppState,
    arrival: Arrival,
    id: HeaderValue,
    span: Span,
    method: &'static str,
    began: Instant,
    status: u16,
}

impl Observed {
    /// Gives a request its id.
    pub(crate) fn begin(state: &AppState, arrival: Arrival, request: &Request) -> Self {
        let id = state.request_ids.id_of(arrival.client, request.headers());
        // Of the highest level, so that the id stands on an error's line whatever else is left out.
        let span = tracing::error_span!("request", id = %id.to_str().unwrap_or_default());
        Self {
            state: state.clone(),
            arrival,
            id,
            span,
            method: method_name(request.method()),
            began: Instant::now(),
            status: UNANSWERED,
        }
    }

    /// The span of the request's lines.
    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// Its answer begins.
    pub(crate) fn end(mut self, response: &mut Response) {
        self.status = response.status().as_u16();
        response.headers_mut().insert(REQUEST_ID, self.id.clone());
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        let Self { method, status, .. } = *self;
        let route = self.arrival.route();
        self.state.metrics.http.count(method, route, status, took);
        self.span.in_scope(|| {
            let what = if status == UNANSWERED { "unanswered" } else { "answered" };
            let duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
            let client = self.arrival.client.address;
            tracing::info!(%method, %route, status, duration_ms, %client, "{what}");
        });
    }
}

/// The methods that there are; a client could send any other word, and each would make a series.
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
