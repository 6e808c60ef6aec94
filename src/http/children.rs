//! The children of a family.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::ApiError;
use super::extract::Path;
use super::input::{Fields, FromFields, Input};
use super::query::{Paging, Query};
use super::records::{ChildBody, PageBody, bodies};
use crate::domain::{Invalid, Name};
use crate::service::input::{age, displayed, image_id, opening_points};
use crate::service::{Caller, ChildPatch, NewChild, Parent, Service};

/// One child.
#[derive(Serialize)]
pub(super) struct ChildAnswer {
    child: ChildBody,
}

/// Some of the children.
#[derive(Serialize)]
pub(super) struct ChildrenAnswer {
    children: Vec<ChildBody>,
    #[serde(flatten)]
    page: PageBody,
}

/// `GET /children`
pub(super) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Query(Paging(page)): Query<Paging>,
) -> Json<ChildrenAnswer> {
    let listing = service.children(&caller, page);
    Json(ChildrenAnswer {
        page: PageBody::new(page, listing.total),
        children: bodies(listing, ChildBody),
    })
}

/// `POST /children`
pub(super) async fn create(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Input(new): Input<NewChild>,
) -> Result<(StatusCode, Json<ChildAnswer>), ApiError> {
    let child = service.create_child(&parent, new).await?;
    Ok((StatusCode::CREATED, answer(child)))
}

/// `GET /children/{id}`
pub(super) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ChildAnswer>, ApiError> {
    Ok(answer(service.child(&caller, &id.into())?))
}

/// `PATCH /children/{id}`
pub(super) async fn update(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
    Input(patch): Input<ChildPatch>,
) -> Result<Json<ChildAnswer>, ApiError> {
    let child = service.update_child(&parent, id.into(), patch).await?;
    Ok(answer(child))
}

/// `DELETE /children/{id}`
pub(super) async fn delete(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.delete_child(&parent, id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn answer(child: Arc<crate::domain::Child>) -> Json<ChildAnswer> {
    let child = ChildBody(child);
    Json(ChildAnswer { child })
}

impl FromFields for NewChild {
    const ALLOWED: &'static [&'static str] =
        &["name", "age", "points", "image_id", "tasks", "rewards"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let list = |name| displayed(name, fields.optional(name)?.unwrap_or_default());
        Ok(Self {
            name: Name::parse("name", &fields.required::<String>("name")?)?,
            age: fields.nullable("age")?.map(age).transpose()?,
            points: opening_points(fields.optional("points")?.unwrap_or(0))?,
            image_id: fields.nullable("image_id")?.map(image_id).transpose()?,
            tasks: list("tasks")?,
            rewards: list("rewards")?,
        })
    }
}

impl FromFields for ChildPatch {
    const ALLOWED: &'static [&'static str] = &["name", "age", "image_id", "tasks", "rewards"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let list = |name| {
            let ids = fields.optional(name)?;
            ids.map(|ids| displayed(name, ids)).transpose()
        };
        let name: Option<String> = fields.optional("name")?;
        Ok(Self {
            name: name.map(|name| Name::parse("name", &name)).transpose()?,
            age: fields.patch("age")?.try_map(age)?,
            image_id: fields.patch("image_id")?.try_map(image_id)?,
            tasks: list("tasks")?,
            rewards: list("rewards")?,
        })
    }
}
