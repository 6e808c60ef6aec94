//! A disk that hangs: what is to be made durable waits, for as long as the test likes.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};

use goldstar::disk::{Disk, DiskFile, Identity, Open, RealDisk};

use crate::harness::eventually;

/// The machine's disk, whose journal can be made to hang. It is let go when the test is over, so
/// that nothing waits for it then.
#[derive(Debug, Default)]
pub(crate) struct StuckDisk {
    gate: Arc<Gate>,
}

#[derive(Debug, Default)]
struct Gate {
    state: Mutex<State>,
    opened: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_stuck: bool,
    waiting: usize,
}

impl StuckDisk {
    /// The disk, to be given to a server.
    pub(crate) fn disk(&self) -> Arc<dyn Disk> {
        Arc::new(GatedDisk(Arc::clone(&self.gate)))
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

#[derive(Debug)]
struct GatedDisk(Arc<Gate>);

impl Disk for GatedDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Arc<dyn DiskFile>> {
        let file = RealDisk.open(path, how)?;
        let is_journal = path.parent().is_some_and(|folder| folder.ends_with("journal"));
        Ok(if is_journal { Arc::new(GatedFile(file, Arc::clone(&self.0))) } else { file })
    }

    fn copy_mode(&self, like: &Path, path: &Path) -> io::Result<()> {
        RealDisk.copy_mode(like, path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealDisk.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
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

#[derive(Debug)]
struct GatedFile(Arc<dyn DiskFile>, Arc<Gate>);

impl DiskFile for GatedFile {
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        self.0.read_at(buffer, offset)
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn sync(&self) -> io::Result<()> {
        self.1.pass();
        self.0.sync()
    }

    fn identity(&self) -> io::Result<Identity> {
        self.0.identity()
    }
}
