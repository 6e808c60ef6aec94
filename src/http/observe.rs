//! What is seen of each request from outside: its id, its line in the log, and what is counted of
//! it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::Response;
use tracing::Span;

use super::AppState;
use super::arrival::Arrival;
use super::client::Client;
use crate::clock;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken from a proxy.
const MAX_ID_BYTES: usize = 64;
/// What stands for the status of a request that got no answer; nginx has it so.
const UNANSWERED: u16 = 499;

/// A request under way: it has an id, in the answer's `X-Request-Id` and in the span of all of its
/// lines. When this is dropped, the request is logged and counted: once its answer begins, or once it
/// is clear that it gets none, where its client went away, or the server's stop dropped it.
pub(super) struct Observed {
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
    pub(super) fn begin(state: &AppState, arrival: Arrival, request: &Request) -> Self {
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
    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// Its answer begins.
    pub(super) fn end(mut self, response: &mut Response) {
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

/// Gives ids to requests.
#[derive(Debug)]
pub(super) struct RequestIds {
    /// Tells this server's ids from those of its earlier runs.
    prefix: String,
    count: AtomicU64,
}

impl RequestIds {
    pub(super) fn new() -> Self {
        let prefix = format!("{:08x}", u32::from_ne_bytes(clock::random()));
        Self { prefix, count: AtomicU64::new(1) }
    }

    /// The id that a trusted proxy has given the request, or a new one.
    fn id_of(&self, client: Client, headers: &HeaderMap) -> HeaderValue {
        let given = headers.get(REQUEST_ID).filter(|given| is_id(given.as_bytes()));
        match given.filter(|_| client.is_proxied) {
            Some(given) => given.clone(),
            None => self.next(),
        }
    }

    fn next(&self) -> HeaderValue {
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let id = HeaderValue::try_from(format!("{}-{number}", self.prefix));
        // Hexadecimal digits, a dash and a number always fit into a header.
        id.unwrap_or(HeaderValue::from_static(""))
    }
}

/// What is safe to write into any log as it is.
fn is_id(given: &[u8]) -> bool {
    let is_safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    (1..=MAX_ID_BYTES).contains(&given.len()) && given.iter().all(is_safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_taken_from_a_trusted_proxy_alone() {
        let ids = RequestIds::new();
        let client = |is_proxied| Client { address: [127, 0, 0, 1].into(), is_proxied };
        let longest = "x".repeat(MAX_ID_BYTES);
        let too_long = "x".repeat(MAX_ID_BYTES + 1);
        for (given, client, is_taken) in [
            ("trace-1_2.3", client(true), true),
            (&longest, client(true), true),
            (&too_long, client(true), false),
            ("a b", client(true), false),
            ("a\"b", client(true), false),
            ("", client(true), false),
            ("trace-1_2.3", client(false), false),
        ] {
            let headers = HeaderMap::from_iter([(REQUEST_ID, given.parse().unwrap())]);
            assert_eq!(ids.id_of(client, &headers) == given, is_taken, "{given}, {client:?}");
        }
        let (first, second) = (ids.next(), ids.next());
        assert_ne!(first, second);
        assert!(is_id(first.as_bytes()), "{first:?}");
    }
}
