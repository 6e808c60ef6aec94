//! What a server knows about the deliveries.

use parking_lot::Mutex;

use crate::followers::webhooks::Sender;

/// The state of the deliveries.
pub(in crate::service) struct Webhooks {
    pub(super) sender: Sender,
    /// Why the last round failed, or the deliveries of a webhook: not because of its receiver.
    pub(super) error: Mutex<Option<String>>,
}

impl Webhooks {
    pub(in crate::service) fn new(sender: Sender) -> Self {
        Self { sender, error: Mutex::default() }
    }
}
