//! The pictures of badges. They contain nothing of a family, so they need no session.

use axum::http::{HeaderName, HeaderValue, header};

use crate::domain::badges::{Grade, Metric, image};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::openapi::{Errors, tags};

/// Get the picture of a badge
///
/// A medal whose shape and colour show the grade, with a sign for the metric.
#[utoipa::path(
    get,
    path = "/badge-images/{picture}",
    operation_id = "getBadgeImage",
    tag = tags::BADGES,
    params((
        "picture" = String, Path,
        description = "The metric and the number of the grade, as in `<metric>-<grade>.svg`.",
        example = "tasks_done-2.svg"
    )),
    responses(
        (status = 200, description = "The picture", content_type = "image/svg+xml", body = String),
        Errors<Path<String>>
    ),
    security(())
)]
pub(crate) async fn get(
    Path(picture): Path<String>,
) -> Result<([(HeaderName, HeaderValue); 2], String), ApiError> {
    let (metric, grade) = parse(&picture).ok_or(ApiError::RouteNotFound)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/svg+xml")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=86400")),
    ];
    Ok((headers, image(&metric, grade)))
}

/// The address of the picture of a badge.
pub(crate) fn address(metric: &Metric, grade: Grade) -> String {
    format!("/badge-images/{}-{}.svg", metric.as_str(), grade.number())
}

/// The metric and the grade in a name such as `tasks_done-2.svg`.
fn parse(name: &str) -> Option<(Metric, Grade)> {
    let (metric, grade) = name.strip_suffix(".svg")?.split_once('-')?;
    // All tasks have the same picture.
    let task = (metric == Metric::TASK_DONE).then(|| "".into());
    Some((Metric::find(metric, task)?, Grade::from_number(grade.parse().ok()?)?))
}
