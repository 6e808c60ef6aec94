//! Account deletion, for administrators.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;

use super::ApiError;
use super::input::{Fields, FromFields, Input};
use super::query::{FromParameters, Parameters, Query};
use super::records::{Iso, bodies};
use crate::domain::deletion::Threshold;
use crate::domain::{Invalid, Page, UserId};
use crate::service::{Admin, Attempted, Queued, Service, ThresholdInForce};

/// How many accounts a page has where the request doesn't say.
const DEFAULT_LIMIT: usize = 50;

/// How long a marked account waits, in hours.
#[derive(Serialize)]
pub(super) struct ThresholdAnswer {
    hours: u16,
    minimum: u16,
    maximum: u16,
    default: u16,
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
#[derive(Serialize)]
pub(super) struct QueueAnswer {
    /// On all pages.
    count: usize,
    users: Vec<QueuedBody>,
}

#[derive(Serialize)]
struct QueuedBody {
    id: Arc<str>,
    email: String,
    marked_for_deletion_at: Option<Iso>,
    due_at: Iso,
    status: &'static str,
    attempts: u32,
    last_error: Option<String>,
    next_attempt_at: Option<Iso>,
}

impl From<Queued> for QueuedBody {
    fn from(queued: Queued) -> Self {
        let Queued { user, due_at, status, next_attempt_at } = queued;
        let deletion = user.deletion.as_ref();
        Self {
            id: user.id.shared(),
            email: user.email.as_str().to_owned(),
            marked_for_deletion_at: deletion.map(|it| Iso(it.marked_at)),
            due_at: Iso(due_at),
            status: status.as_str(),
            attempts: deletion.map_or(0, |it| it.attempts),
            last_error: deletion.and_then(|it| it.error.clone()),
            next_attempt_at: next_attempt_at.map(Iso),
        }
    }
}

/// What became of each account of a run.
#[derive(Serialize)]
pub(super) struct RunAnswer {
    results: Vec<AttemptedBody>,
}

#[derive(Serialize)]
struct AttemptedBody {
    id: Arc<str>,
    outcome: &'static str,
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

/// `GET /admin/deletion-threshold`
pub(super) async fn threshold(
    State(service): State<Arc<Service>>,
    admin: Admin,
) -> Json<ThresholdAnswer> {
    Json(service.deletion_threshold(&admin).into())
}

/// `PUT /admin/deletion-threshold`
pub(super) async fn set_threshold(
    State(service): State<Arc<Service>>,
    admin: Admin,
    Input(NewThreshold(threshold)): Input<NewThreshold>,
) -> Result<Json<ThresholdAnswer>, ApiError> {
    let in_force = service.set_deletion_threshold(&admin, threshold).await?;
    Ok(Json(in_force.into()))
}

/// `GET /admin/deletion-queue`
pub(super) async fn queue(
    State(service): State<Arc<Service>>,
    admin: Admin,
    Query(QueuePage(page)): Query<QueuePage>,
) -> Json<QueueAnswer> {
    let queue = service.deletion_queue(&admin, page);
    Json(QueueAnswer { count: queue.total, users: bodies(queue, QueuedBody::from) })
}

/// `POST /admin/deletion-queue/run`
pub(super) async fn run(
    State(service): State<Arc<Service>>,
    admin: Admin,
) -> Result<Json<RunAnswer>, ApiError> {
    let attempts = service.run_deletions(&admin).await?;
    let results = attempts.into_iter().map(AttemptedBody::from).collect();
    Ok(Json(RunAnswer { results }))
}

/// The body of a threshold's change.
pub(super) struct NewThreshold(Threshold);

impl FromFields for NewThreshold {
    const ALLOWED: &'static [&'static str] = &["hours"];

    fn from_fields(fields: &Fields<'_>) -> Result<Self, Invalid> {
        let hours = Threshold::from_hours(fields.required("hours")?);
        let (min, max) = (Threshold::MIN_HOURS, Threshold::MAX_HOURS);
        let rule = || Invalid::new("hours", format!("must be between {min} and {max}"));
        hours.map(Self).ok_or_else(rule)
    }
}

/// The page of the queue that is asked for.
pub(super) struct QueuePage(Page);

impl FromParameters for QueuePage {
    const NAMES: &'static [&'static str] = &["limit", "offset"];

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        given.page(DEFAULT_LIMIT).map(Self)
    }
}
