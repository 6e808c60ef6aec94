//! Schedules in words.

use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::calendar::{Day, Weekday};
use crate::domain::schedule::{DayOfMonth, Plan, Recurrence, Schedule, Turn, Who};
use crate::http::language::PageLanguage;
use crate::service::ChildState;
use crate::web::texts::Texts;
use crate::web::texts::fill;
use crate::web::texts::planning::ScheduleWords;

const WORKDAYS: [Weekday; 5] =
    [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

/// How a page describes schedules.
pub(in crate::web) struct InWords<'a> {
    names: HashMap<&'a str, &'a str>,
    language: PageLanguage,
    words: &'static ScheduleWords,
    today: Day,
}

impl<'a> InWords<'a> {
    pub(in crate::web) fn new(
        children: &'a [Arc<ChildState>],
        today: Day,
        language: PageLanguage,
    ) -> Self {
        let name = |it: &'a Arc<ChildState>| (it.child.id.as_str(), it.child.name.as_str());
        let names = children.iter().map(name).collect();
        Self { names, language, words: &Texts::of(language).plan.words, today }
    }

    /// When a task is to be done, and by whom; `None` if it is not scheduled any more.
    pub(in crate::web) fn of(&self, schedule: &Schedule) -> Option<String> {
        let newest = schedule.last()?;
        let plan = newest.plan.as_ref()?;
        if !schedule.is_active(self.today) {
            return Some(self.words.ended.to_owned());
        }
        let date = |text, day| fill(text, &[&self.language.date(day)]);
        let first = newest.starts.max(plan.from);
        let is_once = matches!(plan.recurrence, Recurrence::Once(_));
        let from = (first > self.today && !is_once).then(|| date(self.words.from, first));
        let by = plan
            .due_time
            .map(|time| fill(self.words.by, &[&self.language.time(time.hour(), time.minute())]));
        let until = plan.until.map(|day| date(self.words.until, day));
        let parts = [Some(self.recurrence(plan)), by, Some(self.who(plan)), from, until];
        Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" · "))
    }

    fn recurrence(&self, plan: &Plan) -> String {
        let words = self.words;
        let every = |texts: [&str; 2], interval: i32, on: &str| {
            fill(texts[usize::from(interval > 1)], &[&interval, &on])
        };
        match plan.recurrence {
            Recurrence::Once(date) => fill(words.once, &[&self.language.date(date)]),
            Recurrence::Days { interval } => words.days.of(i64::from(interval), self.language),
            Recurrence::Weeks { interval: 1, on, .. } if on.iter().count() == 7 => {
                words.days.of(1, self.language)
            }
            Recurrence::Weeks { interval: 1, on, .. } if on.iter().eq(WORKDAYS) => {
                words.workdays.to_owned()
            }
            Recurrence::Weeks { interval, on, .. } => {
                let days: Vec<&str> = on.iter().map(|day| self.weekday(day)).collect();
                every(words.weeks, interval, &self.list(&days))
            }
            Recurrence::Months { interval, on } => {
                let on = match on {
                    DayOfMonth::Last => words.on_last_day.to_owned(),
                    DayOfMonth::Number(day) => fill(words.on_day, &[&day]),
                };
                every(words.months, interval, &on)
            }
        }
    }

    fn weekday(&self, day: Weekday) -> &'static str {
        self.words.weekdays[day as usize]
    }

    fn who(&self, plan: &Plan) -> String {
        let words = self.words;
        let names: Vec<&str> =
            plan.who.named().iter().filter_map(|id| self.names.get(&**id).copied()).collect();
        let listed = self.list(&names);
        let who = match &plan.who {
            Who::All => words.all.to_owned(),
            Who::Children(_) => listed,
            Who::Rotation { each: Turn::Occurrence, .. } => fill(words.turns, &[&listed]),
            Who::Rotation { each: Turn::Week(_), .. } => fill(words.weekly_turns, &[&listed]),
        };
        if plan.is_for_one { format!("{who}, {}", words.first_only) } else { who }
    }

    /// `a, b and c`.
    fn list(&self, parts: &[&str]) -> String {
        match parts {
            [first @ .., before, last] => {
                let pair = fill(self.words.and, &[before, last]);
                first.iter().rev().fold(pair, |rest, part| format!("{part}, {rest}"))
            }
            _ => parts.concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::schedule::PlanForm;

    fn told(plan: Value, language: PageLanguage) -> Option<String> {
        let today = Day::parse("2026-02-09").unwrap();
        let stored = json!([{"starts": "2026-02-01", "plan": plan}]);
        let words = InWords {
            names: HashMap::from([("a", "Ada"), ("b", "Ben"), ("c", "Cem")]),
            language,
            words: &Texts::of(language).plan.words,
            today,
        };
        serde_json::from_value::<Option<PlanForm>>(plan).unwrap();
        words.of(&Schedule::parse(&stored.to_string()).unwrap())
    }

    #[test]
    fn a_schedule_is_told_in_both_languages() {
        for (plan, english, german) in [
            (
                json!({"who": "all", "every": "day", "due_time": "18:30"}),
                "every day · by 18:30 · every child",
                "jeden Tag · bis 18:30 Uhr · jedes Kind",
            ),
            (
                json!({"who": ["a", "b", "c"], "every": "week", "on": ["friday", "monday"], "interval": 2}),
                "every 2 weeks on Monday and Friday · Ada, Ben and Cem",
                "alle 2 Wochen am Montag und Freitag · Ada, Ben und Cem",
            ),
            (
                json!({"who": {"rotation": ["b", "a"]}, "every": "month", "day": "last", "until": "2026-12-31"}),
                "every month on its last day · Ben and Ada in turn · until 31 December 2026",
                "jeden Monat am letzten Tag · Ben und Ada im Wechsel · bis zum 31. Dezember 2026",
            ),
            (
                json!({"who": "all", "date": "2026-03-01", "first_only": true}),
                "on 1 March 2026 · every child, one of them",
                "am 1. März 2026 · jedes Kind, eines von ihnen",
            ),
            (
                json!({"who": {"rotation": ["a"], "each": "week"}, "every": "day", "from": "2026-03-01"}),
                "every day · Ada, in turn by week · from 1 March 2026",
                "jeden Tag · Ada, wöchentlich im Wechsel · ab dem 1. März 2026",
            ),
            (
                json!({"who": "all", "every": "week", "on": ["monday", "tuesday", "wednesday", "thursday", "friday"]}),
                "from Monday to Friday · every child",
                "von Montag bis Freitag · jedes Kind",
            ),
            (json!({"who": "all", "date": "2026-02-02"}), "ended", "beendet"),
        ] {
            assert_eq!(told(plan.clone(), PageLanguage::English).unwrap(), english);
            assert_eq!(told(plan, PageLanguage::German).unwrap(), german);
        }
        assert_eq!(told(Value::Null, PageLanguage::English), None);
    }
}
