//! Backups of the running server. They are written while they are sent.

mod permit;

pub(super) use permit::Backups;

use std::error::Error;
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::Instrument;

use super::{Authority, Causes, Service, ServiceError, spawn};
use crate::domain::{AdminAction, Timestamp};
use crate::followers::audit_log::{LogFile, LogFiles};
use crate::repair::archive::{ArchiveError, Begun, LogEntry, begin_server};
use crate::repair::transfer::TransferError;
use crate::store::{AnyStore, CommitError, Outage, ReadError};
use permit::Permit;

/// About how many bytes are sent at once.
const PIECE: usize = 64 << 10;
/// The response starts after this time, even if the export of a database still goes on. An error until then
/// is returned as an error of the API; a later one ends the response early.
const FIRST_WAIT: Duration = Duration::from_secs(10);

/// A backup that is being sent.
pub struct SentBackup {
    started_at: Timestamp,
    first: Option<Vec<u8>>,
    pieces: mpsc::Receiver<Result<Vec<u8>, ServiceError>>,
}

impl SentBackup {
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// The next bytes of the archive; none at its end.
    pub async fn next(&mut self) -> Result<Vec<u8>, ServiceError> {
        if let Some(first) = self.first.take() {
            return Ok(first);
        }
        let ended = || Err(ServiceError::internal("the backup has panicked"));
        self.pieces.recv().await.unwrap_or_else(ended)
    }
}

impl Service {
    /// Makes a backup of what is committed when it begins. If the result is dropped, the backup ends.
    ///
    /// Fails while another backup is made.
    pub async fn back_up(
        self: &Arc<Self>,
        authority: &Authority,
    ) -> Result<SentBackup, ServiceError> {
        let permit = self.backups.acquire()?;
        self.record(authority, AdminAction::BackupCreated).await?;
        let (sender, pieces) = mpsc::channel(1);
        let (service, started_at) = (Arc::clone(self), self.clock.now());
        let sending = async move { service.send_backup(started_at, sender, permit).await };
        drop(tokio::spawn(sending.in_current_span()));
        let mut sent = SentBackup { started_at, first: None, pieces };
        if let Ok(first) = timeout(FIRST_WAIT, sent.next()).await {
            sent.first = Some(first?);
        }
        Ok(sent)
    }

    async fn send_backup(
        &self,
        now: Timestamp,
        sender: mpsc::Sender<Result<Vec<u8>, ServiceError>>,
        permit: Permit,
    ) {
        let written = match self.begin_backup(now).await {
            Ok(begun) => {
                let mut pieces = Pieces { sender: sender.clone(), piece: Vec::new() };
                let write =
                    move || begun.write(&mut pieces).map(|_| ()).map_err(ServiceError::from);
                spawn::blocking(write).await.map_err(ServiceError::internal).flatten()
            }
            Err(error) => Err(error),
        };
        drop(permit);
        match &written {
            Ok(()) => tracing::info!("a backup was sent"),
            Err(_) if sender.is_closed() => {
                tracing::info!("a backup was not sent completely: its client has disconnected");
            }
            Err(error) => tracing::error!(error = %Causes(error), "a backup could not be made"),
        }
        // Fails if the client has disconnected.
        sender.send(written.map(|()| Vec::new())).await.unwrap_or_default();
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

/// Sends what is written to it, in pieces.
struct Pieces {
    sender: mpsc::Sender<Result<Vec<u8>, ServiceError>>,
    piece: Vec<u8>,
}

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    /// Waits until the previous piece is taken. Fails if the client has disconnected.
    fn flush(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let sent = self.sender.blocking_send(Ok(std::mem::take(&mut self.piece)));
        sent.map_err(|_| io::ErrorKind::BrokenPipe.into())
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
