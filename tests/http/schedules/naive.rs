//! A second implementation of the occurrences and their states, which visits every day, as `docs/schedules.md`
//! describes them.

use std::collections::{HashMap, HashSet};

use jiff::civil::{Date, Weekday};
use jiff::tz::{Disambiguation, TimeZone};
use jiff::{Timestamp, ToSpan};
use serde_json::{Value, json};

use crate::harness::text;

/// How a family divides time into days, and which of them are neutral.
pub(super) struct Family {
    pub(super) zone: TimeZone,
    pub(super) day_starts_at: i8,
    pub(super) rest_days: Vec<Weekday>,
    /// The first and the last day of each.
    pub(super) pauses: Vec<(Date, Date)>,
}

#[derive(Clone, Debug)]
pub(super) enum Who {
    All,
    /// By their indices.
    Children(Vec<usize>),
    Rotation {
        children: Vec<usize>,
        by_week: bool,
    },
}

#[derive(Clone, Debug)]
pub(super) enum Every {
    Day,
    /// On these days of the week, which starts on a day.
    Week(Vec<Weekday>, Weekday),
    /// On a day; `None` for the last one.
    Month(Option<i8>),
    Once,
}

/// A schedule, which is created on the first day.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) who: Who,
    pub(super) every: Every,
    pub(super) interval: i32,
    /// The number of days from the first day.
    pub(super) from: i32,
    pub(super) until: Option<i32>,
    pub(super) due_time: Option<(i8, i8)>,
    pub(super) grace_days: i32,
    pub(super) first_only: bool,
}

pub(super) struct Occurrence {
    pub(super) day: Date,
    pub(super) last: Date,
    due_at: Timestamp,
}

/// What the events of the family say.
#[derive(Default)]
pub(super) struct History {
    /// The child, the task and the moment of the work of each event that counts.
    done: Vec<(String, String, Timestamp)>,
    /// When what is pending was requested.
    pending: HashMap<(String, String), Timestamp>,
}

pub(super) fn plus(day: Date, days: i32) -> Date {
    day.saturating_add(days.days())
}

fn days_between(first: Date, last: Date) -> i32 {
    first.until(last).unwrap().get_days()
}

/// The number of a week.
fn week(day: Date, start: Weekday) -> i32 {
    // A Monday.
    let monday = Date::constant(1999, 1, 4);
    let start = plus(monday, i32::from(start.to_monday_zero_offset()));
    days_between(start, day).div_euclid(7)
}

pub(super) fn name(day: Weekday) -> &'static str {
    let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    names[usize::try_from(day.to_monday_zero_offset()).unwrap()]
}

impl Family {
    pub(super) fn start_of(&self, day: Date) -> Timestamp {
        self.at(day, self.day_starts_at, 0)
    }

    fn at(&self, day: Date, hour: i8, minute: i8) -> Timestamp {
        let clock = self.zone.to_ambiguous_zoned_datetime(day.at(hour, minute, 0, 0));
        clock.disambiguate(Disambiguation::Compatible).unwrap().timestamp()
    }

    /// The last day that has started.
    pub(super) fn day_of(&self, moment: Timestamp) -> Date {
        let date = self.zone.to_datetime(moment).date();
        let days = (-2..=2).map(|days| plus(date, days));
        days.filter(|day| self.start_of(*day) <= moment).max().unwrap()
    }

    fn is_neutral(&self, day: Date) -> bool {
        self.rest_days.contains(&day.weekday())
            || self.pauses.iter().any(|(from, to)| (*from..=*to).contains(&day))
    }
}

impl Plan {
    pub(super) fn json(&self, first: Date, children: &[String]) -> Value {
        let ids = |all: &[usize]| all.iter().map(|it| children[*it].clone()).collect::<Vec<_>>();
        let who = match &self.who {
            Who::All => json!("all"),
            Who::Children(all) => json!(ids(all)),
            Who::Rotation { children, by_week } => {
                json!({"rotation": ids(children), "each": if *by_week { "week" } else { "occurrence" }})
            }
        };
        let from = plus(first, self.from);
        let due_time = self.due_time.map(|(hour, minute)| format!("{hour:02}:{minute:02}"));
        let mut schedule = json!({
            "who": who, "due_time": due_time, "grace_days": self.grace_days,
            "first_only": self.first_only,
        });
        let mut put = |field: &str, value: Value| schedule[field] = value;
        if let Every::Once = self.every {
            put("date", json!(from.to_string()));
            return schedule;
        }
        put("from", json!(from.to_string()));
        put("until", json!(self.until.map(|it| plus(first, it).to_string())));
        put("interval", json!(self.interval));
        match &self.every {
            Every::Week(on, start) => {
                put("every", json!("week"));
                put("on", json!(on.iter().copied().map(name).collect::<Vec<_>>()));
                put("week_start", json!(name(*start)));
            }
            Every::Month(day) => {
                put("every", json!("month"));
                put("day", day.map_or(json!("last"), |day| json!(day)));
            }
            _ => put("every", json!("day")),
        }
        schedule
    }

    fn recurs_on(&self, first: Date, day: Date) -> bool {
        let from = plus(first, self.from);
        let is_nth = |number: i32| number % self.interval == 0;
        let is_over = self.until.is_some_and(|until| day > plus(first, until));
        day >= from.max(first)
            && match &self.every {
                Every::Once => day == from,
                _ if is_over => false,
                Every::Day => is_nth(days_between(from, day)),
                Every::Week(on, start) => {
                    on.contains(&day.weekday()) && is_nth(week(day, *start) - week(from, *start))
                }
                Every::Month(on) => {
                    let month = |day: Date| i32::from(day.year()) * 12 + i32::from(day.month());
                    let is_day = on.map_or(day == day.last_of_month(), |on| day.day() == on);
                    is_day && is_nth(month(day) - month(from))
                }
            }
    }

    /// The days of a child from the first one on.
    fn days(&self, first: Date, child: usize) -> Vec<Date> {
        let all = (0..100).map(|number| plus(first, number));
        let all: Vec<_> = all.filter(|day| self.recurs_on(first, *day)).collect();
        let start = if let Every::Week(_, start) = &self.every { *start } else { Weekday::Monday };
        let mut weeks: Vec<_> = all.iter().map(|day| week(*day, start)).collect();
        weeks.dedup();
        let is_for = |(number, day): &(usize, Date)| match &self.who {
            Who::All => true,
            Who::Children(children) => children.contains(&child),
            Who::Rotation { children, by_week } => {
                let own = week(*day, start);
                let by_weeks = weeks.iter().position(|it| *it == own).unwrap();
                children[if *by_week { by_weeks } else { *number } % children.len()] == child
            }
        };
        all.into_iter().enumerate().filter(is_for).map(|(_, day)| day).collect()
    }

    pub(super) fn occurrences(
        &self,
        family: &Family,
        first: Date,
        child: usize,
    ) -> Vec<Occurrence> {
        let days = self.days(first, child);
        let of = |(number, day): (usize, &Date)| {
            let end = family.start_of(plus(*day, 1));
            let due_at = self.due_time.map_or(end, |(hour, minute)| {
                let is_next = hour < family.day_starts_at;
                family.at(plus(*day, is_next.into()), hour, minute).min(end)
            });
            let last = plus(*day, self.grace_days);
            let last = days.get(number + 1).map_or(last, |next| last.min(plus(*next, -1)));
            Occurrence { day: *day, last, due_at }
        };
        days.iter().enumerate().map(of).collect()
    }
}

impl Occurrence {
    pub(super) fn state(
        &self,
        (child, task): (&str, &str),
        (plan, family): (&Plan, &Family),
        history: &History,
        is_skipped: bool,
        now: Timestamp,
    ) -> &'static str {
        let is_of = |at: Timestamp| (self.day..=self.last).contains(&family.day_of(at));
        let has_done = |is_it: &dyn Fn(&str) -> bool| {
            history.done.iter().any(|(who, what, at)| what == task && is_it(who) && is_of(*at))
        };
        let request = history.pending.get(&(child.to_owned(), task.to_owned()));
        if has_done(&|who| who == child) {
            "done"
        } else if request.is_some_and(|at| is_of(*at)) {
            "requested"
        } else if plan.first_only && has_done(&|_| true) {
            "done"
        } else if is_skipped {
            "skipped"
        } else if family.is_neutral(self.day) {
            "paused"
        } else if now < family.start_of(self.day) {
            "upcoming"
        } else if now < self.due_at {
            "due"
        } else if now < family.start_of(plus(self.last, 1)) {
            "late"
        } else {
            "missed"
        }
    }

    /// The moment in the form of the API.
    pub(super) fn due_at(&self) -> String {
        format!("{:.6}", self.due_at)
    }
}

impl History {
    /// `events` are all tracking events of tasks, in their order.
    pub(super) fn of(events: &[Value]) -> Self {
        let mut history = Self::default();
        let field = |event: &Value, name: &str| event["metadata"][name].as_str().map(str::to_owned);
        let reversed: HashSet<_> = events.iter().filter_map(|it| field(it, "reverses")).collect();
        for event in events {
            let (child, task) = (text(&event["child_id"]), text(&event["entity_id"]));
            let key = (child.clone(), task.clone());
            let at: Timestamp = text(&event["occurred_at"]).parse().unwrap();
            let worked_at = |event| field(event, "requested_at").map(|it| it.parse().unwrap());
            match (event["action"].as_str().unwrap(), field(event, "reverses")) {
                ("requested", _) => _ = history.pending.insert(key, at),
                ("activated", _) => {
                    history.pending.remove(&key);
                    if !reversed.contains(&text(&event["id"])) {
                        history.done.push((child, task, worked_at(event).unwrap_or(at)));
                    }
                }
                (_, None) => _ = history.pending.remove(&key),
                // The request waits again.
                (_, Some(original)) if field(event, "request_id").is_some() => {
                    let original = events.iter().find(|it| it["id"] == original.as_str()).unwrap();
                    history.pending.insert(key, worked_at(original).unwrap());
                }
                _ => {}
            }
        }
        history
    }
}
