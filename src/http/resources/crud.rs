//! The five routes that children, tasks and rewards have in common: list, create, get, update, delete.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing;
use utoipa::openapi::path::{OperationBuilder, Paths};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{
    ContentBuilder, HttpMethod, Ref, Required, ResponseBuilder, ResponsesBuilder,
};
use utoipa::{IntoParams, IntoResponses, ToSchema};
use utoipa_axum::router::UtoipaMethodRouter;

use crate::domain::{Id, IdempotencyKey, Page};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::{Key, Path};
use crate::http::extract::fields::RequestBody;
use crate::http::extract::input::Input;
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{ChangeErrors, ErrorCodes, Errors, REPLAYED, replayed, schemas};
use crate::http::resources::mutations::replayed_header;
use crate::http::resources::records::{ApiRecord, RecordBody, SingleRecord};
use crate::http::response::json;
use crate::http::response::page::PageOf;
use crate::http::state::AppState;
use crate::service::{Caller, Created, Listing, Parent, Service, ServiceError};

pub(crate) type ServiceResult<T> = Result<T, ServiceError>;

/// A record that the parents of a family create, update and delete.
pub(crate) trait Resource: Sized + Send + Sync + 'static {
    /// What responses contain.
    type Shown: ApiRecord;
    type New: RequestBody + Send;
    type Patch: RequestBody + Send;
    /// The error codes of an update, besides those of every change.
    type UpdateErrors: ErrorCodes;
    /// The error codes of a deletion, besides those of every change.
    type DeleteErrors: ErrorCodes;

    const TEXTS: Texts;

    fn list(
        service: &Service,
        caller: &Caller,
        page: Page,
    ) -> impl Future<Output = ServiceResult<Listing<Arc<Self::Shown>>>> + Send;

    fn create(
        service: &Service,
        parent: &Parent,
        key: Option<IdempotencyKey>,
        new: Self::New,
    ) -> impl Future<Output = ServiceResult<Created<Self::Shown>>> + Send;

    fn get(
        service: &Service,
        caller: &Caller,
        id: Id<Self>,
    ) -> impl Future<Output = ServiceResult<Arc<Self::Shown>>> + Send;

    fn update(
        service: &Service,
        parent: &Parent,
        id: Id<Self>,
        patch: Self::Patch,
    ) -> impl Future<Output = ServiceResult<Arc<Self::Shown>>> + Send;

    fn delete(
        service: &Arc<Service>,
        parent: &Parent,
        id: Id<Self>,
    ) -> impl Future<Output = ServiceResult<()>> + Send;
}

/// What the OpenAPI document says about a resource and its routes.
pub(crate) struct Texts {
    /// The tag, which is also the plural in `listTasks`.
    pub(crate) tag: &'static str,
    /// One record, with its article.
    pub(crate) one: &'static str,
    /// Several records.
    pub(crate) many: &'static str,
    pub(crate) list: &'static str,
    pub(crate) create: &'static str,
    pub(crate) update: &'static str,
    pub(crate) delete: &'static str,
}

async fn list<R: Resource>(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Query(Paging(page)): Query<Paging>,
) -> Result<Response, ApiError> {
    let listing = R::list(&service, &caller, page).await?;
    json::list(&service, &caller, PageOf::new(page, listing, RecordBody)).await
}

async fn create<R: Resource>(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Key(key): Key,
    Input(new): Input<R::New>,
) -> Result<Response, ApiError> {
    let Created { record, replayed } = R::create(&service, &parent, key, new).await?;
    let body = json::one(SingleRecord(record)).await?;
    Ok((StatusCode::CREATED, replayed_header(replayed), body).into_response())
}

async fn get<R: Resource>(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    json::one(SingleRecord(R::get(&service, &caller, id.into()).await?)).await
}

async fn update<R: Resource>(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
    Input(patch): Input<R::Patch>,
) -> Result<Response, ApiError> {
    json::one(SingleRecord(R::update(&service, &parent, id.into(), patch).await?)).await
}

async fn delete<R: Resource>(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    R::delete(&service, &parent, id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET` and `POST /tasks`, for example.
pub(crate) fn collection<R: Resource>() -> UtoipaMethodRouter<AppState> {
    let Texts { tag, one, many, .. } = R::TEXTS;
    let listing = operation::<R>("List", tag, many, R::TEXTS.list)
        .parameters(Some(<Paging>::into_params(|| None)))
        .responses(
            errors::<Errors<Caller, Query<Paging>>>()
                .response("200", response::<PageOf<RecordBody<R::Shown>>>("A page of the list")),
        );
    let created = response::<SingleRecord<R::Shown>>("Created").header(REPLAYED, replayed());
    let creation = operation::<R>("Create", &RecordBody::<R::Shown>::name(), one, R::TEXTS.create)
        .parameters(Some(Key::into_params(|| None)))
        .request_body(Some(body::<R::New>()))
        .responses(
            errors::<Errors<Parent, Key, Input<R::New>, ChangeErrors, CreationErrors>>()
                .response("201", created),
        );
    let path = format!("/{}", R::Shown::PLURAL);
    let mut paths = Paths::new();
    paths.add_path_operation(&path, vec![HttpMethod::Get], listing);
    paths.add_path_operation(&path, vec![HttpMethod::Post], creation);
    let mut schemas = Vec::new();
    schemas::add::<PageOf<RecordBody<R::Shown>>>(&mut schemas);
    schemas::add::<SingleRecord<R::Shown>>(&mut schemas);
    schemas::add::<Input<R::New>>(&mut schemas);
    (schemas, paths, routing::get(list::<R>).post(create::<R>))
}

/// `GET`, `PATCH` and `DELETE /tasks/{id}`, for example.
pub(crate) fn item<R: Resource>() -> UtoipaMethodRouter<AppState> {
    let (name, one) = (RecordBody::<R::Shown>::name(), R::TEXTS.one);
    let id = || schemas::path("id", &format!("The id of the {}.", R::Shown::SINGULAR));
    let reading = operation::<R>("Get", &name, one, "").parameter(id()).responses(
        errors::<Errors<Caller, Path<String>>>().response(
            "200",
            response::<SingleRecord<R::Shown>>(&format!("The {}", R::Shown::SINGULAR)),
        ),
    );
    let patching = operation::<R>("Update", &name, one, R::TEXTS.update)
        .parameter(id())
        .request_body(Some(body::<R::Patch>()))
        .responses(
            errors::<Errors<Parent, Path<String>, Input<R::Patch>, ChangeErrors, R::UpdateErrors>>(
            )
            .response("200", response::<SingleRecord<R::Shown>>("Updated")),
        );
    let deletion = operation::<R>("Delete", &name, one, R::TEXTS.delete).parameter(id()).responses(
        errors::<Errors<Parent, Path<String>, ChangeErrors, R::DeleteErrors>>()
            .response("204", ResponseBuilder::new().description("Deleted")),
    );
    let path = format!("/{}/{{id}}", R::Shown::PLURAL);
    let mut paths = Paths::new();
    paths.add_path_operation(&path, vec![HttpMethod::Get], reading);
    paths.add_path_operation(&path, vec![HttpMethod::Patch], patching);
    paths.add_path_operation(&path, vec![HttpMethod::Delete], deletion);
    let mut schemas = Vec::new();
    schemas::add::<Input<R::Patch>>(&mut schemas);
    (schemas, paths, routing::get(get::<R>).patch(update::<R>).delete(delete::<R>))
}

enum CreationErrors {}

impl ErrorCodes for CreationErrors {
    /// A repeat fails if the record no longer exists.
    const CODES: &'static [ErrorCode] = &[ErrorCode::FamilyLimitReached, ErrorCode::NotFound];
}

/// `createTask`, "Create a task or penalty".
fn operation<R: Resource>(verb: &str, noun: &str, object: &str, about: &str) -> OperationBuilder {
    OperationBuilder::new()
        .tag(R::TEXTS.tag)
        .operation_id(Some(format!("{}{noun}", verb.to_lowercase())))
        .summary(Some(format!("{verb} {object}")))
        .description((!about.is_empty()).then_some(about))
}

fn body<T: RequestBody>() -> utoipa::openapi::request_body::RequestBody {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(T::NAME))).build();
    let body = RequestBodyBuilder::new().content("application/json", content);
    body.required(Some(Required::True)).build()
}

fn errors<E: IntoResponses>() -> ResponsesBuilder {
    ResponsesBuilder::new().responses_from_into_responses::<E>()
}

fn response<T: ToSchema>(about: &str) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(T::name()))).build();
    ResponseBuilder::new().description(about).content("application/json", content)
}
