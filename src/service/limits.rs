//! Limits the number of a family's records. Each limit is checked inside the decision, so that concurrent
//! requests cannot exceed it together. Records beyond a limit stay, and can be changed and deleted.

use std::sync::Arc;

use crate::domain::{FamilyLimit, RuleViolation, TokenHash, UserId};
use crate::store::Snapshot;

/// The limits of a family; 0 for no limit.
#[derive(Clone, Copy, Debug)]
pub struct FamilyLimits {
    pub children: usize,
    /// Tasks and penalties.
    pub tasks: usize,
    pub rewards: usize,
    /// Pending requests.
    pub requests: usize,
    /// Including the children's sessions, but not those of devices.
    pub sessions: usize,
    /// The bytes of all ids in a child's lists `tasks` and `rewards`.
    pub display_bytes: usize,
}

impl FamilyLimits {
    /// Fails if the family cannot have one more child.
    pub(super) fn check_children(
        &self,
        records: &dyn Snapshot,
        family: &UserId,
    ) -> Result<(), RuleViolation> {
        one_more(FamilyLimit::Children, self.children, records.count_children(family))
    }

    pub(super) fn check_tasks(
        &self,
        records: &dyn Snapshot,
        family: &UserId,
    ) -> Result<(), RuleViolation> {
        one_more(FamilyLimit::Tasks, self.tasks, records.count_tasks(family))
    }

    pub(super) fn check_rewards(
        &self,
        records: &dyn Snapshot,
        family: &UserId,
    ) -> Result<(), RuleViolation> {
        one_more(FamilyLimit::Rewards, self.rewards, records.count_rewards(family))
    }

    pub(super) fn check_requests(
        &self,
        records: &dyn Snapshot,
        family: &UserId,
    ) -> Result<(), RuleViolation> {
        one_more(
            FamilyLimit::PendingRequests,
            self.requests,
            records.count_pending(family) + records.count_pending_tasks(family),
        )
    }

    /// Fails if a child's lists are beyond the limit and longer than before.
    pub(super) fn check_displayed(&self, before: usize, after: usize) -> Result<(), RuleViolation> {
        let most = self.display_bytes;
        if most > 0 && after > most && after > before {
            return Err(RuleViolation::FamilyLimitReached {
                limit: FamilyLimit::DisplayBytes,
                most,
            });
        }
        Ok(())
    }

    /// Returns the sessions to end so that the account can have one more: the least recently used ones.
    /// A login does not fail instead, because that would lock a family out. It ends no device: these have a limit of their
    /// own.
    pub(super) fn sessions_to_end(
        &self,
        records: &dyn Snapshot,
        family: &UserId,
    ) -> Vec<TokenHash> {
        if self.sessions == 0 || records.count_sessions(family) < self.sessions {
            return Vec::new();
        }
        let mut sessions = records.sessions_of(family);
        sessions.retain(|session| session.is_session() && session.device.is_none());
        let surplus = (sessions.len() + 1).saturating_sub(self.sessions);
        sessions.sort_by_key(|session| (session.last_used_at, session.created_at));
        sessions.iter().take(surplus).map(|session| session.token_hash.clone()).collect()
    }
}

/// See [`FamilyLimits::display_bytes`].
pub(super) fn display_bytes(tasks: &[Arc<str>], rewards: &[Arc<str>]) -> usize {
    tasks.iter().chain(rewards).map(|id| id.len()).sum()
}

pub(super) fn one_more(limit: FamilyLimit, most: usize, count: usize) -> Result<(), RuleViolation> {
    if most > 0 && count >= most {
        return Err(RuleViolation::FamilyLimitReached { limit, most });
    }
    Ok(())
}
