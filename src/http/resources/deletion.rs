//! Account deletion, for administrators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;

use crate::domain::deletion::{Status, Threshold};
use crate::domain::{RecordKind, RuleViolation, UserId};
use crate::http::error::{ApiError, ErrorCode};
use crate::http::extract::caller::Path;
use crate::http::extract::confirmed::{Confirmed, PasswordAgainInput};
use crate::http::extract::field_types::THRESHOLD;
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::Input;
use crate::http::extract::query::{Paging, Query};
use crate::http::openapi::{ChangeErrors, ErrorCodes, Errors, samples, schemas, tags};
use crate::http::resources::records::Iso;
use crate::http::response::json::{self, List};
use crate::service::{
    AttemptOutcome, Attempted, Authority, Queued, Service, ServiceError, ThresholdInForce,
};

/// The accounts on a page if the request does not set a limit.
const DEFAULT_LIMIT: usize = 50;

/// The time in hours that a marked account waits before its deletion.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletionThreshold, examples(sample_threshold))]
pub(crate) struct ThresholdAnswer {
    /// The current threshold.
    hours: u16,
    /// The lowest threshold that can be set.
    minimum: u16,
    /// The highest threshold that can be set.
    maximum: u16,
    /// The threshold that applies if none is set.
    default: u16,
}

fn status() -> ObjectBuilder {
    schemas::flag(Status::ALL.map(Status::as_str)).description(Some("The state of the deletion."))
}

fn outcome() -> ObjectBuilder {
    schemas::flag(AttemptOutcome::ALL.map(AttemptOutcome::as_str))
        .description(Some("The result for this account."))
}

fn sample_threshold() -> Value {
    json!({"hours": 720, "minimum": 24, "maximum": 8760, "default": 720})
}

fn sample_queued() -> Value {
    json!({
        "id": samples::USER_ID, "email": "paula@example.org",
        "marked_for_deletion_at": samples::MOMENT, "due_at": "2026-12-23T01:49:49.730293Z",
        "status": "pending", "attempts": 0, "last_error": null,
        "next_attempt_at": "2026-12-23T01:49:49.730293Z", "waiting_for": [],
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
    /// The number of accounts on all pages.
    count: usize,
    users: Vec<QueuedBody>,
}

impl From<QueueAnswer> for List<QueuedBody> {
    fn from(QueueAnswer { count, users }: QueueAnswer) -> Self {
        let head = format!(r#"{{"count":{count},"users":["#);
        Self { head, records: users, tail: "]}".to_owned() }
    }
}

/// An account that is marked for deletion.
#[derive(Serialize, ToSchema)]
#[schema(as = QueuedAccount, examples(sample_queued))]
pub(crate) struct QueuedBody {
    /// The account's id.
    #[schema(value_type = String)]
    id: Arc<str>,
    /// The account's email address.
    email: String,
    /// When the account was marked. Null if the mark cannot be read.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    marked_for_deletion_at: Option<Iso>,
    /// The deletion starts at this time or later. Null if the mark cannot be read.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    due_at: Option<Iso>,
    #[schema(schema_with = status)]
    status: &'static str,
    /// The number of failed attempts.
    attempts: u32,
    /// Why the last attempt failed.
    #[schema(required)]
    last_error: Option<String>,
    /// The time of the next automatic attempt.
    #[schema(required, value_type = Option<String>, format = DateTime)]
    next_attempt_at: Option<Iso>,
    /// The servers that have not removed the account's audit logs yet.
    waiting_for: Vec<String>,
}

impl From<Queued> for QueuedBody {
    fn from(queued: Queued) -> Self {
        let Queued { user, due_at, status, next_attempt_at, waiting_for } = queued;
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
            waiting_for,
        }
    }
}

/// The results of a run.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletionRun)]
pub(crate) struct RunAnswer {
    results: Vec<AttemptedBody>,
}

impl RunAnswer {
    pub(crate) fn of(attempted: Attempted) -> Self {
        Self { results: vec![attempted.into()] }
    }
}

impl From<RunAnswer> for List<AttemptedBody> {
    fn from(RunAnswer { results }: RunAnswer) -> Self {
        Self { head: r#"{"results":["#.to_owned(), records: results, tail: "]}".to_owned() }
    }
}

/// The result for one account.
#[derive(Serialize, ToSchema)]
#[schema(as = DeletionAttempt, examples(sample_attempt))]
pub(crate) struct AttemptedBody {
    /// The account's id.
    #[schema(value_type = String)]
    id: Arc<str>,
    #[schema(schema_with = outcome)]
    outcome: &'static str,
    /// Why the account was not deleted.
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

/// Get the deletion threshold
///
/// The time that a marked account waits before its deletion.
#[utoipa::path(
    get,
    path = "/admin/deletion-threshold",
    operation_id = "getDeletionThreshold",
    tag = tags::ADMINISTRATION,
    responses(
        (status = 200, description = "The threshold", body = ThresholdAnswer),
        Errors<Authority>
    )
)]
pub(crate) async fn threshold(
    State(service): State<Arc<Service>>,
    authority: Authority,
) -> Result<Json<ThresholdAnswer>, ApiError> {
    Ok(Json(service.deletion_threshold(&authority).await?.into()))
}

/// Set the deletion threshold
///
/// Also applies to accounts that are already marked, and after a restart.
#[utoipa::path(
    put,
    path = "/admin/deletion-threshold",
    operation_id = "setDeletionThreshold",
    tag = tags::ADMINISTRATION,
    request_body = NewThresholdInput,
    responses(
        (status = 200, description = "Updated", body = ThresholdAnswer),
        Errors<Authority, Input<NewThreshold>, ChangeErrors>
    )
)]
pub(crate) async fn set_threshold(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Input(NewThreshold { hours }): Input<NewThreshold>,
) -> Result<Json<ThresholdAnswer>, ApiError> {
    let in_force = service.set_deletion_threshold(&authority, hours).await?;
    Ok(Json(in_force.into()))
}

/// List the accounts that are marked for deletion
#[utoipa::path(
    get,
    path = "/admin/deletion-queue",
    operation_id = "listDeletionQueue",
    tag = tags::ADMINISTRATION,
    params(QueuePage),
    responses(
        (status = 200, description = "A page of the list", body = QueueAnswer),
        Errors<Authority, Query<QueuePage>>
    )
)]
pub(crate) async fn queue(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Query(Paging(page)): Query<QueuePage>,
) -> Result<Response, ApiError> {
    let queue = service.deletion_queue(&authority, page).await?;
    let count = queue.total;
    let users = queue.map(QueuedBody::from).records;
    json::list_for(&service, &authority, QueueAnswer { count, users }).await
}

/// Delete all accounts that are due
///
/// Includes accounts whose earlier attempts failed.
#[utoipa::path(
    post,
    path = "/admin/deletion-queue/run",
    operation_id = "runDeletionQueue",
    tag = tags::ADMINISTRATION,
    responses(
        (status = 200, description = "The result for each account", body = RunAnswer),
        Errors<Authority, ChangeErrors>
    )
)]
pub(crate) async fn run(
    State(service): State<Arc<Service>>,
    authority: Authority,
) -> Result<Response, ApiError> {
    let attempts = service.run_deletions(&authority).await?;
    let results = attempts.into_iter().map(AttemptedBody::from).collect();
    json::list_for(&service, &authority, RunAnswer { results }).await
}

/// Delete one marked account now
///
/// Even if it is not due, or its mark cannot be read. This cannot be undone. An administrator repeats the password, unless
/// the session is younger than 15 minutes.
#[utoipa::path(
    post,
    path = "/admin/deletion-queue/{user_id}/run",
    operation_id = "runDeletion",
    tag = tags::ADMINISTRATION,
    params(("user_id" = String, Path, description = "The id of the marked account.")),
    request_body = Option<PasswordAgainInput>,
    responses(
        (status = 200, description = "The result", body = RunAnswer),
        Errors<Confirmed, Path<String>, ChangeErrors>
    )
)]
pub(crate) async fn run_one(
    State(service): State<Arc<Service>>,
    Path(user_id): Path<String>,
    Confirmed(authority): Confirmed,
) -> Result<Json<RunAnswer>, ApiError> {
    let attempted = service.run_deletion(&authority, user_id.into()).await?;
    Ok(Json(RunAnswer::of(attempted)))
}

/// Remove the mark from an account
///
/// Its owner can log in again. Also works if the mark cannot be read.
#[utoipa::path(
    delete,
    path = "/admin/deletion-queue/{user_id}",
    operation_id = "unmarkAccount",
    tag = tags::ADMINISTRATION,
    params(("user_id" = String, Path, description = "The id of the marked account.")),
    responses(
        (status = 204, description = "The account is no longer marked"),
        Errors<Authority, Path<String>, ChangeErrors, UnmarkErrors>
    )
)]
pub(crate) async fn unmark(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Path(user_id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let unmarked = service.unmark(&authority, user_id.into()).await;
    // The queue does not contain the account.
    let missing = RuleViolation::NotFound(RecordKind::User);
    unmarked.map_err(|error| match error {
        ServiceError::Refused(RuleViolation::NotMarkedForDeletion) => missing.into(),
        error => error,
    })?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) enum UnmarkErrors {}

impl ErrorCodes for UnmarkErrors {
    const CODES: &'static [ErrorCode] = &[ErrorCode::DeletionInProgress];
}

// `utoipa::path` takes no generic types.
type NewThresholdInput = Input<NewThreshold>;
pub(crate) type QueuePage = Paging<DEFAULT_LIMIT>;

pub(crate) struct NewThreshold {
    pub(crate) hours: Threshold,
}

impl RequestBody for NewThreshold {
    const NAME: &'static str = "NewThreshold";
    const ABOUT: &'static str = "The time that a marked account waits before its deletion.";

    fn example() -> Value {
        json!({"hours": 48})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        Ok(Self { hours: fields.required("hours", THRESHOLD)? })
    }
}
