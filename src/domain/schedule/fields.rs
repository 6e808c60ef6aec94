//! The JSON form of a plan, in requests, in responses and in files.

use serde::{Deserialize, Deserializer, Serialize};

/// The JSON form of a plan. A field that is null counts as missing.
#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub struct PlanForm {
    pub(super) who: WhoForm,
    #[serde(default)]
    pub(super) every: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    pub(super) interval: Option<i64>,
    #[serde(default)]
    pub(super) on: Option<Vec<String>>,
    #[serde(default)]
    pub(super) day: Option<DayForm>,
    #[serde(default)]
    pub(super) date: Option<String>,
    #[serde(default)]
    pub(super) week_start: Option<String>,
    /// In requests and responses: the day on which the plan takes effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) starts: Option<String>,
    #[serde(default)]
    pub(super) from: Option<String>,
    #[serde(default)]
    pub(super) until: Option<String>,
    #[serde(default)]
    pub(super) due_time: Option<String>,
    #[serde(default, deserialize_with = "whole")]
    pub(super) grace_days: Option<i64>,
    #[serde(default)]
    pub(super) first_only: Option<bool>,
    #[serde(default)]
    pub(super) on_missed: Option<String>,
    /// In requests only: instead of `every`, `interval`, `on`, `day` and `date`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rrule: Option<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum WhoForm {
    Word(String),
    List(Vec<String>),
    Rotation(RotationForm),
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RotationForm {
    pub(super) rotation: Vec<String>,
    #[serde(default)]
    pub(super) each: Option<String>,
}

#[derive(Clone, Debug, Deserialize, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum DayForm {
    #[serde(deserialize_with = "whole_number")]
    Number(i64),
    Word(String),
}

/// A whole number, also in the form `2.0`, as in every other field of a request.
fn whole_number<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    let number = serde_json::Number::deserialize(from)?;
    let rounded = || number.as_f64().filter(|it| it.fract() == 0.0 && it.abs() < 1e15);
    #[expect(clippy::cast_possible_truncation, reason = "it is whole and within the bounds")]
    let whole = number.as_i64().or_else(|| rounded().map(|it| it as i64));
    whole.ok_or_else(|| serde::de::Error::custom("a whole number"))
}

fn whole<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    #[derive(Deserialize)]
    struct Whole(#[serde(deserialize_with = "whole_number")] i64);
    Ok(Option::<Whole>::deserialize(from)?.map(|it| it.0))
}
