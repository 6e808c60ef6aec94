//! A disk whose n-th write or sync fails.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use goldstar::disk::Open;

use crate::harness::{Operation, Policy, Watched};

/// The real disk with a fault in the future.
pub(super) type FailingDisk = Watched<Countdown>;

/// The operations that are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Counted {
    Writes,
    Syncs,
}

/// How it fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Error {
    /// ENOSPC. Operations that need no space succeed: truncating, renaming and removing.
    Full,
    /// EIO.
    Broken,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Fault {
    pub(super) counted: Counted,
    /// The number of the first operation that fails, counted from the server's start, from 1.
    pub(super) nth: usize,
    pub(super) error: Error,
    /// Whether all later counted operations fail, too, until the disk is repaired.
    pub(super) lasts: bool,
}

pub(super) struct Countdown {
    pub(super) fault: Fault,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    is_mended: bool,
    count: usize,
    failures: usize,
    /// The file that failed first.
    first: Option<PathBuf>,
}

impl Error {
    fn io(self) -> io::Error {
        io::Error::from_raw_os_error(match self {
            Self::Full => 28,
            Self::Broken => 5,
        })
    }

    /// The words that the reported reason must contain.
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::Full => "No space left on device",
            Self::Broken => "Input/output error",
        }
    }
}

impl FailingDisk {
    pub(super) fn new(fault: Fault) -> Self {
        Self::by(Countdown { fault, state: Mutex::default() })
    }

    /// Ends the fault.
    pub(super) fn mend(&self) {
        self.state.lock().unwrap().is_mended = true;
    }

    /// The number of operations before the first failure.
    pub(super) fn ahead(&self) -> usize {
        self.fault.nth.saturating_sub(self.state.lock().unwrap().count)
    }

    /// The number of failures.
    pub(super) fn failures(&self) -> usize {
        self.state.lock().unwrap().failures
    }

    /// Whether the next one fails too.
    pub(super) fn is_failing(&self) -> bool {
        self.fault.lasts && self.failures() > 0 && !self.state.lock().unwrap().is_mended
    }

    /// The file that failed first.
    pub(super) fn first(&self) -> Option<PathBuf> {
        self.state.lock().unwrap().first.clone()
    }
}

impl Countdown {
    fn counts(&self, operation: Operation<'_>, path: &Path) -> bool {
        let counted = match operation {
            Operation::Write(_) | Operation::Open(Open::Truncate) => Counted::Writes,
            Operation::Open(Open::Create | Open::Append) if !path.exists() => Counted::Writes,
            Operation::SetLen | Operation::Rename | Operation::Remove
                if self.fault.error == Error::Broken =>
            {
                Counted::Writes
            }
            Operation::Sync | Operation::SyncDir => Counted::Syncs,
            _ => return false,
        };
        counted == self.fault.counted
    }

    fn fails(&self, path: &Path) -> bool {
        let mut state = self.state.lock().unwrap();
        state.count += 1;
        let Fault { nth, lasts, .. } = self.fault;
        let fails = !state.is_mended && (state.count == nth || (lasts && state.count > nth));
        if fails {
            state.failures += 1;
            state.first.get_or_insert_with(|| path.to_owned());
        }
        fails
    }
}

impl Policy for Countdown {
    fn around<T>(
        &self,
        operation: Operation<'_>,
        path: &Path,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        if !self.counts(operation, path) || !self.fails(path) {
            return work();
        }
        if let Operation::Write(write) = operation {
            write.half()?;
        }
        Err(self.fault.error.io())
    }
}
