//! Writes the new directory under a temporary name, so that an interrupted copy does not look
//! complete.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::SalvageError;
use crate::disk::{Disk, NEW_SOCKET, Open, SOCKET, copy, copy_folder_owner};
use crate::store::json::{lock, wal};

/// The new directory under its temporary name.
pub(super) struct Output {
    disk: Arc<dyn Disk>,
    from: PathBuf,
    to: PathBuf,
    /// The temporary path.
    pub(super) partial: PathBuf,
    is_done: bool,
}

impl Drop for Output {
    /// Removes an interrupted copy.
    fn drop(&mut self) {
        if !self.is_done
            && let Err(error) = fs::remove_dir_all(&self.partial)
        {
            tracing::error!(folder = %self.partial.display(), %error, "could not be removed");
        }
    }
}

impl Output {
    /// Starts a copy of `from` for `to`, which must not exist or be an empty folder. Neither may be
    /// inside the other.
    pub(super) fn begin(
        disk: &Arc<dyn Disk>,
        from: &Path,
        to: &Path,
    ) -> Result<Self, SalvageError> {
        check_place(from, to)?;
        let mut name = to.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = to.with_file_name(name);
        if fs::symlink_metadata(&partial).is_ok() {
            return Err(SalvageError::Leftover(partial));
        }
        let broken = SalvageError::io(&partial);
        disk.create_dir(&partial).map_err(broken)?;
        // New files get the owner of the damaged directory.
        copy_folder_owner(from, &partial);
        let (disk, from, to) = (Arc::clone(disk), from.to_owned(), to.to_owned());
        Ok(Self { disk, from, to, partial, is_done: false })
    }

    /// Writes one file, with the mode of the old one if there is one.
    pub(super) fn write(&self, name: &Path, bytes: &[u8]) -> Result<(), SalvageError> {
        self.make(name, |file| file.write_all_at(bytes, 0))
    }

    /// Copies everything except the files for which `is_made` is true, the log, the lock file and the
    /// socket.
    /// Returns what was copied, and what was left out.
    pub(super) fn copy_rest(
        &self,
        is_made: impl Fn(&Path) -> bool,
    ) -> Result<(Vec<PathBuf>, Vec<PathBuf>), SalvageError> {
        let (mut copied, mut left_out) = (Vec::new(), Vec::new());
        let mut folders = vec![PathBuf::new()];
        while let Some(folder) = folders.pop() {
            let path = self.from.join(&folder);
            let entries = fs::read_dir(&path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
            for entry in entries.map_err(SalvageError::io(&path))? {
                let name = folder.join(entry.file_name());
                let own = [wal::FOLDER, lock::NAME, SOCKET, NEW_SOCKET].map(Path::new);
                if own.contains(&&*name) || is_made(&name) {
                    continue;
                }
                let kind = entry.file_type().map_err(SalvageError::io(entry.path()))?;
                if kind.is_dir() {
                    let made = self.partial.join(&name);
                    self.disk.create_dir(&made).map_err(SalvageError::io(&made))?;
                    folders.push(name);
                } else if fs::metadata(entry.path()).is_ok_and(|found| found.is_file()) {
                    self.copy(&name)?;
                    copied.push(name);
                } else {
                    left_out.push(name);
                }
            }
            self.close(&folder)?;
        }
        copied.sort();
        left_out.sort();
        Ok((copied, left_out))
    }

    /// Gives the directory its final name, durably.
    pub(super) fn finish(mut self) -> Result<(), SalvageError> {
        let placed = self.disk.rename(&self.partial, &self.to);
        placed.map_err(SalvageError::io(&self.to))?;
        self.is_done = true;
        let parent = parent_of(&self.to);
        self.disk.sync_dir(parent).map_err(SalvageError::io(parent))
    }

    fn copy(&self, name: &Path) -> Result<(), SalvageError> {
        let path = self.from.join(name);
        let old = self.disk.open(&path, Open::Read).map_err(SalvageError::io(&path))?;
        let len = old.len().map_err(SalvageError::io(path))?;
        self.make(name, |file| copy(&*old, file, 0..len))
    }

    fn make(
        &self,
        name: &Path,
        write: impl FnOnce(&dyn crate::disk::DiskFile) -> io::Result<()>,
    ) -> Result<(), SalvageError> {
        let (old, new) = (self.from.join(name), self.partial.join(name));
        let made = || {
            let file = self.disk.open(&new, Open::Truncate)?;
            write(&*file)?;
            if fs::metadata(&old).is_ok() {
                self.disk.copy_attributes(&old, &new)?;
            }
            file.sync()
        };
        made().map_err(SalvageError::io(new.clone()))
    }

    /// Syncs a new folder, and gives it the mode of the old one.
    fn close(&self, folder: &Path) -> Result<(), SalvageError> {
        let (old, new) = (self.from.join(folder), self.partial.join(folder));
        let closed = self.disk.sync_dir(&new).and_then(|()| self.disk.copy_attributes(&old, &new));
        closed.map_err(SalvageError::io(new))
    }
}

fn check_place(from: &Path, to: &Path) -> Result<(), SalvageError> {
    match fs::read_dir(to).map(Iterator::count) {
        Ok(0) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        _ => return Err(SalvageError::Exists(to.to_owned())),
    }
    // A folder that does not exist yet is created in its nearest existing ancestor.
    let mut there =
        to.ancestors().map(|path| if path.as_os_str().is_empty() { Path::new(".") } else { path });
    let there = there.find_map(|path| fs::canonicalize(path).ok());
    let from = fs::canonicalize(from).map_err(SalvageError::io(from))?;
    let is_nested = there.is_some_and(|there| there.starts_with(&from));
    if is_nested || to.file_name().is_none() {
        return Err(SalvageError::Nested { from, to: to.to_owned() });
    }
    Ok(())
}

fn parent_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
