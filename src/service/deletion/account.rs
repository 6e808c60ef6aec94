//! Deletes one account. Each step can be repeated: after a crash or a failure, the next attempt starts
//! again from the first step.

use std::io;
use std::sync::Arc;

use thiserror::Error;
use tokio::time::Instant;

use super::super::{Service, ServiceError, spawn};
use super::log;
use super::run::{AttemptOutcome, Attempted, Trigger, is_lost};
use crate::domain::{Deletion, Timestamp, User, UserId};
use crate::followers::audit_log::DeletionEvent;
use crate::store::{Change, Changes, Fence, Scope, Snapshot, Store};

/// The start of the error if the account's audit log could not be removed.
pub(super) const LOG_LEFT: &str = "the audit log could not be removed";
/// The start of the error if copies of the log, made by another program, could not be removed.
pub(super) const COPIES_LEFT: &str = "copies of the audit log could not be removed";

/// Why an attempt ended. The text does not identify the account.
#[derive(Debug, Error)]
pub(super) enum AttemptError {
    #[error("the server is shutting down")]
    Stopping,
    #[error("another server runs the deletions")]
    LeaseLost,
    #[error("other servers have not removed the audit logs yet")]
    Waiting,
    #[error("the other servers could not be asked to remove the audit logs: {0}")]
    OtherLogs(ServiceError),
    #[error("the start of the attempt could not be stored: {0}")]
    Start(ServiceError),
    #[error("the account could not be added to the erasure list: {0}")]
    Erasures(ServiceError),
    #[error("the family's records could not be removed: {0}")]
    Records(ServiceError),
    #[error("the audit history could not be anonymised: {0}")]
    History(ServiceError),
    #[error("{LOG_LEFT}: {}", log::reason(.0))]
    Log(io::Error),
    #[error("{COPIES_LEFT}: {0}")]
    Copies(String),
    #[error("the account's own record could not be removed: {0}")]
    Account(ServiceError),
}

impl Service {
    /// Attempts to delete an account that is due at `now`. Returns `None` if it is no longer due, for
    /// example because its owner has restored it.
    pub(super) async fn attempt(
        &self,
        user_id: UserId,
        now: Timestamp,
        trigger: Trigger,
        lease: Option<&Fence>,
    ) -> Option<Attempted> {
        let start = Instant::now();
        if self.waits_for_others(&user_id).await.is_ok_and(|waits| waits) {
            let error = Some(AttemptError::Waiting.to_string());
            return Some(Attempted { user_id, outcome: AttemptOutcome::Waiting, error });
        }
        let done = match self.start_attempt(&user_id, now, trigger, lease).await {
            Ok(None) => return None,
            Ok(Some(attempts)) => {
                self.log_deletion(&user_id, DeletionEvent::Attempted { attempts }).await;
                self.delete(&user_id, attempts, lease).await
            }
            Err(error) => Err(AttemptError::Start(error)),
        };
        self.deletions.metrics.duration.observe(start.elapsed().as_secs_f64());
        let (outcome, error) = match done {
            Ok(()) => {
                self.deletions.metrics.deleted.inc();
                (AttemptOutcome::Deleted, None)
            }
            // During a shutdown, errors come from the closing store.
            Err(_) if self.deletions.stopping.is_cancelled() => {
                (AttemptOutcome::Interrupted, Some(AttemptError::Stopping.to_string()))
            }
            Err(AttemptError::Waiting) => {
                (AttemptOutcome::Waiting, Some(AttemptError::Waiting.to_string()))
            }
            Err(_) if is_lost(lease) => {
                (AttemptOutcome::Interrupted, Some(AttemptError::LeaseLost.to_string()))
            }
            Err(broken) => {
                let error = broken.to_string();
                self.deletions.metrics.failures.inc();
                self.record_failure(&user_id, error.clone(), lease).await;
                (AttemptOutcome::Failed, Some(error))
            }
        };
        Some(Attempted { user_id, outcome, error })
    }

    /// Records the start of an attempt: the account can no longer be restored. Returns the number of
    /// attempts including this one; `None` if the account is no longer due.
    async fn start_attempt(
        &self,
        user_id: &UserId,
        now: Timestamp,
        trigger: Trigger,
        lease: Option<&Fence>,
    ) -> Result<Option<u32>, ServiceError> {
        let (scope, user_id) = (Scope::Family(user_id.clone()), user_id.clone());
        let lease = lease.cloned();
        let policy = self.deletion_policy().await?;
        let outcome = self.transact(scope, move |records, _| {
            // The account may have been restored in the meantime.
            let started = with_deletion(records, &user_id, |deletion| {
                trigger.is_due(deletion, policy, now).then(|| deletion.started(now))
            });
            Ok(match started {
                Some((user, deletion)) => {
                    let changes = Changes::of([Change::PutUser(user)]).under(lease.clone());
                    (changes, Some(deletion.attempts))
                }
                None => (Changes::none(), None),
            })
        });
        Ok(outcome.await?.value)
    }

    async fn delete(
        &self,
        user_id: &UserId,
        attempts: u32,
        lease: Option<&Fence>,
    ) -> Result<(), AttemptError> {
        self.check_stopping()?;
        self.note_erasure(user_id, lease).await.map_err(AttemptError::Erasures)?;
        self.check_stopping()?;
        self.end_memberships(user_id, lease).await.map_err(AttemptError::Records)?;
        self.remove_records(user_id, lease).await.map_err(AttemptError::Records)?;
        self.check_stopping()?;
        let anonymized = self.store.anonymize_under(lease, user_id).await;
        anonymized.map_err(|error| AttemptError::History(error.into()))?;
        self.check_stopping()?;
        let requested = self.request_log_removals(user_id, lease).await;
        requested.map_err(AttemptError::OtherLogs)?;
        self.remove_log(user_id).await?;
        self.confirm_log_removal(user_id).await.map_err(AttemptError::OtherLogs)?;
        let left = self.servers_left(user_id).await.map_err(AttemptError::OtherLogs)?;
        if !left.is_empty() {
            return Err(AttemptError::Waiting);
        }
        self.check_stopping()?;
        // Before the last step, after which nothing is left of the account. A crash in between writes
        // this line twice, but never loses it.
        self.log_deletion(user_id, DeletionEvent::Deleted { attempts }).await;
        let ended = self.end_log_removals(user_id, lease).await;
        ended.map_err(AttemptError::OtherLogs)?;
        self.remove_user(user_id, lease).await.map_err(AttemptError::Account)
    }

    fn check_stopping(&self) -> Result<(), AttemptError> {
        if self.deletions.stopping.is_cancelled() { Err(AttemptError::Stopping) } else { Ok(()) }
    }

    /// Removes all records of the account in one transaction.
    async fn remove_records(
        &self,
        user_id: &UserId,
        lease: Option<&Fence>,
    ) -> Result<(), ServiceError> {
        let (scope, user_id) = (Scope::Family(user_id.clone()), user_id.clone());
        let lease = lease.cloned();
        let removed = self.transact(scope, move |records, _| {
            Ok((all_records_of(records, &user_id).under(lease.clone()), ()))
        });
        removed.await.map(|_| ())
    }

    /// Removes the log and its copies: all entries of the log directory whose name starts with the
    /// log's.
    pub(super) async fn remove_log(&self, user_id: &UserId) -> Result<(), AttemptError> {
        let (log, id) = (self.audit_log.clone(), user_id.clone());
        let forget = move || log.map_or(Ok(()), |log| log.forget(&id));
        let forgotten = spawn::blocking(forget).await;
        // The copies are removed even if that failed.
        let (log, id) = (Arc::clone(&self.deletions.log), user_id.clone());
        let removed = spawn::blocking(move || log.remove_copies(&id)).await;
        forgotten.map_err(io::Error::other).flatten().map_err(AttemptError::Log)?;
        let left = removed.map_err(io::Error::other).flatten().map_err(AttemptError::Log)?;
        if left.is_empty() {
            return Ok(());
        }
        let records = self.store.read(Scope::Family(user_id.clone())).await;
        let user = records.map_err(|error| AttemptError::Account(error.into()))?.user(user_id);
        Err(AttemptError::Copies(log::left(&left, user.as_deref())))
    }

    async fn remove_user(
        &self,
        user_id: &UserId,
        lease: Option<&Fence>,
    ) -> Result<(), ServiceError> {
        // Before the removal. After a crash, the next start purges the traces.
        self.deletions.traces.lock().may_be_left = true;
        let (scope, user_id) = (Scope::Family(user_id.clone()), user_id.clone());
        let removal = Change::RemoveUser(user_id.clone());
        let changes = Changes::of([removal]).under(lease.cloned());
        self.transact(scope, move |_, _| Ok((changes.clone(), ()))).await?;
        // Its id may link it to its events until there is no record.
        self.store.anonymize_under(lease, &user_id).await?;
        Ok(())
    }

    /// Records a failed attempt in the account's record and in both logs.
    async fn record_failure(&self, user_id: &UserId, error: String, lease: Option<&Fence>) {
        let account = match self.pseudonym(user_id).await {
            Ok(account) => account,
            Err(_) => "unknown".to_owned(),
        };
        let policy = match self.deletion_policy().await {
            Ok(policy) => policy,
            Err(cause) => {
                tracing::error!(account, error, %cause, "an account could not be deleted");
                return;
            }
        };
        let (id, reason, lease) = (user_id.clone(), error.clone(), lease.cloned());
        let outcome = self.transact(Scope::Family(user_id.clone()), move |records, _| {
            // An attempt that could not start is not counted.
            let failed = with_deletion(records, &id, |deletion| {
                deletion.in_progress.then(|| deletion.failed(reason.clone()))
            });
            Ok(match failed {
                Some((user, deletion)) => {
                    let next = deletion.next_attempt_at(policy);
                    let changes = Changes::of([Change::PutUser(user)]).under(lease.clone());
                    (changes, Some((deletion.attempts, next)))
                }
                None => (Changes::none(), None),
            })
        });
        match outcome.await {
            Ok(outcome) => {
                let Some((attempts, next_attempt_at)) = outcome.value else {
                    tracing::error!(account, error, "the deletion of an account could not start");
                    return;
                };
                tracing::error!(account, attempts, error, "an account could not be deleted");
                let event = DeletionEvent::Failed { attempts, error, next_attempt_at };
                self.log_deletion(user_id, event).await;
            }
            Err(cause) => tracing::error!(
                account, error, %cause,
                "an account could not be deleted, and the failure could not be stored"
            ),
        }
    }
}

/// Returns the account with its changed deletion; `None` if the account does not exist, is not marked,
/// or `change` returns `None`.
fn with_deletion(
    records: &dyn Snapshot,
    user_id: &UserId,
    change: impl FnOnce(&Deletion) -> Option<Deletion>,
) -> Option<(User, Deletion)> {
    let user = records.user(user_id)?;
    let deletion = change(user.deletion.as_ref()?)?;
    Some((User { deletion: Some(deletion.clone()), ..User::clone(&user) }, deletion))
}

fn all_records_of(records: &dyn Snapshot, user_id: &UserId) -> Changes {
    let mut changes = Vec::new();
    let pending = records.pending_of(user_id);
    changes.extend(pending.iter().map(|request| Change::RemovePending(request.id.clone())));
    let children = records.children_of(user_id);
    changes.extend(children.iter().map(|child| Change::RemoveChild(child.id.clone())));
    let tasks = records.tasks_of(user_id);
    changes.extend(tasks.iter().map(|task| Change::RemoveTask(task.id.clone())));
    let rewards = records.rewards_of(user_id);
    changes.extend(rewards.iter().map(|reward| Change::RemoveReward(reward.id.clone())));
    let tasks = records.pending_tasks_of(user_id);
    changes.extend(tasks.iter().map(|request| Change::RemovePendingTask(request.id.clone())));
    let ended = records.ended_requests_of(user_id);
    changes.extend(ended.iter().map(|request| Change::RemoveEnded(request.id.clone())));
    let badges = records.badges_of(user_id);
    changes.extend(badges.iter().map(|badge| Change::RemoveBadge(badge.id.clone())));
    let feeds = records.feeds_of(user_id);
    changes.extend(feeds.iter().map(|feed| Change::RemoveFeed(feed.secret_hash.clone())));
    let webhooks = records.webhooks_of(user_id);
    changes.extend(webhooks.iter().map(|webhook| Change::RemoveWebhook(webhook.id.clone())));
    let members = records.members_of(user_id);
    changes.extend(members.iter().map(|member| Change::RemoveMember(member.id.clone())));
    let sessions = records.sessions_of(user_id);
    let hashes = sessions.iter().map(|session| session.token_hash.clone());
    changes.extend(hashes.map(Change::RemoveSession));
    let keys = records.idempotency_records_of(user_id);
    changes.extend(
        keys.iter().map(|key| Change::RemoveIdempotencyKey(key.user_id.clone(), key.key.clone())),
    );
    Changes::of(changes)
}
