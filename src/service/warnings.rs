//! What an administrator should look at.

use super::{Authority, Service, ServiceError};
use crate::domain::Timestamp;
use crate::domain::deletion::Status;
use crate::store::{Health, Projection};

/// Something that an administrator should look at.
#[derive(Debug)]
pub enum Warning {
    /// No change is accepted until a restart.
    ReadOnly,
    /// The last change could not be written, for this reason.
    Failing(String),
    /// A follower lags behind, or has failed.
    Behind(Projection),
    /// The server makes no backups by itself.
    NoBackups,
    /// The last backup is too old; `None` if there is none.
    LateBackup(Option<Timestamp>),
    /// The number of accounts whose deletion waits for a person.
    StuckDeletions(usize),
    /// Anyone may create an account.
    OpenSignUp,
}

impl Service {
    /// Returns what an administrator should look at, the most urgent first.
    pub async fn warnings(
        &self,
        _authority: &Authority,
        health: &Health,
    ) -> Result<Vec<Warning>, ServiceError> {
        let mut warnings = Vec::new();
        if health.read_only {
            warnings.push(Warning::ReadOnly);
        } else if let Some(reason) = &health.trouble {
            warnings.push(Warning::Failing(reason.clone()));
        }
        let stuck = self.deletion_queue_lengths().await?;
        let needs_person = |status| matches!(status, Status::Failed | Status::Unreadable);
        let stuck = stuck.iter().filter(|(status, _)| needs_person(*status));
        let stuck: usize = stuck.map(|(_, count)| count).sum();
        if stuck > 0 {
            warnings.push(Warning::StuckDeletions(stuck));
        }
        let behind = health.projections.iter().filter(|it| it.is_behind());
        warnings.extend(behind.cloned().map(Warning::Behind));
        match self.is_backup_late() {
            None => warnings.push(Warning::NoBackups),
            Some(true) => warnings.push(Warning::LateBackup(self.last_backup())),
            Some(false) => {}
        }
        if self.settings().signup_open {
            warnings.push(Warning::OpenSignUp);
        }
        Ok(warnings)
    }
}
