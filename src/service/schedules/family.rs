//! The scheduled tasks of a family at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use super::super::{Service, ServiceError};
use crate::domain::calendar::{Calendar, Day};
use crate::domain::progress::{ContributionKind, DailySums, Span, Subject};
use crate::domain::schedule::{Fact, MarkKind, Occurrence, OccurrenceState, Plan, Schedule};
use crate::domain::{Child, ChildId, Task, TaskId, Timestamp, User, UserId};
use crate::store::{Scope, Snapshot, Store};

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
    /// Reads a family, for occurrences on a day or later; `None` if there is no such account.
    pub(super) async fn family_schedule_from(
        &self,
        id: &UserId,
        first: Day,
    ) -> Result<Option<(FamilySchedule, Arc<dyn Snapshot>)>, ServiceError> {
        let records = self.store.read(marks_from(id, first)).await?;
        let Some(user) = records.user(id) else { return Ok(None) };
        let family = FamilySchedule {
            calendar: self.calendar(&user),
            now: self.clock.now(),
            children: Vec::new(),
            tasks: Vec::new(),
            sums: Arc::default(),
            // It is read before the sums: an event that is committed meanwhile changes it.
            mark: records.task_mark(id),
            user,
        };
        let Some(mut family) = family.by(&*records) else { return Ok(None) };
        let mut sums = HashMap::new();
        if !family.tasks.is_empty() {
            for child in &family.children {
                sums.insert(child.id.clone(), self.daily_sums(&family.user, &child.id).await?);
            }
        }
        family.sums = sums.into();
        Ok(Some((family, records)))
    }
}

/// The scope of a family with the marks of occurrences that can be done on a day or later.
pub(in crate::service) fn marks_from(family: &UserId, first: Day) -> Scope {
    Scope::Marks(family.clone(), first.plus(-i32::from(Plan::MAX_GRACE) - 1))
}

impl FamilySchedule {
    /// The family by the records of a snapshot, with the same sums; `None` if the account does not exist or is marked
    /// for deletion.
    pub(super) fn by(self, records: &dyn Snapshot) -> Option<Self> {
        let user = records.user(&self.user.id).filter(|user| user.deletion.is_none())?;
        let mut tasks = records.tasks_of(&user.id);
        tasks.retain(|task| task.is_good && task.schedule.is_some());
        Some(Self { children: records.children_of(&user.id), tasks, user, ..self })
    }

    /// The family with one of its tasks.
    pub(super) fn of_task(mut self, id: &TaskId) -> Self {
        self.tasks.retain(|task| task.id == *id);
        self
    }

    /// Whether the sums contain all events of a snapshot.
    pub(super) fn is_complete(&self, records: &dyn Snapshot) -> bool {
        records.task_mark(&self.user.id) == self.mark
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
        let is_done = |child: &ChildId| times_done(self.sums.get(child), occurrence) > 0;
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

fn times_done(sums: Option<&Arc<DailySums>>, occurrence: &Occurrence) -> u32 {
    let id = occurrence.task_id.as_str().to_owned();
    let subject = Subject { kind: ContributionKind::Task, id };
    sums.map_or(0, |sums| sums.count(&subject, Some(occurrence.span())))
}
