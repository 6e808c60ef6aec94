//! What is seen of each request from outside: its id, its line in the log, and what is counted of
//! it.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::response::Response;
use tracing::{Instrument, Span};

use super::AppState;
use super::client::Client;
use crate::env;
use crate::metrics::Metrics;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken from a proxy.
const MAX_ID_BYTES: usize = 64;
/// What stands for the status of a request that got no answer; nginx has it so.
const UNANSWERED: u16 = 499;
/// What stands for the route of a request that has none.
const NO_ROUTE: &str = "none";

/// Gives a request its id, in the answer's `X-Request-Id` and in the span of all of its lines; logs
/// and counts it once its answer begins, or once it is clear that it gets none: where its client
/// went away, or the server's stop dropped it.
pub(super) async fn observe<F: Future<Output = Response>>(
    state: &AppState,
    client: Client,
    request: Request,
    answer: impl FnOnce(Request) -> F,
) -> Response {
    let id = state.request_ids.id_of(client, request.headers());
    // Of the highest level, so that the id stands on an error's line whatever else is left out.
    let span = tracing::error_span!("request", id = %id.to_str().unwrap_or_default());
    let mut observed = Observed {
        span: span.clone(),
        metrics: &state.metrics,
        method: method_name(request.method()),
        matched: request.extensions().get::<MatchedPath>().cloned(),
        client: client.address,
        began: Instant::now(),
        status: UNANSWERED,
    };
    let mut response = answer(request).instrument(span).await;
    observed.status = response.status().as_u16();
    response.headers_mut().insert(REQUEST_ID, id);
    response
}

/// A request under way. Its line is written when this is dropped.
struct Observed<'a> {
    span: Span,
    metrics: &'a Metrics,
    method: &'static str,
    matched: Option<MatchedPath>,
    client: IpAddr,
    began: Instant,
    status: u16,
}

impl Drop for Observed<'_> {
    fn drop(&mut self) {
        let took = self.began.elapsed();
        let Self { method, status, .. } = *self;
        let route = self.matched.as_ref().map_or(NO_ROUTE, |matched| template(matched.as_str()));
        self.metrics.http.count(method, route, status, took);
        self.span.in_scope(|| {
            let what = if status == UNANSWERED { "unanswered" } else { "answered" };
            let duration_ms = (took.as_secs_f64() * 1e6).round() / 1e3;
            let client = self.client;
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

/// A route's template, the same with the prefix and without.
fn template(matched: &str) -> &str {
    matched.strip_prefix("/api").filter(|rest| rest.starts_with('/')).unwrap_or(matched)
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
        let prefix = format!("{:08x}", u32::from_ne_bytes(env::random()));
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

    #[test]
    fn a_route_has_one_name_under_both_prefixes() {
        for (matched, name) in [
            ("/children/{id}", "/children/{id}"),
            ("/api/children/{id}", "/children/{id}"),
            ("/apiary", "/apiary"),
            ("/api", "/api"),
        ] {
            assert_eq!(template(matched), name);
        }
    }
}
