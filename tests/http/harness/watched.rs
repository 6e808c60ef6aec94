//! The real disk with a policy that is called for each operation and can delay it, fail it, or
//! record it. The disks of the tests differ only in their policies.

use std::cell::Cell;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use goldstar::disk::{Disk, DiskFile, Identity, Open, RealDisk, Stat};

/// An operation of a disk.
#[derive(Clone, Copy)]
pub(crate) enum Operation<'a> {
    Open(Open),
    CopyMode,
    /// The path is the new one.
    Rename,
    Remove,
    CreateDir,
    SyncDir,
    List,
    Stat,
    Read,
    Write(Write<'a>),
    SetLen,
    Len,
    Sync,
}

/// A write before it happens.
#[derive(Clone, Copy)]
pub(crate) struct Write<'a> {
    file: &'a dyn DiskFile,
    pub(crate) bytes: &'a [u8],
    offset: u64,
    /// How many of the bytes are written already: a file opened for appending gets each byte once.
    done: &'a Cell<usize>,
}

impl Write<'_> {
    /// Writes the first half: a full disk may accept a part of a write, and a kill may come then.
    pub(crate) fn half(&self) -> io::Result<()> {
        let half = self.bytes.len() / 2;
        self.done.set(half);
        self.file.write_all_at(&self.bytes[..half], self.offset)
    }
}

/// Decides what happens to the operations of a disk.
pub(crate) trait Policy: Send + Sync + 'static {
    /// Called instead of an operation; `work` executes it.
    fn around<T>(
        &self,
        operation: Operation<'_>,
        path: &Path,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T>;

    /// Called when an opened file is closed.
    fn closed(&self) {}
}

/// The real disk with a policy. Clones share the policy.
pub(crate) struct Watched<P>(Arc<P>);

impl<P> Watched<P> {
    pub(crate) fn by(policy: P) -> Self {
        Self(Arc::new(policy))
    }
}

impl<P: Default> Default for Watched<P> {
    fn default() -> Self {
        Self::by(P::default())
    }
}

impl<P> Clone for Watched<P> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<P> Deref for Watched<P> {
    type Target = P;

    fn deref(&self) -> &P {
        &self.0
    }
}

impl<P> fmt::Debug for Watched<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watched").finish_non_exhaustive()
    }
}

impl<P: Policy> Disk for Watched<P> {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        self.around(Operation::Open(how), path, || {
            let file = RealDisk.open(path, how)?;
            let watched = WatchedFile { file, path: path.to_owned(), disk: self.clone() };
            Ok(Arc::new(watched) as Arc<dyn DiskFile>)
        })
    }

    fn copy_attributes(&self, like: &Path, path: &Path) -> io::Result<()> {
        self.around(Operation::CopyMode, path, || RealDisk.copy_attributes(like, path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.around(Operation::Rename, to, || RealDisk.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.around(Operation::Remove, path, || RealDisk.remove(path))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.around(Operation::CreateDir, path, || RealDisk.create_dir(path))
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        self.around(Operation::SyncDir, path, || RealDisk.sync_dir(path))
    }

    fn file_names(&self, path: &Path) -> io::Result<Vec<String>> {
        self.around(Operation::List, path, || RealDisk.file_names(path))
    }

    fn entry_names(&self, path: &Path) -> io::Result<Vec<OsString>> {
        self.around(Operation::List, path, || RealDisk.entry_names(path))
    }

    fn boot_id(&self) -> Option<String> {
        RealDisk.boot_id()
    }

    fn stat(&self, path: &Path) -> io::Result<Stat> {
        self.around(Operation::Stat, path, || RealDisk.stat(path))
    }
}

/// An open file on such a disk.
struct WatchedFile<P: Policy> {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    disk: Watched<P>,
}

impl<P: Policy> WatchedFile<P> {
    fn around<T>(
        &self,
        operation: Operation<'_>,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        self.disk.around(operation, &self.path, work)
    }
}

impl<P: Policy> fmt::Debug for WatchedFile<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

impl<P: Policy> DiskFile for WatchedFile<P> {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.around(Operation::Read, || self.file.read_at(buffer, offset))
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let done = Cell::new(0);
        let write = Write { file: &*self.file, bytes, offset, done: &done };
        self.around(Operation::Write(write), || {
            let done = done.get();
            self.file.write_all_at(&bytes[done..], offset + done as u64)
        })
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.around(Operation::SetLen, || self.file.set_len(len))
    }

    fn len(&self) -> io::Result<u64> {
        self.around(Operation::Len, || self.file.len())
    }

    fn sync(&self) -> io::Result<()> {
        self.around(Operation::Sync, || self.file.sync())
    }

    fn identity(&self) -> io::Result<Identity> {
        self.around(Operation::Stat, || self.file.identity())
    }
}

impl<P: Policy> Drop for WatchedFile<P> {
    fn drop(&mut self) {
        self.disk.closed();
    }
}
