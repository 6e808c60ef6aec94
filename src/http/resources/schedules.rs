//! What children are to do by the schedules of their tasks.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;
use utoipa::openapi::path::{Parameter, ParameterIn};

use super::day_range::DayRange;
use super::records::Iso;
use crate::domain::Note;
use crate::domain::calendar::Day;
use crate::domain::progress::Span;
use crate::domain::schedule::OccurrenceState;
use crate::http::error::ApiError;
use crate::http::extract::caller::Path;
use crate::http::extract::field_types::{DATE, NOTE};
use crate::http::extract::fields::{FieldFailed, FieldReader, RequestBody};
use crate::http::extract::input::Input;
use crate::http::extract::query::{FromParameters, Parameters, Query, invalid};
use crate::http::openapi::{ChangeErrors, Errors, samples, schemas, tags};
use crate::service::{Caller, Parent, Service, ShownOccurrence, Skip, Today};

/// A task that a child is to do on a day.
#[derive(Serialize, ToSchema)]
#[schema(as = Occurrence, examples(samples::occurrence))]
pub(crate) struct OccurrenceBody {
    task_id: String,
    task_name: String,
    /// The points that the task gives.
    points: i64,
    child_id: String,
    /// Its day.
    #[schema(format = Date)]
    day: String,
    /// The last day on which it can be done.
    #[schema(format = Date)]
    last_day: String,
    #[schema(schema_with = state)]
    state: &'static str,
    /// When it becomes late, or is missed if it cannot be done late.
    #[schema(value_type = String, format = DateTime)]
    due_at: Iso,
    /// When it can no longer be done.
    #[schema(value_type = String, format = DateTime)]
    ends_at: Iso,
    /// Whether the child can do or request it now.
    allowed: bool,
    /// The note of the parent who skipped it.
    #[schema(required)]
    note: Option<String>,
}

impl From<ShownOccurrence> for OccurrenceBody {
    fn from(shown: ShownOccurrence) -> Self {
        let ShownOccurrence { task, occurrence, state, is_allowed, note } = shown;
        Self {
            task_name: task.name.to_string(),
            points: task.points.get(),
            child_id: occurrence.child_id.to_string(),
            day: occurrence.day.to_string(),
            last_day: occurrence.last.to_string(),
            state: state.as_str(),
            due_at: Iso(occurrence.due_at),
            ends_at: Iso(occurrence.ends_at),
            allowed: is_allowed,
            note: note.map(|note| note.as_str().to_owned()),
            task_id: occurrence.task_id.to_string(),
        }
    }
}

fn state() -> ObjectBuilder {
    schemas::flag(OccurrenceState::ALL.map(OccurrenceState::as_str))
}

/// What a child is to do on a day.
#[derive(Serialize, ToSchema)]
#[schema(as = Today)]
pub(crate) struct TodayBody {
    #[schema(format = Date)]
    date: String,
    /// In the order of the day. With earlier ones that can still be done and wait for it.
    occurrences: Vec<OccurrenceBody>,
}

/// The occurrences of a period.
#[derive(Serialize, ToSchema)]
#[schema(as = Schedule)]
pub(crate) struct ScheduleBody {
    /// The first day.
    #[schema(format = Date)]
    from: String,
    /// The last day.
    #[schema(format = Date)]
    to: String,
    /// In the order of their days.
    occurrences: Vec<OccurrenceBody>,
}

/// One occurrence.
#[derive(Serialize, ToSchema)]
#[schema(as = OccurrenceAnswer)]
pub(crate) struct OccurrenceAnswer {
    occurrence: OccurrenceBody,
}

/// The parameter `date`.
pub(crate) struct OnDay(Option<Day>);

impl FromParameters for OnDay {
    const NAMES: &'static [&'static str] = &["date"];

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        Ok(Self(given.parsed("date", "must be a date, such as 2026-02-09", Day::parse)?))
    }
}

impl utoipa::IntoParams for OnDay {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![schemas::query("date", "The day; by default today.", schemas::date())]
    }
}

/// The days of a schedule: at most 62, by default the seven days from today on.
pub(crate) struct ScheduleDays(DayRange<62>);

impl FromParameters for ScheduleDays {
    const NAMES: &'static [&'static str] = DayRange::<62>::NAMES;

    fn from_parameters(given: &Parameters) -> Result<Self, ApiError> {
        DayRange::from_parameters(given).map(Self)
    }
}

impl utoipa::IntoParams for ScheduleDays {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        vec![
            schemas::query(
                "from",
                "The first day; by default today, or `to` if that has passed.",
                schemas::date(),
            ),
            schemas::query(
                "to",
                "The last day; by default six days after `from`.",
                schemas::date(),
            ),
        ]
    }
}

/// Get what a child is to do today
///
/// Or on another day. The occurrences of that day, and earlier ones that can still be done.
#[utoipa::path(
    get,
    path = "/children/{id}/today",
    operation_id = "getToday",
    tag = tags::SCHEDULES,
    params(("id" = String, Path, description = "The id of the child."), OnDay),
    responses(
        (status = 200, description = "What the child is to do", body = TodayBody),
        Errors<Caller, Path<String>, Query<OnDay>>
    )
)]
pub(crate) async fn today(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(OnDay(day)): Query<OnDay>,
) -> Result<Json<TodayBody>, ApiError> {
    let Today { day, occurrences } = service.occurrences_of_day(&caller, &id.into(), day).await?;
    let occurrences = occurrences.into_iter().map(OccurrenceBody::from).collect();
    Ok(Json(TodayBody { date: day.to_string(), occurrences }))
}

/// Get a child's schedule
///
/// The occurrences of at most 62 days.
#[utoipa::path(
    get,
    path = "/children/{id}/schedule",
    operation_id = "getSchedule",
    tag = tags::SCHEDULES,
    params(("id" = String, Path, description = "The id of the child."), ScheduleDays),
    responses(
        (status = 200, description = "The occurrences", body = ScheduleBody),
        Errors<Caller, Path<String>, Query<ScheduleDays>>
    )
)]
pub(crate) async fn of_child(
    State(service): State<Arc<Service>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(ScheduleDays(days)): Query<ScheduleDays>,
) -> Result<Json<ScheduleBody>, ApiError> {
    let span = days.span_ahead(service.today(caller.user()))?;
    let occurrences = service.schedule(&caller, &id.into(), span).await?;
    Ok(Json(ScheduleBody::new(span, occurrences)))
}

/// Get the schedule of your family
///
/// The occurrences of all children on at most 62 days.
#[utoipa::path(
    get,
    path = "/family/schedule",
    operation_id = "getFamilySchedule",
    tag = tags::SCHEDULES,
    params(ScheduleDays),
    responses(
        (status = 200, description = "The occurrences", body = ScheduleBody),
        Errors<Parent, Query<ScheduleDays>>
    )
)]
pub(crate) async fn of_family(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Query(ScheduleDays(days)): Query<ScheduleDays>,
) -> Result<Json<ScheduleBody>, ApiError> {
    let span = days.span_ahead(service.today(parent.user()))?;
    let occurrences = service.family_schedule(&parent, span).await?.ok_or_else(too_many)?;
    Ok(Json(ScheduleBody::new(span, occurrences)))
}

/// The family has too many occurrences on the days of a query.
pub(super) fn too_many() -> ApiError {
    invalid(
        "to",
        "must be earlier: children times scheduled tasks times days may be at most 100,000",
    )
}

impl ScheduleBody {
    fn new(span: Span, occurrences: Vec<ShownOccurrence>) -> Self {
        Self {
            from: span.first.to_string(),
            to: span.last.to_string(),
            occurrences: occurrences.into_iter().map(OccurrenceBody::from).collect(),
        }
    }
}

/// The body of a request to skip an occurrence.
pub(crate) struct SkipFields {
    pub(crate) day: Day,
    pub(crate) note: Option<Note>,
}

type SkipInput = Input<SkipFields>;

impl RequestBody for SkipFields {
    const NAME: &'static str = "Skip";
    const ABOUT: &'static str = "The occurrence to skip, and why.";

    fn example() -> Value {
        json!({"date": "2026-11-24", "note": "At grandma's"})
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let day = fields.required("date", DATE);
        let note = fields.nullable("note", NOTE);
        Ok(Self { day: day?, note: note? })
    }
}

/// Skip a task of a day
///
/// The child need not do it on that day, whatever the schedule says. A repeat replaces the note.
#[utoipa::path(
    post,
    path = "/children/{id}/tasks/{task_id}/skip",
    operation_id = "skipTask",
    tag = tags::SCHEDULES,
    params(
        ("id" = String, Path, description = "The id of the child."),
        ("task_id" = String, Path, description = "The id of the task.")
    ),
    request_body = SkipInput,
    responses(
        (status = 200, description = "The occurrence", body = OccurrenceAnswer),
        Errors<Parent, Path<String>, SkipInput, ChangeErrors>
    )
)]
pub(crate) async fn skip(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path((child, task)): Path<(String, String)>,
    Input(SkipFields { day, note }): Input<SkipFields>,
) -> Result<Json<OccurrenceAnswer>, ApiError> {
    let skipped = service.skip(&parent, (child.into(), task.into()), day, Skip::Skip(note)).await?;
    Ok(Json(OccurrenceAnswer { occurrence: skipped.into() }))
}

/// No longer skip a task of a day
///
/// By default of today.
#[utoipa::path(
    delete,
    path = "/children/{id}/tasks/{task_id}/skip",
    operation_id = "undoSkip",
    tag = tags::SCHEDULES,
    params(
        ("id" = String, Path, description = "The id of the child."),
        ("task_id" = String, Path, description = "The id of the task."),
        OnDay
    ),
    responses(
        (status = 200, description = "The occurrence", body = OccurrenceAnswer),
        Errors<Parent, Path<String>, Query<OnDay>, ChangeErrors>
    )
)]
pub(crate) async fn undo_skip(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Path((child, task)): Path<(String, String)>,
    Query(OnDay(day)): Query<OnDay>,
) -> Result<Json<OccurrenceAnswer>, ApiError> {
    let day = day.unwrap_or_else(|| service.today(parent.user()));
    let shown = service.skip(&parent, (child.into(), task.into()), day, Skip::Undo).await?;
    Ok(Json(OccurrenceAnswer { occurrence: shown.into() }))
}
