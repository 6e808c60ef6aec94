//! How much a family may have. Each limit is checked where the addition is decided, so that requests
//! at the same time can't pass it together. What a family has beyond a limit stays, and can be
//! changed and removed.

use std::sync::Arc;

use crate::domain::{FamilyLimit, RuleViolation, TokenHash, UserId};
use crate::store::Snapshot;

/// How much a family may have; 0 for any number.
#[derive(Clone, Copy, Debug)]
pub struct FamilyLimits {
    /// Its children.
    pub children: usize,
    /// Its tasks and penalties.
    pub tasks: usize,
    /// Its rewards.
    pub rewards: usize,
    /// Its pending requests for rewards.
    pub requests: usize,
    /// The sessions of its account, the children's too.
    pub sessions: usize,
    /// The bytes of the ids in a child's lists of tasks and rewards.
    pub display_bytes: usize,
}

impl FamilyLimits {
    /// Refuses one more child.
    pub(super) fn check_children(
        &self,
        records: &dyn Snapshot,
        family: &UserId,
    ) -> Result<(), RuleViolation> {
        one_more(FamilyLimit::Children, self.children, records.count_children(family))
    }

    /// Refuses one more task.
    pub(super) fn check_tasks(
        &self,
        records: &dyn Snapshot,
        family: &UserId,
    ) -> Result<(), RuleViolation> {
        one_more(FamilyLimit::Tasks, self.tasks, records.count_tasks(family))
    }

    /// Refuses one more reward.
    pub(super) fn check_rewards(
        &self,
        records: &dyn Snapshot,
        family: &UserId,
    ) -> Result<(), RuleViolation> {
        one_more(FamilyLimit::Rewards, self.rewards, records.count_rewards(family))
    }

    /// Refuses one more pending request.
    pub(super) fn check_requests(
        &self,
        records: &dyn Snapshot,
        family: &UserId,
    ) -> Result<(), RuleViolation> {
        one_more(FamilyLimit::PendingRequests, self.requests, records.count_pending(family))
    }

    /// Refuses lists of a child that are beyond the limit and longer than they were.
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

    /// The sessions that must end so that the account can have one more: those that were unused for
    /// longest. A login isn't refused, since that would lock a family out.
    pub(super) fn sessions_to_end(&self, records: &dyn Snapshot, family: &UserId) -> Vec<TokenHash> {
        if self.sessions == 0 || records.count_sessions(family) < self.sessions {
            return Vec::new();
        }
        let mut sessions = records.sessions_of(family);
        let surplus = (sessions.len() + 1).saturating_sub(self.sessions);
        sessions.sort_by_key(|session| (session.last_used_at, session.created_at));
        sessions.iter().take(surplus).map(|session| session.token_hash.clone()).collect()
    }
}

/// The bytes of the ids in both lists of a child.
pub(super) fn display_bytes(tasks: &[Arc<str>], rewards: &[Arc<str>]) -> usize {
    tasks.iter().chain(rewards).map(|id| id.len()).sum()
}

fn one_more(limit: FamilyLimit, most: usize, count: usize) -> Result<(), RuleViolation> {
    if most > 0 && count >= most {
        return Err(RuleViolation::FamilyLimitReached { limit, most });
    }
    Ok(())
}
