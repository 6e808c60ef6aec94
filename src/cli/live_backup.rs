//! Backups that a running server makes for a command.

use std::io::Write;
use std::path::Path;

use axum::http::Method;
use tokio::task::block_in_place;

use super::administered::{Administered, Download};
use super::failure::Failure;
use crate::disk::{NewFile, require_space};
use crate::repair::archive::ArchiveError;

/// Writes a backup by the server to `out`.
pub(super) async fn write(server: &Administered, out: &mut dyn Write) -> Result<(), Failure> {
    receive(begin(server).await?, out).await
}

/// Writes a backup by the server to a new file. Fails if the disk has too little space.
pub(super) async fn store(server: &Administered, new: &mut NewFile) -> Result<(), Failure> {
    let download = begin(server).await?;
    require(new.partial(), download.bytes.unwrap_or_default())?;
    receive(download, new).await
}

/// Fails if the disk of a new file has too little space.
pub(super) fn require(file: &Path, bytes: u64) -> Result<(), Failure> {
    Ok(require_space(file, bytes).map_err(ArchiveError::Write)?)
}

async fn begin(server: &Administered) -> Result<Download, Failure> {
    server.download(Method::POST, "/admin/backup").await
}

async fn receive(mut download: Download, out: &mut dyn Write) -> Result<(), Failure> {
    while let Some(bytes) = download.next().await? {
        block_in_place(|| out.write_all(&bytes)).map_err(ArchiveError::Write)?;
    }
    Ok(block_in_place(|| out.flush()).map_err(ArchiveError::Write)?)
}
