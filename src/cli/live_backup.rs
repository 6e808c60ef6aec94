//! Backups that a running server makes for a command.

use std::io::Write;
use std::path::Path;

use axum::http::Method;
use tokio::task::block_in_place;

use super::administered::{Administered, Download};
use super::failure::Failure;
use crate::disk::{NewFile, require_space};
use crate::repair::archive::ArchiveError;

/// The path of a backup that the operator keeps.
pub(super) const KEEP: &str = "/admin/backup";
/// The path of a backup that is only checked. It is not recorded in the administration log.
pub(super) const CHECK: &str = "/admin/backup?check=true";

/// Receives a backup from the server, and writes it to `out`.
pub(super) async fn write(server: &Administered, out: &mut dyn Write) -> Result<(), Failure> {
    receive(server.download(Method::POST, KEEP).await?, out).await
}

/// Receives a backup from the server, and writes it to a new file. Fails if the disk has too little space.
pub(super) async fn store(
    server: &Administered,
    path: &str,
    new: &mut NewFile,
) -> Result<(), Failure> {
    let download = server.download(Method::POST, path).await?;
    require(new.partial(), download.bytes.unwrap_or_default())?;
    receive(download, new).await
}

/// Fails if the disk of a new file has too little space.
pub(super) fn require(file: &Path, bytes: u64) -> Result<(), Failure> {
    Ok(require_space(file, bytes).map_err(ArchiveError::Write)?)
}

async fn receive(mut download: Download, out: &mut dyn Write) -> Result<(), Failure> {
    while let Some(bytes) = download.next().await? {
        block_in_place(|| out.write_all(&bytes)).map_err(ArchiveError::Write)?;
    }
    Ok(block_in_place(|| out.flush()).map_err(ArchiveError::Write)?)
}
