pub(crate) mod naive;

use serde_json::{Value, json};

use super::*;
use crate::domain::calendar::{
    Calendar, Day, DayStart, FamilySettings, Pause, Pauses, Weekday, Weekdays, Zone,
};
use crate::domain::{
    Action, EntityType, EventFields, Name, Points, Rank, Ranks, Timestamp, TrackingEvent,
};

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).unwrap_or_else(|| panic!("{text}"))
}

pub(crate) fn at(text: &str) -> Timestamp {
    Timestamp::parse_iso(text).unwrap_or_else(|| panic!("{text}"))
}

pub(crate) fn event(
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

pub(crate) const DONE: (EntityType, Action, &str) = (EntityType::Task, Action::Activated, "bed");
pub(crate) const FINED: (EntityType, Action, &str) =
    (EntityType::Penalty, Action::Activated, "lights");
const REDEEMED: (EntityType, Action, &str) = (EntityType::Reward, Action::Redeemed, "ice");

pub(crate) fn sums_of(events: &[TrackingEvent], calendar: Calendar) -> DailySums {
    let mut sums = DailySums::new(calendar);
    for event in events {
        let reversed =
            event.reverses().and_then(|id| events.iter().find(|it| it.id.as_str() == id));
        if let Some(step) = Step::of(event, reversed) {
            sums.apply(&step);
        }
    }
    sums
}

pub(crate) fn utc() -> Calendar {
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
        assert_eq!(*sums_of(std::slice::from_ref(&event), utc()).total(), expected, "{event:?}");
    }
}

#[test]
fn work_belongs_to_the_day_on_which_it_was_requested() {
    let approved = json!({"requested_at": "2026-02-08T20:00:00.000000Z"});
    let events = [event(1, DONE, 5, at("2026-02-09T07:00:00Z"), approved)];
    let sums = sums_of(&events, utc());
    let one = |text| Span { first: day(text), last: day(text) };
    assert_eq!(sums.figures(one("2026-02-08")).tasks, 1);
    assert_eq!(sums.figures(one("2026-02-09")), Figures::default());
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
    let sums = sums_of(&events, utc());
    assert_eq!(*sums.total(), Figures { tasks: 1, earned: 5, ..Figures::default() });
    let span = Span { first: day("2026-02-01"), last: day("2026-02-28") };
    let frequencies = sums.frequencies(span);
    let subject = Subject { kind: ContributionKind::Task, id: "bed".to_owned() };
    let name = "Make the bed well".to_owned();
    assert_eq!(frequencies, [Frequency { subject, name, count: 1 }]);
    assert_eq!(sums.days(), 1);
    let reversed = [events[0].clone(), events[2].clone()];
    assert_eq!(sums_of(&reversed, utc()).days(), 0);
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
    let sums = sums_of(&events, utc());
    let goal = |daily_goal| FamilySettings { daily_goal, ..FamilySettings::default() };
    let current = |goal_| sums.streaks(&goal(goal_), day("2026-02-09")).current.map(|it| it.days);
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
