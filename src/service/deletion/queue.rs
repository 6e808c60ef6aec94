//! The queue, as administrators and monitoring see it.

use std::sync::Arc;

use super::super::{Admin, Causes, Listing, Service, ServiceError};
use super::account::{COPIES_LEFT, LOG_LEFT};
use crate::domain::deletion::{Status, THRESHOLD, Threshold};
use crate::domain::{Page, Timestamp, User};
use crate::store::{Change, Changes, Projection, Store};

/// An account that is marked for deletion.
#[derive(Debug)]
pub struct Queued {
    /// The account, with its [`crate::domain::Deletion`].
    pub user: Arc<User>,
    /// When it is due, or was; none if its mark can't be read.
    pub due_at: Option<Timestamp>,
    /// How far it is.
    pub status: Status,
    /// When it is tried next; none while it is under way, and where it has failed for good.
    pub next_attempt_at: Option<Timestamp>,
}

/// How long a marked account waits.
#[derive(Clone, Copy, Debug)]
pub struct ThresholdInForce {
    /// What is in force.
    pub threshold: Threshold,
    /// What would be, had no administrator said otherwise.
    pub default: Threshold,
}

impl Service {
    /// How long a marked account waits.
    pub async fn deletion_threshold(
        &self,
        _admin: &Admin,
    ) -> Result<ThresholdInForce, ServiceError> {
        let threshold = self.deletion_policy().await?.threshold;
        Ok(ThresholdInForce { threshold, default: self.settings.deletion.threshold })
    }

    /// Changes how long marked accounts wait, those that are in the queue already too. It is kept
    /// across restarts.
    pub async fn set_deletion_threshold(
        &self,
        admin: &Admin,
        threshold: Threshold,
    ) -> Result<ThresholdInForce, ServiceError> {
        let put = move || {
            let value = threshold.hours().into();
            Change::PutSetting { name: THRESHOLD.into(), value }
        };
        self.transact_as(admin, move |_, _| Ok((Changes::of([put()]), ()))).await?;
        Ok(ThresholdInForce { threshold, default: self.settings.deletion.threshold })
    }

    /// The accounts that are marked: first those under way, then the next ones first, and last those
    /// that wait for an administrator.
    pub async fn deletion_queue(
        &self,
        _admin: &Admin,
        page: Page,
    ) -> Result<Listing<Queued>, ServiceError> {
        let policy = self.deletion_policy().await?;
        let marked = self.store.marked_accounts().await?;
        let mut queue: Vec<_> = marked
            .into_iter()
            .filter_map(|user| {
                let deletion = user.deletion.as_ref()?;
                let due_at = policy.due_at(deletion);
                let status = deletion.status(policy.max_attempts);
                let next_attempt_at = deletion.next_attempt_at(policy);
                Some(Queued { user, due_at, status, next_attempt_at })
            })
            .collect();
        queue.sort_by(|one, other| one.place().cmp(&other.place()));
        Ok(Listing::cut(queue, page))
    }

    /// How many accounts of a status are in the queue, for each status.
    pub async fn deletion_queue_lengths(&self) -> Result<[(Status, usize); 5], ServiceError> {
        let max_attempts = self.settings.deletion.max_attempts;
        let marked = self.store.marked_accounts().await?;
        let deletions = || marked.iter().filter_map(|user| user.deletion.as_ref());
        Ok(Status::ALL.map(|status| {
            (status, deletions().filter(|it| it.status(max_attempts) == status).count())
        }))
    }

    /// What monitoring gets: what waits for a person. It names no account.
    pub(in crate::service) async fn deletion_health(&self) -> Projection {
        const NAME: &str = "account_deletion";
        let max_attempts = self.settings.deletion.max_attempts;
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
        let errors: Vec<_> = failures.into_iter().chain(left).collect();
        let errors = Some(errors.join(": ")).filter(|errors| !errors.is_empty());
        Projection {
            name: NAME,
            backlog: failed + waiting + usize::from(traces.is_some()),
            last_error: errors.or(traces).or_else(|| self.deletions.last_run_error.lock().clone()),
        }
    }
}

/// Whether an attempt failed since something in the log directory could not be removed.
fn leaves_files(error: &str) -> bool {
    [LOG_LEFT, COPIES_LEFT].iter().any(|text| error.starts_with(text))
}

impl Queued {
    /// What places it in the queue.
    fn place(&self) -> impl Ord + '_ {
        let class = match self.status {
            Status::InProgress => 0,
            Status::Pending | Status::Retrying => 1,
            // They wait for an administrator.
            Status::Unreadable => 2,
            Status::Failed => 3,
        };
        (class, self.next_attempt_at, self.due_at, self.user.id.as_str())
    }
}
