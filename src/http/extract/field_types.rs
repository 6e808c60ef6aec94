//! What the fields of requests can contain: the rules, and schemas with the same bounds.

use std::sync::Arc;

use serde::Deserialize;
use utoipa::openapi::schema::{AnyOfBuilder, ArrayBuilder, KnownFormat, SchemaFormat};
use utoipa::openapi::{ObjectBuilder, Schema};

use crate::domain::badges::{BadgePeriod, Metric, Thresholds};
use crate::domain::calendar::Day;
use crate::domain::deletion::Threshold;
use crate::domain::input::{
    self, MAX_AGE, MAX_DESCRIPTION_CHARS, MAX_DISPLAYED, MAX_ID_CHARS, MAX_IMAGE_ID_CHARS,
    MAX_OPENING_POINTS,
};
use crate::domain::password::NewPassword;
use crate::domain::webhooks::{Target, WebhookEvent};
use crate::domain::{
    Amount, ChildId, Colour, Email, Icon, Invalid, Language, LimitPeriod, Name, NewPin, Note,
    Points, RequestId, RewardId, Role, TaskId, TaskLimit, Timestamp, TokenScope,
};
use crate::http::extract::fields::{FieldType, JsonValue, whole_number};
use crate::http::openapi::schemas;

/// What no text of a record may contain: control characters, line breaks and invisible characters.
/// It is the inside of a pattern's brackets. Patterns of JSON Schema cannot name characters beyond U+FFFF;
/// the server checks those as well.
const BAD: &str = concat!(
    r"\u0000-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e",
    r"\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\ufff8",
);
/// What no name may contain either: blank characters other than the space.
const BLANK: &str = r"\u00a0\u1680\u2000-\u200a\u202f\u205f\u2800\u3000";
/// What may follow only a visible character: joiners and variation selectors.
const PART: &str = r"\u180b-\u180d\u180f\u200c\u200d\ufe00-\ufe0f";

/// A text without a rule.
pub(crate) const TEXT: FieldType<String, String> =
    FieldType { check: |_, text| Ok(text), schema: || schemas::text().into() };

pub(crate) const BOOLEAN: FieldType<bool, bool> =
    FieldType { check: |_, value| Ok(value), schema: || schemas::boolean().into() };

pub(crate) const CHILD_ID: FieldType<String, ChildId> =
    FieldType { check: |_, id| Ok(id.into()), schema: || schemas::text().into() };

pub(crate) const TASK_ID: FieldType<String, TaskId> =
    FieldType { check: |_, id| Ok(id.into()), schema: || schemas::text().into() };

pub(crate) const REWARD_ID: FieldType<String, RewardId> =
    FieldType { check: |_, id| Ok(id.into()), schema: || schemas::text().into() };

pub(crate) const NAME: FieldType<String, Name> =
    FieldType { check: |field, text| Name::parse(field, &text), schema: name };

/// What a person writes about a mutation.
pub(crate) const NOTE: FieldType<String, Note> =
    FieldType { check: |field, text| Note::parse(field, &text), schema: note };

pub(crate) const REQUEST_ID: FieldType<String, RequestId> =
    FieldType { check: |_, id| Ok(id.into()), schema: || schemas::text().into() };

pub(crate) const EMAIL: FieldType<String, Email> =
    FieldType { check: |_, text| Email::parse(&text), schema: email };

/// A password that an account can get. Older accounts may have others.
pub(crate) const NEW_PASSWORD: FieldType<String, NewPassword> =
    FieldType { check: |field, text| NewPassword::parse(field, &text), schema: password };

/// The PIN of a child, which is hashed like a password.
pub(crate) const NEW_PIN: FieldType<String, NewPassword> = FieldType {
    check: |field, text| NewPin::parse(field, &text),
    schema: || schemas::text().pattern(Some("^[0-9]{4,8}$")).into(),
};

/// What a task is worth or a reward costs, in points.
pub(crate) const AMOUNT: FieldType<i64, Amount> =
    FieldType { check: input::amount, schema: || schemas::integer(1..=Amount::MAX).into() };

/// The points that an adjustment adds, or takes if negative.
pub(crate) const DELTA: FieldType<i64, i64> = FieldType { check: input::delta, schema: delta };

/// What a child begins with.
pub(crate) const OPENING_POINTS: FieldType<i64, Points> = FieldType {
    check: |_, points| input::opening_points(points),
    schema: || schemas::integer(0..=MAX_OPENING_POINTS).into(),
};

/// In years.
pub(crate) const AGE: FieldType<i64, i64> = FieldType {
    check: |_, years| input::age(years),
    schema: || schemas::integer(0..=MAX_AGE).into(),
};

pub(crate) const IMAGE_ID: FieldType<String, Arc<str>> =
    FieldType { check: |_, text| input::image_id(text), schema: image_id };

/// A picture of a list that every front end has.
pub(crate) const ICON: FieldType<String, Icon> = FieldType {
    check: |_, name| Icon::parse(&name),
    schema: || schemas::flag(Icon::ALL.iter().copied()).into(),
};

/// What a badge counts.
pub(crate) const METRIC: FieldType<String, &'static str> = FieldType {
    check: |field, name| {
        let rule = || Invalid::new(field, format!("must be one of {}", Metric::NAMES.join(", ")));
        Metric::NAMES.into_iter().find(|it| *it == name).ok_or_else(rule)
    },
    schema: || schemas::flag(Metric::NAMES).into(),
};

/// What the grades of a badge need.
pub(crate) const THRESHOLDS: FieldType<Vec<i64>, Thresholds> =
    FieldType { check: |field, values| Thresholds::parse(field, &values), schema: thresholds };

pub(crate) const DATE: FieldType<String, Day> = FieldType {
    check: |field, text| {
        Day::parse(&text).ok_or_else(|| Invalid::new(field, "must be a date, such as 2026-02-09"))
    },
    schema: || schemas::date().into(),
};

/// How often each child may do a task.
pub(crate) const TASK_LIMIT: FieldType<LimitInput, TaskLimit> = FieldType {
    check: |field, LimitInput { count, per }| {
        let per = LimitPeriod::parse(&per)
            .ok_or_else(|| Invalid::new(field, "must have a `per` of `day`, `week` or `ever`"))?;
        TaskLimit::new(field, count, per)
    },
    schema: task_limit,
};

/// The form of a limit in a request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitInput {
    #[serde(deserialize_with = "whole_number")]
    count: i64,
    per: String,
}

impl JsonValue for LimitInput {
    const RULE: &'static str = "must be an object with `count` and `per`";
}

fn task_limit() -> Schema {
    let limit = ObjectBuilder::new()
        .property("count", schemas::integer(1..=TaskLimit::MAX))
        .property("per", schemas::flag(LimitPeriod::ALL.map(LimitPeriod::as_str)))
        .required("count")
        .required("per");
    schemas::closed(limit).into()
}

/// Where a webhook is sent to. The rules depend on the settings.
pub(crate) const WEBHOOK_URL: FieldType<String, String> =
    FieldType { check: |_, text| Ok(text), schema: webhook_url };

/// What a webhook sends.
pub(crate) const WEBHOOK_EVENTS: FieldType<Vec<String>, Arc<[WebhookEvent]>> =
    FieldType { check: |_, names| Ok(WebhookEvent::set(&names)?.into()), schema: webhook_events };

/// What an API token may do.
pub(crate) const TOKEN_SCOPES: FieldType<Vec<String>, Arc<[TokenScope]>> = FieldType {
    check: |field, names| Ok(TokenScope::set(field, &names)?.into()),
    schema: token_scopes,
};

pub(crate) const MOMENT: FieldType<String, Timestamp> = FieldType {
    check: |field, text| {
        let rule = || Invalid::new(field, "must be a moment, such as 2026-02-09T18:42:15Z");
        Timestamp::parse_iso(&text).ok_or_else(rule)
    },
    schema: || schemas::moment().into(),
};

/// The recurring period of a badge.
pub(crate) const BADGE_PERIOD: FieldType<String, BadgePeriod> = FieldType {
    check: |field, name| {
        BadgePeriod::find(&name).ok_or_else(|| Invalid::new(field, "must be `week` or `month`"))
    },
    schema: || schemas::flag(BadgePeriod::NAMES).into(),
};

pub(crate) const COLOUR: FieldType<String, Colour> = FieldType {
    check: |_, name| Colour::parse(&name),
    schema: || schemas::flag(Colour::ALL.iter().copied()).into(),
};

pub(crate) const LANGUAGE: FieldType<String, Language> =
    FieldType { check: |_, tag| Language::parse(&tag), schema: language };

pub(crate) const DESCRIPTION: FieldType<String, Arc<str>> =
    FieldType { check: |_, text| input::description(&text), schema: description };

/// The ids of the tasks or rewards that a front end shows first.
pub(crate) const DISPLAYED_IDS: FieldType<Vec<String>, Arc<[Arc<str>]>> =
    FieldType { check: input::displayed, schema: displayed_ids };

/// What an account may do.
pub(crate) const ROLE: FieldType<String, Role> = FieldType {
    check: |field, text| {
        let role = [Role::Parent, Role::Admin].into_iter().find(|role| role.as_str() == text);
        role.ok_or_else(|| Invalid::new(field, "must be `parent` or `admin`"))
    },
    schema: || schemas::flag([Role::Parent, Role::Admin].map(Role::as_str)).into(),
};

/// How long a marked account waits, in hours.
pub(crate) const THRESHOLD: FieldType<i64, Threshold> = FieldType {
    check: |field, hours| {
        let (min, max) = (Threshold::MIN_HOURS, Threshold::MAX_HOURS);
        let rule = || Invalid::new(field, format!("must be between {min} and {max}"));
        Threshold::from_hours(hours).ok_or_else(rule)
    },
    schema: || {
        let range = i64::from(Threshold::MIN_HOURS)..=i64::from(Threshold::MAX_HOURS);
        schemas::integer(range).into()
    },
};

/// Any amount but 0.
fn delta() -> Schema {
    let ranges = [-Amount::MAX..=-1, 1..=Amount::MAX].map(schemas::integer);
    let any = AnyOfBuilder::new();
    Schema::AnyOf(ranges.into_iter().fold(any, AnyOfBuilder::item).build())
}

fn name() -> Schema {
    visible_line(Name::MAX_CHARS)
}

fn note() -> Schema {
    visible_line(Note::MAX_CHARS)
}

/// The pattern, not `maxLength`, has the greatest length, since the surrounding white space does not
/// count.
fn visible_line(max_chars: usize) -> Schema {
    let inner = max_chars - 2;
    let pattern =
        format!(r"^\s*[^\s{BAD}{BLANK}{PART}]([^{BAD}{BLANK}]{{0,{inner}}}[^\s{BAD}{BLANK}])?\s*$");
    let about = format!(
        "At most {max_chars} characters, at least one of them visible. No line breaks, control characters \
         or invisible characters, and no blank character other than the space. Surrounding white space is \
         removed."
    );
    let text = schemas::text().min_length(Some(1));
    text.pattern(Some(pattern)).description(Some(about)).into()
}

fn email() -> Schema {
    let part = format!(r#"[^\s{BAD}{PART}@<>(),;:"\\\[\]]"#);
    let label = format!(r#"[^\s{BAD}{PART}@<>(),;:"\\\[\].]{{1,63}}"#);
    let pattern = format!(r"^\s*{part}{{1,64}}@{label}(\.{label})*\s*$");
    let about = "At most 254 bytes, of which at most 64 precede the `@`. Upper and lower case are the same.";
    let text = schemas::text().min_length(Some(3)).max_length(Some(Email::MAX_BYTES));
    text.pattern(Some(pattern)).description(Some(about)).into()
}

fn password() -> Schema {
    let text = schemas::text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)));
    text.min_length(Some(8))
        .max_length(Some(256))
        .description(Some("At least 8 characters, at most 256 bytes."))
        .into()
}

fn image_id() -> Schema {
    let about = "Identifies a picture in the front end. Goldstar stores no pictures.";
    line(MAX_IMAGE_ID_CHARS).description(Some(about)).into()
}

fn language() -> Schema {
    let about = "A BCP 47 language tag, such as `de` or `pt-BR`.";
    let text = schemas::text().max_length(Some(Language::MAX_CHARS));
    text.pattern(Some("^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")).description(Some(about)).into()
}

fn description() -> Schema {
    let pattern = format!(r"^([^{BAD}]|\r?\n)*$");
    schemas::text()
        .max_length(Some(MAX_DESCRIPTION_CHARS))
        .pattern(Some(pattern))
        .description(Some("Can have several lines. Surrounding white space is removed."))
        .into()
}

fn displayed_ids() -> Schema {
    let about = "Ids that a front end wants to show first. They have no other effect.";
    let ids = ArrayBuilder::new().items(line(MAX_ID_CHARS)).max_items(Some(MAX_DISPLAYED));
    ids.description(Some(about)).into()
}

fn thresholds() -> Schema {
    let about =
        "What the grades bronze, silver and gold need. Each number is greater than the one before.";
    let values = ArrayBuilder::new().items(schemas::integer(1..=Thresholds::MAX));
    let values = values.min_items(Some(1)).max_items(Some(3)).unique_items(true);
    values.description(Some(about)).into()
}

fn webhook_url() -> Schema {
    let about = "An absolute URL that begins with https:// and contains no user name, no password and no fragment. It must \
                 not name an address of a private network, unless the operator permits it: then also http://.";
    let format = SchemaFormat::Custom("uri".to_owned());
    let url = schemas::text().max_length(Some(Target::MAX_BYTES)).format(Some(format));
    url.description(Some(about)).into()
}

fn webhook_events() -> Schema {
    let types = schemas::flag(WebhookEvent::ALL.map(WebhookEvent::as_str));
    let types = ArrayBuilder::new().items(types).min_items(Some(1)).unique_items(true);
    types.description(Some("The types of the messages that it sends.")).into()
}

fn token_scopes() -> Schema {
    let scopes = schemas::flag(TokenScope::ALL.map(TokenScope::as_str));
    let scopes = ArrayBuilder::new().items(scopes).min_items(Some(1)).unique_items(true);
    let about = "What the token may do. No scope includes another one. Those of administration are for administrators, \
                 and not for one child.";
    scopes.description(Some(about)).into()
}

/// A text without line breaks.
fn line(max_chars: usize) -> utoipa::openapi::ObjectBuilder {
    schemas::text().max_length(Some(max_chars)).pattern(Some(format!("^[^{BAD}]*$")))
}
