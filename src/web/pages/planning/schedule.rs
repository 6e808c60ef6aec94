//! The schedule of a task as the fields of a form, and back.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::domain::Task;
use crate::domain::calendar::{Day, Weekday};
use crate::domain::schedule::{DayOfMonth, Plan, Recurrence, Schedule, Turn, Version, Who};
use crate::http::error::ApiError;
use crate::http::language::PageLanguage;
use crate::service::ChildState;
use crate::web::form::{Form, invalid_field};
use crate::web::texts::{Texts, fill};
use crate::web::views::choices::Choice;

/// What the form of a schedule offers.
pub(super) struct Offered {
    pub(super) children: Vec<ChildChoice>,
    pub(super) weekdays: Vec<DayChoice>,
    pub(super) month_days: Vec<Choice>,
    pub(super) week_starts: Vec<Choice>,
    pub(super) penalties: Vec<Choice>,
    /// Whether the task has a schedule that a change would replace.
    pub(super) has_plan: bool,
}

/// A child that the schedule can name.
pub(super) struct ChildChoice {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) is_chosen: bool,
    /// Its place in a rotation.
    pub(super) turn: String,
    pub(super) turn_label: String,
}

pub(super) struct DayChoice {
    pub(super) value: &'static str,
    pub(super) label: &'static str,
    pub(super) is_chosen: bool,
}

impl Offered {
    pub(super) fn new(
        form: &Form,
        children: &[Arc<ChildState>],
        tasks: &[Arc<Task>],
        has_plan: bool,
        language: PageLanguage,
    ) -> Self {
        let plan = &Texts::of(language).plan;
        let (texts, words) = (&plan.schedule, &plan.words);
        let child = |(place, it): (usize, &Arc<ChildState>)| {
            let (id, name) = (it.child.id.as_str(), it.child.name.as_str());
            let turn = form.text(&turn_of(id)).map_or_else(|| (place + 1).to_string(), Into::into);
            let is_chosen = form.has("child", id);
            let turn_label = fill(texts.turn, &[&name]);
            ChildChoice { id: id.to_owned(), name: name.to_owned(), is_chosen, turn, turn_label }
        };
        let weekday = |day: Weekday| {
            let (value, label) = (day.as_str(), words.weekdays[day as usize]);
            DayChoice { value, label, is_chosen: form.has("on", value) }
        };
        let chosen = |field: &str, value: &str, label: &str| entry(form, field, value, label);
        let numbers = (1..=31).map(|day| chosen("day", &day.to_string(), &day.to_string()));
        let usual = chosen("week_start", "", texts.week_start_usual);
        let starts = Weekday::ALL
            .map(|day| chosen("week_start", day.as_str(), words.weekdays[day as usize]));
        let none = chosen("on_missed", "", texts.no_penalty);
        let penalties = tasks.iter().filter(|task| !task.is_good);
        let penalties =
            penalties.map(|task| chosen("on_missed", task.id.as_str(), task.name.as_str()));
        Self {
            children: children.iter().enumerate().map(child).collect(),
            weekdays: Weekday::ALL.map(weekday).into(),
            month_days: numbers.chain([chosen("day", "last", texts.last_day)]).collect(),
            week_starts: [usual].into_iter().chain(starts).collect(),
            penalties: [none].into_iter().chain(penalties).collect(),
            has_plan,
        }
    }
}

fn entry(form: &Form, field: &str, value: &str, label: &str) -> Choice {
    let is_chosen = form.value(field) == value;
    Choice { value: value.to_owned(), label: label.to_owned(), is_chosen }
}

/// The name of the field with the place of a child in a rotation.
fn turn_of(child: &str) -> String {
    format!("turn-{child}")
}

/// The fields of the newest plan of a task.
pub(super) fn fields(schedule: Option<&Schedule>, today: Day) -> Vec<(String, String)> {
    let newest = schedule.and_then(Schedule::last);
    let Some(Version { starts, plan: Some(plan) }) = newest else {
        return unplanned();
    };
    let mut fields = Fields::default();
    fields.recurrence(plan);
    fields.who(plan);
    fields.add("from", plan.from.to_string());
    // A plan that is in effect changes today, unless the form says otherwise.
    fields.add("starts", if *starts > today { starts.to_string() } else { String::new() });
    fields.add("until", plan.until.map(|day| day.to_string()).unwrap_or_default());
    fields.add("due_time", plan.due_time.map(|time| time.to_string()).unwrap_or_default());
    fields.add("grace_days", plan.grace_days.to_string());
    fields.add("first_only", plan.is_for_one.to_string());
    fields.add("on_missed", plan.on_missed.as_deref().unwrap_or_default().to_owned());
    fields.0
}

/// The fields of a task without a schedule.
pub(super) fn unplanned() -> Vec<(String, String)> {
    let fields =
        [("every", ""), ("interval", "1"), ("day", "1"), ("who", "all"), ("grace_days", "0")];
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

#[derive(Default)]
struct Fields(Vec<(String, String)>);

impl Fields {
    fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    fn recurrence(&mut self, plan: &Plan) {
        let (every, interval) = match plan.recurrence {
            Recurrence::Once(date) => {
                self.add("date", date.to_string());
                ("once", 1)
            }
            Recurrence::Days { interval } => ("day", interval),
            Recurrence::Weeks { interval, on, week_start } => {
                for day in on.iter() {
                    self.add("on", day.as_str());
                }
                self.add("week_start", week_start.as_str());
                ("week", interval)
            }
            Recurrence::Months { interval, on } => {
                self.add(
                    "day",
                    match on {
                        DayOfMonth::Last => "last".to_owned(),
                        DayOfMonth::Number(day) => day.to_string(),
                    },
                );
                ("month", interval)
            }
        };
        self.add("every", every);
        self.add("interval", interval.to_string());
    }

    fn who(&mut self, plan: &Plan) {
        let who = match plan.who {
            Who::All => "all",
            Who::Children(_) => "some",
            Who::Rotation { each: Turn::Occurrence, .. } => "turns",
            Who::Rotation { each: Turn::Week(week_start), .. } => {
                self.add("week_start", week_start.as_str());
                "weeks"
            }
        };
        self.add("who", who);
        for (place, child) in plan.who.named().iter().enumerate() {
            self.add("child", &**child);
            self.add(&turn_of(child), (place + 1).to_string());
        }
    }
}

/// The form with the schedule in the form of the API; null for none. Fails if a part is empty that the other choices need.
pub(super) fn with_schedule(form: Form) -> Result<Form, Box<(Form, ApiError)>> {
    if form.value("every").is_empty() {
        return Ok(form.with("schedule", Value::Null));
    }
    match (recurrence(&form), who(&form)) {
        (Ok(days), Ok(who)) => {
            let plan = plan(&form, days, who);
            Ok(form.with("schedule", plan))
        }
        (Err(error), Err(other)) => Err(Box::new((form.with_errors(&other), error))),
        (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(Box::new((form, error))),
    }
}

fn plan(form: &Form, days: Map<String, Value>, who: Value) -> Value {
    let mut plan = days;
    plan.insert("who".to_owned(), who);
    let is_rotation = matches!(form.value("who"), "turns" | "weeks");
    let first_only = form.has("first_only", "true") && !is_rotation;
    plan.insert("first_only".to_owned(), first_only.into());
    plan.insert("grace_days".to_owned(), number(form, "grace_days").unwrap_or(0).into());
    // A single date needs no first day.
    let from = if form.has("every", "once") { "" } else { "from" };
    for name in [from, "until", "due_time", "on_missed", "week_start", "starts"] {
        let value = form.value(name).trim();
        if !value.is_empty() {
            plan.insert(name.to_owned(), value.into());
        }
    }
    plan.into()
}

/// The days of a schedule.
fn recurrence(form: &Form) -> Result<Map<String, Value>, ApiError> {
    let every = form.value("every");
    let mut plan = Map::new();
    let mut set = |name: &str, value: Value| plan.insert(name.to_owned(), value);
    if every == "once" {
        set("date", form.parsed("date", Day::parse)?.to_string().into());
        return Ok(plan);
    }
    set("every", every.into());
    set("interval", number(form, "interval").unwrap_or(1).into());
    if every == "week" {
        let on: Vec<&str> = form.all("on").filter(|day| !day.is_empty()).collect();
        if on.is_empty() {
            return Err(invalid_field("on"));
        }
        set("on", on.into());
    } else if every == "month" {
        let day = form.value("day");
        set("day", number(form, "day").map_or_else(|| day.into(), Value::from));
    }
    Ok(plan)
}

/// `None` if the field has no whole number.
fn number(form: &Form, name: &str) -> Option<i64> {
    form.value(name).trim().parse().ok()
}

fn who(form: &Form) -> Result<Value, ApiError> {
    let who = form.value("who");
    if who == "all" || who.is_empty() {
        return Ok("all".into());
    }
    let mut children: Vec<&str> = form.all("child").filter(|id| !id.is_empty()).collect();
    if children.is_empty() {
        return Err(invalid_field("child"));
    }
    if who == "some" {
        return Ok(children.into());
    }
    children.sort_by_key(|id| number(form, &turn_of(id)).unwrap_or(i64::MAX));
    let each = if who == "weeks" { "week" } else { "occurrence" };
    Ok(json!({"rotation": children, "each": each}))
}
