//! Which accounts are deleted when.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::time::MissedTickBehavior;

use super::super::{Admin, Causes, Service, ServiceError, spawn};
use super::log;
use crate::domain::deletion::Policy;
use crate::domain::{Deletion, RecordKind, RuleViolation, Timestamp, UserId};
use crate::store::{CommitError, Store};

/// Who asks for a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The schedule: what is due, and what has failed and waited long enough.
    Schedule,
    /// An administrator: what is due, and all that has failed.
    Administrator,
    /// An administrator, who names the account: it need not be due.
    Named,
}

/// What became of an account in a run.
#[derive(Debug)]
pub struct Attempted {
    /// The account.
    pub user_id: UserId,
    /// What became of it.
    pub outcome: AttemptOutcome,
    /// Why it isn't deleted.
    pub error: Option<String>,
}

/// What becomes of an account in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// It is gone.
    Deleted,
    /// The attempt failed.
    Failed,
    /// The server stops: the attempt goes on after the next start.
    Interrupted,
    /// It is due by a clock that has jumped ahead and isn't believed: nothing was tried.
    Held,
}

impl AttemptOutcome {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Deleted, Self::Failed, Self::Interrupted, Self::Held];

    /// `deleted`, `failed`, `interrupted` or `held`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Held => "held",
        }
    }
}

impl Trigger {
    /// Whether an account's deletion is tried at `now`.
    pub(super) fn is_due(self, deletion: &Deletion, policy: Policy, now: Timestamp) -> bool {
        match self {
            Self::Schedule => deletion.is_due(policy, now),
            Self::Administrator => deletion.is_due_on_request(policy, now),
            Self::Named => true,
        }
    }
}

impl Service {
    /// Deletes the accounts that are due, now and after each interval, until
    /// [`Self::start_shutdown`].
    pub async fn delete_on_schedule(self: Arc<Self>) {
        let mut interval = tokio::time::interval(self.settings.deletion.interval);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let stopping = &self.deletions.stopping;
        while stopping.run_until_cancelled(interval.tick()).await.is_some() {
            let service = Arc::clone(&self);
            let run = spawn::detached(async move {
                let now = service.read_due_clock().await?.now;
                service.run_due(now, Trigger::Schedule).await.map(|_| ())
            });
            // A mistake in one run doesn't end the schedule.
            let run = run.await.and_then(|run| run);
            if let Err(error) = &run {
                tracing::error!(error = %Causes(error), "a run of account deletions failed");
            }
            *self.deletions.last_run_error.lock() = run.err().map(|error| error.to_string());
        }
        // Keeps a jump of the clock since the last run for the next start.
        if let Err(error) = self.read_due_clock().await {
            tracing::error!(error = %Causes(&error), "the clock could not be compared");
        }
    }

    /// Tries at once what is due or has failed, and says what became of each account. It goes on
    /// where the caller goes away.
    ///
    /// Refuses where the store takes no changes.
    pub async fn run_deletions(
        self: &Arc<Self>,
        _admin: &Admin,
    ) -> Result<Vec<Attempted>, ServiceError> {
        if self.store.health().read_only {
            return Err(CommitError::ReadOnly.into());
        }
        let now = self.read_due_clock().await?.now;
        let held = self.held(now).await?;
        let service = Arc::clone(self);
        let run = async move { service.run_due(now, Trigger::Administrator).await };
        Ok(spawn::detached(run).await??.into_iter().chain(held).collect())
    }

    /// Deletes a marked account now, whether it is due or not, and whatever its mark looks like; says
    /// what became of it. It goes on if the caller goes away.
    ///
    /// Refuses an account that isn't marked, and if the store takes no changes.
    pub async fn run_deletion(
        self: &Arc<Self>,
        _admin: &Admin,
        user_id: UserId,
    ) -> Result<Attempted, ServiceError> {
        if self.store.health().read_only {
            return Err(CommitError::ReadOnly.into());
        }
        let now = self.read_due_clock().await?.now;
        let service = Arc::clone(self);
        let run = async move {
            let _running = service.deletions.running.lock().await;
            let attempted = service.attempt(user_id, now, Trigger::Named).await;
            service.purge_traces().await;
            attempted
        };
        spawn::detached(run).await?.ok_or(RuleViolation::NotFound(RecordKind::User).into())
    }

    /// Tries each account that is up at `now`, one after the other, the one that is due longest
    /// first, and says what became of it. One that fails doesn't hold up the others. Ends early
    /// where the server stops.
    ///
    /// There is one run at a time; another one waits.
    pub async fn run_due(
        &self,
        now: Timestamp,
        trigger: Trigger,
    ) -> Result<Vec<Attempted>, ServiceError> {
        let _running = self.deletions.running.lock().await;
        let mut attempts = Vec::new();
        if self.store.health().read_only {
            return Ok(attempts);
        }
        for user_id in self.due_accounts(now, trigger).await? {
            if self.deletions.stopping.is_cancelled() {
                break;
            }
            attempts.extend(self.attempt(user_id, now, trigger).await);
            tokio::task::yield_now().await;
        }
        self.purge_traces().await;
        Ok(attempts)
    }

    /// Returns the accounts that are up, the one that is due longest first.
    async fn due_accounts(&self, now: Timestamp, trigger: Trigger) -> Result<Vec<UserId>, ServiceError> {
        self.due_accounts_under(self.deletion_policy().await?, now, trigger).await
    }

    async fn due_accounts_under(
        &self,
        policy: Policy,
        now: Timestamp,
        trigger: Trigger,
    ) -> Result<Vec<UserId>, ServiceError> {
        let marked = self.store.marked_accounts().await?;
        let mut up: Vec<_> = marked
            .iter()
            .filter_map(|user| Some((user.deletion.as_ref()?.marked_at, user)))
            .filter(|(_, user)| {
                user.deletion.as_ref().is_some_and(|it| trigger.is_due(it, policy, now))
            })
            .map(|(marked_at, user)| (marked_at, user.id.clone()))
            .collect();
        up.sort_by(|(one, one_id), (other, other_id)| {
            (one, one_id.as_str()).cmp(&(other, other_id.as_str()))
        });
        Ok(up.into_iter().map(|(_, user_id)| user_id).collect())
    }

    /// What an administrator's run at `now` doesn't try, and would by the machine's clock or after
    /// the first day.
    async fn held(&self, now: Timestamp) -> Result<Vec<Attempted>, ServiceError> {
        let policy = self.deletion_policy().await?;
        let free = Policy { not_before: Timestamp::EPOCH, ..policy };
        let up = |policy, now| self.due_accounts_under(policy, now, Trigger::Administrator);
        let held = |user_id, error: &str| Attempted {
            user_id,
            outcome: AttemptOutcome::Held,
            error: Some(error.to_owned()),
        };
        let tried: HashSet<_> = up(policy, now).await?.into_iter().collect();
        let on_first_day: HashSet<_> = up(free, now).await?.into_iter().collect();
        let candidates = up(free, self.clock.now().max(now)).await?.into_iter();
        let held = candidates.filter(|user_id| !tried.contains(user_id)).map(|user_id| {
            let error = if on_first_day.contains(&user_id) {
                "nothing is deleted in the first 24 hours after the first start on this directory"
            } else {
                "the clock has jumped ahead: the account's time has not really passed"
            };
            held(user_id, error)
        });
        Ok(held.collect())
    }

    /// Has the store let go of what it still holds of deleted accounts. Where that fails, the next
    /// run tries it again; a start does it by itself.
    async fn purge_traces(&self) {
        if !self.deletions.traces.lock().may_be_left || self.deletions.stopping.is_cancelled() {
            return;
        }
        let purged = self.store.purge().await;
        let mut traces = self.deletions.traces.lock();
        match purged {
            Ok(()) => *traces = super::Traces::default(),
            Err(error) => {
                let reason = log::reason(&error);
                tracing::error!(error = %reason, "traces of deleted accounts are left in the journal");
                traces.error = Some(format!("traces of deleted accounts are left: {reason}"));
            }
        }
    }
}
