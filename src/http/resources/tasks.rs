//! Tasks, and penalties: tasks that deduct their points.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::domain::{Page, Task, TaskId};
use crate::http::extract::field_types::{AMOUNT, BOOLEAN, IMAGE_ID, NAME};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::RECORD_FIELDS;
use crate::http::openapi::{SharedErrors, tags};
use crate::http::resources::crud::{Resource, ServiceResult, Texts};
use crate::service::{Caller, Listing, NewTask, Parent, Service, TaskPatch};

impl Resource for Task {
    type New = NewTask;
    type Patch = TaskPatch;
    type UpdateErrors = SharedErrors;
    type DeleteErrors = SharedErrors;

    const TEXTS: Texts = Texts {
        tag: tags::TASKS,
        one: "a task or penalty",
        many: "the tasks and penalties",
        list: "The family's own and the shared ones, in the order of their creation.",
        create: "With `is_good: false` it is a penalty, which deducts its points.",
        update: "Fields that are left out keep their values. Shared tasks cannot be updated.",
        delete: "Its events stay. Shared tasks cannot be deleted.",
    };

    async fn list(
        service: &Service,
        caller: &Caller,
        page: Page,
    ) -> ServiceResult<Listing<Arc<Self>>> {
        service.tasks(caller, page).await
    }

    async fn create(service: &Service, parent: &Parent, new: NewTask) -> ServiceResult<Arc<Self>> {
        service.create_task(parent, new).await
    }

    async fn get(service: &Service, caller: &Caller, id: TaskId) -> ServiceResult<Arc<Self>> {
        service.task(caller, &id).await
    }

    async fn update(
        service: &Service,
        parent: &Parent,
        id: TaskId,
        patch: TaskPatch,
    ) -> ServiceResult<Arc<Self>> {
        service.update_task(parent, id, patch).await
    }

    async fn delete(service: &Arc<Service>, parent: &Parent, id: TaskId) -> ServiceResult<()> {
        service.delete_task(parent, id).await
    }
}

impl RequestBody for NewTask {
    const NAME: &'static str = "NewTask";
    const ABOUT: &'static str = "A new task or penalty.";
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn example() -> Value {
        json!({"name": "Make the bed", "points": 5})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let name = fields.required("name", NAME);
        let points = fields.required("points", AMOUNT);
        let is_good = fields.with_default("is_good", BOOLEAN, true);
        let image_id = fields.nullable("image_id", IMAGE_ID);
        Ok(Self { name: name?, points: points?, is_good: is_good?, image_id: image_id? })
    }
}

impl RequestBody for TaskPatch {
    const NAME: &'static str = "TaskPatch";
    const ABOUT: &'static str = "The fields of a task or penalty to update.";
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn example() -> Value {
        json!({"points": 6, "image_id": null})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let name = fields.optional("name", NAME);
        let points = fields.optional("points", AMOUNT);
        let is_good = fields.optional("is_good", BOOLEAN);
        let image_id = fields.patch("image_id", IMAGE_ID);
        Ok(Self { name: name?, points: points?, is_good: is_good?, image_id: image_id? })
    }
}
