//! What is stored about an occurrence.

use std::fmt;
use std::time::Duration;

use crate::domain::calendar::{Calendar, Day, DayStart, Zone};
use crate::domain::{ChildId, Note, TaskId, Timestamp, UserId};

/// A mark of an occurrence: what cannot be computed from the schedule and the events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    pub user_id: UserId,
    pub key: MarkKey,
    /// The note of the parent who skipped the occurrence.
    pub note: Option<Note>,
    pub created_at: Timestamp,
}

/// Identifies a mark: no other has the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MarkKey {
    /// The day of the occurrence.
    pub day: Day,
    pub child_id: ChildId,
    pub task_id: TaskId,
    pub kind: MarkKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MarkKind {
    /// A parent has decided that the task is not to be done.
    Skipped,
    /// The penalty for a missed occurrence was activated.
    Penalty,
    /// The message that it is due was sent.
    Due,
    /// The message that it is late was sent.
    Late,
    /// The message that it was missed was sent.
    Missed,
    /// The message that it was done was sent.
    Done,
}

impl Mark {
    /// How long marks are kept after the day of the occurrence, or after they were created if that is later.
    pub const LIFETIME: Duration = Duration::from_hours(400 * 24);

    pub fn expires_at(&self) -> Timestamp {
        let day = Calendar::new(Zone::UTC, DayStart::MIDNIGHT).start_of(self.key.day);
        day.max(self.created_at).after(Self::LIFETIME)
    }
}

impl MarkKind {
    pub const ALL: [Self; 6] =
        [Self::Skipped, Self::Penalty, Self::Due, Self::Late, Self::Missed, Self::Done];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped => "skipped",
            Self::Penalty => "penalty",
            Self::Due => "due",
            Self::Late => "late",
            Self::Missed => "missed",
            Self::Done => "done",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
}

/// `2026-02-09/done/1:c/t`, which starts with the day. The length keeps any ids distinct.
impl fmt::Display for MarkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { day, child_id, task_id, kind } = self;
        let length = child_id.as_str().len();
        write!(f, "{day}/{}/{length}:{child_id}/{task_id}", kind.as_str())
    }
}
