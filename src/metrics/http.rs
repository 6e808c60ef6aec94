//! Metrics of requests and connections.

use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::register::{ReasonLabel, add, add_in, by_reason};

/// 100 µs to 10 s: from a read out of memory to a password check on a busy machine.
const REQUEST_SECONDS: [f64; 16] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];

/// Requests and connections.
#[derive(Clone, Debug)]
pub struct Http {
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    pub connections: Gauge,
    /// Connections refused at the limit.
    pub connections_refused: Counter,
    heads_refused: Family<ReasonLabel, Counter>,
}

/// Why the head of a request was refused, so that there is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadRefusal {
    Malformed,
    TooLarge,
    UriTooLong,
    Timeout,
}

impl HeadRefusal {
    const ALL: [Self; 4] = [Self::Malformed, Self::TooLarge, Self::UriTooLong, Self::Timeout];

    fn as_str(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::TooLarge => "too_large",
            Self::UriTooLong => "uri_too_long",
            Self::Timeout => "timeout",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: Arc<str>,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    method: &'static str,
    route: Arc<str>,
}

impl Default for Http {
    /// Metrics that no scrape shows.
    fn default() -> Self {
        Self::new(&mut Registry::default())
    }
}

impl Http {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let durations: Family<_, _, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS));
        let help = "Requests by the status of their response; 499 for those without one";
        let requests = add(registry, "http_requests", help, Family::default());
        let help = "Time until the response began";
        let name = "http_request_duration";
        let durations = add_in(registry, Unit::Seconds, name, help, durations);
        let connections = add(registry, "connections", "Open connections", Gauge::default());
        let help = "Connections refused at the limit";
        let connections_refused = add(registry, "connections_refused", help, Counter::default());
        let help = "Heads of requests that were refused before there was a request";
        let reasons = by_reason(&HeadRefusal::ALL.map(HeadRefusal::as_str));
        let heads_refused = add(registry, "heads_refused", help, reasons);
        Self { requests, durations, connections, connections_refused, heads_refused }
    }

    /// Counts a request. `route` must come from a bounded set: the template of the route, never the
    /// path of the request.
    pub fn count(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        // One allocation, which both look-ups share.
        let route: Arc<str> = route.into();
        let labels = RequestLabels { method, route, status };
        self.requests.get_or_create(&labels).inc();
        let RequestLabels { method, route, .. } = labels;
        let labels = RouteLabels { method, route };
        self.durations.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Counts a head that was refused.
    pub fn head_refused(&self, why: HeadRefusal) {
        self.heads_refused.get_or_create(&ReasonLabel { reason: why.as_str() }).inc();
    }
}
