//! Metrics of backups.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};

use super::register::{add, add_in};

/// The backups of a running server.
#[derive(Clone, Debug)]
pub struct Backups {
    /// Backups in progress.
    pub running: Gauge,
    /// When the last backup of the schedule began, in seconds after 1970; 0 if there is none.
    pub last: Gauge,
    /// Failures of the schedule: a backup could not be made, or an old one not be removed.
    pub failures: Counter,
}

impl Backups {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let help = "Backups in progress";
        let running = add(registry, "backups", help, Gauge::default());
        let help =
            "Time of the last backup of the schedule, in seconds since 1970; 0 if there is none";
        let (name, gauge) = ("last_backup_time", Gauge::default());
        let last = add_in(registry, Unit::Seconds, name, help, gauge);
        let help = "Failures of the schedule of backups";
        let failures = add(registry, "backup_failures", help, Counter::default());
        Self { running, last, failures }
    }
}
