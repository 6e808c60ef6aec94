//! An archive that was begun.

use std::io::{self, Write};
use std::sync::Arc;

use super::error::ArchiveError;
use super::manifest::Manifest;
use super::names::LOGS;
use super::write::{Contents, Entry};
use crate::disk::DiskFile;
use crate::store::json::frozen::FrozenHistory;
use crate::store::json::lock::DirectoryLock;

/// An archive whose contents are fixed, and that is not written yet.
pub struct Begun {
    pub(super) contents: Contents,
    /// The history of a running server.
    pub(super) history: Option<Arc<FrozenHistory>>,
    /// The names of the logs of accounts whose deletion has started.
    pub(super) left_out: Vec<String>,
    pub(super) lock: Option<DirectoryLock>,
}

/// A log file, of which an archive contains the first bytes.
pub struct LogEntry {
    pub name: String,
    pub file: Arc<dyn DiskFile>,
    pub len: u64,
}

/// Whether the event with that id was committed after the archive was begun.
pub type IsLater = Arc<dyn Fn(&str) -> io::Result<bool> + Send + Sync>;

impl Begun {
    /// About as many bytes as the archive has.
    pub fn bytes(&self) -> u64 {
        self.contents.bytes
    }

    /// Tells later events from those in the archive; `None` if it contains no logs.
    pub fn is_later(&self) -> Option<IsLater> {
        let history = Arc::clone(self.history.as_ref()?);
        Some(Arc::new(move |id| history.precedes(id)))
    }

    /// Tells the logs of accounts whose deletion has started from the others.
    pub fn leaves_out(&self) -> impl Fn(&str) -> bool + Send + use<> {
        let left_out = self.left_out.clone();
        move |name| left_out.iter().any(|log| name.starts_with(log))
    }

    /// Adds the logs, with about that many bytes.
    pub fn with_logs(
        mut self,
        logs: impl Iterator<Item = io::Result<LogEntry>> + Send + 'static,
        bytes: u64,
    ) -> Self {
        let entries = logs.map(|log| {
            let log = log.map_err(ArchiveError::Logs)?;
            Ok(Entry::file(format!("{LOGS}/{}", log.name), log.file, log.len))
        });
        self.contents.add_later(Box::new(entries), bytes);
        self
    }

    /// Writes the archive. Blocks.
    pub fn write(self, out: &mut dyn Write) -> Result<Manifest, ArchiveError> {
        let Self { contents, lock, .. } = self;
        let written = contents.write(out);
        drop(lock);
        written
    }
}
