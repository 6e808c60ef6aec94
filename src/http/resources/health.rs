//! The health check.

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
use crate::http::resources::records::Iso;
use crate::service::Service;
use crate::store::{Health, Projection};

/// The state of the server.
#[derive(Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthAnswer {
    #[schema(schema_with = status)]
    status: &'static str,
    /// Why changes fail or are refused. Only for clients that may monitor the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    reason: Option<String>,
    /// Only for clients that may monitor the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    projections: Option<Vec<ProjectionBody>>,
    /// When the last verified backup of the schedule began. Only if there is one, and for clients that may
    /// monitor the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, format = DateTime, required = false)]
    last_backup_at: Option<Iso>,
}

/// Something that is derived from the changes, in the background.
#[derive(Serialize, ToSchema)]
#[schema(as = Projection)]
struct ProjectionBody {
    /// The name of the projection.
    name: &'static str,
    /// The number of changes that it has not processed yet.
    backlog: usize,
    /// Why its last attempt failed; null if it did not.
    #[schema(required)]
    last_error: Option<String>,
}

/// Check the server's health
///
/// `degraded`: a projection lags behind, but the server works. `failing`: the last write has failed, for
/// example because the disk is full; the server tries again and recovers without a restart. `reason` and
/// `projections` are only for an administrator, for a client with the monitoring token, or for anyone if the
/// operator has opened monitoring.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "getHealth",
    tag = tags::SERVER,
    responses(
    Errors<()>,
    (status = 200, description = "The server accepts changes", body = HealthAnswer),
    (
        status = 503,
        description = "The last write has failed, or the server refuses changes until a restart; or, as \
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
    let last_backup = service.last_backup().filter(|_| may_monitor);
    let last_backup_at = last_backup.map(Iso);
    let answer = HealthAnswer { status: word, reason, projections, last_backup_at };
    (status, Json(answer))
}

fn status() -> ObjectBuilder {
    let about = "`degraded`: a projection lags behind. `failing`: the last write has failed. \
                 `read_only`: the server refuses changes until a restart.";
    schemas::flag(["ok", "degraded", "failing", "read_only"]).description(Some(about))
}

/// The body of a response with status 503.
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

/// A server whose projections lag behind works; a server that cannot write changes does not.
pub(crate) fn verdict(health: &Health) -> (StatusCode, &'static str) {
    if health.read_only {
        (StatusCode::SERVICE_UNAVAILABLE, "read_only")
    } else if health.trouble.is_some() {
        (StatusCode::SERVICE_UNAVAILABLE, "failing")
    } else if health.projections.iter().any(Projection::is_behind) {
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
