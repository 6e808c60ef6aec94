//! The settings of a family.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::schema::{ArrayBuilder, KnownFormat, SchemaFormat};
use utoipa::openapi::{ObjectBuilder, Schema};

use crate::domain::calendar::{
    Day, DayStart, FamilySettings, Pause, Pauses, StreakRule, Weekday, Weekdays, Zone,
};
use crate::domain::{Invalid, Name, Points, Rank, Ranks, User};
use crate::http::error::ApiError;
use crate::http::extract::field_types::NAME;
use crate::http::extract::fields::{
    FieldFailed, FieldReader, FieldType, JsonValue, RequestBody, whole_number,
};
use crate::http::extract::input::Input;
use crate::http::openapi::{ChangeErrors, Errors, samples, schemas, tags};
use crate::service::{FamilySettingsPatch, Parent, Service};

/// The settings of a family: its time zone and its days.
#[derive(Serialize, ToSchema)]
#[schema(as = FamilySettings, examples(samples::family_settings))]
pub(crate) struct SettingsBody {
    /// The name of the zone in which the family's days are counted.
    time_zone: String,
    /// The zone if the family sets none.
    default_time_zone: String,
    /// The hour at which a day starts.
    #[schema(schema_with = day_start)]
    day_starts_at: i8,
    #[schema(schema_with = weekday)]
    week_start: &'static str,
    /// Days of the week without chores.
    #[schema(schema_with = weekdays)]
    rest_days: Vec<&'static str>,
    /// In their order.
    pauses: Vec<PauseBody>,
    /// The number of tasks that each child is to do on a day.
    #[schema(required, schema_with = nullable_goal)]
    daily_goal: Option<u16>,
    /// The ranks of the children, in their order.
    ranks: Vec<RankBody>,
    /// Whether children see the ranking of the family.
    shows_ranking: bool,
    /// The days that count for a streak.
    #[schema(schema_with = streak_rule)]
    streak_rule: &'static str,
    /// Whether helpers may activate penalties.
    penalties_by_helpers: bool,
}

/// A rank, which a child reaches with points earned in its lifetime.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Rank)]
pub(crate) struct RankBody {
    name: String,
    /// The number of points at which the rank begins.
    #[schema(minimum = 0)]
    #[serde(deserialize_with = "whole_number")]
    threshold: i64,
}

impl From<&Rank> for RankBody {
    fn from(Rank { name, threshold }: &Rank) -> Self {
        Self { name: name.to_string(), threshold: *threshold }
    }
}

/// Days without chores, such as a holiday or an illness.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Pause)]
pub(crate) struct PauseBody {
    /// The first day.
    #[schema(format = Date)]
    from: String,
    /// The last day.
    #[schema(format = Date)]
    to: String,
}

impl SettingsBody {
    /// The settings of an account's family, on a server with this zone.
    pub(crate) fn of(user: &User, server: &Zone) -> Self {
        let settings = &user.family;
        let pause = |it: &Pause| PauseBody { from: it.from.to_string(), to: it.to.to_string() };
        let unset = User { family: FamilySettings::default(), ..user.clone() };
        Self {
            time_zone: user.zone(server).name().to_owned(),
            default_time_zone: unset.zone(server).name().to_owned(),
            day_starts_at: settings.day_starts_at.hours(),
            week_start: settings.week_start.as_str(),
            rest_days: settings.rest_days.iter().map(Weekday::as_str).collect(),
            pauses: settings.pauses.iter().map(pause).collect(),
            daily_goal: settings.daily_goal,
            ranks: settings.ranks.clone().unwrap_or_default().iter().map(RankBody::from).collect(),
            shows_ranking: settings.shows_ranking,
            streak_rule: settings.streak_rule.as_str(),
            penalties_by_helpers: settings.penalties_by_helpers,
        }
    }
}

/// Get the settings of your family
#[utoipa::path(
    get,
    path = "/family/settings",
    operation_id = "getFamilySettings",
    tag = tags::ACCOUNT,
    responses((status = 200, description = "The settings", body = SettingsBody), Errors<Parent>)
)]
pub(crate) async fn settings(
    State(service): State<Arc<Service>>,
    parent: Parent,
) -> Json<SettingsBody> {
    Json(SettingsBody::of(parent.user(), &service.default_zone()))
}

// `utoipa::path` takes no generic types.
type SettingsInput = Input<FamilySettingsPatch>;

/// Update the settings of your family
///
/// Fields that are left out keep their values. `null` clears `time_zone`, `daily_goal` and `ranks`.
#[utoipa::path(
    put,
    path = "/family/settings",
    operation_id = "setFamilySettings",
    tag = tags::ACCOUNT,
    request_body = SettingsInput,
    responses(
        (status = 200, description = "The settings", body = SettingsBody),
        Errors<Parent, Input<FamilySettingsPatch>, ChangeErrors>
    )
)]
pub(crate) async fn set_settings(
    State(service): State<Arc<Service>>,
    parent: Parent,
    Input(patch): Input<FamilySettingsPatch>,
) -> Result<Json<SettingsBody>, ApiError> {
    let user = service.update_family_settings(&parent, patch).await?;
    Ok(Json(SettingsBody::of(&user, &service.default_zone())))
}

impl RequestBody for FamilySettingsPatch {
    const NAME: &'static str = "FamilySettingsPatch";
    const ABOUT: &'static str = "The settings to update.";
    const READ_ONLY: &'static [&'static str] = &["default_time_zone"];

    fn example() -> Value {
        json!({
            "time_zone": "Europe/Berlin",
            "rest_days": ["sunday"],
            "pauses": [{"from": "2026-08-01", "to": "2026-08-14"}],
        })
    }

    fn read(fields: &mut FieldReader<'_>) -> Result<Self, FieldFailed> {
        let time_zone = fields.patch("time_zone", TIME_ZONE);
        let day_starts_at = fields.optional("day_starts_at", DAY_STARTS_AT);
        let week_start = fields.optional("week_start", WEEK_START);
        let rest_days = fields.optional("rest_days", REST_DAYS);
        let pauses = fields.optional("pauses", PAUSES);
        let daily_goal = fields.patch("daily_goal", DAILY_GOAL);
        let ranks = fields.patch("ranks", RANKS);
        let shows_ranking = fields.optional("shows_ranking", SHOWS_RANKING);
        let streak_rule = fields.optional("streak_rule", STREAK_RULE);
        let penalties = fields.optional("penalties_by_helpers", PENALTIES_BY_HELPERS);
        Ok(Self {
            time_zone: time_zone?,
            day_starts_at: day_starts_at?,
            week_start: week_start?,
            rest_days: rest_days?,
            pauses: pauses?,
            daily_goal: daily_goal?,
            ranks: ranks?,
            shows_ranking: shows_ranking?,
            streak_rule: streak_rule?,
            penalties_by_helpers: penalties?,
        })
    }
}

const TIME_ZONE: FieldType<String, Zone> = FieldType {
    check: |field, name| {
        let rule = "must be the name of a time zone, such as Europe/Berlin";
        Zone::find(&name).ok_or_else(|| Invalid::new(field, rule))
    },
    schema: || schemas::text().description(Some("A name of the IANA database.")).into(),
};

const DAY_STARTS_AT: FieldType<i64, DayStart> = FieldType {
    check: |field, hours| {
        let rule = || Invalid::new(field, format!("must be between 0 and {}", DayStart::MAX));
        DayStart::from_hours(hours).ok_or_else(rule)
    },
    schema: || day_start().into(),
};

const WEEK_START: FieldType<String, Weekday> = FieldType {
    check: |field, name| {
        let rule = "must be a day of the week, such as monday";
        Weekday::parse(&name).ok_or_else(|| Invalid::new(field, rule))
    },
    schema: || weekday().into(),
};

const REST_DAYS: FieldType<Vec<String>, Weekdays> =
    FieldType { check: |field, names| Weekdays::parse(field, &names), schema: weekdays };

const PAUSES: FieldType<Vec<PauseBody>, Pauses> =
    FieldType { check: pauses, schema: pauses_schema };

const DAILY_GOAL: FieldType<i64, u16> =
    FieldType { check: |_, number| FamilySettings::daily_goal(number), schema: || goal().into() };

const RANKS: FieldType<Vec<RankBody>, Ranks> = FieldType { check: ranks, schema: ranks_schema };

const SHOWS_RANKING: FieldType<bool, bool> = FieldType {
    check: |_, shows| Ok(shows),
    schema: || {
        let about = "Whether children see the ranking of the family.";
        schemas::boolean().description(Some(about)).into()
    },
};

const PENALTIES_BY_HELPERS: FieldType<bool, bool> = FieldType {
    check: |_, may| Ok(may),
    schema: || {
        let about = "Whether helpers may activate penalties.";
        schemas::boolean().description(Some(about)).into()
    },
};

const STREAK_RULE: FieldType<String, StreakRule> = FieldType {
    check: |field, name| {
        let rule = || Invalid::new(field, "must be `any_task` or `all_due`");
        StreakRule::parse(&name).ok_or_else(rule)
    },
    schema: || {
        let about = "A streak needs one task a day, or as many as the daily goal; or everything that was due.";
        streak_rule().description(Some(about)).into()
    },
};

fn streak_rule() -> ObjectBuilder {
    schemas::flag(StreakRule::ALL.map(StreakRule::as_str))
}

impl JsonValue for Vec<RankBody> {
    const RULE: &'static str = "must be an array of objects with `name` and `threshold`";
}

fn ranks(field: &'static str, given: Vec<RankBody>) -> Result<Ranks, Invalid> {
    let rank =
        |it: RankBody| Ok(Rank { name: Name::parse(field, &it.name)?, threshold: it.threshold });
    Ranks::new(field, given.into_iter().map(rank).collect::<Result<_, _>>()?)
}

fn ranks_schema() -> Schema {
    let rank = ObjectBuilder::new()
        .property("name", (NAME.schema)())
        .property("threshold", schemas::integer(0..=Points::LIMIT))
        .required("name")
        .required("threshold");
    let about = "In their order, with rising thresholds. The first begins at 0 points.";
    let ranks = ArrayBuilder::new()
        .items(schemas::closed(rank))
        .min_items(Some(1))
        .max_items(Some(Ranks::MAX));
    ranks.description(Some(about)).into()
}

impl JsonValue for Vec<PauseBody> {
    const RULE: &'static str = "must be an array of objects with the dates `from` and `to`";
}

fn pauses(field: &'static str, given: Vec<PauseBody>) -> Result<Pauses, Invalid> {
    let day = |text: &str| {
        Day::parse(text).ok_or_else(|| Invalid::new(field, "must have dates such as 2026-08-01"))
    };
    let pause = |it: PauseBody| Ok(Pause { from: day(&it.from)?, to: day(&it.to)? });
    Pauses::new(field, given.into_iter().map(pause).collect::<Result<_, _>>()?)
}

fn day_start() -> ObjectBuilder {
    schemas::integer(0..=DayStart::MAX).description(Some("The hour at which a day starts."))
}

fn weekday() -> ObjectBuilder {
    let about = "The day on which a week starts.";
    schemas::flag(Weekday::ALL.map(Weekday::as_str)).description(Some(about))
}

fn weekdays() -> Schema {
    let about = "Days of the week without chores.";
    let days = schemas::flag(Weekday::ALL.map(Weekday::as_str));
    ArrayBuilder::new().items(days).unique_items(true).description(Some(about)).into()
}

fn goal() -> ObjectBuilder {
    let about = "The number of tasks that each child is to do on a day.";
    schemas::integer(1..=FamilySettings::MAX_DAILY_GOAL).description(Some(about))
}

fn nullable_goal() -> ObjectBuilder {
    schemas::nullable(goal(), utoipa::openapi::schema::Type::Integer)
}

fn pauses_schema() -> Schema {
    let date = || schemas::text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Date)));
    let pause = ObjectBuilder::new()
        .property("from", date())
        .property("to", date())
        .required("from")
        .required("to");
    let about = "Days without chores. They do not overlap.";
    let pauses = ArrayBuilder::new().items(schemas::closed(pause)).max_items(Some(Pauses::MAX));
    pauses.description(Some(about)).into()
}
