//! A second implementation of schedules, which visits every day from the first one on.

use std::sync::Arc;

use super::super::{DayOfMonth, Plan, Recurrence, Schedule, Turn, Version, Who};
use crate::domain::calendar::{Day, Weekday};

/// Whether the task recurs on a day, by the definition of each form.
fn recurs(plan: &Plan, day: Day) -> bool {
    if day < plan.from || plan.until.is_some_and(|until| day > until) || day.parts().0 > 2199 {
        return false;
    }
    let (from, (year, month, number)) = (plan.from, day.parts());
    match plan.recurrence {
        Recurrence::Once(date) => day == date,
        Recurrence::Days { interval } => from.days_until(day) % interval == 0,
        Recurrence::Weeks { interval, on, week_start } => {
            weeks_between(from, day, week_start) % interval == 0 && on.contains(day.weekday())
        }
        Recurrence::Months { interval, on } => {
            let (first_year, first_month, _) = from.parts();
            let months = i32::from(year - first_year) * 12 + i32::from(month - first_month);
            let is_day = match on {
                DayOfMonth::Number(on) => number == on,
                DayOfMonth::Last => day.next().parts().1 != month,
            };
            months % interval == 0 && is_day
        }
    }
}

/// The number of starts of a week after a day, up to another.
fn weeks_between(from: Day, to: Day, week_start: Weekday) -> i32 {
    let mut day = from;
    let mut weeks = 0;
    while day < to {
        day = day.next();
        weeks += i32::from(day.weekday() == week_start);
    }
    weeks
}

/// The children whose turn it is on each day on which a version recurs, up to a day.
fn turns(version: &Version, last: Day) -> Vec<(Day, Vec<Arc<str>>)> {
    let Some(plan) = &version.plan else { return Vec::new() };
    let mut found = Vec::new();
    let (mut turn, mut day) = (0, plan.from.min(version.starts));
    let mut before: Option<Day> = None;
    while day <= last {
        if recurs(plan, day) && day >= version.starts {
            let children = match &plan.who {
                Who::All => Vec::new(),
                Who::Children(children) => children.to_vec(),
                Who::Rotation { children, each } => {
                    let is_next = before.is_some_and(|before| match each {
                        Turn::Occurrence => true,
                        Turn::Week(start) => before.week(*start) != day.week(*start),
                    });
                    // A daily task recurs in every week, a weekly one at least once in each of its weeks.
                    turn += usize::from(is_next);
                    vec![children[turn % children.len()].clone()]
                }
            };
            before = Some(day);
            found.push((day, children));
        }
        day = day.next();
    }
    found
}

/// The days on which a child is to do the task, up to a day.
pub(super) fn days(schedule: &Schedule, child: &str, last: Day) -> Vec<Day> {
    let versions = schedule.versions();
    let mut found = Vec::new();
    for (at, version) in versions.iter().enumerate() {
        let end = versions.get(at + 1).map_or(last, |next| next.starts.previous().min(last));
        let is_for_all = version.plan.as_ref().is_some_and(|plan| plan.who == Who::All);
        let own = turns(version, end);
        let own = own
            .iter()
            .filter(|(_, children)| is_for_all || children.iter().any(|id| **id == *child));
        found.extend(own.map(|(day, _)| *day));
    }
    found
}
