//! A disk that fails on command.

use std::io;
use std::path::Path;

use goldstar::disk::Open;
use parking_lot::{Condvar, Mutex};

use crate::watched::{self, Policy, Watched};

/// The operations that a [`FaultyDisk`] can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Write,
    Sync,
    Open,
}

/// A rule: operations of that kind fail with that error for files whose path contains this text.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    pub(crate) operation: Operation,
    pub(crate) path: &'static str,
    pub(crate) error: io::ErrorKind,
    /// The number of failures; a negative number for no end.
    pub(crate) times: i64,
}

/// The real disk with faults.
pub(crate) type FaultyDisk = Watched<Faults>;

/// The faults of a disk.
#[derive(Default)]
pub(crate) struct Faults {
    rules: Mutex<Vec<Fault>>,
    /// The number of changes until the disk makes none, as after a power failure.
    changes_left: Mutex<Option<u64>>,
    /// Whether every sync waits.
    held: (Mutex<bool>, Condvar),
    /// The read that waits.
    paused: (Mutex<Pause>, Condvar),
}

impl Faults {
    pub(crate) fn fail(
        &self,
        operation: Operation,
        path: &'static str,
        error: io::ErrorKind,
        times: i64,
    ) {
        self.rules.lock().push(Fault { operation, path, error, times });
    }

    /// Makes every sync wait, or continue.
    pub(crate) fn hold_syncs(&self, hold: bool) {
        *self.held.0.lock() = hold;
        self.held.1.notify_all();
    }

    /// Makes a read wait, or continue.
    pub(crate) fn pause_read(&self, pause: Pause) {
        *self.paused.0.lock() = pause;
        self.paused.1.notify_all();
    }

    pub(crate) fn has_paused(&self) -> bool {
        *self.paused.0.lock() == Pause::Waiting
    }

    fn read(&self, path: &Path) {
        let mut pause = self.paused.0.lock();
        if matches!(*pause, Pause::Next(text) if path.to_string_lossy().contains(text)) {
            *pause = Pause::Waiting;
            self.paused.1.wait_while(&mut pause, |pause| *pause == Pause::Waiting);
        }
    }

    pub(crate) fn stop_after(&self, changes: u64) {
        *self.changes_left.lock() = Some(changes);
    }

    pub(crate) fn mend(&self) {
        self.rules.lock().clear();
        *self.changes_left.lock() = None;
    }

    fn change(&self) -> io::Result<()> {
        match &mut *self.changes_left.lock() {
            Some(0) => Err(io::Error::other("the power has failed")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }

    fn check(&self, operation: Operation, path: &Path) -> io::Result<()> {
        let path = path.to_string_lossy().into_owned();
        for fault in &mut *self.rules.lock() {
            if fault.operation == operation && path.contains(fault.path) && fault.times != 0 {
                fault.times -= 1;
                return Err(fault.error.into());
            }
        }
        Ok(())
    }
}

/// Whether a read waits, or will.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pause {
    #[default]
    None,
    /// The next read of a file whose path contains this text.
    Next(&'static str),
    Waiting,
}

impl Policy for Faults {
    fn around<T>(
        &self,
        operation: watched::Operation<'_>,
        path: &Path,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        use watched::Operation as On;
        match operation {
            On::Open(how) => {
                self.check(Operation::Open, path)?;
                if matches!(how, Open::Create | Open::Append | Open::Truncate) {
                    self.change()?;
                }
            }
            On::Rename | On::Remove | On::SyncDir | On::SetLen => self.change()?,
            On::Read => self.read(path),
            On::Write(write) => {
                self.change()?;
                if let Err(error) = self.check(Operation::Write, path) {
                    write.half()?;
                    return Err(error);
                }
            }
            On::Sync => {
                self.held.1.wait_while(&mut self.held.0.lock(), |held| *held);
                self.change()?;
                self.check(Operation::Sync, path)?;
            }
            On::CopyMode | On::CreateDir | On::List | On::Stat | On::Len => {}
        }
        work()
    }
}
