//! What the events of the children add up to.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::{IntoParams, ToSchema};

use super::badges::{AwardBody, metric};
use super::day_range::DayRange;
use super::family::RankBody;
use crate::domain::progress::{Figures, PeriodKind, Run, Span};
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::query::{FromParameters, Parameters, Query};
use crate::http::openapi::{Errors, samples, schemas, tags};
use crate::service::{Balance, Caller, NearBadge, Progress, Series, Service, Statistics, Used};

/// The progress of a child. docs/progress.md defines each figure.
#[derive(Serialize, ToSchema)]
#[schema(as = Progress, examples(samples::progress))]
pub(crate) struct ProgressBody {
    balance: Balances,
    streak: StreakBody,
    rank: StandingBody,
    badges: NewestAndNearest,
}

/// What the child has earned, and what it is close to.
#[derive(Serialize, ToSchema)]
struct NewestAndNearest {
    /// The newest awards of the child first, without revoked ones.
    #[schema(max_items = 5)]
    newest: Vec<AwardBody>,
    /// The next grade of each badge of which the child has something: the one that it is closest to first.
    #[schema(max_items = 5)]
    nearest: Vec<NearBadgeBody>,
}

/// A grade that a child is close to.
#[derive(Serialize, ToSchema)]
#[schema(as = NearBadge)]
struct NearBadgeBody {
    badge_id: String,
    badge_name: String,
    /// What the badge counts.
    #[schema(schema_with = metric)]
    metric: &'static str,
    /// 1 for bronze, 2 for silver, 3 for gold.
    #[schema(minimum = 1, maximum = 3)]
    grade: u8,
    /// What the child has: in this week or month if the badge has a period, and less than the threshold.
    value: i64,
    /// The value that the grade needs.
    threshold: i64,
}

impl From<NearBadge> for NearBadgeBody {
    fn from(NearBadge { badge, grade, threshold, value }: NearBadge) -> Self {
        Self {
            badge_id: badge.id.to_string(),
            badge_name: badge.name.to_string(),
            metric: badge.metric.as_str(),
            grade: grade.number(),
            value,
            threshold,
        }
    }
}

/// The balance of good and not good.
#[derive(Serialize, ToSchema)]
struct Balances {
    today: BalanceBody,
    /// From the first day of this week to today.
    week: BalanceBody,
    all_time: BalanceBody,
}

/// The balance of a period.
#[derive(Serialize, ToSchema)]
#[schema(as = Balance)]
struct BalanceBody {
    /// The first day; null for the whole history.
    #[schema(required, format = Date)]
    from: Option<String>,
    /// The last day.
    #[schema(required, format = Date)]
    to: Option<String>,
    /// Tasks. Corrections upwards count in the points.
    good: Share,
    /// Penalties, with the points that they would have taken without the floor. Corrections downwards count in the
    /// points.
    not_good: Share,
    /// The share of the tasks in the tasks and penalties, from 0 to 1; null if there are none.
    #[schema(required)]
    ratio: Option<f64>,
    points_spent: i64,
    /// The points earned minus those lost and spent.
    net_change: i64,
}

/// A number of events, and their points.
#[derive(Serialize, ToSchema)]
struct Share {
    count: u32,
    points: i64,
}

/// Days in a row. Rest days and pauses neither count nor end a streak.
#[derive(Serialize, ToSchema)]
#[schema(as = Streak)]
struct StreakBody {
    /// The number of days; 0 if there is none. Today does not end a streak.
    current: u32,
    longest: u32,
    #[schema(required, format = Date)]
    current_from: Option<String>,
    #[schema(required, format = Date)]
    current_to: Option<String>,
    #[schema(required, format = Date)]
    longest_from: Option<String>,
    #[schema(required, format = Date)]
    longest_to: Option<String>,
}

/// The rank of a child.
#[derive(Serialize, ToSchema)]
#[schema(as = Standing)]
struct StandingBody {
    /// From 1.
    number: usize,
    name: String,
    /// The number of points at which the rank begins.
    threshold: i64,
    /// The points earned in the child's lifetime. Rewards and penalties do not lower them.
    points_earned: i64,
    /// The next rank; null in the last one.
    #[schema(required)]
    next: Option<RankBody>,
    /// The number of points until the next rank.
    points_needed: i64,
}

impl From<Progress> for ProgressBody {
    fn from(progress: Progress) -> Self {
        let Progress { today, week, all_time, streaks, earned, standing, newest, nearest } =
            progress;
        let days = |run: Option<Run>| run.map_or(0, |run| run.days);
        let first = |run: Option<Run>| run.map(|run| run.first.to_string());
        let last = |run: Option<Run>| run.map(|run| run.last.to_string());
        Self {
            balance: Balances { today: today.into(), week: week.into(), all_time: all_time.into() },
            streak: StreakBody {
                current: days(streaks.current),
                longest: days(streaks.longest),
                current_from: first(streaks.current),
                current_to: last(streaks.current),
                longest_from: first(streaks.longest),
                longest_to: last(streaks.longest),
            },
            rank: StandingBody {
                number: standing.number,
                name: standing.rank.name.to_string(),
                threshold: standing.rank.threshold,
                points_earned: earned,
                next: standing.next.as_ref().map(RankBody::from),
                points_needed: standing.missing,
            },
            badges: NewestAndNearest {
                newest: newest.iter().map(|it| (&**it).into()).collect(),
                nearest: nearest.into_iter().map(NearBadgeBody::from).collect(),
            },
        }
    }
}

impl From<Balance> for BalanceBody {
    fn from(Balance { span, figures }: Balance) -> Self {
        let (from, to) = ends(span);
        Self {
            from,
            to,
            good: Share { count: figures.tasks, points: figures.earned },
            not_good: Share { count: figures.penalties, points: figures.nominally_lost },
            ratio: figures.good_ratio(),
            points_spent: figures.spent,
            net_change: figures.net(),
        }
    }
}

/// The first and the last day of a period; none for the whole history.
pub(super) fn ends(span: Option<Span>) -> (Option<String>, Option<String>) {
    (span.map(|span| span.first.to_string()), span.map(|span| span.last.to_string()))
}

/// Get a child's progress
///
/// The balance of good and not good, streaks, the rank and the badges. Everything is computed from the child's events.
#[utoipa::path(
    get,
    path = "/children/{id}/progress",
    operation_id = "getProgress",
    tag = tags::PROGRESS,
    params(("id" = String, Path, description = "The id of the child.")),
    responses(
        (status = 200, description = "The progress", body = ProgressBody),
        Errors<Caller, Path<String>>
    )
)]
pub(crate) async fn of_child(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<ProgressBody>, ApiError> {
    Ok(Json(service.progress(&caller, &id.into()).await?.into()))
}

/// The figures of a child over time.
#[derive(Serialize, ToSchema)]
#[schema(as = Statistics, examples(samples::statistics))]
pub(crate) struct StatisticsBody {
    /// The first day.
    #[schema(format = Date)]
    from: String,
    /// The last day.
    #[schema(format = Date)]
    to: String,
    #[schema(schema_with = period_kind)]
    by: &'static str,
    /// One element for each period, also for those without events. The first and the last are cut at `from` and `to`.
    series: Vec<SeriesBody>,
    /// The tasks that were done, the most frequent first. A deleted one has the name that its last event has
    /// recorded.
    tasks: Vec<UsedBody>,
    penalties: Vec<UsedBody>,
    /// The rewards that were redeemed.
    rewards: Vec<UsedBody>,
}

/// The figures of one period.
#[derive(Serialize, ToSchema)]
#[schema(as = StatisticsPeriod)]
struct SeriesBody {
    /// The first day.
    #[schema(format = Date)]
    from: String,
    /// The last day.
    #[schema(format = Date)]
    to: String,
    #[serde(flatten)]
    figures: FiguresBody,
}

/// The figures of a period.
#[derive(Serialize, ToSchema)]
#[schema(as = Figures)]
struct FiguresBody {
    points_earned: i64,
    /// The points that penalties and corrections have really taken.
    points_lost: i64,
    points_spent: i64,
    tasks_done: u32,
    penalties: u32,
    rewards_redeemed: u32,
}

/// How often a task, penalty or reward was used.
#[derive(Serialize, ToSchema)]
#[schema(as = Frequency)]
struct UsedBody {
    id: String,
    name: String,
    count: u32,
}

impl From<Figures> for FiguresBody {
    fn from(figures: Figures) -> Self {
        Self {
            points_earned: figures.earned,
            points_lost: figures.lost,
            points_spent: figures.spent,
            tasks_done: figures.tasks,
            penalties: figures.penalties,
            rewards_redeemed: figures.rewards,
        }
    }
}

impl From<Statistics> for StatisticsBody {
    fn from(statistics: Statistics) -> Self {
        let period = |Series { span, figures }| SeriesBody {
            from: span.first.to_string(),
            to: span.last.to_string(),
            figures: figures.into(),
        };
        let used = |list: Vec<Used>| {
            list.into_iter().map(|Used { id, name, count }| UsedBody { id, name, count }).collect()
        };
        Self {
            from: statistics.span.first.to_string(),
            to: statistics.span.last.to_string(),
            by: statistics.by.as_str(),
            series: statistics.series.into_iter().map(period).collect(),
            tasks: used(statistics.tasks),
            penalties: used(statistics.penalties),
            rewards: used(statistics.rewards),
        }
    }
}

/// The parameters of a query of statistics.
pub(crate) struct StatisticsQuery {
    days: StatisticsDays,
    by: PeriodKind,
}

/// At most ten years.
type StatisticsDays = DayRange<3_660>;

impl FromParameters for StatisticsQuery {
    const NAMES: &'static [&'static str] = &["from", "to", "by"];

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        let by = given.parsed("by", "must be `day`, `week` or `month`", PeriodKind::parse)?;
        Ok(Self { days: DayRange::from_parameters(given)?, by: by.unwrap_or_default() })
    }
}

impl IntoParams for StatisticsQuery {
    fn into_params(place: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let by = period_kind().default(Some("day".into()));
        let by = schemas::query("by", "The length of the periods.", by);
        StatisticsDays::into_params(place).into_iter().chain([by]).collect()
    }
}

fn period_kind() -> utoipa::openapi::ObjectBuilder {
    schemas::flag(PeriodKind::ALL.map(PeriodKind::as_str))
}

/// Get a child's figures over time
///
/// In days, weeks or months of the family's calendar, at most 3,660 days.
#[utoipa::path(
    get,
    path = "/children/{id}/statistics",
    operation_id = "getStatistics",
    tag = tags::PROGRESS,
    params(("id" = String, Path, description = "The id of the child."), StatisticsQuery),
    responses(
        (status = 200, description = "The figures", body = StatisticsBody),
        Errors<Caller, Path<String>, Query<StatisticsQuery>>
    )
)]
pub(crate) async fn statistics(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<StatisticsQuery>,
) -> Result<Json<StatisticsBody>, ApiError> {
    let span = query.days.span(service.today(caller.user()))?;
    Ok(Json(service.statistics(&caller, &id.into(), span, query.by).await?.into()))
}
