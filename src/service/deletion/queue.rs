//! The deletion queue, for administrators and `/health`.

use std::sync::Arc;

use super::super::{Authority, Causes, Listing, Service, ServiceError};
use super::account::{COPIES_LEFT, LOG_LEFT};
use crate::domain::deletion::{Status, THRESHOLD, Threshold};
use crate::domain::{AdminAction, Page, Timestamp, User};
use crate::store::{Change, Changes, Projection, Store};

/// An account that is marked for deletion.
#[derive(Debug)]
pub struct Queued {
    pub user: Arc<User>,
    /// `None` if the mark cannot be read.
    pub due_at: Option<Timestamp>,
    pub status: Status,
    /// When the next attempt starts without an administrator's request; see
    /// [`crate::domain::Deletion::next_attempt_at`].
    pub next_attempt_at: Option<Timestamp>,
    /// The names of the servers that have not removed the account's audit logs yet.
    pub waiting_for: Vec<String>,
}

#[derive(Clone, Copy, Debug)]
pub struct ThresholdInForce {
    /// The current threshold.
    pub threshold: Threshold,
    /// The threshold if no administrator has set another one.
    pub default: Threshold,
}

impl Service {
    pub async fn deletion_threshold(
        &self,
        _authority: &Authority,
    ) -> Result<ThresholdInForce, ServiceError> {
        let threshold = self.deletion_policy().await?.threshold;
        Ok(ThresholdInForce { threshold, default: self.settings().deletion.threshold })
    }

    /// Changes how long marked accounts wait, including those that are marked already. The threshold is
    /// stored.
    pub async fn set_deletion_threshold(
        &self,
        authority: &Authority,
        threshold: Threshold,
    ) -> Result<ThresholdInForce, ServiceError> {
        let put = move || {
            let value = threshold.hours().into();
            Change::PutSetting { name: THRESHOLD.into(), value }
        };
        let decider = authority.clone();
        let recording = self.recording(authority, AdminAction::ThresholdSet).await?;
        let set = self.transact(authority.scope_of_settings(), move |records, context| {
            decider.check(records, context.now())?;
            Ok((Changes::of([put(), recording.entry(None, context)]), ()))
        });
        set.await?;
        Ok(ThresholdInForce { threshold, default: self.settings().deletion.threshold })
    }

    /// Returns the marked accounts: first those in progress, then the others by the time of the next
    /// attempt, and last those that wait for an administrator.
    pub async fn deletion_queue(
        &self,
        _authority: &Authority,
        page: Page,
    ) -> Result<Listing<Queued>, ServiceError> {
        let policy = self.deletion_policy().await?;
        let marked = self.store.marked_accounts().await?;
        let unconfirmed = self.unconfirmed_removals().await?;
        let mut queue: Vec<_> = marked
            .into_iter()
            .filter_map(|user| {
                let deletion = user.deletion.as_ref()?;
                let due_at = policy.due_at(deletion);
                let status = deletion.status(policy.max_attempts);
                let next_attempt_at = deletion.next_attempt_at(policy);
                let left = unconfirmed.iter().filter(|(user_id, _)| *user_id == user.id);
                let waiting_for = left.map(|(_, server)| server.name.clone()).collect();
                Some(Queued { user, due_at, status, next_attempt_at, waiting_for })
            })
            .collect();
        queue.sort_by(|one, other| one.place().cmp(&other.place()));
        Ok(Listing::of(queue, page))
    }

    /// Returns the number of marked accounts for each status.
    pub async fn deletion_queue_lengths(&self) -> Result<[(Status, usize); 5], ServiceError> {
        let max_attempts = self.settings().deletion.max_attempts;
        let marked = self.store.marked_accounts().await?;
        let deletions = || marked.iter().filter_map(|user| user.deletion.as_ref());
        Ok(Status::ALL.map(|status| {
            (status, deletions().filter(|it| it.status(max_attempts) == status).count())
        }))
    }

    /// The queue in `/health`: the accounts that wait for a person. It identifies no account.
    pub(in crate::service) async fn deletion_health(&self) -> Projection {
        const NAME: &str = "account_deletion";
        let max_attempts = self.settings().deletion.max_attempts;
        let marked = match self.store.marked_accounts().await {
            Ok(marked) => marked,
            Err(error) => {
                let last_error = Some(Causes(&error).to_string());
                return Projection { name: NAME, backlog: 0, last_error };
            }
        };
        let deletions = marked.iter().filter_map(|user| user.deletion.as_ref());
        let (mut failed, mut left) = (0, None);
        let mut waiting = 0;
        for deletion in deletions {
            let has_failed = deletion.status(max_attempts) == Status::Failed;
            failed += usize::from(has_failed);
            let error = deletion.error.as_ref();
            if let Some(error) = error.filter(|error| leaves_files(error)) {
                left.get_or_insert_with(|| error.clone());
                waiting += usize::from(!has_failed);
            }
        }
        let traces = self.deletions.traces.lock().error.clone();
        let failures = match failed {
            0 => None,
            1 => Some("an account could not be deleted".to_owned()),
            count => Some(format!("{count} accounts could not be deleted")),
        };
        let removal = self.deletions.removal_error.lock().clone();
        let is_removal_failing = removal.is_some();
        let errors: Vec<_> = failures.into_iter().chain(left).chain(removal).collect();
        let errors = Some(errors.join(": ")).filter(|errors| !errors.is_empty());
        Projection {
            name: NAME,
            backlog: failed
                + waiting
                + usize::from(traces.is_some())
                + usize::from(is_removal_failing),
            last_error: errors.or(traces).or_else(|| self.deletions.last_run_error.lock().clone()),
        }
    }
}

/// Whether an attempt has failed because something in the log directory could not be removed.
fn leaves_files(error: &str) -> bool {
    [LOG_LEFT, COPIES_LEFT].iter().any(|text| error.starts_with(text))
}

impl Queued {
    /// The sort key.
    fn place(&self) -> impl Ord + '_ {
        let class = match self.status {
            Status::InProgress => 0,
            Status::Pending | Status::Retrying => 1,
            // These wait for an administrator.
            Status::Unreadable => 2,
            Status::Failed => 3,
        };
        (class, self.next_attempt_at, self.due_at, self.user.id.as_str())
    }
}
