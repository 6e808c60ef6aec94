//! A disk that hangs: what is to be made durable waits, for as long as the test likes.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use goldstar::disk::Disk;

use crate::harness::{Operation, Policy, Watched, eventually};

/// The machine's disk, whose journal can be made to hang. It is let go when the test is over, so
/// that nothing waits for it then.
#[derive(Default)]
pub(crate) struct StuckDisk {
    gate: Watched<Gate>,
}

#[derive(Default)]
struct Gate {
    state: Mutex<State>,
    opened: Condvar,
}

#[derive(Default)]
struct State {
    is_stuck: bool,
    waiting: usize,
}

impl StuckDisk {
    /// The disk, to be given to a server.
    pub(crate) fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(self.gate.clone())
    }

    /// From now on, nothing becomes durable.
    pub(crate) fn hang(&self) {
        self.gate.state.lock().unwrap().is_stuck = true;
    }

    /// Waits until something waits for the disk.
    pub(crate) async fn reached(&self) {
        eventually("the disk to be asked for", async || {
            (self.gate.state.lock().unwrap().waiting > 0).then_some(())
        })
        .await;
    }

    /// From now on, everything works.
    pub(crate) fn let_go(&self) {
        self.gate.state.lock().unwrap().is_stuck = false;
        self.gate.opened.notify_all();
    }
}

impl Drop for StuckDisk {
    fn drop(&mut self) {
        self.let_go();
    }
}

impl Gate {
    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.waiting += 1;
        let mut state = self.opened.wait_while(state, |state| state.is_stuck).unwrap();
        state.waiting -= 1;
    }
}

impl Policy for Gate {
    fn around<T>(
        &self,
        operation: Operation<'_>,
        path: &Path,
        work: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let is_journal = path.parent().is_some_and(|folder| folder.ends_with("journal"));
        if is_journal && matches!(operation, Operation::Sync) {
            self.pass();
        }
        work()
    }
}
