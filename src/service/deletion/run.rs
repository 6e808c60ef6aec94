//! Runs account deletions, on a schedule or on request.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::time::MissedTickBehavior;

use super::super::{Authority, Causes, Service, ServiceError, spawn};
use super::log;
use crate::domain::deletion::Policy;
use crate::domain::{AdminAction, Deletion, RecordKind, RuleViolation, Timestamp, UserId};
use crate::store::{CommitError, Fence, Lease, Purpose, Snapshot, Store};

/// What starts a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// The schedule: accounts that are due, and failed ones after their waiting time.
    Schedule,
    /// An administrator: accounts that are due, and all failed ones.
    Administrator,
    /// An administrator, for one account, which need not be due.
    Named,
}

/// The result for one account of a run.
#[derive(Debug)]
pub struct Attempted {
    pub user_id: UserId,
    pub outcome: AttemptOutcome,
    /// Why the account is not deleted.
    pub error: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttemptOutcome {
    Deleted,
    Failed,
    /// The server is shutting down, or another server runs the deletions: the attempt is continued later.
    Interrupted,
    /// The account is only due by a clock that is doubted, or the first 24 hours are not over: nothing
    /// was attempted.
    Held,
    /// Other servers have not removed the account's audit logs yet. The last one continues the attempt.
    Waiting,
}

impl AttemptOutcome {
    pub const ALL: [Self; 5] =
        [Self::Deleted, Self::Failed, Self::Interrupted, Self::Held, Self::Waiting];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Deleted => "deleted",
            Self::Failed => "failed",
            Self::Interrupted => "interrupted",
            Self::Held => "held",
            Self::Waiting => "waiting",
        }
    }
}

impl Trigger {
    pub(super) fn is_due(self, deletion: &Deletion, policy: Policy, now: Timestamp) -> bool {
        match self {
            Self::Schedule => deletion.is_due(policy, now),
            Self::Administrator => deletion.is_due_on_request(policy, now),
            Self::Named => true,
        }
    }
}

/// Whether another server may run the deletions by now.
pub(super) fn is_lost(lease: Option<&Fence>) -> bool {
    lease.is_some_and(|lease| lease.check().is_err())
}

impl Service {
    /// Deletes due accounts now and after each interval, until [`Self::start_shutdown`].
    pub async fn delete_on_schedule(self: Arc<Self>) {
        let mut interval = tokio::time::interval(self.settings().deletion.interval);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (stopping, mut lease) = (&self.deletions.stopping, None);
        while stopping.run_until_cancelled(interval.tick()).await.is_some() {
            if !self.holds(&mut lease, Purpose::DeletionSchedule).await {
                continue;
            }
            let (service, fence) = (Arc::clone(&self), lease.as_ref().map(Lease::fence));
            let run = spawn::detached(async move {
                let now = service.read_due_clock().await?.now;
                service.run_due_under(fence.as_ref(), now, Trigger::Schedule).await.map(|_| ())
            });
            // Detached, so that a panic does not end the schedule.
            let run = run.await.and_then(|run| run);
            if let Err(error) = &run {
                tracing::error!(error = %Causes(error), "a run of account deletions failed");
            }
            *self.deletions.last_run_error.lock() = run.err().map(|error| error.to_string());
        }
        // Stores a jump of the clock since the last run for the next start.
        if let Err(error) = self.read_due_clock().await {
            tracing::error!(error = %Causes(&error), "cannot read the clock of account deletions");
        }
    }

    /// Deletes all accounts that are due or have failed, and returns the results. Completes even if the
    /// client disconnects.
    ///
    /// Fails if the store is read-only.
    pub async fn run_deletions(
        self: &Arc<Self>,
        authority: &Authority,
    ) -> Result<Vec<Attempted>, ServiceError> {
        if self.store.health().read_only {
            return Err(CommitError::ReadOnly.into());
        }
        self.record(authority, AdminAction::DueAccountsDeleted).await?;
        let now = self.read_due_clock().await?.now;
        let held = self.held(now).await?;
        let service = Arc::clone(self);
        let run = async move { service.run_due(now, Trigger::Administrator).await };
        Ok(spawn::detached(run).await??.into_iter().chain(held).collect())
    }

    /// Deletes a marked account, even if it is not due or its mark cannot be read. Completes even if the
    /// client disconnects.
    ///
    /// Fails if the account is not marked, and if the store is read-only.
    pub async fn run_deletion(
        self: &Arc<Self>,
        authority: &Authority,
        user_id: UserId,
    ) -> Result<Attempted, ServiceError> {
        if self.store.health().read_only {
            return Err(CommitError::ReadOnly.into());
        }
        self.record_deletion(authority, user_id.clone()).await?;
        self.delete_marked(user_id).await
    }

    async fn record_deletion(
        &self,
        authority: &Authority,
        user_id: UserId,
    ) -> Result<(), ServiceError> {
        let id = user_id.clone();
        let is_marked = move |records: &dyn Snapshot| {
            let marked = records.user(&id).filter(|user| user.deletion.is_some());
            marked.map(|_| ()).ok_or(RuleViolation::NotFound(RecordKind::User))
        };
        self.record_about(authority, AdminAction::AccountDeleted, user_id, is_marked).await
    }

    async fn delete_marked(self: &Arc<Self>, user_id: UserId) -> Result<Attempted, ServiceError> {
        if self.store.health().read_only {
            return Err(CommitError::ReadOnly.into());
        }
        let now = self.read_due_clock().await?.now;
        let service = Arc::clone(self);
        let run = async move {
            let _running = service.deletions.running.lock().await;
            let attempted = service.attempt(user_id, now, Trigger::Named, None).await;
            service.purge_traces().await;
            attempted
        };
        spawn::detached(run).await?.ok_or(RuleViolation::NotFound(RecordKind::User).into())
    }

    /// Marks an account unless it is marked, and deletes it now. Completes even if the client disconnects.
    ///
    /// Fails if there is no such account, for the last administrator who is not marked, and if the store
    /// is read-only.
    pub async fn delete_account(
        self: &Arc<Self>,
        authority: &Authority,
        user_id: UserId,
    ) -> Result<Attempted, ServiceError> {
        let (service, authority) = (Arc::clone(self), authority.clone());
        let delete = async move {
            let action = AdminAction::AccountDeleted;
            match service.mark_for(&authority, user_id.clone(), action).await {
                Ok(_) => service.delete_marked(user_id).await,
                // Continues the deletion.
                Err(ServiceError::Refused(RuleViolation::DeletionInProgress)) => {
                    service.run_deletion(&authority, user_id).await
                }
                Err(error) => Err(error),
            }
        };
        spawn::detached(delete).await?
    }

    /// Attempts all accounts that are due at `now`, one after another in the order of their marks, and
    /// returns the results. A failure does not affect the other accounts. Ends early at a shutdown.
    ///
    /// Waits for a run that is in progress.
    pub async fn run_due(
        &self,
        now: Timestamp,
        trigger: Trigger,
    ) -> Result<Vec<Attempted>, ServiceError> {
        self.run_due_under(None, now, trigger).await
    }

    /// Like [`Self::run_due`], until the lease is lost.
    async fn run_due_under(
        &self,
        lease: Option<&Fence>,
        now: Timestamp,
        trigger: Trigger,
    ) -> Result<Vec<Attempted>, ServiceError> {
        let _running = self.deletions.running.lock().await;
        let mut attempts = Vec::new();
        if self.store.health().read_only {
            return Ok(attempts);
        }
        for user_id in self.due_accounts(now, trigger).await? {
            if self.deletions.stopping.is_cancelled() || is_lost(lease) {
                break;
            }
            attempts.extend(self.attempt(user_id, now, trigger, lease).await);
            tokio::task::yield_now().await;
        }
        self.purge_traces().await;
        Ok(attempts)
    }

    /// Returns the accounts that are due, in the order of their marks.
    async fn due_accounts(
        &self,
        now: Timestamp,
        trigger: Trigger,
    ) -> Result<Vec<UserId>, ServiceError> {
        self.due_accounts_under(self.deletion_policy().await?, now, trigger).await
    }

    async fn due_accounts_under(
        &self,
        policy: Policy,
        now: Timestamp,
        trigger: Trigger,
    ) -> Result<Vec<UserId>, ServiceError> {
        let marked = self.store.marked_accounts().await?;
        let mut due: Vec<_> = marked
            .iter()
            .filter_map(|user| Some((user.deletion.as_ref()?.marked_at, user)))
            .filter(|(_, user)| {
                user.deletion.as_ref().is_some_and(|it| trigger.is_due(it, policy, now))
            })
            .map(|(marked_at, user)| (marked_at, user.id.clone()))
            .collect();
        due.sort_by(|(one, one_id), (other, other_id)| {
            (one, one_id.as_str()).cmp(&(other, other_id.as_str()))
        });
        Ok(due.into_iter().map(|(_, user_id)| user_id).collect())
    }

    /// Returns the accounts that an administrator's run at `now` does not attempt, but would attempt by the
    /// machine's clock or after the first 24 hours.
    async fn held(&self, now: Timestamp) -> Result<Vec<Attempted>, ServiceError> {
        let policy = self.deletion_policy().await?;
        let free = Policy { not_before: Timestamp::EPOCH, ..policy };
        let due = |policy, now| self.due_accounts_under(policy, now, Trigger::Administrator);
        let held = |user_id, error: &str| Attempted {
            user_id,
            outcome: AttemptOutcome::Held,
            error: Some(error.to_owned()),
        };
        let tried: HashSet<_> = due(policy, now).await?.into_iter().collect();
        let on_first_day: HashSet<_> = due(free, now).await?.into_iter().collect();
        let candidates = due(free, self.clock.now().max(now)).await?.into_iter();
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

    /// Removes data of deleted accounts from the store's older files. After a failure, the next run tries
    /// again; a start does the same.
    async fn purge_traces(&self) {
        if !self.deletions.traces.lock().may_be_left || self.deletions.stopping.is_cancelled() {
            return;
        }
        let purged = self.store.purge().await;
        let mut traces = self.deletions.traces.lock();
        match purged {
            Ok(()) => *traces = super::state::Traces::default(),
            Err(error) => {
                let reason = log::reason(&error);
                tracing::error!(error = %reason, "the journal still contains traces of deleted accounts");
                traces.error = Some(format!("traces of deleted accounts are left: {reason}"));
            }
        }
    }
}
