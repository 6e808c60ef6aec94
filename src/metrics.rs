//! What a server counts and measures of itself, for Prometheus.
//!
//! One [`Metrics`] is made for each server and its parts are handed to whoever counts: nothing here
//! is global. Labels come from fixed sets (methods, routes, reasons, names of projections), never
//! from a request's own text, so that no client can make the number of series grow.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::info::Info;
pub use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};
use prometheus_client::registry::{Registry, Unit};

use crate::domain::Timestamp;
use crate::domain::deletion::Status;

/// What every name begins with.
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
/// Up to the most decisions that share a sync.
const BATCH_SIZES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

/// Everything that one server counts and measures.
#[derive(Debug)]
pub struct Metrics {
    /// Requests and connections.
    pub http: Http,
    /// Logins.
    pub logins: Logins,
    /// Commits, the journal and what follows it.
    pub store: Store,
    /// The live streams.
    pub live: Live,
    /// Account deletion.
    pub deletions: Deletions,
    registry: Registry,
}

impl Metrics {
    /// All at zero, for a server that starts at that moment.
    pub fn new(started: Timestamp) -> Self {
        let mut registry = Registry::with_prefix(PREFIX);
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version that runs", build);
        let start_time = Gauge::<i64>::default();
        start_time.set(started.as_micros().div_euclid(1_000_000));
        let help = "When the server started, since 1970";
        registry.register_with_unit("start_time", help, Unit::Seconds, start_time);
        let metrics = Self {
            http: Http::default(),
            logins: Logins::default(),
            store: Store::default(),
            live: Live::default(),
            deletions: Deletions::default(),
            registry: Registry::default(),
        };
        metrics.http.register(&mut registry);
        metrics.logins.register(&mut registry);
        metrics.store.register(&mut registry);
        metrics.live.register(&mut registry);
        metrics.deletions.register(&mut registry);
        Self { registry, ..metrics }
    }

    /// The media type of [`Self::scrape`]: the text form of `OpenMetrics` 1.0, which Prometheus reads.
    pub const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// All of it as Prometheus reads it.
    pub fn scrape(&self) -> Result<String, fmt::Error> {
        let mut scraped = String::new();
        text::encode(&mut scraped, &self.registry)?;
        Ok(scraped)
    }
}

/// Requests and connections.
#[derive(Clone, Debug)]
pub struct Http {
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram, fn() -> Histogram>,
    /// The connections that are open.
    pub connections: Gauge,
    /// The connections that were turned away since there were too many.
    pub connections_refused: Counter,
    heads_refused: Family<ReasonLabel, Counter>,
}

/// Why a request's head was not taken: there is no request then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadRefusal {
    /// It isn't one of HTTP/1.1.
    Malformed,
    /// It is too large, or has too many fields.
    TooLarge,
    /// The address in it is too long.
    UriTooLong,
    /// It didn't come in time.
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

impl Http {
    /// Counts a request. `route` must come from a bounded set: the template of the route, never the
    /// path that was asked for.
    pub fn count(&self, method: &'static str, route: &str, status: u16, took: Duration) {
        // The one allocation of this, shared by both look-ups.
        let route: Arc<str> = route.into();
        let labels = RequestLabels { method, route, status };
        self.requests.get_or_create(&labels).inc();
        let RequestLabels { method, route, .. } = labels;
        let labels = RouteLabels { method, route };
        self.durations.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// Counts a request's head that was not taken.
    pub fn head_refused(&self, why: HeadRefusal) {
        self.heads_refused.get_or_create(&ReasonLabel { reason: why.as_str() }).inc();
    }

    fn register(&self, registry: &mut Registry) {
        let help = "Requests, by the status of their answer; 499 for those without one";
        registry.register("http_requests", help, self.requests.clone());
        let help = "How long a request took until its answer began";
        let name = "http_request_duration";
        registry.register_with_unit(name, help, Unit::Seconds, self.durations.clone());
        registry.register("connections", "Open connections", self.connections.clone());
        let help = "Connections that were turned away since there were too many";
        registry.register("connections_refused", help, self.connections_refused.clone());
        let help = "Heads of requests that were not taken, so that there was no request";
        registry.register("heads_refused", help, self.heads_refused.clone());
    }
}

impl Default for Http {
    fn default() -> Self {
        Self {
            requests: Family::default(),
            durations: Family::new_with_constructor(|| Histogram::new(REQUEST_SECONDS)),
            connections: Gauge::default(),
            connections_refused: Counter::default(),
            heads_refused: by_reason(&HeadRefusal::ALL.map(HeadRefusal::as_str)),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabel {
    reason: &'static str,
}

/// A counter for each of these reasons, so that each is there from the start.
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
    /// No such account, or another password.
    Credentials,
    /// The account's password was tried too often.
    AccountLimit,
    /// The client's address has tried too often.
    AddressLimit,
    /// The account is marked for deletion.
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
    /// Counts a login that was refused.
    pub fn refused(&self, why: LoginRefusal) {
        self.refused.get_or_create(&ReasonLabel { reason: why.as_str() }).inc();
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("logins_refused", "Logins that were refused", self.refused.clone());
    }
}

impl Default for Logins {
    fn default() -> Self {
        Self { refused: by_reason(&LoginRefusal::ALL.map(LoginRefusal::as_str)) }
    }
}

/// Commits, the journal and what follows it.
#[derive(Clone, Debug)]
pub struct Store {
    /// The changes that were made durable.
    pub commits: Counter,
    commit_failures: Family<ReasonLabel, Counter>,
    /// How many decisions each batch held.
    pub batch_size: Histogram,
    /// How many seconds each sync of the journal took, also one that failed.
    pub journal_sync: Histogram,
    /// The bytes that the journal's files hold.
    pub journal_bytes: Gauge,
    /// 1 while the last write of a change has failed, or no change is taken, else 0.
    pub writes_failing: Gauge,
    /// 1 where no commit is taken until a restart, else 0.
    pub read_only: Gauge,
    /// The records and events that lists and lookups have touched.
    pub records_visited: Counter,
    projection_backlog: Family<ProjectionLabel, Gauge>,
    projection_errors: Family<ProjectionLabel, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ProjectionLabel {
    projection: &'static str,
}

/// Why a decision that was no refusal changed nothing, or perhaps nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFailure {
    /// It couldn't be written.
    NotDurable,
    /// The disk is full.
    StorageFull,
    /// Whether it was written is unknown.
    OutcomeUnknown,
    /// An earlier one has an unknown outcome.
    ReadOnly,
    /// The decision panicked.
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
    /// Counts a commit that failed.
    pub fn failed(&self, why: CommitFailure) {
        self.commit_failures.get_or_create(&ReasonLabel { reason: why.as_str() }).inc();
    }

    /// How many changes a projection has yet to make.
    pub fn projection_backlog(&self, projection: &'static str) -> Gauge {
        self.projection_backlog.get_or_create_owned(&ProjectionLabel { projection })
    }

    /// Counts the failures of a projection.
    pub fn projection_errors(&self, projection: &'static str) -> Counter {
        self.projection_errors.get_or_create_owned(&ProjectionLabel { projection })
    }

    fn register(&self, registry: &mut Registry) {
        registry.register("commits", "Changes that were made durable", self.commits.clone());
        let help = "Changes that could not be made durable";
        registry.register("commit_failures", help, self.commit_failures.clone());
        let help = "How many decisions shared a sync of the journal";
        registry.register("commit_batch_size", help, self.batch_size.clone());
        let help = "How long a sync of the journal took";
        registry.register_with_unit("journal_sync", help, Unit::Seconds, self.journal_sync.clone());
        let help = "The size of the journal, all of its files together";
        registry.register_with_unit("journal", help, Unit::Bytes, self.journal_bytes.clone());
        let help = "1 where no change is taken until a restart, else 0";
        registry.register("read_only", help, self.read_only.clone());
        let help = "1 while the last write has failed or no change is taken, else 0";
        registry.register("writes_failing", help, self.writes_failing.clone());
        let help = "Records and events that lists and lookups have touched";
        registry.register("records_visited", help, self.records_visited.clone());
        let help = "How many changes a projection has yet to make";
        registry.register("projection_backlog", help, self.projection_backlog.clone());
        let help = "How often a projection has failed";
        registry.register("projection_errors", help, self.projection_errors.clone());
    }
}

impl Default for Store {
    fn default() -> Self {
        Self {
            commits: Counter::default(),
            commit_failures: by_reason(&CommitFailure::ALL.map(CommitFailure::as_str)),
            batch_size: Histogram::new(BATCH_SIZES),
            journal_sync: Histogram::new(SYNC_SECONDS),
            journal_bytes: Gauge::default(),
            read_only: Gauge::default(),
            writes_failing: Gauge::default(),
            records_visited: Counter::default(),
            projection_backlog: Family::default(),
            projection_errors: Family::default(),
        }
    }
}

/// The live streams.
#[derive(Clone, Debug, Default)]
pub struct Live {
    /// The streams that are open.
    pub readers: Gauge,
    /// The streams that were closed since their reader didn't keep up.
    pub evictions: Counter,
}

impl Live {
    fn register(&self, registry: &mut Registry) {
        registry.register("sse_readers", "Open event streams", self.readers.clone());
        let help = "Event streams that were closed since their reader did not keep up";
        registry.register("sse_evictions", help, self.evictions.clone());
    }
}

/// Account deletion.
#[derive(Clone, Debug)]
pub struct Deletions {
    queue: Family<StatusLabel, Gauge>,
    /// The accounts that were deleted.
    pub deleted: Counter,
    /// The attempts that failed.
    pub failures: Counter,
    /// How many seconds each attempt took, also one that failed.
    pub duration: Histogram,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: &'static str,
}

impl Deletions {
    /// How many accounts of that status are in the queue.
    pub fn queue(&self, status: Status) -> Gauge {
        self.queue.get_or_create_owned(&StatusLabel { status: status.as_str() })
    }

    fn register(&self, registry: &mut Registry) {
        let help = "Accounts that are marked for deletion, by how far it is";
        registry.register("deletion_queue", help, self.queue.clone());
        registry.register("accounts_deleted", "Accounts that were deleted", self.deleted.clone());
        let help = "Attempts to delete an account that failed";
        registry.register("deletion_failures", help, self.failures.clone());
        let help = "How long an attempt to delete an account took";
        let name = "deletion_duration";
        registry.register_with_unit(name, help, Unit::Seconds, self.duration.clone());
    }
}

impl Default for Deletions {
    fn default() -> Self {
        let deletions = Self {
            queue: Family::default(),
            deleted: Counter::default(),
            failures: Counter::default(),
            duration: Histogram::new(DELETION_SECONDS),
        };
        for status in Status::ALL {
            deletions.queue(status).set(0);
        }
        deletions
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
