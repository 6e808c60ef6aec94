use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::damage::OpenError;
use crate::disk::{Identity, UnusableFolder, is_missing, open_lock};

/// The file that is locked.
pub(crate) const NAME: &str = ".goldstar.lock";

/// Locks a data directory until this value is dropped or the process ends.
///
/// Both the directory and a file in it are locked. The file is for older versions, which lock only
/// that. The directory stays locked even if the file is removed.
#[derive(Debug)]
pub(crate) struct DirectoryLock {
    folder: PathBuf,
    /// The directory. While it is open, no other directory gets its inode.
    directory: Held,
    /// `None` if the directory is only read, and has no such file.
    file: Option<Held>,
    /// Whether the log already reports that the lock file cannot be created again.
    warned: bool,
}

/// A locked file or directory. It stays locked while it is open in this process, or in a child
/// process that is being started.
#[derive(Debug)]
struct Held {
    file: File,
    identity: Identity,
    is_locked: bool,
}

impl Drop for Held {
    fn drop(&mut self) {
        // Closing the file is not enough while a new process has it open for a moment.
        if self.is_locked
            && let Err(error) = self.file.unlock()
        {
            tracing::warn!(%error, "the data directory could not be unlocked");
        }
    }
}

impl Held {
    fn new(file: File) -> io::Result<Self> {
        let identity = Identity::of(&file.metadata()?);
        Ok(Self { file, identity, is_locked: false })
    }

    /// Locks it; returns false if another process has locked it.
    fn lock(&mut self) -> io::Result<bool> {
        match self.file.try_lock() {
            Ok(()) => self.is_locked = true,
            Err(TryLockError::WouldBlock) => return Ok(false),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        Ok(true)
    }
}

impl DirectoryLock {
    /// Locks the directory, or returns an error with the process that has locked it.
    pub(crate) fn take(folder: &Path) -> Result<Self, OpenError> {
        let directory = lock_directory(folder)?;
        let path = folder.join(NAME);
        let mut file = open_lock_file(&path).map_err(OpenError::io(&path))?;
        lock_file(&mut file, folder)?;
        write_pid(&mut file.file).map_err(OpenError::io(&path))?;
        Ok(Self { folder: folder.to_owned(), directory, file: Some(file), warned: false })
    }

    /// Locks the directory without changing anything in it.
    pub(crate) fn take_to_read(folder: &Path) -> Result<Self, OpenError> {
        let directory = lock_directory(folder)?;
        let path = folder.join(NAME);
        let file = match open_lock(&path, false) {
            Ok(file) => {
                let mut file = Held::new(file).map_err(OpenError::io(&path))?;
                lock_file(&mut file, folder)?;
                Some(file)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(OpenError::io(&path)(error)),
        };
        Ok(Self { folder: folder.to_owned(), directory, file, warned: false })
    }

    /// Fails if the directory was removed or replaced; the error says which. A removed or replaced
    /// lock file is created again, so that older versions stay excluded.
    pub(crate) fn check(&mut self) -> Result<(), &'static str> {
        match fs::metadata(&self.folder) {
            Ok(found) if Identity::of(&found) == self.directory.identity => {}
            Ok(_) => return Err("the data directory was replaced by another one"),
            Err(error) if is_missing(&error) => {
                return Err("the data directory was removed or moved");
            }
            // Other errors tell nothing about the directory.
            Err(_) => return Ok(()),
        }
        let found = fs::symlink_metadata(self.folder.join(NAME));
        let found = found.map(|found| Identity::of(&found));
        let own = self.file.as_ref().map(|file| file.identity);
        match found {
            Ok(found) if Some(found) == own => Ok(()),
            Err(error) if !is_missing(&error) => Ok(()),
            _ => self.lock_again(),
        }
    }

    fn lock_again(&mut self) -> Result<(), &'static str> {
        let taken = open_lock_file(&self.folder.join(NAME)).and_then(|mut file| {
            if !file.lock()? {
                return Ok(None);
            }
            write_pid(&mut file.file)?;
            Ok(Some(file))
        });
        match taken {
            Ok(Some(file)) => {
                tracing::warn!("the lock file was removed or replaced; it is created again");
                self.file = Some(file);
                self.warned = false;
                Ok(())
            }
            Ok(None) => Err("another server has locked the data directory"),
            Err(error) => {
                if !std::mem::replace(&mut self.warned, true) {
                    tracing::warn!(%error, "the lock file was removed, and it can't be created \
                                            again");
                }
                Ok(())
            }
        }
    }
}

fn open_lock_file(path: &Path) -> io::Result<Held> {
    Held::new(open_lock(path, true)?)
}

/// Locks the directory. Some file systems only lock files that are open for writing, which a
/// directory cannot be; there, only the lock file is locked.
fn lock_directory(folder: &Path) -> Result<Held, OpenError> {
    let mut directory = File::open(folder).and_then(Held::new).map_err(OpenError::io(folder))?;
    match directory.lock() {
        Ok(true) => {}
        Ok(false) => return Err(in_use(folder)),
        Err(error) => {
            tracing::debug!(%error, "the file system cannot lock directories; only the lock file is locked");
        }
    }
    Ok(directory)
}

fn lock_file(file: &mut Held, folder: &Path) -> Result<(), OpenError> {
    match file.lock() {
        Ok(true) => Ok(()),
        Ok(false) => Err(in_use(folder)),
        Err(error) => Err(UnusableFolder::call(folder, "flock", error).into()),
    }
}

/// The error, with the process id in the lock file if it can be read.
fn in_use(folder: &Path) -> OpenError {
    let mut pid = String::new();
    let read =
        open_lock(&folder.join(NAME), false).and_then(|mut file| file.read_to_string(&mut pid));
    OpenError::InUse {
        folder: fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned()),
        pid: read.is_ok().then(|| pid.trim().parse().ok()).flatten(),
    }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}
