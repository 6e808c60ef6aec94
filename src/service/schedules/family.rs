//! The scheduled tasks of a family at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::task_limits::Counted;
use super::super::{Service, ServiceError};
use crate::domain::calendar::{Calendar, Day};
use crate::domain::progress::{DailySums, Span, Subject};
use crate::domain::schedule::{Fact, MarkKind, Occurrence, OccurrenceState, Schedule};
use crate::domain::{Child, ChildId, Task, TaskId, Timestamp, User, UserId};
use crate::store::{Scope, Snapshot, Store};

/// The greatest number of occurrences of a family in one response.
const MOST_OCCURRENCES: usize = 100_000;

/// What a family's occurrences are computed from.
#[derive(Clone)]
pub(super) struct FamilySchedule {
    pub(super) user: Arc<User>,
    pub(super) calendar: Calendar,
    pub(super) now: Timestamp,
    pub(super) children: Vec<Arc<Child>>,
    /// Those with a schedule, in the order of their creation.
    pub(super) tasks: Vec<Arc<Task>>,
    /// Of every child, as they were when [`Snapshot::task_mark`] was `mark`, or later.
    sums: Arc<HashMap<ChildId, Arc<DailySums>>>,
    mark: u64,
}

impl Service {
    /// Reads a family, for occurrences on a day or later; `None` if there is no such account, or if it is marked for
    /// deletion.
    pub(super) async fn family_schedule_from(
        &self,
        id: &UserId,
        first: Day,
    ) -> Result<Option<(FamilySchedule, Arc<dyn Snapshot>)>, ServiceError> {
        let records = self.store.read(Scope::marks_since(id, first)).await?;
        let Some(user) = records.user(id).filter(|user| user.deletion.is_none()) else {
            return Ok(None);
        };
        let (tasks, children) = (scheduled(&*records, id), records.children_of(id));
        // It is read before the sums: an event that is committed meanwhile changes it.
        let mark = records.task_mark(id);
        let mut sums = HashMap::new();
        for child in children.iter().filter(|_| !tasks.is_empty()) {
            sums.insert(child.id.clone(), self.daily_sums(&user, &child.id).await?);
        }
        let (calendar, now, sums) = (self.calendar(&user), self.clock.now(), Arc::new(sums));
        let family = FamilySchedule { user, calendar, now, children, tasks, sums, mark };
        Ok(Some((family, records)))
    }
}

/// The tasks of a family with a schedule, in the order of their creation.
fn scheduled(records: &dyn Snapshot, family: &UserId) -> Vec<Arc<Task>> {
    let mut tasks = records.tasks_of(family);
    tasks.retain(|task| task.is_good && task.schedule.is_some());
    tasks
}

impl FamilySchedule {
    /// Whether a snapshot has the events, the schedules, the children and the settings that were read.
    pub(super) fn is_current(&self, records: &dyn Snapshot) -> bool {
        let Self { user, tasks, children, .. } = self;
        let is_same = |user: &User| user.family == self.user.family;
        let ids = |children: &[Arc<Child>]| -> Vec<ChildId> {
            children.iter().map(|child| child.id.clone()).collect()
        };
        let rules = |tasks: &[Arc<Task>]| -> Vec<(TaskId, Option<Schedule>)> {
            tasks.iter().map(|task| (task.id.clone(), task.schedule.clone())).collect()
        };
        records.task_mark(&user.id) == self.mark
            && records.user(&user.id).is_some_and(|user| is_same(&user))
            && ids(&records.children_of(&user.id)) == ids(children)
            && rules(&scheduled(records, &user.id)) == rules(tasks)
    }

    /// Whether the children could have so many occurrences on the days of a span that a response does not fit into memory.
    pub(super) fn is_too_large(&self, span: Span) -> bool {
        let days = usize::try_from(span.first.days_until(span.last) + 1).unwrap_or(usize::MAX);
        let number = days.saturating_mul(self.children.len()).saturating_mul(self.tasks.len());
        number > MOST_OCCURRENCES
    }

    /// What the uses of the tasks are counted from.
    pub(super) fn counted(&self) -> Counted<'_> {
        let (sums, today) = (Arc::clone(&self.sums), self.calendar.day_of(self.now));
        Counted { user: &self.user, calendar: &self.calendar, today, mark: self.mark, sums }
    }

    /// The greatest number of days after its day on which an occurrence can be done.
    pub(super) fn longest_grace(&self) -> i32 {
        let schedules = self.tasks.iter().filter_map(|task| task.schedule.as_ref());
        schedules.map(Schedule::longest_grace).max().unwrap_or_default()
    }

    /// The occurrences of a child with a day in a span, with their tasks.
    pub(super) fn occurrences(&self, child: &Child, span: Span) -> Vec<(&Arc<Task>, Occurrence)> {
        let of = |task| Occurrence::of(task, child, span, &self.calendar);
        self.tasks.iter().flat_map(|task| of(task).into_iter().map(move |it| (task, it))).collect()
    }

    /// What became of an occurrence by the records of a snapshot.
    pub(super) fn state(&self, occurrence: &Occurrence, records: &dyn Snapshot) -> OccurrenceState {
        occurrence.state(self.fact(occurrence, records), &self.user.family, self.now)
    }

    fn fact(&self, occurrence: &Occurrence, records: &dyn Snapshot) -> Option<Fact> {
        let Occurrence { child_id, task_id, is_for_one, .. } = occurrence;
        let (subject, span) = (Subject::task(task_id), Some(occurrence.span()));
        let is_done =
            |child: &ChildId| self.sums.get(child).is_some_and(|it| it.count(&subject, span) > 0);
        if is_done(child_id) {
            return Some(Fact::Done);
        }
        let pending = records.pending_task(child_id, task_id);
        let is_of = |at| occurrence.span().contains(self.calendar.day_of(at));
        if pending.is_some_and(|request| is_of(request.created_at)) {
            return Some(Fact::Requested);
        }
        if *is_for_one && self.sums.keys().filter(|other| *other != child_id).any(is_done) {
            return Some(Fact::DoneByOther);
        }
        records.mark(&occurrence.key(MarkKind::Skipped)).map(|_| Fact::Skipped)
    }
}
