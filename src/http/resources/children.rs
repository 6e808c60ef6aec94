//! The children of a family.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::json;
use utoipa::openapi::Type;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::input::{MAX_AGE, MAX_OPENING_POINTS, age, displayed, image_id, opening_points};
use crate::domain::{Name, Points};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::fields::{Fields, FromFields, Noted};
use crate::http::extract::input::{Input, RECORD_FIELDS};
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{Addition, Change, Errors, schemas, tags};
use crate::http::resources::records::{ChildBody, PageBody, bodies};
use crate::http::response::json::{self, List, Listed};
use crate::service::{Caller, ChildPatch, NewChild, Parent, Service};

/// One child.
#[derive(Serialize, ToSchema)]
pub(crate) struct ChildAnswer {
    child: ChildBody,
}

/// Some of the children.
#[derive(Serialize, ToSchema)]
#[schema(as = ChildList)]
pub(crate) struct ChildrenAnswer {
    children: Vec<ChildBody>,
    #[serde(flatten)]
    page: PageBody,
}

impl Listed for ChildrenAnswer {
    type Record = ChildBody;

    fn into_list(self) -> List<ChildBody> {
        List::page(r#"{"children":["#, self.children, &self.page)
    }
}

/// Lists the children of the family
///
/// In a child's session only that child.
#[utoipa::path(
    get,
    path = "/children",
    operation_id = "listChildren",
    tag = tags::CHILDREN,
    params(Paging),
    responses(
        (status = 200, description = "A page of them", body = ChildrenAnswer),
        Errors<Caller, Query<Paging>>
    )
)]
pub(crate) async fn list(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let listing = service.children(&caller, page).await?;
    let answer = ChildrenAnswer {
        page: PageBody::new(page, listing.total),
        children: bodies(listing, ChildBody),
    };
    json::list(&service, &caller, answer).await
}

/// Makes a child
///
/// Its points are set here alone: later they change by events.
#[utoipa::path(
    post,
    path = "/children",
    operation_id = "createChild",
    tag = tags::CHILDREN,
    request_body = NewChild,
    responses(
        (status = 201, description = "It is made", body = ChildAnswer),
        Errors<Parent, Input<NewChild>, Change, Addition>
    )
)]
pub(crate) async fn create(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Input(new): Input<NewChild>,
) -> Result<(StatusCode, Response), ApiError> {
    let child = service.create_child(&parent, new).await?;
    Ok((StatusCode::CREATED, answer(child).await?))
}

/// Answers one child
#[utoipa::path(
    get,
    path = "/children/{id}",
    operation_id = "getChild",
    tag = tags::CHILDREN,
    params(("id" = String, Path, description = "The child's id.")),
    responses(
        (status = 200, description = "The child", body = ChildAnswer),
        Errors<Caller, Path<String>>
    )
)]
pub(crate) async fn get(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    answer(service.child(&caller, &id.into()).await?).await
}

/// Changes a child
///
/// What is left out stays.
#[utoipa::path(
    patch,
    path = "/children/{id}",
    operation_id = "updateChild",
    tag = tags::CHILDREN,
    params(("id" = String, Path, description = "The child's id.")),
    request_body = ChildPatch,
    responses(
        (status = 200, description = "The child as it is now", body = ChildAnswer),
        Errors<Parent, Path<String>, Input<ChildPatch>, Change, Addition>
    )
)]
pub(crate) async fn update(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
    Input(patch): Input<ChildPatch>,
) -> Result<Response, ApiError> {
    let child = service.update_child(&parent, id.into(), patch).await?;
    answer(child).await
}

/// Deletes a child
///
/// Its requests and sessions end, its events stay.
#[utoipa::path(
    delete,
    path = "/children/{id}",
    operation_id = "deleteChild",
    tag = tags::CHILDREN,
    params(("id" = String, Path, description = "The child's id.")),
    responses(
        (status = 204, description = "It is gone"),
        Errors<Parent, Path<String>, Change>
    )
)]
pub(crate) async fn delete(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.delete_child(&parent, id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn answer(child: Arc<crate::domain::Child>) -> Result<Response, ApiError> {
    json::one(ChildAnswer { child: ChildBody(child) }).await
}

impl PartialSchema for NewChild {
    fn schema() -> RefOr<Schema> {
        schemas::body("A new child.", json!({"name": "Mía", "age": 7, "points": 10}))
            .property("name", schemas::name())
            .property("age", schemas::nullable(schemas::integer(0..=MAX_AGE), Type::Integer))
            .property("points", schemas::integer(0..=MAX_OPENING_POINTS).default(Some(0.into())))
            .property("image_id", schemas::nullable(schemas::line(), Type::String))
            .property("tasks", schemas::ids())
            .property("rewards", schemas::ids())
            .required("name")
            .into()
    }
}

impl ToSchema for NewChild {}

impl FromFields for NewChild {
    const ALLOWED: &'static [&'static str] =
        &["name", "age", "points", "image_id", "tasks", "rewards"];
    const READ_ONLY: &'static [&'static str] = RECORD_FIELDS;

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted> {
        let name = fields.required("name", |text: String| Name::parse("name", &text));
        let age = fields.nullable("age", age);
        let points = fields.optional("points", opening_points);
        let image_id = fields.nullable("image_id", image_id);
        let tasks = fields.optional("tasks", |ids| displayed("tasks", ids));
        let rewards = fields.optional("rewards", |ids| displayed("rewards", ids));
        Ok(Self {
            name: name?,
            age: age?,
            points: points?.unwrap_or(Points::ZERO),
            image_id: image_id?,
            tasks: tasks?.unwrap_or_default(),
            rewards: rewards?.unwrap_or_default(),
        })
    }
}

impl PartialSchema for ChildPatch {
    fn schema() -> RefOr<Schema> {
        schemas::body("What is to be changed of a child.", json!({"age": 8}))
            .property("name", schemas::name())
            .property("age", schemas::nullable(schemas::integer(0..=MAX_AGE), Type::Integer))
            .property("image_id", schemas::nullable(schemas::line(), Type::String))
            .property("tasks", schemas::ids())
            .property("rewards", schemas::ids())
            .into()
    }
}

impl ToSchema for ChildPatch {}

impl FromFields for ChildPatch {
    const ALLOWED: &'static [&'static str] = &["name", "age", "image_id", "tasks", "rewards"];
    const READ_ONLY: &'static [&'static str] =
        &["points", "id", "user_id", "created_at", "updated_at"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted> {
        let name = fields.optional("name", |text: String| Name::parse("name", &text));
        let age = fields.patch("age", age);
        let image_id = fields.patch("image_id", image_id);
        let tasks = fields.optional("tasks", |ids| displayed("tasks", ids));
        let rewards = fields.optional("rewards", |ids| displayed("rewards", ids));
        Ok(Self { name: name?, age: age?, image_id: image_id?, tasks: tasks?, rewards: rewards? })
    }
}
