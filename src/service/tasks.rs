//! The tasks and penalties of a family.

use std::sync::Arc;

use super::{Caller, Listing, Parent, Service, ServiceError};
use crate::domain::input::FieldUpdate;
use crate::domain::{Amount, Name, Page, Task, TaskId};
use crate::store::{Change, Changes};

#[derive(Clone, Debug)]
pub struct NewTask {
    pub name: Name,
    pub points: Amount,
    /// False for a penalty.
    pub is_good: bool,
    pub image_id: Option<Arc<str>>,
}

/// A change of a task; `None` and [`FieldUpdate::Keep`] keep a field.
#[derive(Clone, Debug)]
pub struct TaskPatch {
    pub name: Option<Name>,
    pub points: Option<Amount>,
    pub is_good: Option<bool>,
    pub image_id: FieldUpdate<Arc<str>>,
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
        new: NewTask,
    ) -> Result<Arc<Task>, ServiceError> {
        let user_id = parent.user().id.clone();
        let limits = self.settings.family;
        self.put(parent, Change::PutTask, move |records, context| {
            limits.check_tasks(records, &user_id)?;
            Ok(Task {
                id: context.new_id(),
                user_id: Some(user_id.clone()),
                name: new.name.clone(),
                points: new.points,
                is_good: new.is_good,
                image_id: new.image_id.clone(),
                created_at: Some(context.now()),
                updated_at: Some(context.now()),
                extra: [].into(),
            })
        })
        .await
    }

    /// Fails for a shared task.
    pub async fn update_task(
        &self,
        parent: &Parent,
        id: TaskId,
        patch: TaskPatch,
    ) -> Result<Arc<Task>, ServiceError> {
        let decider = parent.clone();
        self.put(parent, Change::PutTask, move |records, context| {
            let task = Task::clone(&*decider.own_task(records, &id)?);
            Ok(Task {
                name: patch.name.clone().unwrap_or(task.name),
                points: patch.points.unwrap_or(task.points),
                is_good: patch.is_good.unwrap_or(task.is_good),
                image_id: patch.image_id.clone().apply(task.image_id),
                updated_at: Some(context.now()),
                ..task
            })
        })
        .await
    }

    /// Deletes a task. Its events stay. Fails for a shared task.
    pub async fn delete_task(&self, parent: &Parent, id: TaskId) -> Result<(), ServiceError> {
        let decider = parent.clone();
        self.transact_as(parent, move |records, _| {
            let task = decider.own_task(records, &id)?;
            Ok((Changes::of([Change::RemoveTask(task.id.clone())]), ()))
        })
        .await?;
        Ok(())
    }
}
