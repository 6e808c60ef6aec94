//! A disk that fails at will.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use goldstar::disk::{Disk, DiskFile, Identity, Open, RealDisk};

/// The machine's disk, until a part of it is broken.
#[derive(Clone, Debug, Default)]
pub(crate) struct FaultyDisk {
    fault: Arc<Mutex<Option<Fault>>>,
    hold: Arc<Hold>,
}

/// Where every sync waits while it holds.
#[derive(Debug, Default)]
struct Hold {
    is_on: Mutex<bool>,
    released: Condvar,
    /// Whether a sync has begun to wait.
    is_felt: AtomicBool,
}

impl Hold {
    fn wait(&self) {
        let is_on = self.is_on.lock().unwrap();
        self.is_felt.fetch_or(*is_on, Ordering::SeqCst);
        drop(self.released.wait_while(is_on, |is_on| *is_on).unwrap());
    }
}

#[derive(Debug)]
struct Fault {
    broken: Broken,
    fails: Fails,
    kind: io::ErrorKind,
    /// It mends itself after it has failed once.
    once: bool,
    /// It panics instead of failing, as a mistake in the server would.
    panics: bool,
}

/// What fails on a broken file. It can always be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fails {
    /// Writing.
    Writes,
    /// Making durable what was written.
    Syncs,
    /// Removing it.
    Removals,
    /// Writing, cutting, syncing, and making new files.
    Everything,
}

#[derive(Debug)]
enum Broken {
    /// Files whose names begin so.
    Files(&'static str),
    /// Every file in the folder of that name.
    Folder(&'static str),
}

impl FaultyDisk {
    /// From now on, nothing can be written to files whose names begin with `prefix`.
    pub(crate) fn fail_writes(&self, prefix: &'static str, kind: io::ErrorKind) {
        let broken = Broken::Files(prefix);
        self.fail(Fault { broken, fails: Fails::Writes, kind, once: false, panics: false });
    }

    /// From now on, no file whose name begins with `prefix` can be removed.
    pub(crate) fn fail_removals(&self, prefix: &'static str, kind: io::ErrorKind) {
        let broken = Broken::Files(prefix);
        self.fail(Fault { broken, fails: Fails::Removals, kind, once: false, panics: false });
    }

    /// From now on, this fails for every file in folders of that name.
    pub(crate) fn fail_in(&self, folder: &'static str, fails: Fails, kind: io::ErrorKind) {
        let broken = Broken::Folder(folder);
        self.fail(Fault { broken, fails, kind, once: false, panics: false });
    }

    /// The next time, this fails for a file in folders of that name.
    pub(crate) fn fail_once_in(&self, folder: &'static str, fails: Fails, kind: io::ErrorKind) {
        let broken = Broken::Folder(folder);
        self.fail(Fault { broken, fails, kind, once: true, panics: false });
    }

    /// From now on, this panics for files whose names begin with `prefix`.
    pub(crate) fn panic_at(&self, prefix: &'static str, fails: Fails) {
        let (broken, kind) = (Broken::Files(prefix), io::ErrorKind::Other);
        self.fail(Fault { broken, fails, kind, once: false, panics: true });
    }

    /// From now on, this panics for every file in folders of that name.
    pub(crate) fn panic_in(&self, folder: &'static str, fails: Fails) {
        let (broken, kind) = (Broken::Folder(folder), io::ErrorKind::Other);
        self.fail(Fault { broken, fails, kind, once: false, panics: true });
    }

    /// From now on, no sync returns, until `release`.
    pub(crate) fn hold(&self) {
        *self.hold.is_on.lock().unwrap() = true;
    }

    /// Whether a sync waits, or has waited, for the release.
    pub(crate) fn holds_something(&self) -> bool {
        self.hold.is_felt.load(Ordering::SeqCst)
    }

    /// Lets all syncs go on.
    pub(crate) fn release(&self) {
        *self.hold.is_on.lock().unwrap() = false;
        self.hold.released.notify_all();
    }

    fn fail(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Some(fault);
    }

    /// From now on, everything works.
    pub(crate) fn repair(&self) {
        *self.fault.lock().unwrap() = None;
    }

    /// Fails where `operation`, or everything, does.
    fn check(&self, path: &Path, operation: Fails) -> io::Result<()> {
        let mut fault = self.fault.lock().unwrap();
        let hit = fault.as_ref().filter(|fault| {
            let is_all = fault.fails == Fails::Everything && operation != Fails::Removals;
            let fails = fault.fails == operation || is_all;
            fails && fault.broken.is(path)
        });
        let Some(Fault { kind, once, panics, .. }) = hit else { return Ok(()) };
        let (kind, once, panics) = (*kind, *once, *panics);
        if once {
            *fault = None;
        }
        drop(fault);
        assert!(!panics, "a mistake in the server");
        Err(kind.into())
    }
}

impl Broken {
    fn is(&self, path: &Path) -> bool {
        let text = |name: Option<&OsStr>| name.unwrap_or_default().to_string_lossy().into_owned();
        match self {
            Self::Files(prefix) => text(path.file_name()).starts_with(prefix),
            Self::Folder(name) => text(path.parent().and_then(Path::file_name)) == *name,
        }
    }
}

impl Disk for FaultyDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        match how {
            Open::Read | Open::Write => {}
            Open::Create => self.check(path, Fails::Everything)?,
            Open::Truncate => self.check(path, Fails::Writes)?,
        }
        Ok(Arc::new(FaultyFile {
            file: RealDisk.open(path, how)?,
            path: path.to_owned(),
            disk: self.clone(),
        }))
    }

    fn copy_mode(&self, like: &Path, path: &Path) -> io::Result<()> {
        RealDisk.copy_mode(like, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check(to, Fails::Writes)?;
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.check(path, Fails::Removals)?;
        RealDisk.remove(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.create_dir(path)
    }

    fn sync_dir(&self, path: &Path) -> io::Result<()> {
        RealDisk.sync_dir(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        RealDisk.list(path)
    }

    fn identity(&self, path: &Path) -> io::Result<Identity> {
        RealDisk.identity(path)
    }
}

/// A file on such a disk.
struct FaultyFile {
    file: Arc<dyn DiskFile>,
    path: PathBuf,
    disk: FaultyDisk,
}

impl fmt::Debug for FaultyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
    }
}

impl DiskFile for FaultyFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.file.read_at(buffer, offset)
    }

    /// A full disk takes a part of what is written before it says so.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if let Err(error) = self.disk.check(&self.path, Fails::Writes) {
            self.file.write_all_at(&bytes[..bytes.len() / 2], offset)?;
            return Err(error);
        }
        self.file.write_all_at(bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.check(&self.path, Fails::Everything)?;
        self.file.set_len(len)
    }

    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn sync(&self) -> io::Result<()> {
        self.disk.hold.wait();
        self.disk.check(&self.path, Fails::Syncs)?;
        self.file.sync()
    }

    fn identity(&self) -> io::Result<Identity> {
        self.file.identity()
    }
}
