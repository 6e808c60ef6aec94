//! How often a child has done a task, and whether its limit allows it once more.

use super::{Caller, Service, ServiceError};
use crate::domain::progress::DailySums;
use crate::domain::{ChildId, Mutation, Operation, RuleViolation, Task, Timestamp, User, UserId};
use crate::store::Snapshot;

/// How often a child has done a task in the period of its limit.
#[derive(Clone, Debug)]
pub(super) struct TaskUses {
    /// [`Snapshot::task_mark`] before the events were read.
    mark: u64,
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
pub(super) enum LimitCheck {
    Allowed,
    /// The uses must be read first, or again.
    Unknown,
}

impl TaskUses {
    /// Fails if the limit of the task is reached. `uses` was read before the transaction.
    pub(super) fn check(
        uses: Option<&Self>,
        task: &Task,
        records: &dyn Snapshot,
        family: &UserId,
    ) -> Result<LimitCheck, RuleViolation> {
        let Some(limit) = task.limit.filter(|_| task.is_good) else {
            return Ok(LimitCheck::Allowed);
        };
        match uses.filter(|uses| uses.mark == records.task_mark(family)) {
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
        Ok(self.uses(caller.user(), &task, &sums).map(|(count, available_at)| TaskUses {
            mark,
            count,
            available_at,
        }))
    }

    /// How often a task was done in the period of its limit, and when that ends; `None` if it has no limit.
    fn uses(&self, user: &User, task: &Task, sums: &DailySums) -> Option<(u32, Option<Timestamp>)> {
        let limit = task.limit.filter(|_| task.is_good)?;
        let days = limit.per.days(self.today(user), user.family.week_start);
        let end = days.map(|days| self.calendar(user).start_of(days.last.next()));
        Some((sums.times_done(&task.id, days), end))
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
            let found = self.uses(user, task, &sums);
            let (Some(limit), Some((count, available_at))) = (task.limit, found) else {
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
