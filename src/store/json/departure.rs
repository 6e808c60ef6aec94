//! An account's way out: of the audit history, a piece with each batch, and of what follows it.

use std::collections::VecDeque;
use std::io;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::committer::{Committer, same};
use super::frame::Entry;
use super::tracking::OwnRows;
use crate::domain::UserId;
use crate::store::CommitError;

/// How many rows are changed between two batches: so few that nobody's commit waits much longer
/// than for a batch.
const PIECE: usize = 100;

/// The accounts that are to be taken out, one after the other.
pub(super) type Departures = VecDeque<Departure>;

/// An account that is being taken out.
pub(super) struct Departure {
    user_id: UserId,
    answer: oneshot::Sender<Result<usize, CommitError>>,
    /// Where in the index its next row is looked for.
    from: usize,
    /// How many rows were changed.
    changed: usize,
}

impl Departure {
    pub(super) fn new(
        user_id: UserId,
        answer: oneshot::Sender<Result<usize, CommitError>>,
    ) -> Self {
        Self { user_id, answer, from: 0, changed: 0 }
    }

    fn end(self, outcome: Result<usize, CommitError>) {
        if self.answer.send(outcome).is_err() {
            tracing::debug!("nobody waits for an account to be taken out of the history");
        }
    }
}

/// The payload of a piece's frame.
pub(super) fn payload(piece: &OwnRows) -> String {
    let mut payload = String::new();
    Entry::Anonymized(piece.patches()).push(&mut payload);
    payload
}

impl Committer {
    /// The rows that lose their account with the next batch; none where no account is to be taken
    /// out.
    pub(super) fn next_piece(&mut self) -> Option<OwnRows> {
        if self.refusing || self.shared.read_only.load(Ordering::Relaxed) {
            let why = || if self.refusing { CommitError::Closed } else { CommitError::ReadOnly };
            self.departures.drain(..).for_each(|departure| departure.end(Err(why())));
        }
        while let Some(departure) = self.departures.front() {
            let rows = self.shared.tracking.rows_of(&departure.user_id, departure.from, PIECE);
            match rows {
                // Looked for behind the last batch: nothing of the account is left.
                Ok(piece) if piece.is_empty() => self.end_departure(None),
                Ok(piece) => return Some(piece),
                Err(error) => {
                    tracing::error!(%error, "the audit history can't be read to take an account out");
                    self.end_departure(Some(CommitError::NotDurable));
                }
            }
        }
        None
    }

    /// Makes a piece visible whose frame is durable; gives its account up where it isn't.
    pub(super) fn finish_piece(&mut self, piece: &OwnRows, durable: &Result<(), CommitError>) {
        if let Err(error) = durable {
            return self.end_departure(Some(same(error)));
        }
        self.appender.disown(piece);
        self.note_health();
        self.maintenance.wake();
        if let Some(departure) = self.departures.front_mut() {
            departure.changed += piece.len();
            departure.from = piece.next;
        }
    }

    /// Has every sink forget an account, also where one before it fails.
    pub(super) fn forget(&mut self, user_id: &UserId, answer: oneshot::Sender<io::Result<()>>) {
        let outcome = self.sinks.forget(user_id);
        self.note_reached();
        self.note_health();
        if answer.send(outcome).is_err() {
            tracing::debug!("nobody waits for an account to be forgotten");
        }
    }

    fn end_departure(&mut self, error: Option<CommitError>) {
        let Some(departure) = self.departures.pop_front() else {
            return;
        };
        if error.is_none() {
            self.appender.forget(&departure.user_id);
        }
        let outcome = error.map_or(Ok(departure.changed), Err);
        self.count_failure(&outcome);
        departure.end(outcome);
    }
}
