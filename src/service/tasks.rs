//! The tasks and penalties of a family.

use std::sync::Arc;

use serde_json::{Value, json};

use super::family_records::{Creatable, Created, Updatable};
use super::requests::{RequestEnd, ends_of};
use super::schedules::rescheduled;
use super::{Caller, Listing, Parent, Service, ServiceError};
use crate::domain::calendar::Day;
use crate::domain::input::FieldUpdate;
use crate::domain::schedule::{PlanForm, Schedule};
use crate::domain::{
    Amount, Icon, IdempotencyKey, Name, Page, PendingTask, RuleViolation, Task, TaskId, TaskLimit,
    User,
};
use crate::store::{Change, Changes, Context, Snapshot};

#[derive(Clone, Debug)]
pub struct NewTask {
    pub name: Name,
    pub points: Amount,
    /// False for a penalty.
    pub is_good: bool,
    pub image_id: Option<Arc<str>>,
    pub is_requestable: bool,
    pub icon: Option<Icon>,
    pub limit: Option<TaskLimit>,
    pub schedule: Option<PlanForm>,
}

/// A change of a task; `None` and [`FieldUpdate::Keep`] keep a field.
#[derive(Clone, Debug)]
pub struct TaskPatch {
    pub name: Option<Name>,
    pub points: Option<Amount>,
    pub is_good: Option<bool>,
    pub image_id: FieldUpdate<Arc<str>>,
    pub is_requestable: Option<bool>,
    pub icon: FieldUpdate<Icon>,
    pub limit: FieldUpdate<TaskLimit>,
    /// Takes effect today, or on the later day that it names.
    pub schedule: FieldUpdate<PlanForm>,
}

impl NewTask {
    /// The fields by which two requests are compared.
    fn fields(&self) -> Value {
        let Self { name, points, is_good, image_id, is_requestable, icon, limit, schedule } = self;
        let mut fields = json!({
            "name": name.as_str(), "points": points.get(), "is_good": is_good, "image_id": image_id,
            "requestable": is_requestable, "icon": icon.map(Icon::as_str),
        });
        // Without it, the text is that of earlier versions.
        if let Some(limit) = limit {
            fields["limit"] = json!([limit.count(), limit.per.as_str()]);
        }
        if let Some(schedule) = schedule {
            fields["schedule"] = json!(schedule);
        }
        fields
    }
}

impl Updatable for Task {
    type Shown = Self;

    fn put(self) -> Change {
        Change::PutTask(self)
    }

    fn shown(self: Arc<Self>, _: &dyn Snapshot) -> Arc<Self::Shown> {
        self
    }
}

impl Creatable for Task {
    const KIND: &'static str = "task";

    fn id(&self) -> &TaskId {
        &self.id
    }

    fn find(
        caller: &Caller,
        records: &dyn Snapshot,
        id: &TaskId,
    ) -> Result<Arc<Self>, RuleViolation> {
        caller.task(records, id)
    }
}

impl Service {
    /// Returns the family's tasks and penalties and the shared ones.
    pub async fn tasks(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<Listing<Arc<Task>>, ServiceError> {
        Ok(self.records_of(caller).await?.tasks_page(&caller.user().id, page))
    }

    /// Fails if the caller may not read the task.
    pub async fn task(&self, caller: &Caller, id: &TaskId) -> Result<Arc<Task>, ServiceError> {
        Ok(caller.task(&*self.records_of(caller).await?, id)?)
    }

    pub async fn create_task(
        &self,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        new: NewTask,
    ) -> Result<Created<Task>, ServiceError> {
        let user_id = parent.user().id.clone();
        let (limits, user) = (self.settings().family, Arc::clone(parent.user()));
        let calendar = self.calendar(&user);
        self.create(parent, key, new.fields(), move |records, context| {
            limits.check_tasks(records, &user_id)?;
            let today = calendar.day_of(context.now());
            let form = new.schedule.as_ref();
            let schedule = form.map(|form| rescheduled(None, form, &user, today, records));
            Ok(Task {
                id: context.new_id(),
                user_id: Some(user_id.clone()),
                name: new.name.clone(),
                points: new.points,
                is_good: new.is_good,
                image_id: new.image_id.clone(),
                created_at: Some(context.now()),
                updated_at: Some(context.now()),
                is_requestable: new.is_requestable,
                icon: new.icon,
                limit: new.limit,
                schedule: schedule.transpose()?.flatten(),
                extra: [].into(),
            })
        })
        .await
    }

    /// Updates a task. If it can no longer be requested, its pending requests end without an event. Fails
    /// for a shared task.
    pub async fn update_task(
        &self,
        parent: &Parent,
        id: TaskId,
        patch: TaskPatch,
    ) -> Result<Arc<Task>, ServiceError> {
        let decider = parent.clone();
        let calendar = self.calendar(parent.user());
        let commit = self.transact_as(parent, move |records, context| {
            let task = Task::clone(&*decider.own_task(records, &id)?);
            let today = calendar.day_of(context.now());
            let schedule =
                patched_schedule(&patch.schedule, &task, decider.user(), today, records)?;
            let task = Task {
                name: patch.name.clone().unwrap_or(task.name),
                points: patch.points.unwrap_or(task.points),
                is_good: patch.is_good.unwrap_or(task.is_good),
                image_id: patch.image_id.clone().apply(task.image_id),
                is_requestable: patch.is_requestable.unwrap_or(task.is_requestable),
                icon: patch.icon.clone().apply(task.icon),
                limit: patch.limit.clone().apply(task.limit),
                schedule,
                updated_at: Some(context.now()),
                ..task
            };
            let is_open = task.is_good && task.is_requestable;
            let ends = if is_open { Vec::new() } else { ends_of_requests(records, &task, context) };
            let put = Change::PutTask(task.clone());
            Ok((Changes::of([put].into_iter().chain(ends)), task))
        });
        Ok(Arc::new(commit.await?.value))
    }

    /// Deletes a task with its pending requests, which end without an event. Its events stay. Fails for a
    /// shared task.
    pub async fn delete_task(&self, parent: &Parent, id: TaskId) -> Result<(), ServiceError> {
        let decider = parent.clone();
        self.transact_as(parent, move |records, context| {
            let task = decider.own_task(records, &id)?;
            let ends = ends_of_requests(records, &task, context);
            let itself = Change::RemoveTask(task.id.clone());
            Ok((Changes::of(ends.into_iter().chain([itself])), ()))
        })
        .await?;
        Ok(())
    }

    /// Returns the family's pending requests for tasks; for a child's session, only the child's.
    pub async fn pending_tasks(
        &self,
        caller: &Caller,
        page: Page,
    ) -> Result<Listing<Arc<PendingTask>>, ServiceError> {
        let records = self.records_of(caller).await?;
        Ok(records.pending_tasks_page(&caller.user().id, caller.visible_child(), page))
    }
}

/// The schedule of a task after an update.
fn patched_schedule(
    update: &FieldUpdate<PlanForm>,
    task: &Task,
    user: &User,
    today: Day,
    records: &dyn Snapshot,
) -> Result<Option<Schedule>, RuleViolation> {
    let old = task.schedule.as_ref();
    match update {
        FieldUpdate::Keep => Ok(task.schedule.clone()),
        // The days before today keep their occurrences.
        FieldUpdate::Clear => {
            Ok(old.and_then(|schedule| Schedule::changed(Some(schedule), today, None)))
        }
        FieldUpdate::Set(form) => rescheduled(Some((&task.id, old)), form, user, today, records),
    }
}

/// The changes that end every pending request for a family's own task.
fn ends_of_requests(records: &dyn Snapshot, task: &Task, context: &Context) -> Vec<Change> {
    let Some(user_id) = &task.user_id else { return Vec::new() };
    let requests = records.pending_tasks_of(user_id);
    let of_task = requests.iter().map(|request| &**request).filter(|it| it.task_id == task.id);
    ends_of(of_task, &RequestEnd::deleted(context.now()), records)
}
