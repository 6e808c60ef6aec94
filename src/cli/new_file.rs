//! A new file that gets its name when it is complete.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::failure::Failure;
use crate::disk::{Disk as _, DiskFile, Open, RealDisk};

/// The file under its temporary name. It is removed on drop, unless it is complete.
pub(super) struct NewFile {
    to: PathBuf,
    partial: PathBuf,
    file: Arc<dyn DiskFile>,
    offset: u64,
    is_done: bool,
}

impl NewFile {
    /// Starts a file at `to`, which must not exist.
    pub(super) fn begin(to: PathBuf) -> Result<Self, Failure> {
        if fs::symlink_metadata(&to).is_ok() || to.file_name().is_none() {
            return Err(Failure::FileExists(to));
        }
        let mut partial = to.clone().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        if fs::symlink_metadata(&partial).is_ok() {
            return Err(Failure::Leftover(partial));
        }
        let opened = RealDisk.open(&partial, Open::Truncate);
        let file = opened.map_err(unwritable(&partial))?;
        Ok(Self { to, partial, file, offset: 0, is_done: false })
    }

    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.write_all(bytes).map_err(unwritable(&self.partial))
    }

    /// The path until the file is complete.
    pub(super) fn partial(&self) -> &Path {
        &self.partial
    }

    /// Gives the file its final name, durably, and returns that.
    pub(super) fn finish(mut self) -> Result<PathBuf, Failure> {
        self.file.sync().map_err(unwritable(&self.partial))?;
        RealDisk.rename(&self.partial, &self.to).map_err(unwritable(&self.to))?;
        self.is_done = true;
        let parent = self.to.parent().filter(|parent| !parent.as_os_str().is_empty());
        let synced = RealDisk.sync_dir(parent.unwrap_or(Path::new(".")));
        synced.map_err(unwritable(&self.to))?;
        Ok(std::mem::take(&mut self.to))
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write_all_at(bytes, self.offset)?;
        self.offset += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn unwritable(path: &Path) -> impl FnOnce(std::io::Error) -> Failure + use<> {
    Failure::io(format!("{} can't be written", path.display()))
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.is_done
            && let Err(error) = fs::remove_file(&self.partial)
        {
            tracing::error!(file = %self.partial.display(), %error, "could not be removed");
        }
    }
}
