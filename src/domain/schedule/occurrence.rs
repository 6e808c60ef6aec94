//! What a schedule asks of a child, and what became of it.

use super::mark::{MarkKey, MarkKind};
use super::versions::Schedule;
use crate::domain::calendar::{Calendar, Day, FamilySettings};
use crate::domain::progress::Span;
use crate::domain::{Child, ChildId, Task, TaskId, Timestamp};

/// A task that a child is to do on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    pub task_id: TaskId,
    pub child_id: ChildId,
    pub day: Day,
    /// The last day on which it can be done.
    pub last: Day,
    /// When its day starts.
    pub starts_at: Timestamp,
    /// When it becomes late. At the latest the end of its day.
    pub due_at: Timestamp,
    /// When it can no longer be done.
    pub ends_at: Timestamp,
    /// Whether only the first child can do it.
    pub is_for_one: bool,
    /// The penalty that is activated if it is missed.
    pub on_missed: Option<TaskId>,
}

/// What has happened to an occurrence. Of several, the first one counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    /// An event belongs to it: the task was done on one of its days, and the event was not reversed.
    Done,
    /// The child's request of one of its days is pending.
    Requested,
    /// Another child has done it, and only one child can.
    DoneByOther,
    Skipped,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OccurrenceState {
    /// Its day has not started.
    Upcoming,
    /// It can be done, and is not late.
    Due,
    /// The child waits for a parent's answer.
    Requested,
    Done,
    /// It can still be done.
    Late,
    /// It can no longer be done.
    Missed,
    /// A parent has decided that it is not to be done.
    Skipped,
    /// Its day is a rest day, or in a pause of the family.
    Paused,
}

impl OccurrenceState {
    pub const ALL: [Self; 8] = [
        Self::Upcoming,
        Self::Due,
        Self::Requested,
        Self::Done,
        Self::Late,
        Self::Missed,
        Self::Skipped,
        Self::Paused,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Upcoming => "upcoming",
            Self::Due => "due",
            Self::Requested => "requested",
            Self::Done => "done",
            Self::Late => "late",
            Self::Missed => "missed",
            Self::Skipped => "skipped",
            Self::Paused => "paused",
        }
    }

    /// Whether the child can still do something about it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Due | Self::Late)
    }
}

impl Occurrence {
    /// The occurrences of a task for a child whose day is in a span, in the order of their days. A penalty has
    /// none, and a child has none before the day on which it was added.
    pub fn of(task: &Task, child: &Child, span: Span, calendar: &Calendar) -> Vec<Self> {
        let Some(schedule) = task.schedule.as_ref().filter(|_| task.is_good) else {
            return Vec::new();
        };
        let added = child.created_at.map(|at| calendar.day_of(at));
        let first = added.map_or(span.first, |added| added.max(span.first));
        let days = schedule.days(child.id.as_str(), first, span.last);
        let next = days.iter().copied().skip(1).map(Some).chain([None]);
        let of = |(day, next)| Self::on(schedule, task, child, day, next, calendar);
        days.iter().copied().zip(next).filter_map(of).collect()
    }

    /// The occurrence of which a day is one of its days: at most one is.
    pub fn at(task: &Task, child: &Child, day: Day, calendar: &Calendar) -> Option<Self> {
        let first = day.plus(-task.schedule.as_ref()?.longest_grace());
        let found = Self::of(task, child, Span { first, last: day }, calendar).pop();
        found.filter(|it| it.last >= day)
    }

    /// The occurrence on a day. `next` is the one after it, if it is known.
    fn on(
        schedule: &Schedule,
        task: &Task,
        child: &Child,
        day: Day,
        next: Option<Day>,
        calendar: &Calendar,
    ) -> Option<Self> {
        let plan = schedule.in_effect(day)?.plan.as_ref()?;
        let grace_end = day.plus(plan.grace_days.into());
        let next = next.or_else(|| {
            let later = schedule.days(child.id.as_str(), day.next(), grace_end);
            later.first().copied()
        });
        let last = next.map_or(grace_end, |next| grace_end.min(next.previous()));
        let end_of_day = calendar.start_of(day.next());
        let due_at = plan.due_time.map(|time| calendar.at(day, time.hour(), time.minute()));
        Some(Self {
            task_id: task.id.clone(),
            child_id: child.id.clone(),
            day,
            last,
            starts_at: calendar.start_of(day),
            due_at: due_at.map_or(end_of_day, |at| at.min(end_of_day)),
            ends_at: if last == day { end_of_day } else { calendar.start_of(last.next()) },
            is_for_one: plan.is_for_one,
            on_missed: plan.on_missed.clone().map(TaskId::from),
        })
    }

    /// The key of a mark of it.
    pub fn key(&self, kind: MarkKind) -> MarkKey {
        let Self { day, child_id, task_id, .. } = self;
        MarkKey { day: *day, child_id: child_id.clone(), task_id: task_id.clone(), kind }
    }

    /// The days on which it can be done.
    pub fn span(&self) -> Span {
        Span { first: self.day, last: self.last }
    }

    /// What became of it by a moment. What has happened counts before what the calendar says.
    pub fn state(
        &self,
        fact: Option<Fact>,
        settings: &FamilySettings,
        now: Timestamp,
    ) -> OccurrenceState {
        use OccurrenceState as State;
        match fact {
            Some(Fact::Done | Fact::DoneByOther) => State::Done,
            Some(Fact::Requested) => State::Requested,
            Some(Fact::Skipped) => State::Skipped,
            None if settings.is_neutral(self.day) => State::Paused,
            None if now < self.starts_at => State::Upcoming,
            None if now < self.due_at => State::Due,
            None if now < self.ends_at => State::Late,
            None => State::Missed,
        }
    }
}
