//! The rules of awards and ranks.

mod naive;

use serde_json::{Value, json};

use super::*;
use crate::domain::calendar::{FamilySettings, Pause, Pauses};
use crate::domain::progress::tests::{DONE, FINED, at, day, event, sums_of, utc};
use crate::domain::{Action, EntityType, Name, Ranks, TrackingEvent};

fn badge(metric: Metric, thresholds: &[i64], period: Option<BadgePeriod>) -> Badge {
    let id = format!("{}-{period:?}", metric.as_str());
    Badge {
        name: Name::from_stored(id.clone()),
        id: id.into(),
        user_id: None,
        icon: None,
        metric,
        thresholds: Thresholds::parse("thresholds", thresholds).unwrap(),
        period,
        created_at: None,
        updated_at: None,
    }
}

/// A badge of each metric and period.
fn every_badge() -> Vec<Badge> {
    let metrics = [
        (Metric::TasksDone, [1, 3, 6]),
        (Metric::PointsEarned, [5, 20, 60]),
        (Metric::StreakDays, [1, 2, 4]),
        (Metric::DaysWithoutPenalty, [1, 2, 5]),
        (Metric::RewardsRedeemed, [1, 2, 3]),
        (Metric::TaskDone("bed".into()), [1, 2, 4]),
    ];
    let periods = [None, Some(BadgePeriod::Week), Some(BadgePeriod::Month)];
    let all = metrics.into_iter().flat_map(|(metric, thresholds)| {
        periods.map(|period| badge(metric.clone(), &thresholds, period))
    });
    all.filter(|badge| badge.check().is_ok()).collect()
}

fn history_of(events: &[TrackingEvent]) -> History {
    let mut history = History::default();
    for event in events {
        history.push(event);
    }
    history
}

fn planned(
    events: &[TrackingEvent],
    badges: &[Badge],
    awards: &[Award],
    family: &Family<'_>,
) -> Plan {
    plan((&"u".into(), &"c".into()), &history_of(events), badges, &Held::of(awards), family)
}

/// Makes the changes of a plan.
fn make(awards: &mut Vec<Award>, plan: Plan) {
    for new in plan.new {
        awards.retain(|it| it.key != new.award.key);
        awards.push(new.award);
    }
    for (key, at, _) in plan.revoked {
        let award = awards.iter_mut().find(|it| it.key == key).unwrap();
        award.revoked_at = Some(at);
    }
}

#[test]
fn an_award_names_the_event_that_reached_it() {
    let time = |hour: u32| at(&format!("2026-02-09T{hour:02}:00:00Z"));
    let reverse = (EntityType::Task, Action::Cancelled, "bed");
    let events = [
        event(1, DONE, 5, time(8), Value::Null),
        event(2, DONE, 5, time(9), Value::Null),
        event(3, reverse, -5, time(10), json!({"reverses": "e1"})),
        event(4, DONE, 5, time(11), Value::Null),
        event(5, DONE, 5, time(12), Value::Null),
    ];
    let (settings, calendar) = (FamilySettings::default(), utc());
    let family = Family {
        settings: &settings,
        calendar: &calendar,
        today: day("2026-02-09"),
        changed_at: None,
    };
    let badges = [badge(Metric::TasksDone, &[2], Some(BadgePeriod::Week))];
    let plan = planned(&events, &badges, &[], &family);
    let award = &plan.new[0].award;
    assert_eq!((award.event_id.as_ref().unwrap().as_str(), award.earned_at), ("e4", time(11)));
    assert_eq!(award.key.to_string(), "tasks_done-Some(Week).1.2026-02-09");
}

#[test]
fn days_without_a_penalty_count_from_their_end_or_from_the_approval() {
    let approved = json!({"requested_at": "2026-02-10T20:00:00.000000Z"});
    let events = [
        event(1, DONE, 5, at("2026-02-09T08:00:00Z"), Value::Null),
        event(2, DONE, 5, at("2026-02-11T07:00:00Z"), approved),
        event(3, FINED, -1, at("2026-02-11T08:00:00Z"), Value::Null),
    ];
    let (settings, calendar) = (FamilySettings::default(), utc());
    let family = Family {
        settings: &settings,
        calendar: &calendar,
        today: day("2026-02-13"),
        changed_at: None,
    };
    let badges = [badge(Metric::DaysWithoutPenalty, &[1, 2, 3], None)];
    let plan = planned(&events, &badges, &[], &family);
    let found: Vec<_> =
        plan.new.iter().map(|it| (it.award.earned_at, &it.award.event_id)).collect();
    let by_event = Some("e2".into());
    let expected = [(at("2026-02-10T00:00:00Z"), &None), (at("2026-02-11T07:00:00Z"), &by_event)];
    assert_eq!(found, expected);
    let today = day("2026-02-09");
    assert!(planned(&events[..1], &badges, &[], &Family { today, ..family }).new.is_empty());
}

/// Three tasks on three days, with awards for them.
fn three_days() -> (Vec<TrackingEvent>, Vec<Badge>, Vec<Award>) {
    let task =
        |id, day: u32| event(id, DONE, 5, at(&format!("2026-02-{day:02}T08:00:00Z")), Value::Null);
    let events = vec![task(1, 9), task(2, 10), task(3, 11)];
    let badges = vec![badge(Metric::StreakDays, &[3], None), badge(Metric::TasksDone, &[3], None)];
    let (settings, calendar) = (FamilySettings::default(), utc());
    let family = Family {
        settings: &settings,
        calendar: &calendar,
        today: day("2026-02-11"),
        changed_at: None,
    };
    let mut awards = Vec::new();
    make(&mut awards, planned(&events, &badges, &[], &family));
    assert_eq!(awards.len(), 2);
    (events, badges, awards)
}

#[test]
fn only_a_reversal_revokes_and_another_event_regains() {
    let (mut events, badges, mut awards) = three_days();
    let (settings, calendar) = (FamilySettings::default(), utc());
    let family = Family {
        settings: &settings,
        calendar: &calendar,
        today: day("2026-02-12"),
        changed_at: None,
    };
    let goal = FamilySettings { daily_goal: Some(2), ..FamilySettings::default() };
    let changed = Family { settings: &goal, ..family };
    let fined = event(4, FINED, -3, at("2026-02-12T08:00:00Z"), Value::Null);
    events.push(fined);
    for family in [family, changed] {
        assert_eq!(planned(&events, &badges, &awards, &family), Plan::default());
    }
    // Without the badges, too: they may be deleted or hidden.
    let undo = json!({"reverses": "e3"});
    let reverse = (EntityType::Task, Action::Cancelled, "bed");
    events.push(event(5, reverse, -5, at("2026-02-12T09:00:00Z"), undo));
    let revoked = planned(&events, &[], &awards, &family);
    assert_eq!(revoked.revoked.len(), 2);
    assert!(
        revoked
            .revoked
            .iter()
            .all(|(_, at, by)| { *at == self::at("2026-02-12T09:00:00Z") && by.as_str() == "e5" })
    );
    // A change of the goal had taken the streak before: the reversal did not.
    let by_count = planned(&events, &[], &awards, &changed).revoked;
    assert_eq!(by_count.len(), 1);
    make(&mut awards, revoked);
    events.push(event(6, DONE, 5, at("2026-02-12T10:00:00Z"), Value::Null));
    let again = planned(&events, &badges, &awards, &family);
    let regained: Vec<_> = again.new.iter().map(|it| (it.is_regained, &it.award.metric)).collect();
    assert_eq!(regained, [(true, &Metric::TasksDone)]);
    make(&mut awards, again);
    assert_eq!(awards.iter().filter(|it| it.revoked_at.is_none()).count(), 1);
    assert_eq!(planned(&events, &badges, &awards, &family), Plan::default());
}

#[test]
fn a_change_of_the_settings_revokes_nothing_after_an_earlier_reversal() {
    let time = |hour: u32| at(&format!("2026-02-09T{hour:02}:00:00Z"));
    let reverse = (EntityType::Task, Action::Cancelled, "bed");
    let events = [
        event(1, DONE, 5, time(8), Value::Null),
        event(2, DONE, 5, time(9), Value::Null),
        event(3, reverse, -5, time(10), json!({"reverses": "e2"})),
        event(4, DONE, 5, time(11), Value::Null),
        event(5, reverse, -5, time(12), json!({"reverses": "e4"})),
    ];
    let goal = |daily_goal| FamilySettings { daily_goal, ..FamilySettings::default() };
    let (one, two, calendar) = (goal(Some(1)), goal(Some(2)), utc());
    let today = day("2026-02-09");
    let family = Family { settings: &one, calendar: &calendar, today, changed_at: None };
    let badges = [badge(Metric::StreakDays, &[1], None)];
    let mut awards = Vec::new();
    make(&mut awards, planned(&events[..1], &badges, &[], &family));
    assert_eq!(planned(&events, &badges, &awards, &family), Plan::default());
    // With a goal of two tasks, each reversal would have ended the streak.
    let changed = |hour| Family { settings: &two, changed_at: Some(time(hour)), ..family };
    assert_eq!(planned(&events, &badges, &awards, &changed(13)), Plan::default());
    assert_eq!(planned(&events[..3], &badges, &awards, &changed(10)), Plan::default());
    let by_later = planned(&events, &badges, &awards, &changed(11)).revoked;
    assert_eq!(by_later, [(awards[0].key.clone(), time(12), "e5".into())]);
    // The child earned it after the reversal.
    let later = Award { earned_at: time(13), ..awards[0].clone() };
    let family = Family { settings: &two, ..family };
    assert_eq!(planned(&events, &badges, &[later], &family), Plan::default());
}

#[test]
fn a_pause_joins_days_and_regains_a_streak() {
    let task =
        |id, day: u32| event(id, DONE, 5, at(&format!("2026-02-{day:02}T08:00:00Z")), Value::Null);
    let events = [task(1, 9), task(2, 12), task(3, 10)];
    let pause = Pause { from: day("2026-02-11"), to: day("2026-02-11") };
    let pauses = Pauses::new("pauses", vec![pause]).unwrap();
    let settings = FamilySettings { pauses, ..FamilySettings::default() };
    let (none, calendar) = (FamilySettings::default(), utc());
    let family = Family {
        settings: &settings,
        calendar: &calendar,
        today: day("2026-02-12"),
        changed_at: None,
    };
    let badges = [badge(Metric::StreakDays, &[3], None)];
    assert_eq!(planned(&events, &badges, &[], &Family { settings: &none, ..family }).new, []);
    let plan = planned(&events, &badges, &[], &family);
    assert_eq!(plan.new[0].award.event_id, Some("e3".into()));
}

#[test]
fn a_child_has_a_limited_number_of_awards() {
    let (events, badges, awards) = three_days();
    let another = |number: usize| {
        let key = AwardKey { badge_id: format!("b{number}").into(), ..awards[0].key.clone() };
        Award { key, ..awards[0].clone() }
    };
    let full: Vec<Award> = (1..Award::MOST).map(another).collect();
    let (settings, calendar) = (FamilySettings::default(), utc());
    let family = Family {
        settings: &settings,
        calendar: &calendar,
        today: day("2026-02-11"),
        changed_at: None,
    };
    assert_eq!(planned(&events, &badges, &full, &family).new.len(), 1);
    let full: Vec<Award> = (0..Award::MOST).map(another).collect();
    assert_eq!(planned(&events, &badges, &full, &family).new, []);
    let sums = sums_of(&events, utc());
    assert!(!badges.iter().any(|badge| Held::of(&full).lacks(badge, &sums, &family)));
}

#[test]
fn weeks_and_months_of_the_last_year_can_be_earned() {
    let time = |text: &str| at(&format!("{text}T08:00:00Z"));
    let events: Vec<TrackingEvent> = ["2024-02-01", "2025-02-10", "2025-02-11", "2026-02-10"]
        .iter()
        .enumerate()
        .map(|(id, day)| event(id, DONE, 5, time(day), Value::Null))
        .collect();
    let (settings, calendar) = (FamilySettings::default(), utc());
    let family = Family {
        settings: &settings,
        calendar: &calendar,
        today: day("2026-02-10"),
        changed_at: None,
    };
    let badges = [
        badge(Metric::TasksDone, &[1], Some(BadgePeriod::Week)),
        badge(Metric::TasksDone, &[1], Some(BadgePeriod::Month)),
    ];
    let plan = planned(&events, &badges, &[], &family);
    let periods: Vec<_> =
        plan.new.iter().map(|it| it.award.key.period.unwrap().to_string()).collect();
    assert_eq!(periods, ["2025-02-10", "2025-02", "2026-02-09", "2026-02"]);
}

#[test]
fn a_rank_changes_with_events() {
    let time = |hour: u32| at(&format!("2026-02-09T{hour:02}:00:00Z"));
    let reverse = (EntityType::Task, Action::Cancelled, "bed");
    let events = [
        event(1, DONE, 40, time(8), Value::Null),
        event(2, DONE, 20, time(9), Value::Null),
        event(3, DONE, 5, time(10), Value::Null),
        event(4, reverse, -20, time(11), json!({"reverses": "e2"})),
    ];
    let ranks = Ranks::default();
    let last = |count: usize| RankChange::last_in(&history_of(&events[..count]), &ranks);
    assert_eq!(last(1), None);
    let change = last(3).unwrap();
    assert_eq!((change.standing.number, change.earned, change.event_id.as_str()), (2, 65, "e2"));
    let award = change.award(&"u".into(), &"c".into());
    assert!(award.is_rank() && award.threshold == 50);
    assert!(!is_rank_outdated(Some(&award), 149, &ranks) && is_rank_outdated(None, 65, &ranks));
    assert!(is_rank_outdated(Some(&award), 45, &ranks) && !is_rank_outdated(None, 49, &ranks));
    let back = last(4).unwrap();
    assert_eq!((back.standing.number, back.event_id.as_str(), back.at), (1, "e4", time(11)));
}
