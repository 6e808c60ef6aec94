//! Plans as they are checked, shown and stored.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::clock_time::ClockTime;
use super::fields::{DayForm, PlanForm, RotationForm, WhoForm};
use super::plan::{Plan, Turn, Who};
use super::recurrence::{DayOfMonth, Recurrence};
use super::versions::{Schedule, Version};
use super::{FIRST_YEAR, LAST_YEAR, rrule};
use crate::domain::Invalid;
use crate::domain::calendar::{Day, Weekday, Weekdays};

/// The field of a request that errors name.
const FIELD: &str = "schedule";

/// A version in a file.
#[derive(Deserialize, Serialize)]
struct StoredVersion {
    starts: String,
    plan: Option<PlanForm>,
}

/// What the fields mean that a request leaves out.
#[derive(Clone, Copy, Debug)]
pub struct PlanDefaults {
    pub from: Day,
    pub week_start: Weekday,
}

impl PlanForm {
    /// Checks a form from a request, as far as that is possible without the family.
    pub fn check(&self) -> Result<(), Invalid> {
        let from = self.starts()?.or_else(|| date("2000-01-01")).ok_or_else(|| wrong("starts"))?;
        self.plan(PlanDefaults { from, week_start: Weekday::default() }).map(|_| ())
    }

    /// The plan of a request. The error names the part that breaks a rule.
    pub fn plan(&self, defaults: PlanDefaults) -> Result<Plan, Invalid> {
        let mut form = self.clone();
        if let Some(rule) = form.rrule.take() {
            let others = [form.every.is_some(), form.interval.is_some(), form.on.is_some()];
            let is_alone = !others.contains(&true) && form.day.is_none() && form.date.is_none();
            if !is_alone {
                let what =
                    "must have an `rrule` without `every`, `interval`, `on`, `day` and `date`";
                return Err(Invalid::new(FIELD, what));
            }
            rrule::expand(FIELD, &rule, &mut form)?;
        }
        form.expanded(defaults)
    }

    /// The day on which the plan is to take effect; `None` for today.
    pub fn starts(&self) -> Result<Option<Day>, Invalid> {
        optional(self.starts.as_deref(), "starts", date)
    }

    /// The form with the day on which the plan takes effect.
    #[must_use]
    pub fn starting(self, starts: Day) -> Self {
        Self { starts: Some(starts.to_string()), ..self }
    }

    fn expanded(&self, defaults: PlanDefaults) -> Result<Plan, Invalid> {
        let grace = self.grace_days.unwrap_or_default();
        let grace_days = u8::try_from(grace).ok().filter(|days| *days <= Plan::MAX_GRACE);
        let from = optional(self.from.as_deref(), "from", date)?.unwrap_or(defaults.from);
        let until = optional(self.until.as_deref(), "until", date)?;
        let week_start = optional(self.week_start.as_deref(), "week_start", Weekday::parse)?;
        let week_start = week_start.unwrap_or(defaults.week_start);
        let recurrence = self.recurrence(week_start)?;
        // A single date needs no first day.
        let from = if let Recurrence::Once(date) = recurrence { date } else { from };
        if until.is_some_and(|until| until < from) {
            return Err(invalid("must not have an `until` before its `from` or `date`"));
        }
        let who = self.who.check(week_start)?;
        let is_weekly =
            matches!(recurrence, Recurrence::Weeks { .. } | Recurrence::Days { interval: 1 });
        if matches!(who, Who::Rotation { each: Turn::Week(_), .. }) && !is_weekly {
            return Err(invalid(
                "can change the child each week only if it recurs weekly or daily",
            ));
        }
        let is_for_one = self.first_only.unwrap_or_default();
        if is_for_one && matches!(who, Who::Rotation { .. }) {
            return Err(invalid(
                "must not have `first_only` with a rotation, in which one child has the turn",
            ));
        }
        Ok(Plan {
            who,
            recurrence,
            from,
            until,
            due_time: optional(self.due_time.as_deref(), "due_time", ClockTime::parse)?,
            grace_days: grace_days.ok_or_else(|| {
                invalid(format!("must have a `grace_days` between 0 and {}", Plan::MAX_GRACE))
            })?,
            is_for_one,
            on_missed: self.on_missed.as_deref().map(Arc::from),
        })
    }

    fn recurrence(&self, week_start: Weekday) -> Result<Recurrence, Invalid> {
        let interval = self.interval.unwrap_or(1);
        let interval = i32::try_from(interval)
            .ok()
            .filter(|it| (1..=Plan::MAX_INTERVAL).contains(&i64::from(*it)))
            .ok_or_else(|| {
                invalid(format!("must have an `interval` between 1 and {}", Plan::MAX_INTERVAL))
            })?;
        let (on, day) = (self.on.as_deref(), self.day.as_ref());
        let recurrence = match (self.every.as_deref(), &self.date) {
            (None, Some(text)) => {
                let date = date(text).ok_or_else(|| wrong("date"))?;
                (on.is_none() && day.is_none() && interval == 1).then_some(Recurrence::Once(date))
            }
            (Some("day"), None) if on.is_none() && day.is_none() => {
                Some(Recurrence::Days { interval })
            }
            (Some("week"), None) if day.is_none() => {
                let on = on.filter(|on| !on.is_empty());
                let on = on.ok_or_else(|| invalid("must have days of the week in `on`"))?;
                let on = Weekdays::parse(FIELD, on).map_err(|_| wrong("on"))?;
                Some(Recurrence::Weeks { interval, on, week_start })
            }
            (Some("month"), None) if on.is_none() => {
                let day = day.ok_or_else(|| invalid("must have a `day` of the month"))?;
                Some(Recurrence::Months { interval, on: day.check()? })
            }
            (Some("day" | "week" | "month"), None) => None,
            (Some(_), None) => {
                return Err(invalid("must have an `every` of `day`, `week` or `month`"));
            }
            _ => return Err(invalid("must have either an `every`, a `date` or an `rrule`")),
        };
        recurrence.ok_or_else(|| {
            invalid(
                "must have `on` only with `week`, `day` only with `month`, and neither with `date`",
            )
        })
    }
}

impl WhoForm {
    fn check(&self, week_start: Weekday) -> Result<Who, Invalid> {
        let children = |ids: &[String]| -> Result<Arc<[Arc<str>]>, Invalid> {
            let children: Vec<Arc<str>> = ids.iter().map(|id| id.as_str().into()).collect();
            let is_repeated =
                children.iter().enumerate().any(|(at, child)| children[..at].contains(child));
            if children.is_empty() || children.len() > Plan::MAX_CHILDREN || is_repeated {
                let most = Plan::MAX_CHILDREN;
                return Err(invalid(format!("must name 1 to {most} children, each of them once")));
            }
            Ok(children.into())
        };
        match self {
            Self::Word(word) if word == "all" => Ok(Who::All),
            Self::Word(_) => Err(invalid("must have a `who` of `all`, a list or a rotation")),
            Self::List(ids) => Ok(Who::Children(children(ids)?)),
            Self::Rotation(form) => {
                let each = form.each.as_deref();
                let each = match each {
                    None | Some("occurrence") => Some(Turn::Occurrence),
                    Some("week") => Some(Turn::Week(week_start)),
                    Some(_) => None,
                };
                let rule = || invalid("must have an `each` of `occurrence` or `week`");
                Ok(Who::Rotation {
                    children: children(&form.rotation)?,
                    each: each.ok_or_else(rule)?,
                })
            }
        }
    }
}

impl DayForm {
    fn check(&self) -> Result<DayOfMonth, Invalid> {
        let rule = || invalid("must have a `day` from 1 to 31, or `last`");
        match self {
            Self::Word(word) if word == "last" => Ok(DayOfMonth::Last),
            Self::Word(_) => Err(rule()),
            Self::Number(number) => {
                let number = i8::try_from(*number).ok().filter(|number| (1..=31).contains(number));
                number.map(DayOfMonth::Number).ok_or_else(rule)
            }
        }
    }
}

impl From<&Plan> for PlanForm {
    fn from(plan: &Plan) -> Self {
        let texts = |ids: &[Arc<str>]| ids.iter().map(ToString::to_string).collect();
        let who = match &plan.who {
            Who::All => WhoForm::Word("all".to_owned()),
            Who::Children(children) => WhoForm::List(texts(children)),
            Who::Rotation { children, each } => WhoForm::Rotation(RotationForm {
                rotation: texts(children),
                each: Some(each.as_str().to_owned()),
            }),
        };
        let mut form = Self {
            who,
            every: None,
            interval: None,
            on: None,
            day: None,
            date: None,
            week_start: None,
            starts: None,
            from: Some(plan.from.to_string()),
            until: plan.until.map(|day| day.to_string()),
            due_time: plan.due_time.map(|time| time.to_string()),
            grace_days: Some(plan.grace_days.into()),
            first_only: Some(plan.is_for_one),
            on_missed: plan.on_missed.as_deref().map(str::to_owned),
            rrule: None,
        };
        if let Who::Rotation { each: Turn::Week(week_start), .. } = plan.who {
            form.week_start = Some(week_start.as_str().to_owned());
        }
        match plan.recurrence {
            Recurrence::Once(date) => form.date = Some(date.to_string()),
            Recurrence::Days { interval } => form.set_every("day", interval),
            Recurrence::Weeks { interval, on, week_start } => {
                form.set_every("week", interval);
                form.on = Some(on.iter().map(|day| day.as_str().to_owned()).collect());
                form.week_start = Some(week_start.as_str().to_owned());
            }
            Recurrence::Months { interval, on } => {
                form.set_every("month", interval);
                form.day = Some(match on {
                    DayOfMonth::Last => DayForm::Word("last".to_owned()),
                    DayOfMonth::Number(day) => DayForm::Number(day.into()),
                });
            }
        }
        form
    }
}

impl PlanForm {
    fn set_every(&mut self, every: &str, interval: i32) {
        self.every = Some(every.to_owned());
        self.interval = Some(interval.into());
    }
}

impl Schedule {
    /// Reads the JSON text of [`Self::to_json`]; `None` if it is not one.
    pub fn parse(json: &str) -> Option<Self> {
        let stored: Vec<StoredVersion> = serde_json::from_str(json).ok()?;
        let version = |it: StoredVersion| {
            let starts = Day::parse(&it.starts)?;
            let defaults = PlanDefaults { from: starts, week_start: Weekday::default() };
            let plan = it.plan.map(|form| form.plan(defaults)).transpose().ok()?;
            Some(Version { starts, plan })
        };
        Self::from_stored(stored.into_iter().map(version).collect::<Option<Vec<_>>>()?)
    }

    /// All versions, as they are stored.
    pub fn to_json(&self) -> serde_json::Value {
        let stored = self.versions().iter().map(|version| StoredVersion {
            starts: version.starts.to_string(),
            plan: version.plan.as_ref().map(PlanForm::from),
        });
        serde_json::json!(stored.collect::<Vec<_>>())
    }
}

fn invalid(rule: impl Into<String>) -> Invalid {
    Invalid::new(FIELD, rule)
}

fn wrong(part: &str) -> Invalid {
    invalid(format!("has a `{part}` that is not valid"))
}

/// A date within the years of schedules.
fn date(text: &str) -> Option<Day> {
    Day::parse(text).filter(|day| (FIRST_YEAR..=LAST_YEAR).contains(&day.parts().0))
}

fn optional<T>(
    text: Option<&str>,
    part: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Invalid> {
    text.map(|text| parse(text).ok_or_else(|| wrong(part))).transpose()
}
