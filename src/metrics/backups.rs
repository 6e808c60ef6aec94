//! Metrics of backups.

use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::register::add;

/// The backups of a running server.
#[derive(Clone, Debug)]
pub struct Backups {
    /// Backups in progress.
    pub running: Gauge,
}

impl Backups {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let help = "Backups in progress";
        Self { running: add(registry, "backups", help, Gauge::default()) }
    }
}
