//! What a child's pending requests mean for it.

use std::sync::Arc;

use crate::domain::{Child, PendingReward, Points};
use crate::store::{Change, Snapshot};

/// A child, and what it needs for its requests.
#[derive(Clone, Debug)]
pub struct ChildState {
    pub child: Arc<Child>,
    /// The sum of the costs of its pending requests. For display only: no rule depends on it.
    pub reserved: i64,
}

impl ChildState {
    pub(super) fn of(child: Arc<Child>, records: &dyn Snapshot) -> Arc<Self> {
        Self::after(child, records, &[])
    }

    /// The state of a child after changes of its requests.
    pub(super) fn after(
        child: Arc<Child>,
        records: &dyn Snapshot,
        changes: &[Change],
    ) -> Arc<Self> {
        let is_removed = |request: &PendingReward| {
            let removes =
                |it: &Change| matches!(it, Change::RemovePending(id) if *id == request.id);
            changes.iter().any(removes)
        };
        let pending = records.pending_of_child(&child.user_id, &child.id);
        let pending = pending.iter().map(|request| &**request).filter(|it| !is_removed(it));
        let new = changes.iter().filter_map(|change| match change {
            Change::PutPending(request) => Some(request),
            _ => None,
        });
        // Requests of older files have no cost: that of the reward counts.
        let cost = |request: &PendingReward| {
            let reward = || Some(records.reward(&request.reward_id)?.cost);
            request.cost.or_else(reward).map_or(0, |cost| cost.get().max(0))
        };
        let sum = pending.chain(new).map(cost).fold(0, i64::saturating_add);
        Arc::new(Self { child, reserved: sum.min(Points::LIMIT) })
    }
}
