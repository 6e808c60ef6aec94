//! The deliveries of webhooks.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::UserId;
use crate::domain::webhooks::Delivery;
use crate::store::Change;

/// The deliveries by their keys.
#[derive(Clone, Default)]
pub(super) struct Deliveries(BTreeMap<Arc<str>, Arc<Delivery>>);

impl Deliveries {
    pub(super) fn apply(&mut self, change: &Change) {
        match change {
            Change::PutDelivery(new) => _ = self.0.insert(new.key(), Arc::new(new.clone())),
            Change::RemoveWebhook(id) => self.0.retain(|_, it| it.webhook_id != *id),
            Change::RemoveUser(id) => self.0.retain(|_, it| it.user_id != *id),
            _ => {}
        }
    }

    pub(super) fn of(&self, family: &UserId) -> Vec<Arc<Delivery>> {
        self.0.values().filter(|it| it.user_id == *family).cloned().collect()
    }
}
