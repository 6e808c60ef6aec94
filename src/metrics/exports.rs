//! Metrics of exports.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::register::add;

/// The exports of events and accounts.
#[derive(Clone, Debug)]
pub struct Exports {
    /// Exports in progress.
    pub running: Gauge,
    /// Events that were read for exports.
    pub events: Counter,
}

impl Exports {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let help = "Events that were read for exports";
        Self {
            running: add(registry, "exports", "Exports in progress", Gauge::default()),
            events: add(registry, "exported_events", help, Counter::default()),
        }
    }
}
