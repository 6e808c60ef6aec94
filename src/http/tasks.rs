//! Tasks and penalties.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::ApiError;
use super::extract::Path;
use super::input::{Fields, FromFields, Input};
use super::query::{Paging, Query};
use super::records::{PageBody, TaskBody, bodies};
use crate::domain::{Invalid, Name, Task};
use crate::service::input::{amount, image_id};
use crate::service::{Caller, NewTask, Parent, Service, TaskPatch};

/// One task.
#[derive(Serialize)]
pub(super) struct TaskAnswer {
    task: TaskBody,
}

/// Some of the tasks.
#[derive(Serialize)]
pub(super) struct TasksAnswer {
    tasks: Vec<TaskBody>,
    #[serde(flatten)]
    page: PageBody,
}

/// `GET /tasks`
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Query(Paging(page)): Query<Paging>,
) -> Json<TasksAnswer> {
    let listing = service.tasks(&caller, page);
    Json(TasksAnswer { page: PageBody::new(page, listing.total), tasks: bodies(listing, TaskBody) })
}

/// `POST /tasks`
pub(super) async fn create(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Input(new): Input<NewTask>,
) -> Result<(StatusCode, Json<TaskAnswer>), ApiError> {
    let task = service.create_task(&parent, new).await?;
    Ok((StatusCode::CREATED, answer(task)))
}

/// `GET /tasks/{id}`
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<TaskAnswer>, ApiError> {
    Ok(answer(service.task(&caller, &id.into())?))
}

/// `PATCH /tasks/{id}`
pub(super) async fn update(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
    Input(patch): Input<TaskPatch>,
) -> Result<Json<TaskAnswer>, ApiError> {
    let task = service.update_task(&parent, id.into(), patch).await?;
    Ok(answer(task))
}

/// `DELETE /tasks/{id}`
pub(super) async fn delete(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.delete_task(&parent, id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn answer(task: Arc<Task>) -> Json<TaskAnswer> {
    let task = TaskBody(task);
    Json(TaskAnswer { task })
}

impl FromFields for NewTask {
    const ALLOWED: &'static [&'static str] = &["name", "points", "is_good", "image_id"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        Ok(Self {
            name: Name::parse("name", &fields.required::<String>("name")?)?,
            points: amount("points", fields.required("points")?)?,
            is_good: fields.optional("is_good")?.unwrap_or(true),
            image_id: fields.nullable("image_id")?.map(image_id).transpose()?,
        })
    }
}

impl FromFields for TaskPatch {
    const ALLOWED: &'static [&'static str] = NewTask::ALLOWED;

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let name: Option<String> = fields.optional("name")?;
        let points: Option<i64> = fields.optional("points")?;
        Ok(Self {
            name: name.map(|name| Name::parse("name", &name)).transpose()?,
            points: points.map(|points| amount("points", points)).transpose()?,
            is_good: fields.optional("is_good")?,
            image_id: fields.patch("image_id")?.try_map(image_id)?,
        })
    }
}
