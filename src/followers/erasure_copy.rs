//! A copy of the erasure list in another directory, which should be on another disk.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::disk::{Disk, read_if_exists, replace};
use crate::domain::ErasureList;
use crate::store::Projection;

/// Writes the copy, and remembers whether that failed.
pub struct ErasureCopy {
    disk: Arc<dyn Disk>,
    directory: PathBuf,
    /// Locked while the copy is read, merged and replaced.
    writing: Mutex<()>,
    last_error: Mutex<Option<String>>,
}

impl ErasureCopy {
    pub fn new(disk: Arc<dyn Disk>, directory: PathBuf) -> Self {
        Self { disk, directory, writing: Mutex::default(), last_error: Mutex::default() }
    }

    /// Writes the list. Blocks.
    pub fn write(&self, list: ErasureList) {
        let _writing = self.writing.lock();
        self.note(self.try_write(list).map_err(|error| error.to_string()));
    }

    /// Notes whether the last copy was written.
    pub fn note(&self, written: Result<(), String>) {
        let error = written.err();
        if let Some(error) = &error {
            let directory = self.directory.display();
            tracing::error!(%directory, error, "the erasure list can't be copied");
        }
        *self.last_error.lock() = error;
    }

    /// The entries of an existing copy are kept: the data may have been replaced by an older backup.
    fn try_write(&self, mut list: ErasureList) -> io::Result<()> {
        self.disk.create_dir(&self.directory)?;
        let path = self.directory.join(ErasureList::FILE);
        if let Some(bytes) = read_if_exists(&*self.disk, &path)? {
            let existing = ErasureList::parse(&bytes).map_err(io::Error::other)?;
            if !list.merge(&existing) {
                return Err(io::Error::other("it contains the erasure list of another server"));
            }
        }
        replace(&*self.disk, &path, list.text().as_bytes())
    }

    pub fn has_failed(&self) -> bool {
        self.last_error.lock().is_some()
    }

    pub fn health(&self) -> Projection {
        let last_error = self.last_error.lock().clone();
        Projection { name: "erasure_list", backlog: last_error.is_some().into(), last_error }
    }
}
