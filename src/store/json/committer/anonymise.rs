//! Anonymises an account's events, 100 with each batch.

use std::sync::atomic::Ordering;

use super::Committer;
use crate::store::CommitError;
use crate::store::json::tracking::OwnRows;
use crate::store::json::wal::entry::Entry;

/// The number of rows per batch: small enough not to delay other transactions.
const PIECE: usize = 100;

impl Committer {
    /// The payload for these rows.
    pub(super) fn payload_of(piece: &OwnRows) -> String {
        let mut payload = String::new();
        Entry::Anonymized(piece.patches()).push(&mut payload);
        payload
    }

    /// The rows to anonymise with the next batch; `None` if no account is being anonymised.
    pub(crate) fn next_piece(&mut self) -> Option<OwnRows> {
        if self.refusing || self.shared.read_only.load(Ordering::Relaxed) {
            let why = || if self.refusing { CommitError::Closed } else { CommitError::ReadOnly };
            self.anonymizations.drain(..).for_each(|anonymization| anonymization.end(Err(why())));
        }
        while let Some(anonymization) = self.anonymizations.front() {
            let rows =
                self.shared.tracking.rows_of(&anonymization.user_id, anonymization.from, PIECE);
            match rows {
                // The rows were searched after the last batch, so no row of the account is left.
                Ok(piece) if piece.is_empty() => self.end_anonymization(None),
                Ok(piece) => return Some(piece),
                Err(error) => {
                    tracing::error!(%error, "an account can't be anonymised: its events can't be read");
                    self.end_anonymization(Some(CommitError::NotDurable));
                }
            }
        }
        None
    }

    /// Makes the anonymisation of durable rows visible; ends with an error if they are not durable.
    pub(crate) fn finish_piece(&mut self, piece: &OwnRows, durable: &Result<(), CommitError>) {
        if let Err(error) = durable {
            return self.end_anonymization(Some(error.clone()));
        }
        self.appender.anonymize(piece);
        self.shared.follow.forget_newest();
        self.note_health();
        self.maintenance.wake();
        if let Some(anonymization) = self.anonymizations.front_mut() {
            anonymization.changed += piece.len();
            anonymization.from = piece.next;
        }
    }

    fn end_anonymization(&mut self, error: Option<CommitError>) {
        let Some(anonymization) = self.anonymizations.pop_front() else {
            return;
        };
        if error.is_none() {
            self.appender.forget(&anonymization.user_id);
        }
        let outcome = error.map_or(Ok(anonymization.changed), Err);
        self.count_failure(&outcome);
        anonymization.end(outcome);
    }
}
