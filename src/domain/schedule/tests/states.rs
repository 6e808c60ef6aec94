//! What becomes of occurrences.

use serde_json::{Value, json};

use super::super::{
    Fact, MarkKind, Moment, Occurrence, OccurrenceState as State, Schedule, next_moment,
};
use super::{day, versions};
use crate::domain::calendar::{Calendar, Day, DayStart, FamilySettings, Pause, Pauses, Zone};
use crate::domain::progress::Span;
use crate::domain::{Amount, Child, Name, Points, Task, Timestamp};

fn task(schedule: Schedule) -> Task {
    Task {
        id: "t".into(),
        user_id: Some("u".into()),
        name: Name::from_stored("Make the bed"),
        points: Amount::new(5).unwrap(),
        is_good: true,
        image_id: None,
        created_at: None,
        updated_at: None,
        is_requestable: true,
        icon: None,
        limit: None,
        schedule: Some(schedule),
        extra: [].into(),
    }
}

fn kid(added: Option<&str>) -> Child {
    Child {
        id: "a".into(),
        user_id: "u".into(),
        name: Name::from_stored("Mía"),
        age: None,
        points: Points::new(0).unwrap(),
        tasks: [].into(),
        rewards: [].into(),
        image_id: None,
        created_at: added.map(at),
        updated_at: None,
        colour: None,
        goal: None,
        pin: None,
        extra: [].into(),
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_iso(text).unwrap_or_else(|| panic!("{text}"))
}

fn berlin(hour: i64) -> Calendar {
    Calendar::new(Zone::find("Europe/Berlin").unwrap(), DayStart::from_hours(hour).unwrap())
}

fn daily(more: &Value) -> Task {
    let mut plan = json!({"who": "all", "every": "day", "from": "2026-01-01"});
    plan.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    task(versions(&[("2026-01-01", Some(plan))]))
}

fn on(task: &Task, text: &str, calendar: &Calendar) -> Occurrence {
    let span = Span { first: day(text), last: day(text) };
    let mut found = Occurrence::of(task, &kid(None), span, calendar);
    assert_eq!(found.len(), 1);
    found.pop().unwrap()
}

fn state(occurrence: &Occurrence, fact: Option<Fact>, now: &str) -> State {
    occurrence.state(fact, &FamilySettings::default(), at(now))
}

#[test]
fn an_occurrence_is_due_then_late_then_missed() {
    let weekly = json!({
        "who": "all", "every": "week", "on": ["monday"], "due_time": "18:30", "grace_days": 2,
    });
    let task = task(versions(&[("2026-01-01", Some(weekly))]));
    let monday = on(&task, "2026-02-09", &berlin(0));
    assert_eq!(monday.last, day("2026-02-11"));
    for (now, expected) in [
        ("2026-02-08T22:59:59Z", State::Upcoming),
        ("2026-02-08T23:00:00Z", State::Due),
        ("2026-02-09T17:29:59Z", State::Due),
        ("2026-02-09T17:30:00Z", State::Late),
        ("2026-02-11T22:59:59Z", State::Late),
        ("2026-02-11T23:00:00Z", State::Missed),
    ] {
        assert_eq!(state(&monday, None, now), expected, "{now}");
    }
    let moments: Vec<Moment> = monday.moments().collect();
    assert_eq!(
        moments,
        [
            Moment { at: at("2026-02-08T23:00:00Z"), kind: MarkKind::Due },
            Moment { at: at("2026-02-09T17:30:00Z"), kind: MarkKind::Late },
            Moment { at: at("2026-02-11T23:00:00Z"), kind: MarkKind::Missed },
        ]
    );
}

#[test]
fn what_happened_counts_before_the_calendar() {
    let (occurrence, late) =
        (on(&daily(&json!({})), "2026-02-09", &berlin(0)), "2026-02-20T12:00:00Z");
    for (fact, expected) in [
        (Fact::Done, State::Done),
        (Fact::DoneByOther, State::Done),
        (Fact::Requested, State::Requested),
        (Fact::Skipped, State::Skipped),
    ] {
        assert_eq!(state(&occurrence, Some(fact), late), expected);
    }
    let pause = Pause { from: day("2026-02-09"), to: day("2026-02-09") };
    let settings = FamilySettings {
        pauses: Pauses::new("pauses", vec![pause]).unwrap(),
        ..FamilySettings::default()
    };
    assert_eq!(occurrence.state(None, &settings, at(late)), State::Paused);
    assert_eq!(occurrence.state(Some(Fact::Done), &settings, at(late)), State::Done);
}

#[test]
fn the_days_of_two_occurrences_do_not_overlap() {
    let calendar = berlin(0);
    assert_eq!(
        on(&daily(&json!({"grace_days": 5})), "2026-02-09", &calendar).last,
        day("2026-02-09")
    );
    let every_third = daily(&json!({"grace_days": 5, "interval": 3}));
    // 2026-01-01 and every third day after it.
    assert_eq!(on(&every_third, "2026-02-09", &calendar).last, day("2026-02-11"));
    assert_eq!(
        Occurrence::at(&every_third, &kid(None), day("2026-02-11"), &calendar).unwrap().day,
        day("2026-02-09")
    );
    let without = daily(&json!({"interval": 3}));
    assert_eq!(Occurrence::at(&without, &kid(None), day("2026-02-11"), &calendar), None);
    // A new version on the next day ends the days of grace.
    let changed = versions(&[
        ("2026-01-01", Some(json!({"who": "all", "date": "2026-02-09", "grace_days": 9}))),
        ("2026-02-12", Some(json!({"who": "all", "every": "day"}))),
    ]);
    assert_eq!(on(&task(changed), "2026-02-09", &calendar).last, day("2026-02-11"));
}

#[test]
fn a_due_time_that_does_not_exist_or_exists_twice() {
    let spring = on(&daily(&json!({"due_time": "02:30"})), "2026-03-29", &berlin(0));
    assert_eq!(spring.due_at, at("2026-03-29T01:30:00Z"), "03:30, as long after the gap");
    assert_eq!(spring.ends_at.since(spring.starts_at).as_secs(), 23 * 3600);
    let autumn = on(&daily(&json!({"due_time": "02:30"})), "2026-10-25", &berlin(0));
    assert_eq!(autumn.due_at, at("2026-10-25T00:30:00Z"), "the first of the two");
    assert_eq!(autumn.ends_at.since(autumn.starts_at).as_secs(), 25 * 3600);
}

#[test]
fn a_time_before_the_start_of_the_day_is_that_of_the_next_date() {
    let calendar = berlin(4);
    let night = on(&daily(&json!({"due_time": "01:30"})), "2026-02-09", &calendar);
    assert_eq!(night.starts_at, at("2026-02-09T03:00:00Z"));
    assert_eq!(night.due_at, at("2026-02-10T00:30:00Z"));
    assert_eq!(night.ends_at, at("2026-02-10T03:00:00Z"));
    let evening = on(&daily(&json!({"due_time": "18:00"})), "2026-02-09", &calendar);
    assert_eq!(evening.due_at, at("2026-02-09T17:00:00Z"));
}

#[test]
fn a_child_has_no_occurrences_before_it_was_added_and_a_penalty_has_none() {
    let (task, calendar) = (daily(&json!({})), berlin(0));
    let span = Span { first: day("2026-02-01"), last: day("2026-02-10") };
    let days = |task: &Task, child: &Child| -> Vec<Day> {
        Occurrence::of(task, child, span, &calendar).iter().map(|it| it.day).collect()
    };
    // In Berlin it is the 9th.
    assert_eq!(
        days(&task, &kid(Some("2026-02-08T23:30:00Z"))),
        [day("2026-02-09"), day("2026-02-10")]
    );
    assert_eq!(days(&task, &kid(None)).len(), 10);
    assert!(days(&Task { is_good: false, ..task }, &kid(None)).is_empty());
}

#[test]
fn the_next_moment_is_the_first_of_all() {
    let calendar = berlin(0);
    let (morning, evening) =
        (daily(&json!({"due_time": "08:00"})), daily(&json!({"due_time": "18:00"})));
    let child = kid(None);
    let next =
        |tasks: &[&Task], now| next_moment(tasks.iter().copied(), &[&child], &calendar, at(now));
    let both = [&morning, &evening];
    assert_eq!(next(&both, "2026-02-09T03:00:00Z"), Some(at("2026-02-09T07:00:00Z")));
    assert_eq!(next(&both, "2026-02-09T07:00:00Z"), Some(at("2026-02-09T17:00:00Z")));
    assert_eq!(next(&both, "2026-02-09T17:00:00Z"), Some(at("2026-02-09T23:00:00Z")));
    let rare = task(versions(&[(
        "2026-01-01",
        Some(json!({"who": "all", "date": "2026-06-01", "grace_days": 3})),
    )]));
    assert_eq!(
        next(&[&rare], "2026-02-09T03:00:00Z"),
        Some(at("2026-02-10T03:00:00Z")),
        "a day later"
    );
    assert_eq!(next(&[&rare], "2026-06-04T12:00:00Z"), Some(at("2026-06-04T22:00:00Z")), "its end");
    assert_eq!(next(&[&rare], "2026-06-10T12:00:00Z"), None, "it has no more");
}
