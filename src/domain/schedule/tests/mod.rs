mod forms;
mod naive;
mod states;

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::calendar::{Day, Weekday, Weekdays};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap_or_else(|| panic!("{text}"))
}

fn plan(json: serde_json::Value) -> Plan {
    let form: PlanForm = serde_json::from_value(json).unwrap();
    let defaults = PlanDefaults { from: day("2026-02-09"), week_start: Weekday::Monday };
    form.plan(defaults).unwrap()
}

fn versions(versions: &[(&str, Option<serde_json::Value>)]) -> Schedule {
    let version = |(starts, json): &(&str, Option<serde_json::Value>)| Version {
        starts: day(starts),
        plan: json.clone().map(plan),
    };
    Schedule::from_stored(versions.iter().map(version).collect()).unwrap()
}

fn texts(days: &[Day]) -> Vec<String> {
    days.iter().map(ToString::to_string).collect()
}

prop_compose! {
    fn some_day()(number in 0..1500_i32) -> Day {
        day("2023-11-20").plus(number)
    }
}

fn weekday() -> impl Strategy<Value = Weekday> {
    (0..7_usize).prop_map(|at| Weekday::ALL[at])
}

fn recurrence() -> impl Strategy<Value = Recurrence> {
    let on = prop::collection::btree_set(0..7_usize, 1..=7).prop_map(|days| {
        let names: Vec<_> = days.into_iter().map(|at| Weekday::ALL[at].as_str().into()).collect();
        Weekdays::from_stored(&names)
    });
    let day_of_month =
        prop_oneof![(1..=31_i8).prop_map(DayOfMonth::Number), Just(DayOfMonth::Last)];
    prop_oneof![
        some_day().prop_map(Recurrence::Once),
        (1..=40_i32).prop_map(|interval| Recurrence::Days { interval }),
        (1..=9_i32, on, weekday()).prop_map(|(interval, on, week_start)| Recurrence::Weeks {
            interval,
            on,
            week_start
        }),
        (1..=14_i32, day_of_month).prop_map(|(interval, on)| Recurrence::Months { interval, on }),
    ]
}

fn who(recurrence: Recurrence) -> impl Strategy<Value = Who> {
    let week_start = match recurrence {
        Recurrence::Weeks { week_start, .. } => week_start,
        _ => Weekday::Saturday,
    };
    let is_weekly =
        matches!(recurrence, Recurrence::Weeks { .. } | Recurrence::Days { interval: 1 });
    let names = Just(["a", "b", "c"].map(Arc::from).to_vec()).prop_shuffle();
    (0..4_u8, 1..=3_usize, names).prop_map(move |(kind, count, names)| {
        let children = names[..count].into();
        match kind {
            0 => Who::All,
            1 => Who::Children(children),
            2 if is_weekly => Who::Rotation { children, each: Turn::Week(week_start) },
            _ => Who::Rotation { children, each: Turn::Occurrence },
        }
    })
}

fn some_plan() -> impl Strategy<Value = Plan> {
    let parts = (recurrence(), some_day(), prop::option::of(some_day()), 0..=30_u8);
    parts.prop_flat_map(|(recurrence, from, until, grace_days)| {
        let from = if let Recurrence::Once(date) = recurrence { date } else { from };
        who(recurrence).prop_map(move |who| Plan {
            who,
            recurrence,
            from,
            until: until.map(|until| until.max(from)),
            due_time: None,
            grace_days,
            is_for_one: false,
            on_missed: None,
        })
    })
}

fn schedule() -> impl Strategy<Value = Schedule> {
    let version = (some_day(), prop::option::weighted(0.9, some_plan()));
    let version = version.prop_map(|(starts, plan)| Version { starts, plan });
    prop::collection::vec(version, 1..5).prop_map(|all| Schedule::from_stored(all).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn days_are_those_of_the_second_implementation(
        schedule in schedule(),
        first in some_day(),
        length in 0..400_i32,
    ) {
        let last = first.plus(length);
        for name in ["a", "b", "c", "d"] {
            let mut expected = naive::days(&schedule, name, last);
            expected.retain(|day| *day >= first);
            prop_assert_eq!(schedule.days(name, first, last), expected, "{}", name);
        }
    }

    #[test]
    fn a_change_keeps_the_days_before_it(
        old in schedule(),
        starts in some_day(),
        plan in prop::option::of(some_plan()),
    ) {
        let new = Schedule::changed(Some(&old), starts, plan.clone());
        let (first, end) = (day("2023-11-20"), starts.previous());
        for name in ["a", "b", "c"] {
            let after = new.as_ref().map(|new| new.days(name, first, end)).unwrap_or_default();
            prop_assert_eq!(after, old.days(name, first, end));
        }
        let in_effect = new.as_ref().and_then(|new| new.in_effect(starts)?.plan.clone());
        prop_assert_eq!(in_effect, plan);
    }

    #[test]
    fn without_a_child_the_others_keep_their_past_and_their_order(
        old in schedule(),
        today in some_day(),
    ) {
        let gone = "b";
        let new = old.without(gone, today);
        let (first, end) = (day("2023-11-20"), today.previous());
        for name in ["a", "b", "c"] {
            prop_assert_eq!(new.days(name, first, end), old.days(name, first, end));
        }
        for version in new.versions().iter().filter(|it| it.starts >= today) {
            let named = version.plan.as_ref().is_some_and(|it| it.who.named().iter().any(|id| **id == *gone));
            prop_assert!(!named);
        }
    }

    #[test]
    fn a_schedule_is_read_as_it_was_written(schedule in schedule()) {
        let text = schedule.to_json().to_string();
        prop_assert_eq!(Schedule::parse(&text), Some(schedule));
    }
}

#[test]
fn months_without_the_day_are_left_out_and_leap_years_count() {
    let of = |json, first, last| {
        let schedule = versions(&[("2026-01-01", Some(json))]);
        texts(&schedule.days("a", day(first), day(last)))
    };
    let base = |field: serde_json::Value| serde_json::json!({"who": "all", "every": "month", "from": "2027-12-31", "day": field});
    assert_eq!(
        of(base(31.into()), "2028-01-01", "2028-06-30"),
        ["2028-01-31", "2028-03-31", "2028-05-31"]
    );
    assert_eq!(of(base(29.into()), "2028-02-01", "2028-03-01"), ["2028-02-29"]);
    assert_eq!(of(base(29.into()), "2029-02-01", "2029-03-01"), Vec::<String>::new());
    assert_eq!(
        of(base("last".into()), "2028-01-31", "2028-03-31"),
        ["2028-01-31", "2028-02-29", "2028-03-31"]
    );
}

#[test]
fn the_turn_of_a_child_that_leaves_goes_to_the_next_one() {
    let json = serde_json::json!({"who": {"rotation": ["a", "b", "c"]}, "every": "day"});
    let schedule = versions(&[("2026-02-09", Some(json))]);
    let of = |schedule: &Schedule, name: &str, first, last| {
        texts(&schedule.days(name, day(first), day(last)))
    };
    assert_eq!(of(&schedule, "b", "2026-02-09", "2026-02-14"), ["2026-02-10", "2026-02-13"]);
    // On the 13th it would be b's turn.
    let without = schedule.without("b", day("2026-02-13"));
    assert_eq!(
        of(&without, "c", "2026-02-09", "2026-02-16"),
        ["2026-02-11", "2026-02-13", "2026-02-15"]
    );
    assert_eq!(of(&without, "a", "2026-02-13", "2026-02-16"), ["2026-02-14", "2026-02-16"]);
    let nobody = without.without("a", day("2026-02-14")).without("c", day("2026-02-15"));
    assert!(!nobody.is_active(day("2026-02-15")));
    assert_eq!(of(&nobody, "c", "2026-02-14", "2026-02-16"), ["2026-02-14"]);
}

#[test]
fn a_schedule_keeps_the_newest_versions() {
    let mut schedule = None;
    for number in 0..60 {
        let json = serde_json::json!({"who": "all", "every": "day", "grace_days": number % 2});
        let starts = day("2026-02-09").plus(number);
        schedule = Schedule::changed(schedule.as_ref(), starts, Some(plan(json)));
    }
    let schedule = schedule.unwrap();
    assert_eq!(schedule.versions().len(), Schedule::MAX_VERSIONS);
    assert_eq!(schedule.versions()[0].starts, day("2026-02-19"));
    assert!(schedule.days("a", day("2026-02-09"), day("2026-02-18")).is_empty());
}

#[test]
fn the_last_day_of_the_calendar_is_no_problem() {
    let json = serde_json::json!({"who": "all", "every": "month", "interval": 12, "day": 31, "from": "2000-02-01"});
    let never = versions(&[("2000-01-01", Some(json))]);
    assert!(!never.is_active(day("2000-01-01")));
    let daily =
        versions(&[("2000-01-01", Some(serde_json::json!({"who": "all", "every": "day"})))]);
    let days = daily.days("a", day("2199-12-30"), day("9999-12-31"));
    assert_eq!(texts(&days), ["2199-12-30", "2199-12-31"]);
}
