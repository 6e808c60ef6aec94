//! How schedules change, and what the changes of a family mean for them.

use std::sync::Arc;

use crate::domain::calendar::{Calendar, Day};
use crate::domain::schedule::{Plan, PlanDefaults, PlanForm, Schedule};
use crate::domain::{
    Child, FamilyLimit, Invalid, RuleViolation, Task, TaskId, Timestamp, User, UserId,
};
use crate::store::{Change, Changes, Snapshot};

/// The number of tasks of a family that can have a schedule.
const MOST_SCHEDULED: usize = 200;

/// Returns the schedule of a task after a request, which takes effect today or on the later day that it names.
///
/// Fails if the plan breaks a rule, names a child or a penalty that the family does not have, or if too many other
/// tasks are scheduled.
pub(in crate::service) fn rescheduled(
    old: Option<(&TaskId, Option<&Schedule>)>,
    form: &PlanForm,
    user: &User,
    today: Day,
    records: &dyn Snapshot,
) -> Result<Option<Schedule>, RuleViolation> {
    let starts = form.starts()?.filter(|starts| *starts > today).unwrap_or(today);
    let plan = form.plan(PlanDefaults { from: starts, week_start: user.family.week_start })?;
    check_names(&plan, &user.id, records)?;
    let others = records.tasks_of(&user.id);
    let is_other = |task: &Task| old.is_none_or(|(id, _)| task.id != *id);
    let scheduled =
        others.iter().filter(|task| is_other(task) && is_scheduled(task, today)).count();
    if scheduled >= MOST_SCHEDULED {
        let (limit, most) = (FamilyLimit::ScheduledTasks, MOST_SCHEDULED);
        return Err(RuleViolation::FamilyLimitReached { limit, most });
    }
    Ok(Schedule::changed(old.and_then(|(_, schedule)| schedule), starts, Some(plan)))
}

fn is_scheduled(task: &Task, today: Day) -> bool {
    task.schedule.as_ref().is_some_and(|schedule| schedule.is_active(today))
}

/// Fails unless the family has the children and the penalty that a plan names.
fn check_names(plan: &Plan, family: &UserId, records: &dyn Snapshot) -> Result<(), RuleViolation> {
    let invalid = |rule| RuleViolation::from(Invalid::new("schedule", rule));
    let is_own = |child: &Child| child.user_id == *family;
    if !plan
        .who
        .named()
        .iter()
        .all(|id| records.child(&Arc::clone(id).into()).is_some_and(|child| is_own(&child)))
    {
        return Err(invalid("must name children of the family"));
    }
    let is_penalty =
        |task: &Task| !task.is_good && task.user_id.as_ref().is_none_or(|owner| owner == family);
    let penalty = plan.on_missed.clone().map(|id| records.task(&id.into()));
    if penalty.is_some_and(|found| !found.is_some_and(|task| is_penalty(&task))) {
        return Err(invalid("must have an `on_missed` that is a penalty of the family"));
    }
    Ok(())
}

/// The changes of the schedules that name a child which is deleted.
pub(in crate::service) fn without_child(
    child: &Child,
    calendar: &Calendar,
    now: Timestamp,
    records: &dyn Snapshot,
) -> Vec<Change> {
    let today = calendar.day_of(now);
    let changed = |task: &Task| {
        let old = task.schedule.as_ref()?;
        let schedule = old.without(child.id.as_str(), today);
        let updated_at = Some(now);
        (schedule != *old)
            .then(|| Change::PutTask(Task { schedule: Some(schedule), updated_at, ..task.clone() }))
    };
    records.tasks_of(&child.user_id).iter().filter_map(|task| changed(task)).collect()
}

/// Makes the job process the family now, if the changes can change its occurrences.
pub(in crate::service) fn with_next_look(
    mut changes: Changes,
    records: &dyn Snapshot,
    family: &UserId,
    now: Timestamp,
) -> Changes {
    // A mutation changes no schedule.
    if changes.event.is_some() || !changes.records.iter().any(|it| is_about_schedules(it, records))
    {
        return changes;
    }
    let looked_at = |user: User| {
        let schedule_at = Some(user.schedule_at.map_or(now, |at| at.min(now)));
        User { schedule_at, ..user }
    };
    for change in &mut changes.records {
        if let Change::PutUser(user) = change {
            *user = looked_at(user.clone());
            return changes;
        }
    }
    let user = records.user(family).map(|user| Change::PutUser(looked_at(User::clone(&user))));
    changes.records.extend(user);
    changes
}

/// Whether a change can give a family other occurrences.
fn is_about_schedules(change: &Change, records: &dyn Snapshot) -> bool {
    let was_scheduled = |id| records.task(id).is_some_and(|task| task.schedule.is_some());
    match change {
        Change::PutTask(task) => {
            let old = records.task(&task.id);
            let old = old.as_ref().map(|task| (task.is_good, &task.schedule));
            old.map_or(task.schedule.is_some(), |old| old != (task.is_good, &task.schedule))
        }
        Change::RemoveTask(id) => was_scheduled(id),
        Change::PutChild(child) => {
            let has_schedules = || records.user(&child.user_id)?.schedule_at;
            records.child(&child.id).is_none() && has_schedules().is_some()
        }
        Change::PutUser(user) => {
            let is_same = |old: &User| old.family == user.family;
            user.schedule_at.is_some() && !records.user(&user.id).is_some_and(|old| is_same(&old))
        }
        _ => false,
    }
}
