//! Tasks, which give points, and penalties, which take them.

use std::sync::Arc;

use super::{Caller, Listing, Parent, Service, ServiceError};
use crate::clock;
use crate::domain::input::FieldUpdate;
use crate::domain::{Amount, Name, Page, Task, TaskId};
use crate::store::{Change, Changes};

/// What a new task is made of.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// What it is called.
    pub name: Name,
    /// Points given or taken.
    pub points: Amount,
    /// False for a penalty.
    pub is_good: bool,
    /// A picture.
    pub image_id: Option<Arc<str>>,
}

/// What a parent may change of a task; what is `None` or [`FieldUpdate::Keep`] stays.
#[derive(Clone, Debug)]
pub struct TaskPatch {
    pub name: Option<Name>,
    pub points: Option<Amount>,
    pub is_good: Option<bool>,
    pub image_id: FieldUpdate<Arc<str>>,
}

impl Service {
    /// The family's tasks and penalties, and the shared ones.
    pub fn tasks(&self, caller: &Caller, page: Page) -> Listing<Arc<Task>> {
        self.store.view().tasks_page(&caller.user().id, page).into()
    }

    /// One task. Refuses one that the caller may not see.
    pub fn task(&self, caller: &Caller, id: &TaskId) -> Result<Arc<Task>, ServiceError> {
        Ok(caller.task(&*self.store.view(), id)?)
    }

    /// Adds a task to the family's.
    pub async fn create_task(
        &self,
        parent: &Parent,
        new: NewTask,
    ) -> Result<Arc<Task>, ServiceError> {
        let user_id = parent.user().id.clone();
        let limits = self.settings.family;
        let outcome = self
            .transact_as(parent, move |view, now| {
                limits.check_tasks(view, &user_id)?;
                let task = Task {
                    id: clock::new_id(),
                    user_id: Some(user_id),
                    name: new.name,
                    points: new.points,
                    is_good: new.is_good,
                    image_id: new.image_id,
                    created_at: Some(now),
                    updated_at: Some(now),
                    extra: [].into(),
                };
                Ok((Changes::of([Change::PutTask(task.clone())]), task))
            })
            .await?;
        Ok(Arc::new(outcome.value))
    }

    /// Changes a task of the family. Refuses a shared one.
    pub async fn update_task(
        &self,
        parent: &Parent,
        id: TaskId,
        patch: TaskPatch,
    ) -> Result<Arc<Task>, ServiceError> {
        let decider = parent.clone();
        let outcome = self
            .transact_as(parent, move |view, now| {
                let task = Task::clone(&*decider.own_task(view, &id)?);
                let task = Task {
                    name: patch.name.unwrap_or(task.name),
                    points: patch.points.unwrap_or(task.points),
                    is_good: patch.is_good.unwrap_or(task.is_good),
                    image_id: patch.image_id.apply(task.image_id),
                    updated_at: Some(now),
                    ..task
                };
                Ok((Changes::of([Change::PutTask(task.clone())]), task))
            })
            .await?;
        Ok(Arc::new(outcome.value))
    }

    /// Removes a task of the family. Its events stay. Refuses a shared one.
    pub async fn delete_task(&self, parent: &Parent, id: TaskId) -> Result<(), ServiceError> {
        let decider = parent.clone();
        self.transact_as(parent, move |view, _| {
            let task = decider.own_task(view, &id)?;
            Ok((Changes::of([Change::RemoveTask(task.id.clone())]), ()))
        })
        .await?;
        Ok(())
    }
}
