//! A disk that hangs: syncs wait until the test releases them.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use goldstar::disk::Disk;

use crate::harness::{Operation, Policy, Watched, eventually};

/// The real disk, on which syncs of the journal can be made to wait. They are released at the end
/// of the test.
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
    /// The disk for a server.
    pub(crate) fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(self.gate.clone())
    }

    /// Makes all syncs of the journal wait.
    pub(crate) fn hang(&self) {
        self.gate.state.lock().unwrap().is_stuck = true;
    }

    /// Waits until a sync waits.
    pub(crate) async fn reached(&self) {
        eventually("the disk to be asked for", async || {
            (self.gate.state.lock().unwrap().waiting > 0).then_some(())
        })
        .await;
    }

    /// Releases all syncs.
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
