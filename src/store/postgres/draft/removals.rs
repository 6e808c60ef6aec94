//! Removes records with what belongs to them.

use std::sync::Arc;

use super::{Account, Draft};
use crate::domain::badges::Award;
use crate::domain::schedule::{Mark, MarkKey};
use crate::domain::webhooks::{Delivery, Webhook, WebhookId};
use crate::domain::{Child, ChildId, Message, Task, TaskId, User, UserId};
use crate::store::Snapshot as _;
use crate::store::json::tinydb::record::Record as _;
use crate::store::postgres::load::kind_of;

impl Draft {
    pub(super) fn remove_child(&mut self, id: &ChildId) {
        let awards = self.records.awards_of(id);
        for award in &awards {
            self.remove::<Award>(&award.key());
        }
        self.remove_marks(|key| key.child_id == *id);
        self.remove_extended::<Child>(&id.shared());
    }

    pub(super) fn remove_user(&mut self, id: &UserId) {
        self.count_admin(self.is_active_admin(id), false);
        if self.place(Some(id)).is_some() {
            let key = self.family(Some(id)).key;
            self.accounts.insert(key, Account::without_record(id));
            // The statement removes the messages, marks and deliveries that are stored.
            let removed = [kind_of::<Message>(), kind_of::<Mark>(), kind_of::<Delivery>()];
            let is_removed = |kind| removed.contains(&kind);
            self.writes.retain(|(family, kind, _), _| *family != key || !is_removed(*kind));
        }
        self.remove_extended::<User>(&id.shared());
    }

    /// Removes a webhook with its deliveries, which are not loaded.
    pub(super) fn remove_webhook(&mut self, id: &WebhookId) {
        if let Some(webhook) = self.records.webhook(id) {
            let key = self.family(Some(&webhook.user_id)).key;
            for delivery in webhook.delivery_keys() {
                self.write(key, kind_of::<Delivery>(), delivery, None, None);
            }
        }
        self.remove::<Webhook>(&id.shared());
    }

    pub(super) fn remove_task(&mut self, id: &TaskId) {
        self.remove_marks(|key| key.task_id == *id);
        self.remove_extended::<Task>(&id.shared());
    }

    /// Removes a mark of an account.
    pub(super) fn remove_mark(&mut self, user_id: &UserId, key: &MarkKey) {
        let id = key.to_string().into();
        if self.records.marks.get(&id).is_some_and(|mark| mark.user_id == *user_id) {
            self.remove::<Mark>(&id);
        }
    }

    /// Removes the marks whose keys match.
    fn remove_marks(&mut self, matches: impl Fn(&MarkKey) -> bool) {
        let marks = self.records.marks.values().filter(|mark| matches(&mark.key));
        let keys: Vec<Arc<str>> = marks.map(|mark| mark.key()).collect();
        for key in &keys {
            self.remove::<Mark>(key);
        }
    }
}
