//! How often a child has done a task, and whether its limit and its schedule allow it once more.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::{Caller, Service, ServiceError};
use crate::domain::calendar::{Calendar, Day};
use crate::domain::progress::{DailySums, Subject};
use crate::domain::schedule::Occurrence;
use crate::domain::{
    Child, ChildId, Mutation, Operation, RuleViolation, Task, TaskId, TaskLimit, Timestamp, User,
};
use crate::store::{Scope, Snapshot};

/// What bounds how often a child may do a task on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Bounds {
    limit: Option<TaskLimit>,
    /// The occurrence of the day, if only one child may do it.
    for_one: Option<Occurrence>,
}

/// How often a child has done a task.
#[derive(Clone, Debug)]
pub(super) struct TaskUses {
    /// [`Snapshot::task_mark`] before the events were read.
    mark: u64,
    /// The bounds for which they were counted.
    bounds: Bounds,
    /// How often the child has done the task in the period of the limit.
    count: u32,
    /// When that period ends; `None` if it is the whole history.
    ends_at: Option<Timestamp>,
    /// Whether another child has done the occurrence that is for one.
    is_taken: bool,
}

/// What a mutation of a task needs to know before its transaction.
#[derive(Clone, Debug, Default)]
pub(super) struct Prepared {
    pub(super) uses: Option<TaskUses>,
    /// The work day of a task with a schedule: the transaction sees the marks of its occurrences.
    pub(super) work_day: Option<Day>,
}

/// Whether a child may do a task now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Availability {
    pub is_available: bool,
    /// When it can do the task again; `None` if it is available, or never again.
    pub available_at: Option<Timestamp>,
}

/// What a transaction knows about the bounds of a task.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LimitCheck {
    Allowed,
    /// The uses must be read first, or again.
    Unknown,
}

impl Bounds {
    /// The bounds of a task; `None` if there are none.
    pub(super) fn of(task: &Task, child: &Child, calendar: &Calendar, today: Day) -> Option<Self> {
        let limit = task.limit.filter(|_| task.is_good);
        let occurrence = Occurrence::at(task, child, today, calendar);
        let for_one = occurrence.filter(|occurrence| occurrence.is_for_one);
        (limit.is_some() || for_one.is_some()).then_some(Self { limit, for_one })
    }

    /// Whether another child's request for the occurrence that is for one is pending.
    pub(super) fn is_requested_by_other(
        &self,
        calendar: &Calendar,
        records: &dyn Snapshot,
        user: &User,
    ) -> bool {
        let Some(occurrence) = &self.for_one else { return false };
        records.pending_tasks_of(&user.id).iter().any(|request| {
            request.task_id == occurrence.task_id
                && request.child_id != occurrence.child_id
                && occurrence.span().contains(calendar.day_of(request.created_at))
        })
    }
}

impl TaskUses {
    /// Fails if the bounds of a task forbid it. `uses` was read before the transaction, whose snapshot has `mark`. It
    /// counts only if neither the events nor the bounds have changed since.
    pub(super) fn check(
        uses: Option<&Self>,
        bounds: Option<&Bounds>,
        mark: u64,
        is_requested_by_other: bool,
    ) -> Result<LimitCheck, RuleViolation> {
        let Some(bounds) = bounds else { return Ok(LimitCheck::Allowed) };
        let Some(uses) = uses.filter(|uses| uses.mark == mark && uses.bounds == *bounds) else {
            return Ok(LimitCheck::Unknown);
        };
        let Availability { is_available, available_at } =
            uses.availability(0, is_requested_by_other);
        if is_available {
            Ok(LimitCheck::Allowed)
        } else {
            Err(RuleViolation::LimitReached { available_at })
        }
    }

    /// `requests` is the number of the child's pending requests.
    fn availability(&self, requests: u32, is_requested_by_other: bool) -> Availability {
        let Bounds { limit, for_one } = &self.bounds;
        if limit.is_some_and(|limit| self.count + requests >= limit.count()) {
            return Availability { is_available: false, available_at: self.ends_at };
        }
        let taken = for_one.as_ref().filter(|_| self.is_taken || is_requested_by_other);
        let available_at = taken.map(|occurrence| occurrence.ends_at);
        Availability { is_available: available_at.is_none(), available_at }
    }
}

/// What the uses of a family's tasks are counted from.
pub(super) struct Counted<'a> {
    pub(super) user: &'a User,
    pub(super) calendar: &'a Calendar,
    pub(super) today: Day,
    /// [`Snapshot::task_mark`] before the sums were read.
    pub(super) mark: u64,
    /// Of the child, and of the others if an occurrence is for one of them.
    pub(super) sums: Arc<HashMap<ChildId, Arc<DailySums>>>,
}

impl Counted<'_> {
    fn uses(&self, task: &TaskId, child: &ChildId, bounds: Bounds) -> TaskUses {
        let subject = Subject::task(task);
        let days =
            bounds.limit.and_then(|limit| limit.per.days(self.today, self.user.family.week_start));
        let count = |child: &ChildId, span| {
            self.sums.get(child).map_or(0, |sums| sums.count(&subject, span))
        };
        let is_taken = bounds.for_one.as_ref().is_some_and(|occurrence| {
            let mut others = self.sums.keys().filter(|other| *other != child);
            others.any(|other| count(other, Some(occurrence.span())) > 0)
        });
        TaskUses {
            mark: self.mark,
            count: count(child, days),
            ends_at: days.map(|days| self.calendar.start_of(days.last.next())),
            is_taken,
            bounds,
        }
    }

    /// Returns whether a child may do each of these tasks now. A pending request counts like a task done.
    pub(super) fn availability(
        &self,
        child: &Child,
        tasks: &[(&Task, bool)],
        records: &dyn Snapshot,
    ) -> Vec<Availability> {
        let of = |(task, is_requested): &(&Task, bool)| {
            let Some(bounds) = Bounds::of(task, child, self.calendar, self.today) else {
                return Availability { is_available: true, available_at: None };
            };
            let by_other = bounds.is_requested_by_other(self.calendar, records, self.user);
            let uses = self.uses(&task.id, &child.id, bounds);
            uses.availability(u32::from(*is_requested), by_other)
        };
        tasks.iter().map(of).collect()
    }
}

impl Service {
    /// Reads what a mutation of a task needs to know, and returns the scope of its transaction.
    pub(super) async fn prepare(
        &self,
        caller: &Caller,
        mutation: &Mutation,
    ) -> Result<(Prepared, Scope), ServiceError> {
        let (Operation::Activate(task) | Operation::RequestTask(task)) = &mutation.operation else {
            return Ok((Prepared::default(), caller.family()));
        };
        let records = self.records_of(caller).await?;
        let (task, child) =
            (caller.task(&*records, task)?, caller.child(&*records, &mutation.child)?);
        let (calendar, today) = (self.calendar(caller.user()), self.today(caller.user()));
        let uses = match Bounds::of(&task, &child, &calendar, today) {
            Some(bounds) => {
                let (user, of) = (caller.user(), [&bounds]);
                let counted = self.counted(user, &calendar, today, &child.id, &of, &*records);
                Some(counted.await?.uses(&task.id, &child.id, bounds))
            }
            None => None,
        };
        let pending = records.pending_task(&child.id, &task.id);
        let work_day = pending.map_or(today, |request| calendar.day_of(request.created_at));
        let work_day = task.schedule.is_some().then_some(work_day);
        let family = &caller.user().id;
        let scope = work_day.map_or_else(|| caller.family(), |day| Scope::marks_since(family, day));
        Ok((Prepared { uses, work_day }, scope))
    }

    /// Reads what uses with these bounds are counted from.
    async fn counted<'a>(
        &self,
        user: &'a User,
        calendar: &'a Calendar,
        today: Day,
        child: &ChildId,
        bounds: &[&Bounds],
        records: &dyn Snapshot,
    ) -> Result<Counted<'a>, ServiceError> {
        // The mark comes first: an event that is committed meanwhile changes it.
        let mark = records.task_mark(&user.id);
        let needs_all = bounds.iter().any(|bounds| bounds.for_one.is_some());
        let children = if needs_all { records.children_of(&user.id) } else { Vec::new() };
        let mut ids: HashSet<ChildId> = children.iter().map(|child| child.id.clone()).collect();
        ids.extend((!bounds.is_empty()).then(|| child.clone()));
        let mut sums = HashMap::new();
        for id in ids {
            let own = self.daily_sums(user, &id).await?;
            sums.insert(id, own);
        }
        Ok(Counted { user, calendar, today, mark, sums: Arc::new(sums) })
    }

    /// Like [`Counted::availability`], after reading what it needs.
    pub(super) async fn availability(
        &self,
        user: &User,
        child: &Child,
        tasks: &[(&Task, bool)],
        records: &dyn Snapshot,
    ) -> Result<Vec<Availability>, ServiceError> {
        let (calendar, today) = (self.calendar(user), self.today(user));
        let bounds = tasks.iter().filter_map(|(task, _)| Bounds::of(task, child, &calendar, today));
        let bounds: Vec<_> = bounds.collect();
        let bounds: Vec<_> = bounds.iter().collect();
        let counted = self.counted(user, &calendar, today, &child.id, &bounds, records).await?;
        Ok(counted.availability(child, tasks, records))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::LimitPeriod;

    #[test]
    fn uses_count_only_with_the_bounds_and_the_mark_of_their_reading() {
        let limit = |count, per| Bounds {
            limit: Some(TaskLimit::new("limit", count, per).unwrap()),
            for_one: None,
        };
        let (once, weekly) = (limit(1, LimitPeriod::Day), limit(1, LimitPeriod::Week));
        let uses =
            TaskUses { mark: 7, bounds: once.clone(), count: 0, ends_at: None, is_taken: false };
        let check = |bounds, mark| TaskUses::check(Some(&uses), bounds, mark, false).unwrap();
        assert_eq!(check(Some(&once), 7), LimitCheck::Allowed);
        assert_eq!(check(Some(&once), 8), LimitCheck::Unknown);
        assert_eq!(check(Some(&weekly), 7), LimitCheck::Unknown, "counted in another period");
        assert_eq!(check(None, 8), LimitCheck::Allowed);
        let reached = TaskUses { count: 1, ..uses };
        assert!(TaskUses::check(Some(&reached), Some(&once), 7, false).is_err());
        let check = TaskUses::check(Some(&reached), Some(&weekly), 7, false);
        assert_eq!(check.unwrap(), LimitCheck::Unknown);
        assert_eq!(TaskUses::check(None, Some(&once), 7, false).unwrap(), LimitCheck::Unknown);
    }
}
