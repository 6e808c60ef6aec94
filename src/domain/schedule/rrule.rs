//! Recurrence rules of RFC 5545, section 3.3.10, such as `FREQ=WEEKLY;BYDAY=MO,TH`.

use super::fields::{DayForm, PlanForm};
use crate::domain::Invalid;
use crate::domain::calendar::Weekday;

/// The parts of a rule that a schedule can express.
#[derive(Default)]
struct Parts<'a> {
    freq: Option<&'a str>,
    interval: Option<i64>,
    until: Option<String>,
    by_day: Vec<Weekday>,
    by_month_day: Option<i64>,
    week_start: Option<Weekday>,
}

/// Gives a form the fields that a rule stands for. The error names the part that a schedule cannot express.
pub(super) fn expand(field: &'static str, rule: &str, form: &mut PlanForm) -> Result<(), Invalid> {
    let refused = |part: &str| {
        Invalid::new(field, format!("has an `rrule` whose part `{part}` a schedule cannot express"))
    };
    let parts = parse(rule).map_err(refused)?;
    let freq = parts.freq.map(str::to_ascii_uppercase);
    let every = match (freq.as_deref(), parts.by_day.is_empty()) {
        (Some("DAILY"), true) => "day",
        // On these days of every week.
        (Some("DAILY"), false) if parts.interval.unwrap_or(1) == 1 => "week",
        (Some("WEEKLY"), false) => "week",
        (Some("WEEKLY"), true) => return Err(refused("FREQ=WEEKLY without BYDAY")),
        (Some("MONTHLY"), true) if parts.by_month_day.is_some() => "month",
        (Some("MONTHLY"), true) => return Err(refused("FREQ=MONTHLY without BYMONTHDAY")),
        (Some("DAILY" | "MONTHLY"), false) => return Err(refused("BYDAY")),
        (Some(other), _) => return Err(refused(&format!("FREQ={other}"))),
        (None, _) => return Err(refused("FREQ")),
    };
    if every != "month" && parts.by_month_day.is_some() {
        return Err(refused("BYMONTHDAY"));
    }
    if parts.until.is_some() && form.until.is_some() {
        return Err(Invalid::new(
            field,
            "must have an `until` or an `rrule` with `UNTIL`, not both",
        ));
    }
    if parts.week_start.is_some() && form.week_start.is_some() {
        return Err(Invalid::new(
            field,
            "must have a `week_start` or an `rrule` with `WKST`, not both",
        ));
    }
    form.every = Some(every.to_owned());
    form.interval = parts.interval;
    form.until = parts.until.or_else(|| form.until.take());
    if every == "week" {
        form.on = Some(parts.by_day.iter().map(|day| day.as_str().to_owned()).collect());
    }
    // By RFC 5545, weeks start on Monday.
    let week_start = || parts.week_start.unwrap_or_default().as_str().to_owned();
    form.week_start = form.week_start.take().or_else(|| Some(week_start()));
    form.day = parts.by_month_day.map(|day| match day {
        -1 => DayForm::Word("last".to_owned()),
        day => DayForm::Number(day),
    });
    Ok(())
}

/// The parts of a rule. The error is the part that is unknown or cannot be expressed.
fn parse(rule: &str) -> Result<Parts<'_>, &str> {
    let rule = rule.strip_prefix("RRULE:").unwrap_or(rule);
    let mut parts = Parts::default();
    for part in rule.split(';') {
        let (name, value) = part.split_once('=').ok_or(part)?;
        let is_set = match name {
            "FREQ" => parts.freq.replace(value).is_some(),
            "INTERVAL" => parts.interval.replace(value.parse().map_err(|_| part)?).is_some(),
            "UNTIL" => parts.until.replace(date(value).ok_or(part)?).is_some(),
            "BYMONTHDAY" => {
                let day = value.parse().ok().filter(|day| *day == -1 || (1..=31).contains(day));
                parts.by_month_day.replace(day.ok_or(part)?).is_some()
            }
            "WKST" => parts.week_start.replace(weekday(value).ok_or(part)?).is_some(),
            "BYDAY" => {
                let days: Option<Vec<_>> = value.split(',').map(weekday).collect();
                !std::mem::replace(&mut parts.by_day, days.ok_or(part)?).is_empty()
            }
            _ => return Err(part),
        };
        if is_set {
            return Err(part);
        }
    }
    Ok(parts)
}

fn weekday(name: &str) -> Option<Weekday> {
    Weekday::ALL.into_iter().find(|day| day.as_str()[..2].eq_ignore_ascii_case(name))
}

/// A date, `20260209`, in the form of the other fields.
fn date(value: &str) -> Option<String> {
    let is_date = value.len() == 8 && value.bytes().all(|byte| byte.is_ascii_digit());
    is_date.then(|| format!("{}-{}-{}", &value[..4], &value[4..6], &value[6..]))
}
