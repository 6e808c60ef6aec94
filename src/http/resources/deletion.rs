//! Account deletion, for administrators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{ObjectBuilder, RefOr, Schema};
use utoipa::{IntoParams, PartialSchema, ToSchema};

use crate::domain::deletion::{Status, Threshold};
use crate::domain::{Invalid, Page, UserId};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::Path;
use crate::http::extract::fields::{Fields, FromFields, Noted};
use crate::http::extract::input::Input;
use crate::http::extract::query::{FromParameters, Parameters, Query, page_parameters};
use crate::http::openapi::{Change, Errors, Refuses, samples, schemas, tags};
use crate::http::resources::records::{Iso, bodies};
use crate::http::response::json::{self, List, Listed};
use crate::service::{Admin, AttemptOutcome, Attempted, Queued, Service, ThresholdInForce};

/// How many accounts a page has where the request doesn't say.
const DEFAULT_LIMIT: usize = 50;

/// How long a marked account waits, in hours.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletionThreshold, examples(sample_threshold))]
pub(crate) struct ThresholdAnswer {
    /// What holds now.
    hours: u16,
    /// The fewest that can be set.
    minimum: u16,
    /// The most that can be set.
    maximum: u16,
    /// What holds where nothing was set.
    default: u16,
}

fn status() -> ObjectBuilder {
    schemas::flag(Status::ALL.map(Status::as_str)).description(Some("How far its deletion is."))
}

fn outcome() -> ObjectBuilder {
    schemas::flag(AttemptOutcome::ALL.map(AttemptOutcome::as_str))
        .description(Some("What became of it."))
}

fn sample_threshold() -> Value {
    json!({"hours": 720, "minimum": 24, "maximum": 8760, "default": 720})
}

fn sample_queued() -> Value {
    json!({
        "id": samples::USER_ID, "email": "paula@example.org",
        "marked_for_deletion_at": samples::MOMENT, "due_at": "2026-12-23T01:49:49.730293Z",
        "status": "pending", "attempts": 0, "last_error": null,
        "next_attempt_at": "2026-12-23T01:49:49.730293Z",
    })
}

fn sample_attempt() -> Value {
    json!({"id": samples::USER_ID, "outcome": "deleted", "error": null})
}

impl From<ThresholdInForce> for ThresholdAnswer {
    fn from(in_force: ThresholdInForce) -> Self {
        Self {
            hours: in_force.threshold.hours(),
            minimum: Threshold::MIN_HOURS,
            maximum: Threshold::MAX_HOURS,
            default: in_force.default.hours(),
        }
    }
}

/// A page of the queue.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletionQueue)]
pub(crate) struct QueueAnswer {
    /// On all pages.
    count: usize,
    users: Vec<QueuedBody>,
}

impl Listed for QueueAnswer {
    type Record = QueuedBody;

    fn into_list(self) -> List<QueuedBody> {
        let head = format!(r#"{{"count":{},"users":["#, self.count).into();
        List { head, records: self.users, tail: "]}".to_owned() }
    }
}

/// An account that waits for its deletion.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedAccount, examples(sample_queued))]
pub(crate) struct QueuedBody {
    /// The account's id.
    #[schema(value_type = String)]
    id: Arc<str>,
    /// Where the account is reached.
    email: String,
    /// When it was marked; null if that can't be read.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    marked_for_deletion_at: Option<Iso>,
    /// From then on it is deleted; null if its mark can't be read.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    due_at: Option<Iso>,
    #[schema(schema_with = status)]
    status: &'static str,
    /// How many attempts have failed.
    attempts: u32,
    /// Why the last attempt failed.
    #[schema(required)]
    last_error: Option<String>,
    /// When it is tried next without being asked for.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Iso>,
}

impl From<Queued> for QueuedBody {
    fn from(queued: Queued) -> Self {
        let Queued { user, due_at, status, next_attempt_at } = queued;
        let deletion = user.deletion.as_ref();
        let marked_at = deletion.filter(|it| it.is_readable()).map(|it| it.marked_at);
        Self {
            id: user.id.shared(),
            email: user.email.as_str().to_owned(),
            marked_for_deletion_at: marked_at.map(Iso),
            due_at: due_at.map(Iso),
            status: status.as_str(),
            attempts: deletion.map_or(0, |it| it.attempts),
            last_error: deletion.and_then(|it| it.error.clone()),
            next_attempt_at: next_attempt_at.map(Iso),
        }
    }
}

/// What became of each account of a run.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletionRun)]
pub(crate) struct RunAnswer {
    results: Vec<AttemptedBody>,
}

impl Listed for RunAnswer {
    type Record = AttemptedBody;

    fn into_list(self) -> List<AttemptedBody> {
        List { head: r#"{"results":["#.into(), records: self.results, tail: "]}".to_owned() }
    }
}

/// What became of one account.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletionAttempt, examples(sample_attempt))]
pub(crate) struct AttemptedBody {
    /// The account's id.
    #[schema(value_type = String)]
    id: Arc<str>,
    #[schema(schema_with = outcome)]
    outcome: &'static str,
    /// Why it was not deleted.
    #[schema(required)]
    error: Option<String>,
}

impl From<Attempted> for AttemptedBody {
    fn from(attempted: Attempted) -> Self {
        Self {
            id: UserId::shared(&attempted.user_id),
            outcome: attempted.outcome.as_str(),
            error: attempted.error,
        }
    }
}

/// Answers how long marked accounts wait
#[utoipa::path(
    get,
    path = "/admin/deletion-threshold",
    operation_id = "getDeletionThreshold",
    tag = tags::DELETION,
    responses(
        (status = 200, description = "The threshold", body = ThresholdAnswer),
        Errors<Admin>
    )
)]
pub(crate) async fn threshold(
    State(service): State<Arc<Service>>,
    admin: Admin,
) -> Result<Json<ThresholdAnswer>, ApiError> {
    Ok(Json(service.deletion_threshold(&admin).await?.into()))
}

/// Sets how long marked accounts wait
///
/// It holds for those that wait already, and across restarts.
#[utoipa::path(
    put,
    path = "/admin/deletion-threshold",
    operation_id = "setDeletionThreshold",
    tag = tags::DELETION,
    request_body = NewThreshold,
    responses(
        (status = 200, description = "The threshold as it is now", body = ThresholdAnswer),
        Errors<Admin, Input<NewThreshold>, Change>
    )
)]
pub(crate) async fn set_threshold(
    State(service): State<Arc<Service>>,
    admin: Admin,
    Input(NewThreshold(threshold)): Input<NewThreshold>,
) -> Result<Json<ThresholdAnswer>, ApiError> {
    let in_force = service.set_deletion_threshold(&admin, threshold).await?;
    Ok(Json(in_force.into()))
}

/// Lists the accounts that wait for their deletion
#[utoipa::path(
    get,
    path = "/admin/deletion-queue",
    operation_id = "listDeletionQueue",
    tag = tags::DELETION,
    params(QueuePage),
    responses(
        (status = 200, description = "A page of them", body = QueueAnswer),
        Errors<Admin, Query<QueuePage>>
    )
)]
pub(crate) async fn queue(
    State(service): State<Arc<Service>>,
    admin: Admin,
    Query(QueuePage(page)): Query<QueuePage>,
) -> Result<Response, ApiError> {
    let queue = service.deletion_queue(&admin, page).await?;
    let answer = QueueAnswer { count: queue.total, users: bodies(queue, QueuedBody::from) };
    json::list(&service, &admin, answer).await
}

/// Deletes what is due now
///
/// Those too whose earlier attempts have failed.
#[utoipa::path(
    post,
    path = "/admin/deletion-queue/run",
    operation_id = "runDeletionQueue",
    tag = tags::DELETION,
    responses(
        (status = 200, description = "What became of each", body = RunAnswer),
        Errors<Admin, Change>
    )
)]
pub(crate) async fn run(
    State(service): State<Arc<Service>>,
    admin: Admin,
) -> Result<Response, ApiError> {
    let attempts = service.run_deletions(&admin).await?;
    let results = attempts.into_iter().map(AttemptedBody::from).collect();
    json::list(&service, &admin, RunAnswer { results }).await
}

/// Deletes one marked account now
///
/// Whether it is due or not, and also if its mark can't be read. There is no way back.
#[utoipa::path(
    post,
    path = "/admin/deletion-queue/{user_id}/run",
    operation_id = "runDeletion",
    tag = tags::DELETION,
    params(("user_id" = String, Path, description = "The marked account's id.")),
    responses(
        (status = 200, description = "What became of it", body = RunAnswer),
        Errors<Admin, Path<String>, Change>
    )
)]
pub(crate) async fn run_one(
    State(service): State<Arc<Service>>,
    admin: Admin,
    Path(user_id): Path<String>,
) -> Result<Json<RunAnswer>, ApiError> {
    let attempted = service.run_deletion(&admin, user_id.into()).await?;
    Ok(Json(RunAnswer { results: vec![attempted.into()] }))
}

/// Takes one account out of the queue
///
/// Also if its mark can't be read. Its owner can log in again.
#[utoipa::path(
    delete,
    path = "/admin/deletion-queue/{user_id}",
    operation_id = "unmarkAccount",
    tag = tags::DELETION,
    params(("user_id" = String, Path, description = "The marked account's id.")),
    responses(
        (status = 204, description = "It is not marked any more"),
        Errors<Admin, Path<String>, Change, Unmarked>
    )
)]
pub(crate) async fn unmark(
    State(service): State<Arc<Service>>,
    admin: Admin,
    Path(user_id): Path<String>,
) -> Result<StatusCode, ApiError> {
    service.unmark(&admin, user_id.into()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Why an account can stay in the queue.
enum Unmarked {}

impl Refuses for Unmarked {
    const CODES: &'static [ErrorCode] = &[ErrorCode::DeletionInProgress];
}

/// The body of a threshold's change.
pub(crate) struct NewThreshold(Threshold);

impl PartialSchema for NewThreshold {
    fn schema() -> RefOr<Schema> {
        let hours =
            schemas::integer(i64::from(Threshold::MIN_HOURS)..=i64::from(Threshold::MAX_HOURS));
        schemas::body("How long marked accounts are to wait.", json!({"hours": 48}))
            .property("hours", hours)
            .required("hours")
            .into()
    }
}

impl ToSchema for NewThreshold {}

impl FromFields for NewThreshold {
    const ALLOWED: &'static [&'static str] = &["hours"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Noted> {
        let (min, max) = (Threshold::MIN_HOURS, Threshold::MAX_HOURS);
        let rule = || Invalid::new("hours", format!("must be between {min} and {max}"));
        fields.required("hours", |hours| Threshold::from_hours(hours).map(Self).ok_or_else(rule))
    }
}

/// The page of the queue that is asked for.
pub(crate) struct QueuePage(Page);

impl IntoParams for QueuePage {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        page_parameters(DEFAULT_LIMIT)
    }
}

impl FromParameters for QueuePage {
    const NAMES: &'static [&'static str] = &["limit", "offset"];

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        given.page(DEFAULT_LIMIT).map(Self)
    }
}
