//! What a server knows about the deliveries.

use std::sync::atomic::AtomicUsize;

use parking_lot::Mutex;

use crate::followers::webhooks::Sender;
use crate::metrics;

/// The state of the deliveries.
pub(in crate::service) struct Webhooks {
    pub(super) sender: Sender,
    /// Why the last round failed, or the deliveries of a webhook: not because of its receiver.
    pub(super) error: Mutex<Option<String>>,
    /// The number of webhooks with something to deliver, without those that wait for their receivers.
    pub(super) backlog: AtomicUsize,
    pub(super) metrics: metrics::Webhooks,
}

impl Webhooks {
    pub(in crate::service) fn new(sender: Sender, metrics: metrics::Webhooks) -> Self {
        Self { sender, error: Mutex::default(), backlog: AtomicUsize::default(), metrics }
    }
}
