//! Backups of the running server.

mod schedule;
mod sent;
mod state;
mod stored;

pub use sent::{BackupPurpose, SentBackup};
pub use state::BackupSchedule;
pub(super) use state::Backups;

use std::error::Error;
use std::io;

use super::{Service, ServiceError, spawn};
use crate::domain::Timestamp;
use crate::followers::audit_log::{LogFile, LogFiles};
use crate::repair::archive::{ArchiveError, Begun, LogEntry, begin_server};
use crate::repair::transfer::TransferError;
use crate::store::{AnyStore, CommitError, Outage, ReadError, Store as _};

impl Service {
    /// Brings the files of a data directory up to date.
    pub async fn checkpoint(&self) -> Result<(), ServiceError> {
        let written = self.store.purge().await;
        written.map_err(|error| {
            tracing::error!(%error, "the files can't be brought up to date");
            CommitError::of(&error).into()
        })
    }

    /// Begins an archive of what is committed now.
    async fn begin_backup(&self, now: Timestamp) -> Result<Begun, ServiceError> {
        // Whether an account is contained must not change between the records and the history. A database
        // has transactions for that.
        let _deletions = match &*self.store {
            AnyStore::Postgres(_) => None,
            _ => Some(self.deletions.running.lock().await),
        };
        let begun = begin_server(&self.store, now).await?;
        let Some(is_later) = begun.is_later() else { return Ok(begun) };
        let is_left_out = begun.leaves_out();
        let (disk, folder) = self.deletions.log.place();
        let logs = LogFiles::new(disk, folder, self.audit_log.clone());
        let list = spawn::blocking(move || logs.list().map(|list| (list, logs))).await;
        let list = list.map_err(io::Error::other).flatten().map_err(ArchiveError::Logs)?;
        let ((names, bytes), logs) = list;
        let names = names.into_iter().filter(move |(name, _)| !is_left_out(name));
        let entries = names.flat_map(move |rotated| {
            let (opened, error) = match logs.open(&rotated, &*is_later) {
                Ok(opened) => (opened, None),
                Err(error) => (Vec::new(), Some(Err(error))),
            };
            let entry =
                |log: LogFile| Ok(LogEntry { name: log.name, file: log.file, len: log.len });
            opened.into_iter().map(entry).chain(error).collect::<Vec<_>>()
        });
        Ok(begun.with_logs(entries, bytes))
    }
}

impl From<ArchiveError> for ServiceError {
    fn from(error: ArchiveError) -> Self {
        let mut cause: Option<&(dyn Error + 'static)> = Some(&error);
        while let Some(found) = cause {
            let full = |error: &io::Error| error.kind() == io::ErrorKind::StorageFull;
            if found.downcast_ref::<io::Error>().is_some_and(full) {
                return Self::Commit(CommitError::StorageFull);
            }
            cause = found.source();
        }
        match error {
            ArchiveError::Store(error) => error.into(),
            ArchiveError::Transfer(TransferError::Statement(error)) => {
                ReadError::from(error).into()
            }
            ArchiveError::Transfer(TransferError::Database(_)) => {
                ReadError::Unavailable(Outage::Unreachable).into()
            }
            error => Self::internal(error),
        }
    }
}
