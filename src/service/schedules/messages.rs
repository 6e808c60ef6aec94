//! Messages that an occurrence is due, late, missed or done.

use crate::domain::schedule::{Mark, MarkKind, Occurrence, OccurrenceState};
use crate::domain::{Message, Task, Timestamp, UserId};
use crate::store::{Change, Snapshot};

/// The changes that send a message about an occurrence, unless it was sent before.
pub(in crate::service) fn announce(
    occurrence: &Occurrence,
    task: &Task,
    kind: MarkKind,
    family: &UserId,
    records: &dyn Snapshot,
    now: Timestamp,
) -> Vec<Change> {
    let key = occurrence.key(kind);
    if records.mark(&key).is_some() {
        return Vec::new();
    }
    let mark = Mark { user_id: family.clone(), key, note: None, created_at: now };
    let message = Message::about_occurrence(occurrence, task, kind, family, now);
    vec![Change::PutMark(mark), Change::PutMessage(message)]
}

/// The state in which an occurrence must be for a message.
pub(super) fn state_of(kind: MarkKind) -> Option<OccurrenceState> {
    match kind {
        MarkKind::Due => Some(OccurrenceState::Due),
        MarkKind::Late => Some(OccurrenceState::Late),
        MarkKind::Missed => Some(OccurrenceState::Missed),
        MarkKind::Done => Some(OccurrenceState::Done),
        MarkKind::Skipped | MarkKind::Penalty => None,
    }
}
