//! What the reversal of an event needs besides the rule of the ledger: the present task or reward, and the
//! request that is pending again.

use std::sync::Arc;

use super::Caller;
use crate::domain::{
    Amount, Child, EntityType, Name, PendingReward, PendingTask, RequestId, Reward, Task,
    Timestamp, TrackingEvent,
};
use crate::store::{Change, Snapshot};

/// The task or reward of an event.
pub(super) enum Entity {
    Task(Arc<Task>),
    Reward(Arc<Reward>),
}

impl Entity {
    /// Returns the task or reward of an event; `None` if it no longer exists.
    pub(super) fn of(
        event: &TrackingEvent,
        caller: &Caller,
        records: &dyn Snapshot,
    ) -> Option<Self> {
        let id = event.entity_id.as_str();
        match event.entity_type {
            EntityType::Task | EntityType::Penalty => {
                caller.task(records, &id.into()).ok().map(Self::Task)
            }
            EntityType::Reward => caller.reward(records, &id.into()).ok().map(Self::Reward),
        }
    }

    pub(super) fn name(&self) -> &Name {
        match self {
            Self::Task(task) => &task.name,
            Self::Reward(reward) => &reward.name,
        }
    }

    /// Returns the request that an approval ended, and the changes that make it pending again. `None` if the
    /// approval ended no request, a newer one is pending, or the task can no longer be requested.
    pub(super) fn restored_request(
        &self,
        approval: &TrackingEvent,
        child: &Child,
        records: &dyn Snapshot,
    ) -> Option<(RequestId, [Change; 2])> {
        let metadata = approval.metadata.as_ref()?;
        let text = |field| metadata.get(field)?.as_str();
        let amount = |field| Amount::from_stored(metadata.get(field)?.as_i64()?);
        let id = RequestId::from(text("request_id")?);
        let created_at = text("requested_at").and_then(Timestamp::parse_iso);
        let ended = records.ended_request(&child.user_id, &id);
        let note = ended.and_then(|ended| ended.note.clone());
        let (user_id, child_id) = (child.user_id.clone(), child.id.clone());
        let pending = match self {
            Self::Task(task) => {
                let is_requestable = task.is_good && task.is_requestable;
                if !is_requestable || records.pending_task(&child.id, &task.id).is_some() {
                    return None;
                }
                Change::PutPendingTask(PendingTask {
                    id: id.clone(),
                    user_id,
                    child_id,
                    child_name: child.name.clone(),
                    task_id: task.id.clone(),
                    task_name: text("name").map_or_else(|| task.name.clone(), Name::from_stored),
                    points: amount("requested_points")?,
                    created_at: created_at?,
                    note,
                })
            }
            Self::Reward(reward) => {
                if records.pending(&child.id, &reward.id).is_some() {
                    return None;
                }
                Change::PutPending(PendingReward {
                    id: id.clone(),
                    user_id,
                    child_id,
                    child_name: child.name.clone(),
                    reward_id: reward.id.clone(),
                    reward_name: text("name")
                        .map_or_else(|| reward.name.clone(), Name::from_stored),
                    created_at,
                    cost: amount("cost"),
                    note,
                    extra: [].into(),
                })
            }
        };
        let ended = Change::RemoveEnded(id.clone());
        Some((id, [pending, ended]))
    }
}
