//! How much of what was due was done.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;

use super::day_range::DayRange;
use super::schedules::too_many;
use crate::domain::calendar::Weekday;
use crate::http::error::ApiError;
use crate::http::extract::query::Query;
use crate::http::openapi::{Errors, samples, schemas, tags};
use crate::service::{Completion, Parent, ScheduleStatistics, Service};

/// What became of the occurrences of a period. Each has the state that it has now.
#[derive(Serialize, ToSchema)]
#[schema(as = ScheduleStatistics, examples(samples::schedule_statistics))]
pub(crate) struct StatisticsBody {
    /// The first day.
    #[schema(format = Date)]
    from: String,
    /// The last day.
    #[schema(format = Date)]
    to: String,
    total: CompletionBody,
    children: Vec<OfChild>,
    /// From Monday.
    weekdays: Vec<OfWeekday>,
    /// The tasks that exist and have a schedule.
    tasks: Vec<OfTask>,
}

/// What became of occurrences. Upcoming and paused ones count nowhere.
#[derive(Serialize, ToSchema)]
#[schema(as = Completion)]
struct CompletionBody {
    done: u32,
    missed: u32,
    /// Those that can still be done, and those that wait for a parent's answer.
    open: u32,
    /// Those that a parent has skipped.
    skipped: u32,
    /// The part that was done of those that were done or missed, from 0 to 1; null if there are none.
    #[schema(required)]
    rate: Option<f64>,
}

/// Of one child.
#[derive(Serialize, ToSchema)]
#[schema(as = ChildCompletion)]
struct OfChild {
    child_id: String,
    name: String,
    #[serde(flatten)]
    completion: CompletionBody,
}

/// Of one day of the week.
#[derive(Serialize, ToSchema)]
#[schema(as = WeekdayCompletion)]
struct OfWeekday {
    #[schema(schema_with = weekday)]
    weekday: &'static str,
    #[serde(flatten)]
    completion: CompletionBody,
}

/// Of one task.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskCompletion)]
struct OfTask {
    task_id: String,
    name: String,
    #[serde(flatten)]
    completion: CompletionBody,
}

fn weekday() -> ObjectBuilder {
    schemas::flag(Weekday::ALL.map(Weekday::as_str))
}

impl From<Completion> for CompletionBody {
    fn from(completion: Completion) -> Self {
        let rate = completion.rate();
        let Completion { done, missed, open, skipped } = completion;
        Self { done, missed, open, skipped, rate }
    }
}

/// At most three months.
type StatisticsDays = DayRange<93>;

/// Get how much of what was due was done
///
/// For each child, day of the week and task, on at most 93 days.
#[utoipa::path(
    get,
    path = "/family/statistics",
    operation_id = "getFamilyStatistics",
    tag = tags::SCHEDULES,
    params(StatisticsDays),
    responses(
        (status = 200, description = "The numbers", body = StatisticsBody),
        Errors<Parent, Query<StatisticsDays>>
    )
)]
pub(crate) async fn statistics(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Query(days): Query<StatisticsDays>,
) -> Result<Json<StatisticsBody>, ApiError> {
    let span = days.span(service.today(parent.user()))?;
    let found = service.schedule_statistics(&parent, span).await?.ok_or_else(too_many)?;
    let ScheduleStatistics { span, total, children, weekdays, tasks } = found;
    let children = children.into_iter().map(|(child, completion)| OfChild {
        child_id: child.id.to_string(),
        name: child.name.to_string(),
        completion: completion.into(),
    });
    let weekdays = weekdays.into_iter().map(|(day, completion)| OfWeekday {
        weekday: day.as_str(),
        completion: completion.into(),
    });
    let tasks = tasks.into_iter().map(|(task, completion)| OfTask {
        task_id: task.id.to_string(),
        name: task.name.to_string(),
        completion: completion.into(),
    });
    Ok(Json(StatisticsBody {
        from: span.first.to_string(),
        to: span.last.to_string(),
        total: total.into(),
        children: children.collect(),
        weekdays: weekdays.collect(),
        tasks: tasks.collect(),
    }))
}
