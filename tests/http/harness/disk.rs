//! A disk that fails on command.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex};

use goldstar::disk::Open;

use super::{Operation, Policy, Watched};

/// The real disk, until a part of it is broken.
pub(crate) type FaultyDisk = Watched<Faults>;

/// What fails on such a disk.
#[derive(Default)]
pub(crate) struct Faults {
    fault: Mutex<Option<Fault>>,
    hold: Hold,
}

/// A point at which every sync waits.
#[derive(Default)]
struct Hold {
    is_on: Mutex<bool>,
    released: Condvar,
    /// Whether a sync has started to wait.
    is_felt: AtomicBool,
}

impl Hold {
    fn wait(&self) {
        let is_on = self.is_on.lock().unwrap();
        self.is_felt.fetch_or(*is_on, Ordering::SeqCst);
        drop(self.released.wait_while(is_on, |is_on| *is_on).unwrap());
    }
}

struct Fault {
    broken: Broken,
    fails: Fails,
    kind: io::ErrorKind,
    /// Fail only once.
    once: bool,
    /// Panic instead of failing, like a bug in the server.
    panics: bool,
}

/// The operations that fail. Files can always be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fails {
    /// Writing.
    Writes,
    /// Syncing files.
    Syncs,
    /// Removing files.
    Removals,
    /// Writing, truncating, syncing, and creating files.
    Everything,
}

enum Broken {
    /// Files whose names start with this.
    Files(&'static str),
    /// All files in the folder of that name.
    Folder(&'static str),
}

impl Faults {
    /// Makes all writes fail to files whose names start with `prefix`.
    pub(crate) fn fail_writes(&self, prefix: &'static str, kind: io::ErrorKind) {
        let broken = Broken::Files(prefix);
        self.fail(Fault { broken, fails: Fails::Writes, kind, once: false, panics: false });
    }

    /// Makes the removal of files fail whose names start with `prefix`.
    pub(crate) fn fail_removals(&self, prefix: &'static str, kind: io::ErrorKind) {
        let broken = Broken::Files(prefix);
        self.fail(Fault { broken, fails: Fails::Removals, kind, once: false, panics: false });
    }

    /// Makes an operation fail for all files in folders of that name.
    pub(crate) fn fail_in(&self, folder: &'static str, fails: Fails, kind: io::ErrorKind) {
        let broken = Broken::Folder(folder);
        self.fail(Fault { broken, fails, kind, once: false, panics: false });
    }

    /// Makes an operation fail once for a file in folders of that name.
    pub(crate) fn fail_once_in(&self, folder: &'static str, fails: Fails, kind: io::ErrorKind) {
        let broken = Broken::Folder(folder);
        self.fail(Fault { broken, fails, kind, once: true, panics: false });
    }

    /// Makes an operation panic for files whose names start with `prefix`.
    pub(crate) fn panic_at(&self, prefix: &'static str, fails: Fails) {
        let (broken, kind) = (Broken::Files(prefix), io::ErrorKind::Other);
        self.fail(Fault { broken, fails, kind, once: false, panics: true });
    }

    /// Makes an operation panic for all files in folders of that name.
    pub(crate) fn panic_in(&self, folder: &'static str, fails: Fails) {
        let (broken, kind) = (Broken::Folder(folder), io::ErrorKind::Other);
        self.fail(Fault { broken, fails, kind, once: false, panics: true });
    }

    /// Makes all syncs wait until `release`.
    pub(crate) fn hold(&self) {
        *self.hold.is_on.lock().unwrap() = true;
    }

    /// Whether a sync waits or has waited.
    pub(crate) fn holds_something(&self) -> bool {
        self.hold.is_felt.load(Ordering::SeqCst)
    }

    /// Lets all syncs continue.
    pub(crate) fn release(&self) {
        *self.hold.is_on.lock().unwrap() = false;
        self.hold.released.notify_all();
    }

    fn fail(&self, fault: Fault) {
        *self.fault.lock().unwrap() = Some(fault);
    }

    /// Ends all faults.
    pub(crate) fn repair(&self) {
        *self.fault.lock().unwrap() = None;
    }

    /// Fails if `operation`, or everything, fails for the file.
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

impl Policy for Faults {
    fn around<T>(
        &self,
        operation: Operation<'_>,
        path: &Path,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        match operation {
            Operation::Open(Open::Create | Open::Append) | Operation::SetLen => {
                self.check(path, Fails::Everything)?;
            }
            Operation::Open(Open::Truncate) | Operation::Rename => {
                self.check(path, Fails::Writes)?;
            }
            Operation::Write(write) => {
                if let Err(error) = self.check(path, Fails::Writes) {
                    write.half()?;
                    return Err(error);
                }
            }
            Operation::Remove => self.check(path, Fails::Removals)?,
            Operation::Sync => {
                self.hold.wait();
                self.check(path, Fails::Syncs)?;
            }
            _ => {}
        }
        work()
    }
}
