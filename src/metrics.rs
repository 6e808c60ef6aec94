//! Floor 1: metrics for Prometheus.
//!
//! Each server has its own [`Metrics`]; nothing here is global. Labels come from fixed sets (methods,
//! routes, reasons, names of projections), never from the text of a request, so that no client can
//! make the number of series grow.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::info::Info;
pub use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};
use prometheus_client::registry::{Metric, Registry, Unit};

use crate::domain::Timestamp;
use crate::domain::deletion::Status;

/// The prefix of every name.
const PREFIX: &str = "goldstar";
/// 100 µs to 10 s: from a read out of memory to a password check on a busy machine.
const REQUEST_SECONDS: [f64; 16] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5,
    5.0, 10.0,
];
/// 10 µs to 1 s: from a disk with a safe cache to one that is about to fail.
const SYNC_SECONDS: [f64; 16] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
    0.05, 0.1, 0.25, 0.5, 1.0,
];
/// 10 ms to 10 min: from an account without events to one with a long history on a slow disk.
const DELETION_SECONDS: [f64; 11] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0];
/// Up to the maximum number of transactions that share a sync.
const BATCH_SIZES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// The metrics of one server.
#[derive(Debug)]
pub struct Metrics {
    pub http: Http,
    pub logins: Logins,
    pub store: Store,
    pub live: Live,
    pub deletions: Deletions,
    registry: Registry,
}

impl Metrics {
    /// All at zero, for a server that starts at this time.
    pub fn new(started: Timestamp) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "Version of the running server", build);
        let start_time = Gauge::<i64>::default();
        start_time.set(started.as_micros().div_euclid(1_000_000));
        let help = "Time at which the server started, in seconds since 1970";
        registry.register_with_unit("start_time", help, Unit::Seconds, start_time);
        Self {
            http: Http::new(&mut registry),
            logins: Logins::new(&mut registry),
            store: Store::new(&mut registry),
            live: Live::new(&mut registry),
            deletions: Deletions::new(&mut registry),
            registry,
        }
    }

    /// The media type of [`Self::scrape`]: the text format of `OpenMetrics` 1.0, which Prometheus reads.
    pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// All metrics in the format that Prometheus reads.
    pub fn scrape(&self) -> Result<String, fmt::Error> {
        let mut scraped = String::new();
        text::encode(&mut scraped, &self.registry)?;
        Ok(scraped)
    }
}

/// Registers a metric. A clone counts the same.
fn add<M: Metric + Clone>(registry: &mut Registry, name: &str, help: &str, metric: M) -> M {
    registry.register(name, help, metric.clone());
    metric
}

/// Registers a metric whose name gets the unit as a suffix.
fn add_in<M: Metric + Clone>(
    registry: &mut Registry,
    unit: Unit,
    name: &str,
    help: &str,
    metric: M,
) -> M {
    registry.register_with_unit(name, help, unit, metric.clone());
    metric
}

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
    fn new(registry: &mut Registry) -> Self {
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

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// A counter for each reason, so that every series exists from the start.
fn by_reason(reasons: &[&'static str]) -> Family<ReasonLabel, Counter> {
    let family = Family::default();
    for reason in reasons {
        drop(family.get_or_create(&ReasonLabel { reason }));
    }
    family
}

/// Logins.
#[derive(Clone, Debug)]
pub struct Logins {
    refused: Family<ReasonLabel, Counter>,
}

/// Why a login was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginRefusal {
    /// There is no such account, or the password is another one.
    Credentials,
    AccountLimit,
    AddressLimit,
    MarkedForDeletion,
}

impl LoginRefusal {
    const ALL: [Self; 4] =
        [Self::Credentials, Self::AccountLimit, Self::AddressLimit, Self::MarkedForDeletion];

    fn as_str(self) -> &'static str {
        match self {
            Self::Credentials => "credentials",
            Self::AccountLimit => "account_limit",
            Self::AddressLimit => "address_limit",
            Self::MarkedForDeletion => "marked_for_deletion",
        }
    }
}

impl Logins {
    fn new(registry: &mut Registry) -> Self {
        let reasons = by_reason(&LoginRefusal::ALL.map(LoginRefusal::as_str));
        Self { refused: add(registry, "logins_refused", "Refused logins", reasons) }
    }

    /// Counts a login that was refused.
    pub fn refused(&self, why: LoginRefusal) {
        self.refused.get_or_create(&ReasonLabel { reason: why.as_str() }).inc();
    }
}

/// Commits, the journal, and the files and logs that follow them.
#[derive(Clone, Debug)]
pub struct Store {
    /// Durable changes.
    pub commits: Counter,
    commit_failures: Family<ReasonLabel, Counter>,
    /// Transactions per batch.
    pub batch_size: Histogram,
    /// Seconds per sync of the journal, failed ones included.
    pub journal_sync: Histogram,
    pub journal_bytes: Gauge,
    /// 1 while the last write has failed or the store is read-only, else 0.
    pub writes_failing: Gauge,
    /// 1 if the store refuses every commit until a restart, else 0.
    pub read_only: Gauge,
    /// Records and events that lists and look-ups have touched.
    pub records_visited: Counter,
    projection_backlog: Family<ProjectionLabel, Gauge>,
    projection_errors: Family<ProjectionLabel, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProjectionLabel {
    projection: &'static str,
}

/// Why a transaction that broke no rule changed nothing, or perhaps nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFailure {
    NotDurable,
    StorageFull,
    /// Whether it was written is unknown.
    OutcomeUnknown,
    /// An earlier commit has an unknown outcome.
    ReadOnly,
    Panicked,
}

impl CommitFailure {
    const ALL: [Self; 5] =
        [Self::NotDurable, Self::StorageFull, Self::OutcomeUnknown, Self::ReadOnly, Self::Panicked];

    fn as_str(self) -> &'static str {
        match self {
            Self::NotDurable => "not_durable",
            Self::StorageFull => "storage_full",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::ReadOnly => "read_only",
            Self::Panicked => "panicked",
        }
    }
}

impl Store {
    fn new(registry: &mut Registry) -> Self {
        let help = "Durable changes";
        let commits = add(registry, "commits", help, Counter::default());
        let help = "Changes that could not be made durable";
        let reasons = by_reason(&CommitFailure::ALL.map(CommitFailure::as_str));
        let commit_failures = add(registry, "commit_failures", help, reasons);
        let help = "Transactions that shared a sync of the journal";
        let sizes = Histogram::new(BATCH_SIZES);
        let batch_size = add(registry, "commit_batch_size", help, sizes);
        let (help, seconds) = ("Duration of a sync of the journal", Histogram::new(SYNC_SECONDS));
        let journal_sync = add_in(registry, Unit::Seconds, "journal_sync", help, seconds);
        let help = "Size of all files of the journal";
        let journal_bytes = add_in(registry, Unit::Bytes, "journal", help, Gauge::default());
        let help = "1 if the server refuses every change until a restart, else 0";
        let read_only = add(registry, "read_only", help, Gauge::default());
        let help = "1 while the last write has failed or the server is read-only, else 0";
        let writes_failing = add(registry, "writes_failing", help, Gauge::default());
        let help = "Records and events that lists and look-ups have touched";
        let records_visited = add(registry, "records_visited", help, Counter::default());
        let help = "Changes that a projection has not processed yet";
        let projection_backlog = add(registry, "projection_backlog", help, Family::default());
        let help = "Failures of a projection";
        let projection_errors = add(registry, "projection_errors", help, Family::default());
        Self {
            commits,
            commit_failures,
            batch_size,
            journal_sync,
            journal_bytes,
            writes_failing,
            read_only,
            records_visited,
            projection_backlog,
            projection_errors,
        }
    }

    /// Counts a commit that failed.
    pub fn failed(&self, why: CommitFailure) {
        self.commit_failures.get_or_create(&ReasonLabel { reason: why.as_str() }).inc();
    }

    /// The number of changes that a projection has not processed yet.
    pub fn projection_backlog(&self, projection: &'static str) -> Gauge {
        self.projection_backlog.get_or_create_owned(&ProjectionLabel { projection })
    }

    /// Counts the failures of a projection.
    pub fn projection_errors(&self, projection: &'static str) -> Counter {
        self.projection_errors.get_or_create_owned(&ProjectionLabel { projection })
    }
}

impl Default for Store {
    /// Metrics that no scrape shows.
    fn default() -> Self {
        Self::new(&mut Registry::default())
    }
}

/// The event streams.
#[derive(Clone, Debug)]
pub struct Live {
    /// Open streams.
    pub readers: Gauge,
    /// Streams that were closed because their subscriber was too slow.
    pub evictions: Counter,
}

impl Live {
    fn new(registry: &mut Registry) -> Self {
        let help = "Event streams closed because their client was too slow";
        Self {
            readers: add(registry, "sse_readers", "Open event streams", Gauge::default()),
            evictions: add(registry, "sse_evictions", help, Counter::default()),
        }
    }
}

impl Default for Live {
    /// Metrics that no scrape shows.
    fn default() -> Self {
        Self::new(&mut Registry::default())
    }
}

/// Account deletion.
#[derive(Clone, Debug)]
pub struct Deletions {
    queue: Family<StatusLabel, Gauge>,
    /// Deleted accounts.
    pub deleted: Counter,
    /// Failed attempts.
    pub failures: Counter,
    /// Seconds per attempt, failed ones included.
    pub duration: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: &'static str,
}

impl Deletions {
    fn new(registry: &mut Registry) -> Self {
        let help = "Accounts that are marked for deletion, by status";
        let queue = add(registry, "deletion_queue", help, Family::default());
        let help = "Deleted accounts";
        let deleted = add(registry, "accounts_deleted", help, Counter::default());
        let help = "Failed attempts to delete an account";
        let failures = add(registry, "deletion_failures", help, Counter::default());
        let help = "Duration of an attempt to delete an account";
        let (name, seconds) = ("deletion_duration", Histogram::new(DELETION_SECONDS));
        let duration = add_in(registry, Unit::Seconds, name, help, seconds);
        let deletions = Self { queue, deleted, failures, duration };
        for status in Status::ALL {
            deletions.queue(status).set(0);
        }
        deletions
    }

    /// The number of accounts in the queue with this status.
    pub fn queue(&self, status: Status) -> Gauge {
        self.queue.get_or_create_owned(&StatusLabel { status: status.as_str() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_begins_alike_and_every_series_is_there_from_the_start() {
        let metrics = Metrics::new(Timestamp::from_micros(1_700_000_000_999_999));
        metrics.logins.refused(LoginRefusal::Credentials);
        metrics.http.count("GET", "/tasks/{id}", 404, Duration::from_micros(90));
        let scraped = metrics.scrape().unwrap();
        for line in scraped.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.starts_with("goldstar_"), "{line}");
        }
        for line in [
            "goldstar_start_time_seconds 1700000000",
            "goldstar_logins_refused_total{reason=\"credentials\"} 1",
            "goldstar_logins_refused_total{reason=\"address_limit\"} 0",
            "goldstar_commit_failures_total{reason=\"storage_full\"} 0",
            "goldstar_journal_bytes 0",
            "goldstar_http_requests_total{method=\"GET\",route=\"/tasks/{id}\",status=\"404\"} 1",
            "goldstar_http_request_duration_seconds_bucket{le=\"0.0001\",method=\"GET\",route=\"/tasks/{id}\"} 1",
        ] {
            assert!(scraped.lines().any(|other| other == line), "{line} is not in {scraped}");
        }
        assert!(scraped.ends_with("# EOF\n"));
    }
}
