//! Tasks, and penalties: tasks that deduct their points.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::domain::{IdempotencyKey, Page, PendingTask, Task, TaskId};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::field_types::{AMOUNT, BOOLEAN, ICON, IMAGE_ID, NAME, TASK_LIMIT};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::RECORD_FIELDS;
use crate::http::extract::query::{Paging, Query};
use crate::http::extract::schedule::SCHEDULE;
use crate::http::openapi::{Errors, SharedErrors, tags};
use crate::http::resources::crud::{Resource, ServiceResult, Texts};
use crate::http::resources::records::{Iso, RecordBody, TaskBody};
use crate::http::response::json;
use crate::http::response::page::{ListItem, PageOf};
use crate::service::{Caller, Created, Listing, NewTask, Parent, Service, TaskPatch, TaskState};

impl Resource for Task {
    type Shown = Self;
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

    async fn create(
        service: &Service,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        new: NewTask,
    ) -> ServiceResult<Created<Self>> {
        service.create_task(parent, key, new).await
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
        let is_requestable = fields.with_default("requestable", BOOLEAN, true);
        let icon = fields.nullable("icon", ICON);
        let limit = fields.nullable("limit", TASK_LIMIT);
        let schedule = fields.nullable("schedule", SCHEDULE);
        Ok(Self {
            name: name?,
            points: points?,
            is_good: is_good?,
            image_id: image_id?,
            is_requestable: is_requestable?,
            icon: icon?,
            limit: limit?,
            schedule: schedule?,
        })
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
        let is_requestable = fields.optional("requestable", BOOLEAN);
        let icon = fields.patch("icon", ICON);
        let limit = fields.patch("limit", TASK_LIMIT);
        let schedule = fields.patch("schedule", SCHEDULE);
        Ok(Self {
            name: name?,
            points: points?,
            is_good: is_good?,
            image_id: image_id?,
            is_requestable: is_requestable?,
            icon: icon?,
            limit: limit?,
            schedule: schedule?,
        })
    }
}

// `utoipa::path` takes no generic types.
type TaskStatePage = PageOf<TaskStateBody>;
type PendingTaskPage = PageOf<RecordBody<PendingTask>>;

/// A task and what it means for one child.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskState)]
pub(crate) struct TaskStateBody {
    #[serde(flatten)]
    task: TaskBody,
    /// Whether the child has a pending request for the task.
    requested: bool,
    /// The id of that request.
    #[schema(required)]
    request_id: Option<String>,
    /// Whether its limit allows the child to do the task now. A pending request counts like a task done.
    available: bool,
    /// When the limit allows it again. Null if it is available, and if it never will be.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    available_at: Option<Iso>,
    /// When the task was last activated for the child, within 90 days.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    last_done_at: Option<Iso>,
    /// When a parent last cancelled a request of the child, within 90 days.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    last_rejected_at: Option<Iso>,
    /// The parent's note about that.
    #[schema(required)]
    last_rejection: Option<String>,
}

impl ListItem for TaskStateBody {
    const FIELD: &'static str = "tasks";
}

impl From<TaskState> for TaskStateBody {
    fn from(TaskState { task, pending, last, availability }: TaskState) -> Self {
        Self {
            available: availability.is_available,
            available_at: availability.available_at.map(Iso),
            requested: pending.is_some(),
            request_id: pending.map(|request| request.id.to_string()),
            last_done_at: last.done_at.map(Iso),
            last_rejected_at: last.rejected_at.map(Iso),
            last_rejection: last.rejection,
            task: RecordBody(task),
        }
    }
}

/// List the tasks for one child
///
/// With what the child has requested, when each task was done last, and which request a parent rejected last. Without
/// penalties.
#[utoipa::path(
    get,
    path = "/children/{id}/tasks",
    operation_id = "listTaskStates",
    tag = tags::TASKS,
    params(("id" = String, Path, description = "The id of the child."), Paging),
    responses(
        (status = 200, description = "A page of the list", body = TaskStatePage),
        Errors<Caller, Path<String>, Query<Paging>>
    )
)]
pub(crate) async fn states(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let states = service.task_states(&caller, &id.into(), page).await?;
    json::list(&service, &caller, PageOf::new(page, states, TaskStateBody::from)).await
}

/// List the pending requests for tasks
///
/// In a child's session, only that child's own.
#[utoipa::path(
    get,
    path = "/tasks/pending",
    operation_id = "listPendingTasks",
    tag = tags::TASKS,
    params(Paging),
    responses(
        (status = 200, description = "A page of the list", body = PendingTaskPage),
        Errors<Caller, Query<Paging>>
    )
)]
pub(crate) async fn pending(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let requests = service.pending_tasks(&caller, page).await?;
    json::list(&service, &caller, PageOf::new(page, requests, RecordBody)).await
}
