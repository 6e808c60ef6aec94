//! Metrics of the event streams.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::register::add;

/// The event streams.
#[derive(Clone, Debug)]
pub struct Live {
    /// Open streams.
    pub readers: Gauge,
    /// Streams that were closed because their subscriber was too slow.
    pub evictions: Counter,
}

impl Live {
    pub(super) fn new(registry: &mut Registry) -> Self {
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
