use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::domain::calendar::{
    Calendar, Day, DayStart, FamilySettings, Pause, Pauses, Weekday, Weekdays, Zone,
};
use crate::domain::{
    Action, EntityType, EventFields, Name, Points, Rank, Ranks, Timestamp, TrackingEvent,
};

fn day(text: &str) -> Day {
    Day::parse(text).unwrap_or_else(|| panic!("{text}"))
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_iso(text).unwrap_or_else(|| panic!("{text}"))
}

fn event(
    id: usize,
    (kind, action, entity): (EntityType, Action, &str),
    delta: i64,
    time: Timestamp,
    metadata: Value,
) -> TrackingEvent {
    let before = 1_000_000;
    let metadata = match metadata {
        Value::Object(metadata) => Some(metadata),
        _ => None,
    };
    let fields = EventFields {
        id: format!("e{id}").into(),
        user_id: Some("u".into()),
        child_id: "c".into(),
        entity_type: kind,
        entity_id: entity.to_owned(),
        action,
        points_before: Points::new(before).unwrap(),
        points_after: Points::new(before + delta).unwrap(),
        delta,
        occurred_at: time,
        created_at: time,
        metadata,
    };
    TrackingEvent::new(fields).unwrap()
}

const DONE: (EntityType, Action, &str) = (EntityType::Task, Action::Activated, "bed");
const FINED: (EntityType, Action, &str) = (EntityType::Penalty, Action::Activated, "lights");
const REDEEMED: (EntityType, Action, &str) = (EntityType::Reward, Action::Redeemed, "ice");

fn history(events: &[TrackingEvent], calendar: Calendar) -> History {
    let mut history = History::new(calendar);
    for event in events {
        let reversed =
            event.reverses().and_then(|id| events.iter().find(|it| it.id.as_str() == id));
        if let Some(step) = Step::of(event, reversed) {
            history.apply(&step);
        }
    }
    history
}

fn utc() -> Calendar {
    Calendar::new(Zone::UTC, DayStart::MIDNIGHT)
}

#[test]
fn each_kind_of_event_counts_in_its_figures() {
    let time = at("2026-02-09T12:00:00Z");
    let none = Value::Null;
    let adjustment = json!({"adjustment": true});
    for (event, expected) in [
        (
            event(1, DONE, 5, time, none.clone()),
            Figures { tasks: 1, earned: 5, ..Figures::default() },
        ),
        // A penalty that was cut at the floor.
        (
            event(1, FINED, -2, time, json!({"requested_delta": -8})),
            Figures { penalties: 1, lost: 2, nominally_lost: 8, ..Figures::default() },
        ),
        (
            event(1, FINED, -2, time, none.clone()),
            Figures { penalties: 1, lost: 2, nominally_lost: 2, ..Figures::default() },
        ),
        // Older files contain penalties as tasks.
        (
            event(1, DONE, 0, time, json!({"is_good": false})),
            Figures { penalties: 1, ..Figures::default() },
        ),
        (
            event(1, DONE, -3, time, none.clone()),
            Figures { penalties: 1, lost: 3, nominally_lost: 3, ..Figures::default() },
        ),
        (
            event(1, REDEEMED, -9, time, none.clone()),
            Figures { rewards: 1, spent: 9, ..Figures::default() },
        ),
        (
            event(
                1,
                (EntityType::Task, Action::Activated, "adjustment"),
                4,
                time,
                adjustment.clone(),
            ),
            Figures { earned: 4, ..Figures::default() },
        ),
        (
            event(1, (EntityType::Penalty, Action::Activated, "adjustment"), -4, time, adjustment),
            Figures { lost: 4, nominally_lost: 4, ..Figures::default() },
        ),
        (
            event(1, (EntityType::Reward, Action::Requested, "ice"), 0, time, none.clone()),
            Figures::default(),
        ),
        (event(1, (EntityType::Task, Action::Cancelled, "bed"), 0, time, none), Figures::default()),
    ] {
        assert_eq!(*history(std::slice::from_ref(&event), utc()).total(), expected, "{event:?}");
    }
}

#[test]
fn work_belongs_to_the_day_on_which_it_was_requested() {
    let approved = json!({"requested_at": "2026-02-08T20:00:00.000000Z"});
    let events = [event(1, DONE, 5, at("2026-02-09T07:00:00Z"), approved)];
    let history = history(&events, utc());
    let one = |text| Span { first: day(text), last: day(text) };
    assert_eq!(history.figures(one("2026-02-08")).tasks, 1);
    assert_eq!(history.figures(one("2026-02-09")), Figures::default());
}

#[test]
fn an_event_that_was_reversed_counts_for_nothing() {
    let time = at("2026-02-09T12:00:00Z");
    let undo = |id| json!({"reverses": id, "requested_delta": -5});
    let cancelled = (EntityType::Task, Action::Cancelled, "bed");
    let events = [
        event(1, DONE, 5, time, json!({"name": "Make the bed"})),
        event(2, DONE, 5, time, json!({"name": "Make the bed well"})),
        // Partly: it counts as a full reversal.
        event(3, cancelled, -3, at("2026-02-11T12:00:00Z"), undo("e1")),
        // Of an event that does not exist.
        event(4, cancelled, -3, time, undo("e9")),
    ];
    let history = history(&events, utc());
    assert_eq!(*history.total(), Figures { tasks: 1, earned: 5, ..Figures::default() });
    let span = Span { first: day("2026-02-01"), last: day("2026-02-28") };
    let frequencies = history.frequencies(span);
    let subject = Subject { kind: DeedKind::Task, id: "bed".to_owned() };
    let name = "Make the bed well".to_owned();
    assert_eq!(frequencies, [Frequency { subject, name, count: 1 }]);
    assert_eq!(history.days(), 1);
    let reversed = [events[0].clone(), events[2].clone()];
    assert_eq!(super::tests::history(&reversed, utc()).days(), 0);
}

#[test]
fn streaks_survive_rest_days_pauses_and_today() {
    let days = |list: &[&str]| list.iter().map(|text| day(text)).collect::<Vec<_>>();
    let pause = Pause { from: day("2026-02-11"), to: day("2026-02-13") };
    let settings = FamilySettings {
        rest_days: Weekdays::from_stored(&["sunday".into()]),
        pauses: Pauses::new("pauses", vec![pause]).unwrap(),
        ..FamilySettings::default()
    };
    let streaks = |active: &[&str], today| {
        Streaks::of(days(active), day(today), |it| settings.is_neutral(it))
    };
    let run = |days, first, last| Some(Run { days, first: day(first), last: day(last) });
    assert_eq!(streaks(&[], "2026-02-09"), Streaks::default());
    // 2026-02-08 is a Sunday.
    let week = ["2026-02-06", "2026-02-07", "2026-02-08", "2026-02-09", "2026-02-10"];
    let found = streaks(&week, "2026-02-10");
    assert_eq!(found.current, run(4, "2026-02-06", "2026-02-10"));
    assert_eq!(found.longest, found.current);
    assert_eq!(streaks(&week, "2026-02-14").current, found.current, "today is not over");
    assert_eq!(streaks(&week, "2026-02-15").current, None);
    assert_eq!(streaks(&week, "2026-02-15").longest, found.longest);
    assert_eq!(streaks(&week, "2026-02-07").current, run(2, "2026-02-06", "2026-02-07"));
    let later = ["2026-02-06", "2026-02-10", "2026-02-14"];
    assert_eq!(streaks(&later, "2026-02-14").current, run(2, "2026-02-10", "2026-02-14"));
    let equal = ["2026-02-03", "2026-02-04", "2026-02-06", "2026-02-07"];
    assert_eq!(streaks(&equal, "2026-02-07").longest, run(2, "2026-02-03", "2026-02-04"));
}

#[test]
fn a_daily_goal_counts_tasks_and_no_adjustments() {
    let time = at("2026-02-09T12:00:00Z");
    let adjustment = (EntityType::Task, Action::Activated, "adjustment");
    let events = [
        event(1, DONE, 5, time, Value::Null),
        event(2, adjustment, 5, time, json!({"adjustment": true})),
    ];
    let history = history(&events, utc());
    let goal = |daily_goal| FamilySettings { daily_goal, ..FamilySettings::default() };
    let current =
        |goal_| history.streaks(&goal(goal_), day("2026-02-09")).current.map(|it| it.days);
    assert_eq!((current(None), current(Some(1)), current(Some(2))), (Some(1), Some(1), None));
}

#[test]
fn periods_are_cut_at_the_ends_of_their_span() {
    let spans = |first, last, kind| {
        let span = Span { first: day(first), last: day(last) };
        let periods = span.periods(kind, Weekday::Monday);
        periods.map(|it| format!("{}..{}", it.first, it.last)).collect::<Vec<_>>()
    };
    assert_eq!(
        spans("2026-02-07", "2026-02-17", PeriodKind::Week),
        ["2026-02-07..2026-02-08", "2026-02-09..2026-02-15", "2026-02-16..2026-02-17"]
    );
    assert_eq!(
        spans("2026-01-31", "2026-03-01", PeriodKind::Month),
        ["2026-01-31..2026-01-31", "2026-02-01..2026-02-28", "2026-03-01..2026-03-01"]
    );
    assert_eq!(
        spans("2026-02-28", "2026-03-01", PeriodKind::Day),
        ["2026-02-28..2026-02-28", "2026-03-01..2026-03-01"]
    );
    assert_eq!(spans("9999-12-30", "9999-12-31", PeriodKind::Month), ["9999-12-30..9999-12-31"]);
    assert_eq!(day("2026-02-08").week(Weekday::Sunday), day("2026-02-08"));
    assert_eq!(day("2026-02-08").week(Weekday::Monday), day("2026-02-02"));
}

#[test]
fn ranks_depend_on_the_points_earned() {
    let ranks = Ranks::default();
    let standing = |earned| ranks.standing(earned);
    assert_eq!(standing(0).number, 1);
    assert_eq!((standing(49).number, standing(49).missing), (1, 1));
    assert_eq!((standing(50).number, standing(50).rank.threshold), (2, 50));
    let last = standing(1_000_000);
    assert_eq!((last.number, last.next, last.missing), (10, None, 0));
    let rank = |threshold| Rank { name: Name::from_stored("R"), threshold };
    for wrong in [vec![], vec![rank(1)], vec![rank(0), rank(5), rank(5)], vec![rank(0); 31]] {
        assert!(Ranks::new("ranks", wrong).is_err());
    }
    assert!(Ranks::new("ranks", vec![rank(0), rank(1)]).is_ok());
}

#[test]
fn equal_children_have_the_same_place() {
    let figures =
        |tasks, penalties, earned| Figures { tasks, penalties, earned, ..Figures::default() };
    let children = || {
        vec![
            ("a", figures(1, 0, 5)),
            ("b", figures(3, 1, 9)),
            ("c", figures(2, 0, 5)),
            ("d", figures(0, 0, 0)),
        ]
    };
    let placed = |by| {
        places(children(), by)
            .iter()
            .map(|(place, name, _)| format!("{place}{name}"))
            .collect::<Vec<_>>()
    };
    assert_eq!(placed(RankedBy::PointsEarned), ["1b", "2a", "2c", "4d"]);
    assert_eq!(placed(RankedBy::TasksDone), ["1b", "2c", "3a", "4d"]);
    assert_eq!(placed(RankedBy::GoodRatio), ["1a", "1c", "3b", "4d"]);
}

/// What a step of a random history does.
#[derive(Clone, Debug)]
enum Act {
    Do { task: usize, points: i64, hours: i64, requested: Option<i64> },
    Fine { points: i64, cut: i64, hours: i64 },
    Redeem { cost: i64, hours: i64 },
    Adjust { delta: i64, hours: i64 },
    Reverse(prop::sample::Index),
}

fn act() -> impl Strategy<Value = Act> {
    let hours = || 0_i64..60;
    prop_oneof![
        4 => (0_usize..3, 0_i64..20, hours(), prop::option::of(0_i64..40)).prop_map(
            |(task, points, hours, requested)| Act::Do { task, points, hours, requested }
        ),
        2 => (0_i64..9, 0_i64..9, hours()).prop_map(|(points, cut, hours)| Act::Fine { points, cut, hours }),
        1 => (0_i64..30, hours()).prop_map(|(cost, hours)| Act::Redeem { cost, hours }),
        1 => (-9_i64..9, hours()).prop_map(|(delta, hours)| Act::Adjust { delta, hours }),
        2 => any::<prop::sample::Index>().prop_map(Act::Reverse),
    ]
}

const HOUR: i64 = 3_600_000_000;

/// The events of a random history. The clock goes forward by the hours of each step.
fn played(acts: &[Act]) -> Vec<TrackingEvent> {
    let mut now = at("2026-03-20T00:00:00Z").as_micros();
    let mut events: Vec<TrackingEvent> = Vec::new();
    let mut reversed: Vec<String> = Vec::new();
    for (id, act) in acts.iter().enumerate() {
        let mut forward = |hours: &i64| {
            now += hours * HOUR;
            Timestamp::from_micros(now)
        };
        let event = match act {
            Act::Do { task, points, hours, requested } => {
                let time = forward(hours);
                let asked =
                    requested.map(|ago| Timestamp::from_micros(time.as_micros() - ago * HOUR));
                let metadata = asked.map(|asked| json!({"requested_at": asked.to_string()}));
                let what = (EntityType::Task, Action::Activated, ["bed", "dog", "desk"][*task]);
                event(id, what, *points, time, metadata.unwrap_or_default())
            }
            Act::Fine { points, cut, hours } => {
                let metadata = json!({"requested_delta": -(points + cut)});
                event(id, FINED, -points, forward(hours), metadata)
            }
            Act::Redeem { cost, hours } => event(id, REDEEMED, -cost, forward(hours), Value::Null),
            Act::Adjust { delta, hours } => {
                let kind = if *delta < 0 { EntityType::Penalty } else { EntityType::Task };
                let what = (kind, Action::Activated, "adjustment");
                event(id, what, *delta, forward(hours), json!({"adjustment": true}))
            }
            Act::Reverse(which) => {
                let open: Vec<_> = events
                    .iter()
                    .filter(|it| it.reverses().is_none() && !reversed.contains(&it.id.to_string()))
                    .collect();
                if open.is_empty() {
                    continue;
                }
                let of = *which.get(&open);
                reversed.push(of.id.to_string());
                let what = (of.entity_type, Action::Cancelled, &*of.entity_id);
                let metadata = json!({"reverses": of.id.as_str()});
                event(id, what, -of.delta, Timestamp::from_micros(now), metadata)
            }
        };
        events.push(event);
    }
    events
}

/// The figures of each day, computed from the list of the events in the simplest way.
fn naive(events: &[TrackingEvent], calendar: &Calendar) -> BTreeMap<Day, Figures> {
    let mut days: BTreeMap<Day, Figures> = BTreeMap::new();
    let empty = Map::new();
    for event in events {
        let is_reversed = events.iter().any(|it| it.reverses() == Some(event.id.as_str()));
        if is_reversed || event.reverses().is_some() {
            continue;
        }
        let metadata = event.metadata.as_ref().unwrap_or(&empty);
        let time =
            metadata.get("requested_at").map_or(event.occurred_at, |it| at(it.as_str().unwrap()));
        let figures = days.entry(calendar.day_of(time)).or_default();
        let nominal =
            metadata.get("requested_delta").map_or(event.delta, |it| it.as_i64().unwrap());
        let counts = u32::from(!metadata.contains_key("adjustment"));
        match event.entity_type {
            EntityType::Task => {
                figures.tasks += counts;
                figures.earned += event.delta;
            }
            EntityType::Penalty => {
                figures.penalties += counts;
                figures.lost -= event.delta;
                figures.nominally_lost -= nominal;
            }
            EntityType::Reward => {
                figures.rewards += 1;
                figures.spent -= event.delta;
            }
        }
    }
    days
}

proptest! {
    #[test]
    fn sums_agree_with_a_naive_computation(
        acts in prop::collection::vec(act(), 0..60),
        starts_at in 0_i64..=6,
        goal in prop::option::of(1_u16..4),
        rest in prop::sample::subsequence(vec!["monday", "saturday", "sunday"], 0..=3),
    ) {
        let zone = Zone::find("Europe/Berlin").unwrap();
        let calendar = Calendar::new(zone, DayStart::from_hours(starts_at).unwrap());
        let events = played(&acts);
        let history = history(&events, calendar.clone());
        let expected = naive(&events, &calendar);
        let mut total = Figures::default();
        for figures in expected.values() {
            total.add(figures);
        }
        prop_assert_eq!(*history.total(), total);
        let span = Span { first: day("2026-03-10"), last: day("2026-09-30") };
        let mut streak = 0;
        let mut longest = 0;
        let rest: Vec<_> = rest.into_iter().map(Into::into).collect();
        let settings = FamilySettings {
            daily_goal: goal,
            rest_days: Weekdays::from_stored(&rest),
            ..FamilySettings::default()
        };
        for one in span.periods(PeriodKind::Day, Weekday::Monday) {
            let figures = expected.get(&one.first).copied().unwrap_or_default();
            prop_assert_eq!(history.figures(one), figures);
            if settings.is_neutral(one.first) {
                continue;
            }
            let reached = figures.tasks >= u32::from(goal.unwrap_or(1));
            streak = if reached { streak + 1 } else { 0 };
            longest = longest.max(streak);
        }
        let streaks = history.streaks(&settings, span.last);
        prop_assert_eq!(streaks.longest.map_or(0, |it| it.days), longest);
        prop_assert_eq!(streaks.current.map_or(0, |it| it.days), streak);
    }
}
