//! How often a child has done a task, and whether its limit allows it once more.

use super::{Caller, Service, ServiceError};
use crate::domain::progress::{DailySums, Subject};
use crate::domain::{
    ChildId, Mutation, Operation, RuleViolation, Task, TaskLimit, Timestamp, User,
};

/// How often a child has done a task in the period of its limit.
#[derive(Clone, Debug)]
pub(super) struct TaskUses {
    /// [`Snapshot::task_mark`] before the events were read.
    mark: u64,
    /// The limit for whose period they were counted.
    limit: TaskLimit,
    count: u32,
    /// When the period ends; `None` if it is the whole history.
    available_at: Option<Timestamp>,
}

/// Whether a child may do a task now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Availability {
    pub is_available: bool,
    /// When the limit allows the task again; `None` if it is available, or never again.
    pub available_at: Option<Timestamp>,
}

/// What a transaction knows about the limit of a task.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LimitCheck {
    Allowed,
    /// The uses must be read first, or again.
    Unknown,
}

impl TaskUses {
    /// Fails if the limit of the task is reached. `uses` was read before the transaction, whose snapshot has `mark`.
    /// It counts only if neither the events nor the limit have changed since.
    pub(super) fn check(
        uses: Option<&Self>,
        task: &Task,
        mark: u64,
    ) -> Result<LimitCheck, RuleViolation> {
        let Some(limit) = task.limit.filter(|_| task.is_good) else {
            return Ok(LimitCheck::Allowed);
        };
        match uses.filter(|uses| uses.mark == mark && uses.limit == limit) {
            Some(uses) if uses.count >= limit.count() => {
                Err(RuleViolation::LimitReached { available_at: uses.available_at })
            }
            Some(_) => Ok(LimitCheck::Allowed),
            None => Ok(LimitCheck::Unknown),
        }
    }
}

impl Service {
    /// Reads how often the child of a mutation has done its task, for a transaction that follows.
    pub(super) async fn task_uses(
        &self,
        caller: &Caller,
        mutation: &Mutation,
    ) -> Result<Option<TaskUses>, ServiceError> {
        let (Operation::Activate(task) | Operation::RequestTask(task)) = &mutation.operation else {
            return Ok(None);
        };
        // The mark comes first: an event that is committed meanwhile changes it.
        let records = self.records_of(caller).await?;
        let mark = records.task_mark(&caller.user().id);
        let task = caller.task(&*records, task)?;
        let sums = self.daily_sums(caller.user(), &mutation.child).await?;
        let uses = self.uses(caller.user(), &task, &sums);
        Ok(uses.map(|(limit, count, available_at)| TaskUses { mark, limit, count, available_at }))
    }

    /// The limit of a task, how often the task was done in its period, and when that ends; `None` if it has no
    /// limit.
    fn uses(
        &self,
        user: &User,
        task: &Task,
        sums: &DailySums,
    ) -> Option<(TaskLimit, u32, Option<Timestamp>)> {
        let limit = task.limit.filter(|_| task.is_good)?;
        let days = limit.per.days(self.today(user), user.family.week_start);
        let end = days.map(|days| self.calendar(user).start_of(days.last.next()));
        Some((limit, sums.count(&Subject::task(&task.id), days), end))
    }

    /// Returns whether a child may do each of these tasks now. A pending request counts like a task done.
    pub(super) async fn availability(
        &self,
        user: &User,
        child: &ChildId,
        tasks: &[(&Task, bool)],
    ) -> Result<Vec<Availability>, ServiceError> {
        let free = Availability { is_available: true, available_at: None };
        if tasks.iter().all(|(task, _)| task.limit.is_none()) {
            return Ok(vec![free; tasks.len()]);
        }
        let sums = self.daily_sums(user, child).await?;
        let of = |(task, is_requested): &(&Task, bool)| {
            let Some((limit, count, available_at)) = self.uses(user, task, &sums) else {
                return free;
            };
            if count + u32::from(*is_requested) < limit.count() {
                return free;
            }
            Availability { is_available: false, available_at }
        };
        Ok(tasks.iter().map(of).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Amount, Extra, LimitPeriod, Name};

    fn task(limit: Option<TaskLimit>) -> Task {
        Task {
            id: "bed".into(),
            user_id: None,
            name: Name::from_stored("Make the bed"),
            points: Amount::new(5).unwrap(),
            is_good: true,
            image_id: None,
            created_at: None,
            updated_at: None,
            is_requestable: false,
            icon: None,
            limit,
            extra: Extra::default(),
        }
    }

    #[test]
    fn uses_count_only_with_the_limit_and_the_mark_of_their_reading() {
        let limit = |count, per| TaskLimit::new("limit", count, per).unwrap();
        let (once, weekly) = (limit(1, LimitPeriod::Day), limit(1, LimitPeriod::Week));
        let uses = TaskUses { mark: 7, limit: once, count: 0, available_at: None };
        let check = |limit, mark| TaskUses::check(Some(&uses), &task(limit), mark).unwrap();
        assert_eq!(check(Some(once), 7), LimitCheck::Allowed);
        assert_eq!(check(Some(once), 8), LimitCheck::Unknown);
        assert_eq!(check(Some(weekly), 7), LimitCheck::Unknown, "counted in another period");
        assert_eq!(check(None, 8), LimitCheck::Allowed);
        let reached = TaskUses { count: 1, ..uses };
        assert!(TaskUses::check(Some(&reached), &task(Some(once)), 7).is_err());
        let check = TaskUses::check(Some(&reached), &task(Some(weekly)), 7);
        assert_eq!(check.unwrap(), LimitCheck::Unknown);
        assert_eq!(TaskUses::check(None, &task(Some(once)), 7).unwrap(), LimitCheck::Unknown);
    }
}
