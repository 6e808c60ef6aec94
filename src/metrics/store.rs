//! Metrics of the store and of what follows its commits.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::register::{ReasonLabel, add, add_in, by_reason};

/// 10 µs to 1 s: from a disk with a safe cache to one that is about to fail.
const SYNC_SECONDS: [f64; 16] = [
    0.000_01, 0.000_025, 0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025,
    0.05, 0.1, 0.25, 0.5, 1.0,
];
/// Up to the maximum number of transactions that share a sync.
const BATCH_SIZES: [f64; 11] = [1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0];

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
    /// Seconds that changes have waited for a backup of a running server.
    pub backup_wait: Histogram,
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
    pub(super) fn new(registry: &mut Registry) -> Self {
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
        let (help, seconds) =
            ("Time that changes waited for a backup", Histogram::new(SYNC_SECONDS));
        let backup_wait = add_in(registry, Unit::Seconds, "backup_wait", help, seconds);
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
            backup_wait,
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
