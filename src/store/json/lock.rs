use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::damage::OpenError;

/// The file that is locked.
pub(super) const NAME: &str = ".goldstar.lock";

/// Holds a data directory for this process, until it is dropped or the process ends, however that
/// comes about.
#[derive(Debug)]
pub(super) struct DirectoryLock {
    /// The system holds the lock for as long as this is open, in this process or in one that it has
    /// just begun to start.
    file: File,
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // Closing the file would do that too, but not while a new process has it for a moment.
        if let Err(error) = self.file.unlock() {
            tracing::warn!(%error, "the data directory could not be unlocked");
        }
    }
}

impl DirectoryLock {
    /// Takes the directory, or says who has it.
    pub(super) fn take(folder: &Path) -> Result<Self, OpenError> {
        let path = folder.join(NAME);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut lock = Self { file: options.open(&path).map_err(OpenError::io(&path))? };
        lock.lock(folder, &path)?;
        write_pid(&mut lock.file).map_err(OpenError::io(&path))?;
        Ok(lock)
    }

    /// Takes the directory without changing anything in it; none where no Goldstar has ever held it.
    pub(super) fn take_to_read(folder: &Path) -> Result<Option<Self>, OpenError> {
        let path = folder.join(NAME);
        match File::open(&path) {
            Ok(file) => {
                let mut lock = Self { file };
                lock.lock(folder, &path)?;
                Ok(Some(lock))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(OpenError::io(&path)(error)),
        }
    }

    fn lock(&mut self, folder: &Path, path: &Path) -> Result<(), OpenError> {
        match self.file.try_lock() {
            Ok(()) => Ok(()),
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                self.file.read_to_string(&mut pid).map_err(OpenError::io(path))?;
                Err(OpenError::InUse {
                    folder: fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()),
                    pid: pid.trim().parse().ok(),
                })
            }
            Err(TryLockError::Error(error)) => Err(OpenError::io(path)(error)),
        }
    }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}
