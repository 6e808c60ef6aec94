//! What happens on the server from day to day.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::day_range::DayRange;
use crate::http::error::ApiError;
use crate::http::extract::query::Query;
use crate::http::openapi::{Errors, tags};
use crate::service::{Authority, ServerActivity, Service};

/// What happened on the server.
#[derive(Serialize, ToSchema)]
#[schema(as = ServerStatistics)]
pub(crate) struct ActivityBody {
    /// The first day.
    #[schema(format = Date)]
    from: String,
    /// The last day.
    #[schema(format = Date)]
    to: String,
    /// The number of families with an event on any of these days.
    active_families: u64,
    /// Every day, also those without events.
    series: Vec<DayActivityBody>,
}

/// What happened on a day in UTC.
#[derive(Serialize, ToSchema)]
#[schema(as = DayActivity)]
struct DayActivityBody {
    #[schema(format = Date)]
    day: String,
    /// The number of events, those of deleted families included.
    events: u64,
    tasks: u64,
    rewards: u64,
    penalties: u64,
    /// The number of families with an event.
    active_families: u64,
    /// The number of accounts that were created and still exist.
    sign_ups: u64,
    /// The number of accounts whose deletion began, as far back as the erasure list goes.
    deletions: u64,
}

impl From<ServerActivity> for ActivityBody {
    fn from(ServerActivity { span, days, active_accounts }: ServerActivity) -> Self {
        let series = days.into_iter().map(|(day, counts, deletions)| DayActivityBody {
            day: day.to_string(),
            events: counts.events,
            tasks: counts.tasks,
            rewards: counts.rewards,
            penalties: counts.penalties,
            active_families: counts.active_accounts,
            sign_ups: counts.sign_ups,
            deletions,
        });
        Self {
            from: span.first.to_string(),
            to: span.last.to_string(),
            active_families: active_accounts,
            series: series.collect(),
        }
    }
}

/// A year, so that a request visits a bounded part of the history.
type ActivityDays = DayRange<366>;

/// Get the server's figures by day
///
/// At most 366 days, in UTC. Without names.
#[utoipa::path(
    get,
    path = "/admin/statistics",
    operation_id = "getServerStatistics",
    tag = tags::ADMINISTRATION,
    params(ActivityDays),
    responses(
        (status = 200, description = "The figures", body = ActivityBody),
        Errors<Authority, Query<ActivityDays>>
    )
)]
pub(crate) async fn statistics(
    State(service): State<Arc<Service>>,
    authority: Authority,
    Query(days): Query<ActivityDays>,
) -> Result<Json<ActivityBody>, ApiError> {
    let span = days.span(service.utc_today())?;
    Ok(Json(service.activity(&authority, span).await?.into()))
}
