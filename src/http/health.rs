//! Whether the server works.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;

use super::ApiError;
use super::extract::Monitor;
use crate::service::Service;
use crate::store::{Health, Projection};

#[derive(Serialize)]
pub(super) struct HealthAnswer {
    status: &'static str,
    /// For whoever may monitor the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    projections: Option<Vec<ProjectionBody>>,
}

#[derive(Serialize)]
struct ProjectionBody {
    name: &'static str,
    backlog: usize,
    last_error: Option<String>,
}

/// `GET /health`
pub(super) async fn health(
    State(service): State<Arc<Service>>,
    monitor: Result<Monitor, ApiError>,
) -> (StatusCode, Json<HealthAnswer>) {
    let health = service.health();
    let (status, word) = verdict(&health);
    let projections = health.projections.into_iter().map(ProjectionBody::from);
    let projections = monitor.is_ok().then(|| projections.collect());
    let answer = HealthAnswer { status: word, projections };
    (status, Json(answer))
}

/// A server whose projections lag still does its work; one that takes no changes doesn't.
fn verdict(health: &Health) -> (StatusCode, &'static str) {
    let lags = |projection: &Projection| projection.backlog > 0 || projection.last_error.is_some();
    if health.read_only {
        (StatusCode::SERVICE_UNAVAILABLE, "read_only")
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
