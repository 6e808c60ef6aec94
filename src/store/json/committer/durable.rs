//! Writes the journal, and reports whether it can be written.

use std::io;
use std::mem;
use std::sync::atomic::Ordering;

use super::Committer;
use crate::store::CommitError;
use crate::store::json::wal::journal::AppendError;

/// The reason for read-only mode after the journal's current file has lost its name.
const LOST: &str = "the journal or the data directory was removed, moved or replaced";

impl Committer {
    pub(crate) fn make_durable(&mut self, payloads: &[String]) -> Result<(), CommitError> {
        let result = self.journal.append(payloads);
        self.shared.note_segment(&self.journal);
        let (outcome, error) = match result {
            Ok(()) => return Ok(()),
            Err(AppendError::Lost) => {
                self.shared.lose(LOST);
                return Err(CommitError::ReadOnly);
            }
            Err(AppendError::Undone(error)) if is_full(&error) => (CommitError::StorageFull, error),
            Err(AppendError::Undone(error)) => (CommitError::NotDurable, error),
            Err(AppendError::Unknown(error)) => {
                self.shared.read_only.store(true, Ordering::Relaxed);
                (CommitError::OutcomeUnknown, error)
            }
        };
        self.note_write_error(Some(&error));
        Err(outcome)
    }

    /// Sets why the journal's last write failed; `None` after a write as large as the largest
    /// change has succeeded.
    pub(crate) fn note_write_error(&self, error: Option<&io::Error>) {
        let reason = error.map(|error| {
            if is_full(error) {
                "the disk is full".to_owned()
            } else {
                format!("the journal can't be written: {error}")
            }
        });
        let before = mem::replace(&mut *self.shared.write_error.lock(), reason);
        match (error, before) {
            (Some(error), None) => tracing::error!(%error, "the journal can't be written"),
            (None, Some(_)) => tracing::info!("the journal can be written again"),
            _ => {}
        }
    }

    /// Makes the store read-only if a start would not find the journal.
    pub(crate) fn check_journal(&self) {
        if !self.journal.is_in_place() {
            self.shared.lose(LOST);
        }
    }

    /// Checks whether the journal can be written again. Otherwise that would be found out only by
    /// the next change.
    pub(crate) fn probe(&mut self) {
        self.check_journal();
        if !self.cant_write() {
            return;
        }
        let probed = self.journal.probe();
        self.shared.note_segment(&self.journal);
        self.note_write_error(probed.as_ref().err());
    }

    /// Whether the journal's last write failed, and a later one may succeed.
    pub(crate) fn cant_write(&self) -> bool {
        self.shared.write_error.lock().is_some() && !self.shared.read_only.load(Ordering::Relaxed)
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
