//! Checkpoints on request.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;

use crate::http::error::ApiError;
use crate::http::extract::caller::Operator;
use crate::http::openapi::{ChangeErrors, Errors, tags};
use crate::service::Service;

/// Write all changes into the data files
///
/// For commands of the operator. Afterwards the files contain every change that was made before the request. Without a
/// data directory, there is nothing to do.
#[utoipa::path(
    post,
    path = "/admin/checkpoint",
    operation_id = "makeCheckpoint",
    tag = tags::ADMINISTRATION,
    responses((status = 204, description = "The files are up to date"), Errors<Operator, ChangeErrors>)
)]
pub(crate) async fn create(
    State(service): State<Arc<Service>>,
    _operator: Operator,
) -> Result<StatusCode, ApiError> {
    service.checkpoint().await?;
    Ok(StatusCode::NO_CONTENT)
}
