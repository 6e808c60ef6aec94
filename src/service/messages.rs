//! The messages about changed records. They are committed with the changes.

use crate::domain::schedule::{Mark, MarkKind};
use crate::domain::{
    ChangedKind, Child, ChildId, EntityType, Message, RequestId, Timestamp, UserId,
};
use crate::store::{Change, Changes, Snapshot};

/// Adds a message for each record that the changes of a family create, update or delete. Changes with an
/// event get no messages: the event names the change.
pub(super) fn with_messages(
    mut changes: Changes,
    records: &dyn Snapshot,
    family: &UserId,
    now: Timestamp,
) -> Changes {
    if changes.event.is_some() {
        return changes;
    }
    let message = |change: &Change| {
        let (kind, id, child_id) = changed(change, records, family)?;
        let message = Message::records_changed(family.clone(), kind, &id, child_id, now);
        Some(Change::PutMessage(message))
    };
    let messages: Vec<Change> = changes.records.iter().filter_map(message).collect();
    changes.records.extend(messages);
    changes
}

/// The message about a request that a reversal restores.
pub(super) fn of_restored(
    request: &RequestId,
    child: &Child,
    entity_type: EntityType,
    now: Timestamp,
) -> Change {
    let kind = match entity_type {
        EntityType::Task | EntityType::Penalty => ChangedKind::PendingTask,
        EntityType::Reward => ChangedKind::PendingReward,
    };
    let (family, child_id) = (child.user_id.clone(), Some(child.id.clone()));
    Change::PutMessage(Message::records_changed(family, kind, request.as_str(), child_id, now))
}

/// The record that a change is about, and the child that it belongs to.
fn changed(
    change: &Change,
    records: &dyn Snapshot,
    family: &UserId,
) -> Option<(ChangedKind, String, Option<ChildId>)> {
    let found = |kind, id: &str, child_id| Some((kind, id.to_owned(), child_id));
    match change {
        Change::PutChild(Child { id, .. }) | Change::RemoveChild(id) => {
            found(ChangedKind::Child, id.as_str(), Some(id.clone()))
        }
        Change::PutTask(task) => found(ChangedKind::Task, task.id.as_str(), None),
        Change::RemoveTask(id) => found(ChangedKind::Task, id.as_str(), None),
        Change::PutReward(reward) => found(ChangedKind::Reward, reward.id.as_str(), None),
        Change::RemoveReward(id) => found(ChangedKind::Reward, id.as_str(), None),
        Change::PutMark(Mark { key, .. }) | Change::RemoveMark(_, key)
            if key.kind == MarkKind::Skipped =>
        {
            found(ChangedKind::Occurrence, key.task_id.as_str(), Some(key.child_id.clone()))
        }
        Change::PutBadge(badge) => found(ChangedKind::Badge, badge.id.as_str(), None),
        Change::RemoveBadge(id) => found(ChangedKind::Badge, id.as_str(), None),
        Change::PutWebhook(webhook) => found(ChangedKind::Webhook, webhook.id.as_str(), None),
        Change::RemoveWebhook(id) => found(ChangedKind::Webhook, id.as_str(), None),
        Change::RemovePending(id) => {
            let child_id = child_of_reward_request(id, records, family);
            found(ChangedKind::PendingReward, id.as_str(), child_id)
        }
        Change::RemovePendingTask(id) => {
            let child_id = child_of_task_request(id, records, family);
            found(ChangedKind::PendingTask, id.as_str(), child_id)
        }
        _ => None,
    }
}

fn child_of_reward_request(
    id: &RequestId,
    records: &dyn Snapshot,
    family: &UserId,
) -> Option<ChildId> {
    let requests = records.pending_of(family);
    requests.iter().find(|request| request.id == *id).map(|it| it.child_id.clone())
}

fn child_of_task_request(
    id: &RequestId,
    records: &dyn Snapshot,
    family: &UserId,
) -> Option<ChildId> {
    let requests = records.pending_tasks_of(family);
    requests.iter().find(|request| request.id == *id).map(|it| it.child_id.clone())
}
