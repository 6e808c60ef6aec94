//! Floor 1: metrics for Prometheus.
//!
//! Each server has its own [`Metrics`]; nothing here is global. Labels come from fixed sets (methods,
//! routes, reasons, names of projections), never from the text of a request, so that no client can
//! make the number of series grow.

mod accounts;
mod backups;
mod exports;
mod http;
mod register;
mod store;
mod streams;
mod webhooks;

use std::fmt;

use prometheus_client::encoding::text;
use prometheus_client::metrics::info::Info;
pub use prometheus_client::metrics::{counter::Counter, gauge::Gauge, histogram::Histogram};
use prometheus_client::registry::{Registry, Unit};

pub use self::accounts::{Deletions, LoginRefusal, Logins};
pub use self::backups::Backups;
pub use self::exports::Exports;
pub use self::http::{HeadRefusal, Http};
pub use self::store::{CommitFailure, Store};
pub use self::streams::Live;
pub use self::webhooks::Webhooks;
use crate::domain::Timestamp;

/// The prefix of every name.
const PREFIX: &str = "goldstar";

/// The metrics of one server.
#[derive(Debug)]
pub struct Metrics {
    pub http: Http,
    pub logins: Logins,
    pub store: Store,
    pub live: Live,
    pub deletions: Deletions,
    pub exports: Exports,
    pub backups: Backups,
    pub webhooks: Webhooks,
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
            exports: Exports::new(&mut registry),
            backups: Backups::new(&mut registry),
            webhooks: Webhooks::new(&mut registry),
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
