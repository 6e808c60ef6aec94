//! Whether the server works.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::openapi::schema::AnyOfBuilder;
use utoipa::openapi::{ObjectBuilder, Ref, RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::http::error::ApiError;
use crate::http::error::body::ErrorBody;
use crate::http::extract::caller::Monitor;
use crate::http::openapi::{Errors, schemas, tags};
use crate::service::Service;
use crate::store::{Health, Projection};

/// Whether the server works.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthAnswer {
    #[schema(schema_with = status)]
    status: &'static str,
    /// Why changes are not taken or fail. For whoever may monitor the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// For whoever may monitor the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    projections: Option<Vec<ProjectionBody>>,
}

/// Something that follows the changes.
#[derive(Serialize, ToSchema)]
#[schema(as = Projection)]
struct ProjectionBody {
    /// What it is called.
    name: &'static str,
    /// How many changes it has yet to make.
    backlog: usize,
    /// Why, where it failed last time.
    #[schema(required)]
    last_error: Option<String>,
}

/// Answers whether the server works
///
/// `degraded` is one whose projections lag: it still does its work. `failing` is one whose last write has
/// failed, for example because the disk is full: it tries again, and recovers without a restart. The reason
/// and the projections are there for an administrator and for who presents the monitoring token, or for
/// anyone where the operator has left that open.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "getHealth",
    tag = tags::MONITORING,
    responses(
    Errors<()>,
    (status = 200, description = "It takes changes", body = HealthAnswer),
    (
        status = 503,
        description = "Its last write has failed, or it takes no changes until it is restarted; or, as \
                       an error, `TIMED_OUT` or `TOO_MANY_CONNECTIONS`",
        body = inline(Unavailable)
    )
    ),
    security((), ("session" = []), ("bearer" = []))
)]
pub(crate) async fn health(
    State(service): State<Arc<Service>>,
    monitor: Result<Monitor, ApiError>,
) -> (StatusCode, Json<HealthAnswer>) {
    let health = service.health().await;
    let (status, word) = verdict(&health);
    let projections = health.projections.into_iter().map(ProjectionBody::from);
    let may_monitor = monitor.is_ok();
    let projections = may_monitor.then(|| projections.collect());
    let reason = health.trouble.filter(|_| may_monitor);
    let answer = HealthAnswer { status: word, reason, projections };
    (status, Json(answer))
}

fn status() -> ObjectBuilder {
    let about = "`degraded` where a projection lags; `failing` while the last write has failed; \
                 `read_only` where no change is taken until a restart.";
    schemas::flag(["ok", "degraded", "failing", "read_only"]).description(Some(about))
}

/// What a server answers that takes no changes, or has no time for the question.
enum Unavailable {}

impl PartialSchema for Unavailable {
    fn schema() -> RefOr<Schema> {
        let either = AnyOfBuilder::new()
            .item(Ref::from_schema_name(HealthAnswer::name()))
            .item(Ref::from_schema_name(ErrorBody::name()));
        Schema::AnyOf(either.build()).into()
    }
}

impl ToSchema for Unavailable {}

/// A server whose projections lag still does its work; one that can't write changes doesn't.
fn verdict(health: &Health) -> (StatusCode, &'static str) {
    let lags = |projection: &Projection| projection.backlog > 0 || projection.last_error.is_some();
    if health.read_only {
        (StatusCode::SERVICE_UNAVAILABLE, "read_only")
    } else if health.trouble.is_some() {
        (StatusCode::SERVICE_UNAVAILABLE, "failing")
    } else if health.projections.iter().any(lags) {
        (StatusCode::OK, "degraded")
    } else {
        (StatusCode::OK, "ok")
    }
}

impl From<Projection> for ProjectionBody {
    fn from(projection: Projection) -> Self {
        Self {
            name: projection.name,
            backlog: projection.backlog,
            last_error: projection.last_error,
        }
    }
}
