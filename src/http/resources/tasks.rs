//! Tasks and penalties.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use utoipa::openapi::Type;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::input::{amount, image_id};
use crate::domain::{Name, Task};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::Path;
use crate::http::extract::fields::{Fields, FromFields, Noted};
use crate::http::extract::input::{Input, RECORD_FIELDS};
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{Addition, Change, Errors, Refuses, schemas, tags};
use crate::http::resources::records::{PageBody, TaskBody, bodies};
use crate::http::response::json::{self, List, Listed};
use crate::service::{Caller, NewTask, Parent, Service, TaskPatch};

/// One task.
#[derive(Serialize, ToSchema)]
pub(crate) struct TaskAnswer {
    task: TaskBody,
}

/// Some of the tasks.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskList)]
pub(crate) struct TasksAnswer {
    tasks: Vec<TaskBody>,
    #[serde(flatten)]
    page: PageBody,
}

impl Listed for TasksAnswer {
    type Record = TaskBody;

    fn into_list(self) -> List<TaskBody> {
        List::page(r#"{"tasks":["#, self.tasks, &self.page)
    }
}

/// Lists the tasks and penalties
///
/// The family's own, and those that are offered to every family, in the order in which they were made.
#[utoipa::path(
    get,
    path = "/tasks",
    operation_id = "listTasks",
    tag = tags::TASKS,
    params(Paging),
    responses(
        (status = 200, description = "A page of them", body = TasksAnswer),
        Errors<Caller, Query<Paging>>
    )
)]
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let listing = service.tasks(&caller, page).await?;
    let page = PageBody::new(page, listing.total);
    json::list(&service, &caller, TasksAnswer { page, tasks: bodies(listing, TaskBody) }).await
}

/// Makes a task or a penalty
#[utoipa::path(
    post,
    path = "/tasks",
    operation_id = "createTask",
    tag = tags::TASKS,
    request_body = NewTask,
    responses(
        (status = 201, description = "It is made", body = TaskAnswer),
        Errors<Parent, Input<NewTask>, Change, Addition>
    )
)]
pub(crate) async fn create(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Input(new): Input<NewTask>,
) -> Result<(StatusCode, Response), ApiError> {
    let task = service.create_task(&parent, new).await?;
    Ok((StatusCode::CREATED, answer(task).await?))
}

/// Answers one task or penalty
#[utoipa::path(
    get,
    path = "/tasks/{id}",
    operation_id = "getTask",
    tag = tags::TASKS,
    params(("id" = String, Path, description = "The task's id.")),
    responses(
        (status = 200, description = "The task", body = TaskAnswer),
        Errors<Caller, Path<String>>
    )
)]
pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    answer(service.task(&caller, &id.into()).await?).await
}

/// Changes a task or a penalty
///
/// What is left out stays. One that is offered to every family can't be changed.
#[utoipa::path(
    patch,
    path = "/tasks/{id}",
    operation_id = "updateTask",
    tag = tags::TASKS,
    params(("id" = String, Path, description = "The task's id.")),
    request_body = TaskPatch,
    responses(
        (status = 200, description = "The task as it is now", body = TaskAnswer),
        Errors<Parent, Path<String>, Input<TaskPatch>, Change, Shared>
    )
)]
pub(crate) async fn update(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
    Input(patch): Input<TaskPatch>,
) -> Result<Response, ApiError> {
    let task = service.update_task(&parent, id.into(), patch).await?;
    answer(task).await
}

/// Deletes a task or a penalty
///
/// Its events stay. One that is offered to every family can't be deleted.
#[utoipa::path(
    delete,
    path = "/tasks/{id}",
    operation_id = "deleteTask",
    tag = tags::TASKS,
    params(("id" = String, Path, description = "The task's id.")),
    responses(
        (status = 204, description = "It is gone"),
        Errors<Parent, Path<String>, Change, Shared>
    )
)]
pub(crate) async fn delete(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.delete_task(&parent, id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn answer(task: Arc<Task>) -> Result<Response, ApiError> {
    json::one(TaskAnswer { task: TaskBody(task) }).await
}

/// What is offered to every family.
pub(crate) enum Shared {}

impl Refuses for Shared {
    const CODES: &'static [ErrorCode] = &[ErrorCode::SharedReadOnly];
}

impl PartialSchema for NewTask {
    fn schema() -> RefOr<Schema> {
        schemas::body("A new task.", json!({"name": "Make the bed", "points": 5}))
            .property("name", schemas::name())
            .property("points", schemas::amount())
            .property("is_good", schemas::boolean().default(Some(true.into())))
            .property("image_id", schemas::nullable(schemas::line(), Type::String))
            .required("name")
            .required("points")
            .into()
    }
}

impl ToSchema for NewTask {}

impl FromFields for NewTask {
    const ALLOWED: &'static [&'static str] = &["name", "points", "is_good", "image_id"];
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted> {
        let name = fields.required("name", |text: String| Name::parse("name", &text));
        let points = fields.required("points", |points| amount("points", points));
        let is_good = fields.optional("is_good", Ok);
        let image_id = fields.nullable("image_id", image_id);
        Ok(Self {
            name: name?,
            points: points?,
            is_good: is_good?.unwrap_or(true),
            image_id: image_id?,
        })
    }
}

impl PartialSchema for TaskPatch {
    fn schema() -> RefOr<Schema> {
        schemas::body("What is to be changed of a task.", json!({"points": 6, "image_id": null}))
            .property("name", schemas::name())
            .property("points", schemas::amount())
            .property("is_good", schemas::boolean())
            .property("image_id", schemas::nullable(schemas::line(), Type::String))
            .into()
    }
}

impl ToSchema for TaskPatch {}

impl FromFields for TaskPatch {
    const ALLOWED: &'static [&'static str] = NewTask::ALLOWED;
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted> {
        let name = fields.optional("name", |text: String| Name::parse("name", &text));
        let points = fields.optional("points", |points| amount("points", points));
        let is_good = fields.optional("is_good", Ok);
        let image_id = fields.patch("image_id", image_id);
        Ok(Self { name: name?, points: points?, is_good: is_good?, image_id: image_id? })
    }
}
