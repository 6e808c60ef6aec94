//! The sums against a naive computation from the list of the events.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{FINED, REDEEMED, at, day, event, sums_of};
use crate::domain::calendar::{Calendar, Day, DayStart, FamilySettings, Weekday, Weekdays, Zone};
use crate::domain::progress::{Figures, PeriodKind, Span};
use crate::domain::{Action, EntityType, Timestamp, TrackingEvent};

/// What a step of a random history does.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Do { task: usize, points: i64, hours: i64, requested: Option<i64> },
    Fine { points: i64, cut: i64, hours: i64 },
    Redeem { cost: i64, hours: i64 },
    Adjust { delta: i64, hours: i64 },
    Reverse(prop::sample::Index),
}

pub(crate) fn act() -> impl Strategy<Value = Act> {
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
pub(crate) fn played(acts: &[Act]) -> Vec<TrackingEvent> {
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
        let sums = sums_of(&events, calendar.clone());
        let expected = naive(&events, &calendar);
        let mut total = Figures::default();
        for figures in expected.values() {
            total.add(figures);
        }
        prop_assert_eq!(*sums.total(), total);
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
            prop_assert_eq!(sums.figures(one), figures);
            if settings.is_neutral(one.first) {
                continue;
            }
            let reached = figures.tasks >= u32::from(goal.unwrap_or(1));
            streak = if reached { streak + 1 } else { 0 };
            longest = longest.max(streak);
        }
        let streaks = sums.streaks(&settings, span.last);
        prop_assert_eq!(streaks.longest.map_or(0, |it| it.days), longest);
        prop_assert_eq!(streaks.current.map_or(0, |it| it.days), streak);
    }
}
