//! A new file that gets its name when it is complete.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use thiserror::Error;

use super::{Disk, DiskFile, Open};

/// The bytes between two syncs. A sync of more would delay those of other files for long.
const SYNC_PIECE: u64 = 8 << 20;

/// The file under its temporary name. It is removed on drop, unless it is complete.
pub struct NewFile {
    disk: Arc<dyn Disk>,
    to: PathBuf,
    partial: PathBuf,
    file: Arc<dyn DiskFile>,
    offset: u64,
    synced: u64,
    is_done: bool,
}

/// Why a new file was not written.
#[derive(Debug, Error)]
pub enum NewFileError {
    #[error("{} exists: choose another name, or remove it", .0.display())]
    Exists(PathBuf),
    #[error("{} is left of a command that was interrupted: remove it, and start again", .0.display())]
    Leftover(PathBuf),
    #[error("{} can't be written", .path.display())]
    Unwritable {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

impl NewFile {
    /// What follows the name until the file is complete.
    pub const SUFFIX: &str = ".partial";

    /// Starts a file at `to`, which must not exist.
    pub fn begin(disk: Arc<dyn Disk>, to: PathBuf) -> Result<Self, NewFileError> {
        if fs::symlink_metadata(&to).is_ok() || to.file_name().is_none() {
            return Err(NewFileError::Exists(to));
        }
        let mut partial = to.clone().into_os_string();
        partial.push(Self::SUFFIX);
        let partial = PathBuf::from(partial);
        if fs::symlink_metadata(&partial).is_ok() {
            return Err(NewFileError::Leftover(partial));
        }
        let opened = disk.open(&partial, Open::Truncate);
        let file = opened.map_err(unwritable(&partial))?;
        Ok(Self { disk, to, partial, file, offset: 0, synced: 0, is_done: false })
    }

    pub fn push(&mut self, bytes: &[u8]) -> Result<(), NewFileError> {
        self.write_all(bytes).map_err(unwritable(&self.partial))
    }

    /// The path until the file is complete.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Makes what was written durable.
    pub fn sync(&self) -> Result<(), NewFileError> {
        self.file.sync().map_err(unwritable(&self.partial))
    }

    /// Gives the file its final name, durably, and returns that.
    pub fn finish(mut self) -> Result<PathBuf, NewFileError> {
        self.sync()?;
        self.disk.rename(&self.partial, &self.to).map_err(unwritable(&self.to))?;
        self.is_done = true;
        let parent = self.to.parent().filter(|parent| !parent.as_os_str().is_empty());
        let synced = self.disk.sync_dir(parent.unwrap_or(Path::new(".")));
        synced.map_err(unwritable(&self.to))?;
        Ok(std::mem::take(&mut self.to))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all_at(bytes, self.offset)?;
        self.offset += bytes.len() as u64;
        if self.offset - self.synced >= SYNC_PIECE {
            self.file.sync()?;
            self.synced = self.offset;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn unwritable(path: &Path) -> impl FnOnce(io::Error) -> NewFileError + use<> {
    let path = path.to_owned();
    move |source| NewFileError::Unwritable { path, source }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_done
            && let Err(error) = self.disk.remove(&self.partial)
        {
            tracing::error!(file = %self.partial.display(), %error, "could not be removed");
        }
    }
}

/// Fails if the disk of a path has less free space.
pub fn require_space(path: &Path, needed: u64) -> io::Result<()> {
    let Ok(found) = rustix::fs::statvfs(path) else { return Ok(()) };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    if free >= needed {
        return Ok(());
    }
    let why = format!("it needs about {needed} bytes, and the disk has {free} free");
    Err(io::Error::new(io::ErrorKind::StorageFull, why))
}
