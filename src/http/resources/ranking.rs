//! The order of a family's children.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};

use super::progress::ends;
use crate::domain::progress::RankedBy;
use crate::http::error::ApiError;
use crate::http::extract::query::{FromParameters, Parameters, Query};
use crate::http::openapi::{Errors, samples, schemas, tags};
use crate::service::{Caller, Parent, Ranking, RankingPeriod, Service};

/// The order of a family's children.
#[derive(Serialize, ToSchema)]
#[schema(as = Ranking, examples(samples::ranking))]
pub(crate) struct RankingBody {
    #[schema(schema_with = period)]
    period: &'static str,
    #[schema(schema_with = ranked_by)]
    by: &'static str,
    /// The first day; null for the whole history.
    #[schema(required, format = Date)]
    from: Option<String>,
    /// The last day.
    #[schema(required, format = Date)]
    to: Option<String>,
    /// The best first.
    ranking: Vec<Placed>,
}

/// A child in a ranking.
#[derive(Serialize, ToSchema)]
#[schema(as = RankedChild)]
struct Placed {
    /// From 1. Children with equal values have the same place.
    place: usize,
    child_id: String,
    name: String,
    points_earned: i64,
    tasks_done: u32,
    /// The share of the tasks in the tasks and penalties, from 0 to 1; null if there are none.
    #[schema(required)]
    good_ratio: Option<f64>,
}

/// The parameters of a ranking.
pub(crate) struct RankingQuery {
    period: RankingPeriod,
    by: RankedBy,
}

impl FromParameters for RankingQuery {
    const NAMES: &'static [&'static str] = &["period", "by"];

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        let periods = "must be `week`, `month` or `all`";
        let figures = "must be `points_earned`, `tasks_done` or `good_ratio`";
        Ok(Self {
            period: given.parsed("period", periods, RankingPeriod::parse)?.unwrap_or_default(),
            by: given.parsed("by", figures, RankedBy::parse)?.unwrap_or_default(),
        })
    }
}

impl IntoParams for RankingQuery {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let by = ranked_by().default(Some("points_earned".into()));
        vec![
            schemas::query(
                "period",
                "This week, this month, or the whole history.",
                period().default(Some("week".into())),
            ),
            schemas::query("by", "The figure by which the children are compared.", by),
        ]
    }
}

fn period() -> ObjectBuilder {
    schemas::flag(RankingPeriod::ALL.map(RankingPeriod::as_str))
}

fn ranked_by() -> ObjectBuilder {
    schemas::flag(RankedBy::ALL.map(RankedBy::as_str))
}

/// Get the order of your children
///
/// A child's session gets it only if the family's settings have `shows_ranking`.
#[utoipa::path(
    get,
    path = "/family/ranking",
    operation_id = "getRanking",
    tag = tags::PROGRESS,
    params(RankingQuery),
    responses(
        (status = 200, description = "The children, the best first", body = RankingBody),
        Errors<Parent, Query<RankingQuery>>
    )
)]
pub(crate) async fn ranking(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Query(RankingQuery { period, by }): Query<RankingQuery>,
) -> Result<Json<RankingBody>, ApiError> {
    let Ranking { span, children } = service.ranking(&caller, period, by).await?;
    let ranking = children.into_iter().map(|(place, child, figures)| Placed {
        place,
        child_id: child.id.to_string(),
        name: child.name.to_string(),
        points_earned: figures.earned,
        tasks_done: figures.tasks,
        good_ratio: figures.good_ratio(),
    });
    let (from, to) = ends(span);
    Ok(Json(RankingBody {
        period: period.as_str(),
        by: by.as_str(),
        from,
        to,
        ranking: ranking.collect(),
    }))
}
