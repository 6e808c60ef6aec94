//! The tasks of a child, as tiles that it taps.

use std::time::Duration;

use crate::domain::schedule::OccurrenceState;
use crate::domain::{Icon, Timestamp};
use crate::service::{Availability, ShownOccurrence, TaskState};
use crate::web::form::new_key;
use crate::web::layout::Shell;
use crate::web::texts::child_app::ChildApp;
use crate::web::texts::fill;
use crate::web::views::moments::Moments;
use crate::web::views::signed;

/// How long a tile says that a request was not approved.
const REJECTION_SHOWN: Duration = Duration::from_hours(24);

/// A task.
pub(super) struct TaskTile {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) icon: &'static str,
    pub(super) points: String,
    pub(super) look: Look,
    /// The state in words; empty if there is nothing to say.
    pub(super) state: String,
    /// What a tap does; `None` if it does nothing.
    pub(super) tap: Option<Tap>,
    pub(super) key: String,
}

/// What a tap on a tile does.
pub(super) enum Tap {
    Claim,
    /// Takes back the request with this id.
    Withdraw(String),
}

/// The class and the icon of a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Open,
    Late,
    Waiting,
    Done,
    Rejected,
    Closed,
}

impl Look {
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Late => "late",
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Rejected => "rejected",
            Self::Closed => "closed",
        }
    }

    pub(super) fn icon(self) -> &'static str {
        match self {
            Self::Open => "ui-plus",
            Self::Late => "clock",
            Self::Waiting => "ui-more",
            Self::Done => "ui-check",
            Self::Rejected => "ui-undo",
            Self::Closed => "ui-lock",
        }
    }
}

/// How tiles are written.
pub(super) struct Tiles<'a> {
    pub(super) shell: &'a Shell,
    pub(super) moments: &'a Moments,
    pub(super) now: Timestamp,
}

/// A state with its words, and whether a tap claims the task.
type Shown = (Look, String, bool);

impl Tiles<'_> {
    /// A task, and its occurrence if it is one of today.
    pub(super) fn tile(&self, task: &TaskState, occurrence: Option<&ShownOccurrence>) -> TaskTile {
        let texts = self.texts();
        let (look, state, is_claimable) = match (&task.pending, occurrence) {
            (Some(_), _) => (Look::Waiting, texts.waiting.to_owned(), false),
            (None, Some(occurrence)) => self.of_occurrence(task, occurrence),
            (None, None) => self.of_task(task),
        };
        let pending = task.pending.as_ref().map(|request| request.id.as_str().to_owned());
        let points = task.pending.as_ref().map_or(task.task.points, |request| request.points);
        TaskTile {
            id: task.task.id.as_str().to_owned(),
            name: task.task.name.as_str().to_owned(),
            icon: task.task.icon.map_or("star", Icon::as_str),
            points: signed(points.get(), self.shell.language),
            look,
            state,
            tap: pending.map(Tap::Withdraw).or(is_claimable.then_some(Tap::Claim)),
            key: new_key(),
        }
    }

    fn texts(&self) -> &'static ChildApp {
        &self.shell.texts().child_app
    }

    fn of_occurrence(&self, task: &TaskState, shown: &ShownOccurrence) -> Shown {
        let texts = self.texts();
        let closed = |text: &str| (Look::Closed, text.to_owned(), false);
        match shown.state {
            OccurrenceState::Done => (Look::Done, texts.done.to_owned(), false),
            OccurrenceState::Requested => (Look::Waiting, texts.wished.to_owned(), false),
            OccurrenceState::Missed => closed(texts.missed),
            OccurrenceState::Skipped => closed(texts.skipped),
            OccurrenceState::Paused => closed(texts.paused),
            OccurrenceState::Upcoming => closed(texts.upcoming),
            OccurrenceState::Due | OccurrenceState::Late if !task.task.is_requestable => {
                closed(texts.by_parents)
            }
            OccurrenceState::Due | OccurrenceState::Late if !shown.is_allowed => {
                self.unavailable(task)
            }
            _ if self.is_rejected(task) => self.rejected(task),
            OccurrenceState::Late => (Look::Late, texts.late.to_owned(), true),
            OccurrenceState::Due => (Look::Open, self.due(shown), true),
        }
    }

    fn due(&self, shown: &ShownOccurrence) -> String {
        let (due_at, ends_at) = (shown.occurrence.due_at, shown.occurrence.ends_at);
        let is_whole_day =
            due_at == ends_at || self.moments.day_and_today(due_at).0 != shown.occurrence.day;
        if is_whole_day {
            return self.texts().due.to_owned();
        }
        fill(self.texts().due_by, &[&self.moments.time(due_at)])
    }

    /// A task without an occurrence.
    fn of_task(&self, task: &TaskState) -> Shown {
        if !task.availability.is_available {
            return self.unavailable(task);
        }
        if self.is_rejected(task) {
            return self.rejected(task);
        }
        let is_of_today = |at| {
            let (day, today) = self.moments.day_and_today(at);
            day == today
        };
        let is_done = task.last.done_at.is_some_and(is_of_today);
        let text = if is_done { self.texts().done_today } else { "" };
        (Look::Open, text.to_owned(), true)
    }

    /// A task that was done as often as possible for now.
    fn unavailable(&self, task: &TaskState) -> Shown {
        let texts = self.texts();
        let Availability { available_at, .. } = task.availability;
        let text = available_at.map_or_else(
            || texts.no_more.to_owned(),
            |at| {
                let (day, today) = self.moments.day_and_today(at);
                if day == today.next() {
                    texts.again_tomorrow.to_owned()
                } else {
                    fill(texts.again_from, &[&self.shell.language.date(day)])
                }
            },
        );
        let look = if task.last.done_at.is_some() { Look::Done } else { Look::Closed };
        (look, text, false)
    }

    fn is_rejected(&self, task: &TaskState) -> bool {
        task.last.is_rejected_since(self.now.before(REJECTION_SHOWN))
    }

    fn rejected(&self, task: &TaskState) -> Shown {
        let texts = self.texts();
        let why = task.last.rejection.as_ref();
        let text =
            why.map_or_else(|| texts.rejected.to_owned(), |why| fill(texts.rejected_why, &[why]));
        (Look::Rejected, text, true)
    }
}
