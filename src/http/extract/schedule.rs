//! The schedule of a task in requests and responses.

use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

use crate::domain::calendar::Weekday;
use crate::domain::schedule::{Plan, PlanForm, Turn};
use crate::http::extract::fields::{FieldType, JsonValue};
use crate::http::openapi::schemas::{self, about};

/// Who is to do a task, and when.
pub(crate) const SCHEDULE: FieldType<PlanForm, PlanForm> =
    FieldType { check: |_, form| form.check().map(|()| form), schema: || input().into() };

impl JsonValue for PlanForm {
    const RULE: &'static str = "must be an object with a `who`, with an `every`, a `date` or an `rrule`, and without unknown fields";
}

/// The schema in a request.
fn input() -> ObjectBuilder {
    let rule =
        "Instead of `every`, `interval`, `on`, `day` and `date`: a recurrence rule of RFC 5545.";
    let mut schema = ObjectBuilder::new().required("who");
    for (name, property) in properties(false) {
        schema = schema.property(name, property);
    }
    schemas::closed(schema.property("rrule", about(schemas::text(), rule))).description(Some(
        "docs/schedules.md explains each field. A field that is null counts as missing.",
    ))
}

/// The schema in a response: the newest plan, with the day on which it takes effect.
pub(crate) fn output() -> Schema {
    let mut schema = ObjectBuilder::new();
    for (name, property) in properties(true) {
        schema = schema.property(name, property).required(name);
    }
    let schema = schemas::nullable(schemas::closed(schema), Type::Object);
    schema
        .description(Some(
            "Who is to do the task when; null if it has no schedule. Without effect for a penalty.",
        ))
        .into()
}

/// `is_answer` if a response contains them.
fn properties(is_answer: bool) -> Vec<(&'static str, RefOr<Schema>)> {
    let weekdays = || Weekday::ALL.map(Weekday::as_str);
    let on = ArrayBuilder::new()
        .schema_type(SchemaType::from_iter([Type::Array, Type::Null]))
        .items(schemas::flag(weekdays()))
        .min_items(Some(1))
        .max_items(Some(7))
        .unique_items(true)
        .description(Some("The days of the week, with `every: week`."));
    let interval = schemas::integer(1..=Plan::MAX_INTERVAL);
    let grace = schemas::integer(0..=i64::from(Plan::MAX_GRACE));
    let null = |schema: ObjectBuilder, of, text| about(schemas::nullable(schema, of), text);
    vec![
        ("who", who(is_answer)),
        ("every", enumeration(&["day", "week", "month"], "How often the task recurs.")),
        (
            "interval",
            null(interval, Type::Integer, "Every so many days, weeks or months; by default 1."),
        ),
        ("on", on.into()),
        ("day", day_of_month()),
        ("date", date("The only day, instead of `every`.")),
        (
            "week_start",
            enumeration(&weekdays(), "The first day of a week; by default that of the family."),
        ),
        ("starts", starts(is_answer)),
        ("from", date("The first day, from which the interval counts; by default `starts`.")),
        ("until", date("The last day.")),
        (
            "due_time",
            null(
                schemas::text().pattern(Some("^([01][0-9]|2[0-3]):[0-5][0-9]$")),
                Type::String,
                "When it is due in the family's time zone, such as `18:30`; null for the end of the day.",
            ),
        ),
        (
            "grace_days",
            null(
                grace,
                Type::Integer,
                "The number of days after its day on which it can still be done, at most until the child's next one.",
            ),
        ),
        (
            "first_only",
            null(
                schemas::boolean(),
                Type::Boolean,
                "Whether only the first child can do each occurrence.",
            ),
        ),
        (
            "on_missed",
            null(schemas::text(), Type::String, "The id of a penalty for each one that is missed."),
        ),
    ]
}

fn who(is_answer: bool) -> RefOr<Schema> {
    let children = || {
        ArrayBuilder::new()
            .items(schemas::text())
            .min_items(Some(1))
            .max_items(Some(Plan::MAX_CHILDREN))
            .unique_items(true)
    };
    let each = schemas::flag(Turn::NAMES);
    let each = if is_answer { each } else { schemas::nullable(each, Type::String) };
    let each =
        each.description(Some("When the next child follows; by default after each occurrence."));
    let rotation = ObjectBuilder::new().property("rotation", children()).required("rotation");
    let rotation = rotation.property("each", each);
    let rotation = if is_answer { rotation.required("each") } else { rotation };
    let who = AnyOfBuilder::new()
        .item(schemas::flag(["all"]))
        .item(children())
        .item(schemas::closed(rotation))
        .description(Some("All children, those with these ids, or one after the other."));
    Schema::AnyOf(who.build()).into()
}

fn starts(is_answer: bool) -> RefOr<Schema> {
    if is_answer {
        return about(schemas::date(), "The day on which the plan takes effect.");
    }
    date("The day on which the plan takes effect; by default, and if it has passed, today.")
}

fn day_of_month() -> RefOr<Schema> {
    let null = ObjectBuilder::new().schema_type(Type::Null);
    let day = AnyOfBuilder::new()
        .item(schemas::integer(1..=31))
        .item(schemas::flag(["last"]))
        .item(null)
        .description(Some(
            "The day of the month, with `every: month`. Months without it are left out.",
        ));
    Schema::AnyOf(day.build()).into()
}

fn date(text: &str) -> RefOr<Schema> {
    about(schemas::nullable(schemas::date(), Type::String), text)
}

fn enumeration(words: &[&'static str], text: &str) -> RefOr<Schema> {
    let words = words.iter().map(|word| Some(*word)).chain([None]);
    let schema = schemas::text().enum_values(Some(words));
    about(schemas::nullable(schema, Type::String), text)
}
