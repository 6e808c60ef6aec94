//! Metrics of webhooks.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

use super::register::add;
use crate::domain::webhooks::{Outcome, SendError};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OutcomeLabel {
    outcome: &'static str,
}

/// The attempts of a server to deliver messages.
#[derive(Clone, Debug)]
pub struct Webhooks {
    deliveries: Family<OutcomeLabel, Counter>,
}

/// The outcomes of attempts that got an answer.
const DELIVERED: &str = "delivered";
const REFUSED: &str = "refused";

impl Webhooks {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let help = "Attempts to deliver a message of a webhook, by outcome";
        let deliveries = add(registry, "webhook_deliveries", help, Family::default());
        let webhooks = Self { deliveries };
        // So that every series exists from the start.
        for outcome in SendError::ALL.map(SendError::as_str).into_iter().chain([DELIVERED, REFUSED])
        {
            drop(webhooks.deliveries.get_or_create(&OutcomeLabel { outcome }));
        }
        webhooks
    }

    /// Counts an attempt.
    pub fn attempted(&self, outcome: Outcome) {
        let outcome = match outcome {
            Outcome::Status(_) if outcome.is_success() => DELIVERED,
            Outcome::Status(_) => REFUSED,
            Outcome::Error(error) => error.as_str(),
        };
        self.deliveries.get_or_create(&OutcomeLabel { outcome }).inc();
    }
}
