use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use super::patch::{self, Patch};
use crate::disk::{Disk, DiskFile, Identity, Open, Stat, copy, finish_replacement, temporary_path};
use crate::store::json::damage::written_by_another;

/// The tracking file, for its only writer. It detects when another program replaces the file or
/// changes its length.
pub(super) struct OwnFile {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    file: Arc<dyn DiskFile>,
    identity: Identity,
    /// The length after the last write.
    len: u64,
}

impl OwnFile {
    pub(super) fn open(
        disk: Arc<dyn Disk>,
        path: PathBuf,
        file: Arc<dyn DiskFile>,
    ) -> io::Result<Self> {
        let (identity, len) = (file.identity()?, file.len()?);
        Ok(Self { disk, path, file, identity, len })
    }

    pub(super) fn shared(&self) -> Arc<dyn DiskFile> {
        Arc::clone(&self.file)
    }

    pub(super) fn is_missing(&self) -> bool {
        let found = self.disk.stat(&self.path);
        found.is_err_and(|error| error.kind() == io::ErrorKind::NotFound)
    }

    /// Writes to a file without a name are lost.
    pub(super) fn check_in_place(&self) -> io::Result<()> {
        if self.disk.stat(&self.path)?.identity == self.identity {
            return Ok(());
        }
        Err(written_by_another(&self.path))
    }

    /// Another program's writes must not be overwritten. They show in the file's length.
    pub(super) fn check_own(&self) -> io::Result<()> {
        let own = Stat { identity: self.identity, len: self.len };
        if self.disk.stat(&self.path)? == own {
            return Ok(());
        }
        Err(written_by_another(&self.path))
    }

    /// Writes to the file, and updates its length.
    pub(super) fn write_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let written = self.file.write_all_at(bytes, offset);
        self.len = match &written {
            Ok(()) => self.len.max(offset + bytes.len() as u64),
            // A part of it may be written.
            Err(_) => self.file.len().unwrap_or(self.len),
        };
        written
    }

    /// Writes patches, which do not change the length.
    pub(super) fn write_patches(&self, patches: &[Patch]) -> io::Result<()> {
        patch::write_patches(&*self.file, patches, u64::MAX)
    }

    /// Replaces the file: the first `len` bytes of the old one, with `patches`, and `rest`.
    pub(super) fn replace(&mut self, len: u64, patches: &[Patch], rest: &str) -> io::Result<()> {
        let temporary = temporary_path(&self.path);
        let new = self.disk.open(&temporary, Open::Truncate)?;
        copy(&*self.file, &*new, 0..len)?;
        patch::write_patches(&*new, patches, len)?;
        new.write_all_at(rest.as_bytes(), len)?;
        finish_replacement(&*self.disk, &*new, &temporary, &self.path)?;
        self.identity = new.identity()?;
        self.len = len + rest.len() as u64;
        self.file = new;
        Ok(())
    }

    /// Removes the temporary file of a failed [`Self::replace`].
    pub(super) fn remove_leftover(&self) -> io::Result<()> {
        match self.disk.remove(&temporary_path(&self.path)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}
