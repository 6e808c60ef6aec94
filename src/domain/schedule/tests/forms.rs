//! Plans in requests.

use serde_json::{Value, json};

use super::super::{PlanDefaults, PlanForm};
use super::{day, plan};
use crate::domain::calendar::Weekday;

fn error(json: Value) -> String {
    let form: PlanForm = match serde_json::from_value(json) {
        Ok(form) => form,
        Err(_) => return "form".to_owned(),
    };
    let defaults = PlanDefaults { from: day("2026-02-09"), week_start: Weekday::Monday };
    form.plan(defaults).unwrap_err().to_string()
}

/// The JSON form of a plan, without the fields that are null.
fn shown(json: Value) -> Value {
    let Value::Object(mut fields) = serde_json::to_value(PlanForm::from(&plan(json))).unwrap()
    else {
        panic!("not an object");
    };
    fields.retain(|_, value| !value.is_null());
    fields.into()
}

#[test]
fn the_shortest_plan_has_every_default() {
    let expected = json!({
        "who": "all", "every": "day", "interval": 1, "from": "2026-02-09", "grace_days": 0, "first_only": false,
    });
    assert_eq!(shown(json!({"who": "all", "every": "day"})), expected);
}

#[test]
fn a_rule_of_rfc_5545_is_a_plan() {
    for (rule, expected) in [
        ("FREQ=DAILY", json!({"every": "day"})),
        ("FREQ=daily", json!({"every": "day"})),
        ("RRULE:FREQ=DAILY;INTERVAL=3", json!({"every": "day", "interval": 3})),
        (
            "FREQ=WEEKLY;BYDAY=MO,TH;WKST=SU;UNTIL=20261231",
            json!({
                "every": "week", "on": ["monday", "thursday"], "week_start": "sunday", "until": "2026-12-31",
            }),
        ),
        (
            "FREQ=DAILY;BYDAY=SA,SU",
            json!({"every": "week", "on": ["saturday", "sunday"], "week_start": "monday"}),
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=31", json!({"every": "month", "day": 31})),
        (
            "FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=-1",
            json!({"every": "month", "interval": 2, "day": "last"}),
        ),
    ] {
        let mut long = json!({"who": "all"});
        long.as_object_mut().unwrap().extend(expected.as_object().unwrap().clone());
        assert_eq!(shown(json!({"who": "all", "rrule": rule})), shown(long), "{rule}");
    }
}

#[test]
fn what_a_schedule_cannot_express_is_named() {
    for (rule, part) in [
        ("FREQ=YEARLY", "FREQ=YEARLY"),
        ("FREQ=HOURLY", "FREQ=HOURLY"),
        ("INTERVAL=2", "FREQ"),
        ("FREQ=DAILY;COUNT=10", "COUNT=10"),
        ("FREQ=WEEKLY", "FREQ=WEEKLY without BYDAY"),
        ("FREQ=WEEKLY;BYDAY=1MO", "BYDAY=1MO"),
        ("FREQ=MONTHLY;BYDAY=MO", "BYDAY"),
        ("FREQ=MONTHLY", "FREQ=MONTHLY without BYMONTHDAY"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "BYMONTHDAY=1,15"),
        ("FREQ=MONTHLY;BYMONTHDAY=-2", "BYMONTHDAY=-2"),
        ("FREQ=DAILY;BYMONTHDAY=1", "BYMONTHDAY"),
        ("FREQ=DAILY;UNTIL=20261231T120000Z", "UNTIL=20261231T120000Z"),
        ("FREQ=DAILY;BYHOUR=9", "BYHOUR=9"),
        ("FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY"),
        ("FREQ=DAILY;", ""),
        ("every day", "every day"),
    ] {
        let error = error(json!({"who": "all", "rrule": rule}));
        assert!(error.contains(&format!("`{part}`")), "{rule}: {error}");
    }
}

#[test]
fn a_plan_that_breaks_a_rule_is_refused() {
    for (json, part) in [
        (json!({"every": "day"}), "form"),
        (json!({"who": "all", "every": "day", "colour": 1}), "form"),
        (json!({"who": "all", "every": "day", "interval": 1.5}), "form"),
        (json!({"who": {"rotation": ["a"], "turn": 1}, "every": "day"}), "form"),
        (json!({"who": "nobody", "every": "day"}), "`who`"),
        (json!({"who": [], "every": "day"}), "1 to 100 children"),
        (json!({"who": ["a", "a"], "every": "day"}), "each of them once"),
        (json!({"who": {"rotation": ["a"], "each": "year"}, "every": "day"}), "`each`"),
        (
            json!({"who": {"rotation": ["a"], "each": "week"}, "every": "month", "day": 1}),
            "each week",
        ),
        (json!({"who": "all"}), "either"),
        (json!({"who": "all", "every": "day", "date": "2026-02-09"}), "either"),
        (json!({"who": "all", "every": "year"}), "`every`"),
        (json!({"who": "all", "every": "day", "on": ["monday"]}), "`on` only"),
        (json!({"who": "all", "every": "week"}), "days of the week"),
        (json!({"who": "all", "every": "week", "on": []}), "days of the week"),
        (json!({"who": "all", "every": "week", "on": ["someday"]}), "`on`"),
        (json!({"who": "all", "every": "week", "on": ["monday", "monday"]}), "`on`"),
        (json!({"who": "all", "every": "month"}), "`day`"),
        (json!({"who": "all", "every": "month", "day": 0}), "`day`"),
        (json!({"who": "all", "every": "month", "day": 32}), "`day`"),
        (json!({"who": "all", "every": "month", "day": "first"}), "`day`"),
        (json!({"who": "all", "every": "day", "interval": 0}), "`interval`"),
        (json!({"who": "all", "every": "day", "interval": 100}), "`interval`"),
        (json!({"who": "all", "every": "day", "grace_days": 31}), "`grace_days`"),
        (json!({"who": "all", "every": "day", "grace_days": -1}), "`grace_days`"),
        (json!({"who": "all", "every": "day", "due_time": "24:00"}), "`due_time`"),
        (json!({"who": "all", "every": "day", "from": "1999-12-31"}), "`from`"),
        (json!({"who": "all", "every": "day", "until": "2200-01-01"}), "`until`"),
        (json!({"who": "all", "every": "day", "until": "2026-02-08"}), "`until`"),
        (json!({"who": "all", "date": "tomorrow"}), "`date`"),
        (json!({"who": "all", "date": "2026-02-09", "interval": 2}), "neither"),
        (
            json!({"who": "all", "every": "week", "on": ["monday"], "week_start": "x"}),
            "`week_start`",
        ),
        (json!({"who": "all", "every": "day", "rrule": "FREQ=DAILY"}), "without `every`"),
        (json!({"who": {"rotation": ["a"]}, "every": "day", "first_only": true}), "`first_only`"),
        (
            json!({"who": "all", "until": "2026-12-31", "rrule": "FREQ=DAILY;UNTIL=20261230"}),
            "`UNTIL`",
        ),
        (
            json!({"who": "all", "week_start": "sunday", "rrule": "FREQ=WEEKLY;BYDAY=MO;WKST=SU"}),
            "`WKST`",
        ),
    ] {
        let error = error(json.clone());
        assert!(error.contains(part), "{json}: {error}");
    }
}

#[test]
fn whole_numbers_can_have_a_decimal_point() {
    let json =
        json!({"who": "all", "every": "month", "day": 2.0, "interval": 3.0, "grace_days": 1.0});
    let expected =
        json!({"who": "all", "every": "month", "day": 2, "interval": 3, "grace_days": 1});
    assert_eq!(plan(json), plan(expected));
}

#[test]
fn the_child_of_a_week_changes_when_the_week_starts() {
    let rotation = |more: Value| {
        let mut plan = json!({"who": {"rotation": ["a", "b"], "each": "week"}, "every": "day"});
        plan.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        shown(plan)["week_start"].clone()
    };
    assert_eq!(rotation(json!({})), "monday", "that of the family");
    assert_eq!(rotation(json!({"week_start": "sunday"})), "sunday");
}
