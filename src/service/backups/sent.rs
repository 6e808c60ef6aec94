//! Backups that are written while they are sent.

use std::io::{self, Write};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::Instrument;

use super::state::Permit;
use crate::domain::{AdminAction, Timestamp};
use crate::service::{Authority, Causes, Service, ServiceError, spawn};

/// About how many bytes are sent at once.
const PIECE: usize = 64 << 10;
/// The response starts after this time, even if the export of a database still goes on. An error until then
/// is returned as an error of the API; a later one ends the response early.
const FIRST_WAIT: Duration = Duration::from_secs(10);

/// What the client does with a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BackupPurpose {
    /// It is recorded in the administration log.
    Keep,
    /// `goldstar check` reads it and does not keep it. For the operator, who can read the data anyway.
    Check,
}

/// A backup that is being sent.
pub struct SentBackup {
    started_at: Timestamp,
    /// Set when the contents of the archive are known.
    bytes: Arc<OnceLock<u64>>,
    first: Option<Vec<u8>>,
    pieces: mpsc::Receiver<Result<Vec<u8>, ServiceError>>,
}

impl SentBackup {
    /// A backup of that size that somebody else writes.
    pub(super) fn with_pieces(started_at: Timestamp, bytes: u64) -> (Pieces, Self) {
        let (sender, pieces) = mpsc::channel(1);
        let sent = Self { started_at, bytes: Arc::new(bytes.into()), first: None, pieces };
        (Pieces { sender, piece: Vec::new() }, sent)
    }

    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// About how many bytes the archive has, if that is known yet.
    pub fn bytes(&self) -> Option<u64> {
        self.bytes.get().copied()
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
        purpose: BackupPurpose,
    ) -> Result<SentBackup, ServiceError> {
        if let (Authority::Administrator(_), BackupPurpose::Check) = (authority, purpose) {
            return Err(ServiceError::OperatorRequired);
        }
        let permit = self.backups.acquire()?;
        if purpose == BackupPurpose::Keep {
            self.record_backup(authority).await?;
        }
        let (sender, pieces) = mpsc::channel(1);
        let (service, started_at) = (Arc::clone(self), self.clock.now());
        let bytes = Arc::<OnceLock<u64>>::default();
        let size = Arc::clone(&bytes);
        let sending = async move { service.send_backup(started_at, size, sender, permit).await };
        drop(tokio::spawn(sending.in_current_span()));
        let mut sent = SentBackup { started_at, bytes, first: None, pieces };
        if let Ok(first) = timeout(FIRST_WAIT, sent.next()).await {
            sent.first = Some(first?);
        }
        Ok(sent)
    }

    /// Records a backup in the administration log, before it begins.
    pub async fn record_backup(&self, authority: &Authority) -> Result<(), ServiceError> {
        self.record(authority, AdminAction::BackupCreated).await
    }

    async fn send_backup(
        &self,
        now: Timestamp,
        bytes: Arc<OnceLock<u64>>,
        sender: mpsc::Sender<Result<Vec<u8>, ServiceError>>,
        permit: Permit,
    ) {
        let written = match self.begin_backup(now).await {
            Ok(begun) => {
                bytes.get_or_init(|| begun.bytes());
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
}

/// Sends what is written to it, in pieces.
pub(super) struct Pieces {
    sender: mpsc::Sender<Result<Vec<u8>, ServiceError>>,
    piece: Vec<u8>,
}

impl Pieces {
    /// Ends the file, or breaks it off with an error. Blocks.
    pub(super) fn end(self, written: Result<(), ServiceError>) {
        // Fails if the client has disconnected.
        self.sender.blocking_send(written.map(|()| Vec::new())).unwrap_or_default();
    }
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
