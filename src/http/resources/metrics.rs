//! The metrics.

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;

use crate::http::error::ApiError;
use crate::http::extract::caller::Monitor;
use crate::http::openapi::{Errors, tags};
use crate::http::response::pieces;
use crate::http::state::AppState;
use crate::metrics::Metrics;
use crate::service::ServiceError;

/// Get the metrics
///
/// For Prometheus. The operator can open them to anyone.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    tag = tags::SERVER,
    responses(
        (status = 200, description = "The metrics", content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8", body = String),
        Errors<Monitor>
    ),
    security((), ("session" = []), ("bearer" = []))
)]
pub(crate) async fn scrape(
    State(state): State<AppState>,
    _monitor: Monitor,
) -> Result<impl IntoResponse, ApiError> {
    note_health(&state).await?;
    let scraped = state.metrics.scrape();
    let scraped = scraped.map_err(|error| ServiceError::Internal(error.into()))?;
    Ok(([(header::CONTENT_TYPE, Metrics::MEDIA_TYPE)], pieces::of_text(scraped)?))
}

/// Updates the metrics that `/health` returns too, so that the two never contradict each other.
async fn note_health(state: &AppState) -> Result<(), ServiceError> {
    let health = state.service.health().await;
    let store = &state.metrics.store;
    store.read_only.set(health.read_only.into());
    store.writes_failing.set(health.trouble.is_some().into());
    for projection in &health.projections {
        let backlog = i64::try_from(projection.backlog).unwrap_or(i64::MAX);
        store.projection_backlog(projection.name).set(backlog);
        // Creates the time series with 0 if the projection has never failed.
        store.projection_errors(projection.name);
    }
    for (status, count) in state.service.deletion_queue_lengths().await? {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        state.metrics.deletions.queue(status).set(count);
    }
    Ok(())
}
