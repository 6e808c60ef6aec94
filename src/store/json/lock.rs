use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use super::damage::OpenError;

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
        let path = folder.join(".goldstar.lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false).mode(0o600);
        let mut file = options.open(&path).map_err(OpenError::io(&path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                file.read_to_string(&mut pid).map_err(OpenError::io(&path))?;
                return Err(OpenError::InUse {
                    folder: fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()),
                    pid: pid.trim().parse().ok(),
                });
            }
            Err(TryLockError::Error(error)) => return Err(OpenError::io(&path)(error)),
        }
        write_pid(&mut file).map_err(OpenError::io(&path))?;
        Ok(Self { file })
    }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}
