//! Changes of records in plain lists.

use std::sync::Arc;

use super::Records;
use crate::domain::IdempotencyRecord;
use crate::store::Change;

impl Records {
    pub(in crate::store) fn apply(&mut self, change: Change) {
        self.version += 1;
        match change {
            Change::PutUser(new) => put(&mut self.users, new, |it| it.id.clone()),
            Change::RemoveUser(id) => {
                self.users.retain(|it| it.id != id);
                self.marks.retain(|_, it| it.user_id != id);
            }
            Change::PutChild(new) => put(&mut self.children, new, |it| it.id.clone()),
            Change::RemoveChild(id) => {
                self.children.retain(|it| it.id != id);
                self.awards.retain(|it| it.key.child_id != id);
                self.marks.retain(|_, it| it.key.child_id != id);
            }
            Change::PutTask(new) => put(&mut self.tasks, new, |it| it.id.clone()),
            Change::RemoveTask(id) => {
                self.tasks.retain(|it| it.id != id);
                self.marks.retain(|_, it| it.key.task_id != id);
            }
            Change::PutReward(new) => put(&mut self.rewards, new, |it| it.id.clone()),
            Change::RemoveReward(id) => self.rewards.retain(|it| it.id != id),
            Change::PutPending(new) => put(&mut self.pending, new, |it| it.id.clone()),
            Change::RemovePending(id) => self.pending.retain(|it| it.id != id),
            Change::PutPendingTask(new) => put(&mut self.pending_tasks, new, |it| it.id.clone()),
            Change::RemovePendingTask(id) => self.pending_tasks.retain(|it| it.id != id),
            Change::PutEnded(new) => put(&mut self.ended, new, |it| it.id.clone()),
            Change::RemoveEnded(id) => self.ended.retain(|it| it.id != id),
            Change::PutBadge(new) => put(&mut self.badges, new, |it| it.id.clone()),
            Change::RemoveBadge(id) => self.badges.retain(|it| it.id != id),
            Change::PutAward(new) => put(&mut self.awards, new, |it| it.key.clone()),
            Change::PutMark(new) => {
                self.marks.insert(new.key.to_string().into(), Arc::new(new));
            }
            Change::RemoveMark(user_id, key) => {
                let key = key.to_string();
                if self.marks.get(&*key).is_some_and(|it| it.user_id == user_id) {
                    self.marks.remove(&*key);
                }
            }
            Change::PutWebhook(new) => put(&mut self.webhooks, new, |it| it.id.clone()),
            Change::RemoveWebhook(id) => self.webhooks.retain(|it| it.id != id),
            // A store keeps messages, deliveries and the administration log elsewhere: no decision depends on them.
            Change::PutMessage(_)
            | Change::RemoveMessage(..)
            | Change::PutDelivery(_)
            | Change::Log(_)
            | Change::RemoveLogEntry(_) => {}
            Change::PutFeed(new) => put(&mut self.feeds, new, |it| it.secret_hash.clone()),
            Change::RemoveFeed(hash) => self.feeds.retain(|it| it.secret_hash != hash),
            Change::PutMember(new) => put(&mut self.members, new, |it| it.id.clone()),
            Change::RemoveMember(id) => self.members.retain(|it| it.id != id),
            Change::PutSession(new) => put(&mut self.sessions, new, |it| it.token_hash.clone()),
            Change::RemoveSession(hash) => self.sessions.retain(|it| it.token_hash != hash),
            Change::RemoveIdempotencyKey(user_id, key) => {
                self.idempotency.retain(|it| it.user_id != user_id || it.key != key);
            }
            Change::PutSetting { name, value } => _ = self.settings.insert(name, value),
        }
    }

    pub(in crate::store) fn remember(&mut self, record: IdempotencyRecord) {
        put(&mut self.idempotency, record, |it| (it.user_id.clone(), it.key.clone()));
    }
}

/// Replaces the record with that key, or appends it.
fn put<T, K: PartialEq>(records: &mut Vec<Arc<T>>, new: T, key: impl Fn(&T) -> K) {
    let new_key = key(&new);
    match records.iter_mut().find(|old| key(old) == new_key) {
        Some(old) => *old = Arc::new(new),
        None => records.push(Arc::new(new)),
    }
}
