//! The backups that the server has made on its schedule, for administrators.

use std::io::{self, Write};
use std::sync::Arc;

use super::sent::{Pieces, SentBackup};
use crate::disk::DiskFile;
use crate::domain::{AdminAction, Timestamp};
use crate::service::{Authority, Causes, Service, ServiceError, spawn};

/// How many bytes are read at once.
const PIECE: usize = 64 << 10;

impl Service {
    /// Returns when the backups of the schedule began, and how many bytes each has, the newest first; `None` if the server
    /// makes none by itself. Each was verified when it was made.
    pub async fn stored_backups(
        &self,
        _authority: &Authority,
    ) -> Result<Option<Vec<(Timestamp, u64)>>, ServiceError> {
        let Some(schedule) = &self.backups.schedule else { return Ok(None) };
        let folder = Arc::clone(&schedule.folder);
        let listed = spawn::blocking(move || folder.list()).await.map_err(ServiceError::internal);
        Ok(Some(listed?.map_err(ServiceError::internal)?))
    }

    /// Sends the stored backup that began at that time; `None` if there is none. The administration log records it.
    pub async fn stored_backup(
        &self,
        authority: &Authority,
        began_at: Timestamp,
    ) -> Result<Option<SentBackup>, ServiceError> {
        let Some(schedule) = &self.backups.schedule else { return Ok(None) };
        let folder = Arc::clone(&schedule.folder);
        let opened = spawn::blocking(move || folder.open(began_at)).await;
        let opened = opened.map_err(ServiceError::internal)?.map_err(ServiceError::internal)?;
        let Some(file) = opened else { return Ok(None) };
        self.record(authority, AdminAction::BackupDownloaded).await?;
        let bytes = file.len().map_err(ServiceError::internal)?;
        let (mut out, sent) = SentBackup::with_pieces(began_at, bytes);
        // Ends by itself when the client has disconnected.
        drop(spawn::blocking(move || {
            let written = copy(&*file, &mut out).map_err(ServiceError::internal);
            out.end(written);
        }));
        Ok(Some(sent))
    }

    /// Reads the stored backup that began at that time as a restore does, and returns whether it is sound; `None` if there
    /// is none. The reason is in the server log.
    ///
    /// Fails while another backup is made or verified.
    pub async fn verify_stored_backup(
        &self,
        _authority: &Authority,
        began_at: Timestamp,
    ) -> Result<Option<bool>, ServiceError> {
        let Some(schedule) = &self.backups.schedule else { return Ok(None) };
        let permit = self.backups.acquire()?;
        let (folder, now) = (Arc::clone(&schedule.folder), self.clock.now());
        let verified = spawn::blocking(move || {
            let _permit = permit;
            let is_there = folder.open(began_at)?.is_some();
            Ok::<_, io::Error>(is_there.then(|| folder.verify(began_at, now)))
        });
        let verified = verified.await.map_err(ServiceError::internal)?;
        let verified = verified.map_err(ServiceError::internal)?;
        if let Some(Err(error)) = &verified {
            tracing::error!(began = %began_at, error = %Causes(error), "a stored backup is damaged");
        }
        Ok(verified.map(|verified| verified.is_ok()))
    }
}

fn copy(file: &dyn DiskFile, out: &mut Pieces) -> io::Result<()> {
    let (mut buffer, mut offset) = (vec![0; PIECE], 0);
    loop {
        let length = file.read_at(&mut buffer, offset)?;
        if length == 0 {
            return out.flush();
        }
        out.write_all(&buffer[..length])?;
        offset += length as u64;
    }
}
