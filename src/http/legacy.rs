//! Paths in the style of the older Flask service, for front ends that call them. Each calls the
//! handler of a new route. This module contains only the table, and how an old request is read.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::response::Response;
use axum::routing::post;
use serde_json::{Value, json};
use utoipa::IntoResponses;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{ContentBuilder, Deprecated, HttpMethod, RefOr, Required};
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

use crate::http::error::ApiError;
use crate::http::extract::caller::{Key, Path};
use crate::http::extract::field_types::TEXT;
use crate::http::extract::fields::{self, FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::{Input, OptionalInput};
use crate::http::openapi::{Errors, Routes, tags};
use crate::http::resources::mutations;
use crate::http::state::AppState;
use crate::service::Service;

/// A line of the table. It needs its handler twice: to call it, and to describe it.
macro_rules! old {
    ($path:literal, $id:ident, $handler:ident) => {
        at(
            $path,
            routes!(mutations::$handler),
            |service, who, path, key| {
                mutations::$handler(service, who, path, key, OptionalInput::default())
            },
            |$id(id)| id,
        )
    };
}

/// The table: an old path, the id in its body, and the new route's handler.
pub(crate) fn add_to(routes: Routes) -> Routes {
    routes
        .routes(old!("/child/{id}/trigger-task", TaskId, activate))
        .routes(old!("/child/{id}/request-reward", RewardId, request))
        .routes(old!("/child/{id}/trigger-reward", RewardId, redeem))
        .routes(old!("/child/{id}/cancel-request-reward", RewardId, cancel))
}

/// A body of `{"task_id": "…"}`.
struct TaskId(String);

/// A body of `{"reward_id": "…"}`.
struct RewardId(String);

/// A `POST` with the child's id in the path and the other id in the body. The new route's handler
/// gets both as if they were in the path.
fn at<Id, Who, Answer>(
    path: &str,
    new: UtoipaMethodRouter<AppState>,
    handler: impl Fn(State<Arc<Service>>, Who, Path<(String, String)>, Key) -> Answer
    + Clone
    + Send
    + Sync
    + 'static,
    text: fn(Id) -> String,
) -> UtoipaMethodRouter<AppState>
where
    Id: RequestBody + Send + 'static,
    Who: FromRequestParts<AppState, Rejection = ApiError> + Send + 'static,
    Answer: Future<Output = Result<Response, ApiError>> + Send + 'static,
{
    // The caller is checked before the body, so that a stranger learns nothing about errors in the
    // body.
    let reading = post(
        move |service, who: Who, Path(child): Path<String>, key: Key, Input(id): Input<Id>| {
            handler(service, who, Path((child, text(id))), key)
        },
    );
    let (schemas, mut paths, _) = new;
    let described = std::mem::take(&mut paths.paths).into_iter().filter_map(|(new, item)| {
        let operation = describe::<Id>(item.post?, &new);
        Some((path.to_owned(), PathItem::new(HttpMethod::Post, operation)))
    });
    paths.paths = described.collect();
    (schemas, paths, reading)
}

/// The new route's part of the document, with the other id in the body instead of the path.
fn describe<Id: RequestBody>(mut operation: Operation, new_path: &str) -> Operation {
    operation.tags = Some(vec![tags::LEGACY.to_owned()]);
    operation.operation_id = operation.operation_id.map(|id| id + "Legacy");
    operation.description = Some(format!("The older service's form of `POST {new_path}`."));
    operation.deprecated = Some(Deprecated::True);
    let body = fields::schema::<Id>();
    if let Some(parameters) = &mut operation.parameters {
        parameters.retain(|parameter| match parameter {
            RefOr::T(parameter) => !body.properties.contains_key(&parameter.name),
            RefOr::Ref(_) => true,
        });
    }
    let content = ContentBuilder::new().schema(Some(body)).build();
    let body = RequestBodyBuilder::new().content("application/json", content);
    operation.request_body = Some(body.required(Some(Required::True)).build().into());
    // A body adds errors that a request without one cannot have.
    let refusals = Errors::<Key, Input<Id>>::responses().into_iter();
    let of_body = refusals.filter(|(status, _)| ["400", "413"].contains(&status.as_str()));
    operation.responses.responses.extend(of_body);
    operation
}

impl RequestBody for TaskId {
    const NAME: &'static str = "LegacyTask";
    const ABOUT: &'static str = "A body of a legacy path.";

    fn example() -> Value {
        json!({"task_id": "f435a1ca-1254-4e99-a626-a09eabde92a2"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        fields.required("task_id", TEXT).map(Self)
    }
}

impl RequestBody for RewardId {
    const NAME: &'static str = "LegacyReward";
    const ABOUT: &'static str = "A body of a legacy path.";

    fn example() -> Value {
        json!({"reward_id": "67aadd88-dcea-4879-8d54-8f45bffe6d16"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        fields.required("reward_id", TEXT).map(Self)
    }
}
