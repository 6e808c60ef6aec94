//! Metrics of logins and of account deletion.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::register::{ReasonLabel, add, add_in, by_reason};
use crate::domain::deletion::Status;

/// 10 ms to 10 min: from an account without events to one with a long history on a slow disk.
const DELETION_SECONDS: [f64; 11] =
    [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0, 600.0];

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
    pub(super) fn new(registry: &mut Registry) -> Self {
        let reasons = by_reason(&LoginRefusal::ALL.map(LoginRefusal::as_str));
        Self { refused: add(registry, "logins_refused", "Refused logins", reasons) }
    }

    /// Counts a login that was refused.
    pub fn refused(&self, why: LoginRefusal) {
        self.refused.get_or_create(&ReasonLabel { reason: why.as_str() }).inc();
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
    pub(super) fn new(registry: &mut Registry) -> Self {
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
