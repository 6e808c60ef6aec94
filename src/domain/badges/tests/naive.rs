//! The evaluation against a naive one, which computes each value from the list of the events.

use proptest::prelude::*;

use super::*;
use crate::domain::calendar::{Calendar, Day, DayStart, Zone};
use crate::domain::progress::tests::naive::{act, played};

fn reversed(events: &[TrackingEvent], event: &TrackingEvent) -> bool {
    events.iter().any(|it| it.reverses() == Some(event.id.as_str()))
}

/// The events that count.
fn counting(events: &[TrackingEvent]) -> Vec<&TrackingEvent> {
    let counts = |it: &&TrackingEvent| it.reverses().is_none() && !reversed(events, it);
    events.iter().filter(counts).collect()
}

fn has(event: &TrackingEvent, field: &str) -> bool {
    event.metadata.as_ref().is_some_and(|metadata| metadata.contains_key(field))
}

fn work_day(event: &TrackingEvent, calendar: &Calendar) -> Day {
    let requested = event.metadata.as_ref().and_then(|metadata| metadata.get("requested_at"));
    calendar.day_of(requested.map_or(event.occurred_at, |it| self::at(it.as_str().unwrap())))
}

/// The value of a metric over events that count, by a list of all days from the first one.
fn naive_value(
    metric: &Metric,
    span: Option<(Day, Day)>,
    events: &[&TrackingEvent],
    family: &Family<'_>,
) -> i64 {
    let day_of = |event: &TrackingEvent| work_day(event, family.calendar);
    let in_span = |day: Day| span.is_none_or(|(first, last)| first <= day && day <= last);
    let is_task = |it: &TrackingEvent| it.entity_type == EntityType::Task && !has(it, "adjustment");
    let chosen: Vec<_> = events.iter().filter(|it| in_span(day_of(it))).collect();
    let count = |is: &dyn Fn(&TrackingEvent) -> bool| chosen.iter().filter(|it| is(it)).count();
    let days = || {
        let first = day("2026-03-01");
        std::iter::successors(Some(first), |day| Some(day.next()))
            .take_while(|day| *day <= family.today)
    };
    let tasks = |day: Day| events.iter().filter(|it| is_task(it) && day_of(it) == day).count();
    let number = match metric {
        Metric::TasksDone => count(&is_task),
        Metric::PointsEarned => {
            let gains = chosen.iter().filter(|it| it.entity_type == EntityType::Task);
            return gains.map(|it| it.delta.max(0)).sum();
        }
        Metric::RewardsRedeemed => count(&|it| it.entity_type == EntityType::Reward),
        Metric::TaskDone(id) => count(&|it| is_task(it) && it.entity_id == id.as_str()),
        Metric::StreakDays => {
            let goal = usize::from(family.settings.daily_goal.unwrap_or(1));
            let (mut streak, mut longest) = (0, 0);
            for day in days().filter(|day| !family.settings.is_neutral(*day)) {
                streak = if tasks(day) >= goal { streak + 1 } else { 0 };
                longest = longest.max(streak);
            }
            longest
        }
        Metric::DaysWithoutPenalty => {
            let has_penalty = |day: Day| {
                let is_penalty = |it: &&&TrackingEvent| {
                    it.entity_type == EntityType::Penalty && !has(it, "adjustment")
                };
                events.iter().filter(is_penalty).any(|it| day_of(it) == day)
            };
            let over = days().filter(|day| *day < family.today && in_span(*day));
            over.filter(|day| tasks(*day) > 0 && !has_penalty(*day)).count()
        }
    };
    i64::try_from(number).unwrap()
}

/// The event that first reached the threshold of an award.
fn naive_event<'a>(
    award: &Award,
    events: &[&'a TrackingEvent],
    family: &Family<'_>,
) -> Option<&'a TrackingEvent> {
    let span = award.key.period.map(|period| (period.span().first, period.span().last));
    let first = (1..=events.len()).find(|count| {
        naive_value(&award.metric, span, &events[..*count], family) >= award.threshold
    });
    first.map(|count| events[count - 1])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn awards_agree_with_a_naive_computation(
        acts in prop::collection::vec(act(), 0..40),
        starts_at in 0_i64..=6,
        goal in prop::option::of(1_u16..3),
    ) {
        let zone = Zone::find("Europe/Berlin").unwrap();
        let calendar = Calendar::new(zone, DayStart::from_hours(starts_at).unwrap());
        let settings = FamilySettings { daily_goal: goal, ..FamilySettings::default() };
        let (badges, events) = (every_badge(), played(&acts));
        let mut awards: Vec<Award> = Vec::new();
        for count in 1..=events.len() {
            let (events, last) = (&events[..count], &events[count - 1]);
            let today = calendar.day_of(last.occurred_at);
            let family = Family { settings: &settings, calendar: &calendar, today, changed_at: None };
            let plan = planned(events, &badges, &awards, &family);
            let sums = sums_of(events, calendar.clone());
            let held = Held::of(&awards);
            let lacks = badges.iter().any(|badge| held.lacks(badge, &sums, &family));
            prop_assert_eq!(lacks, !plan.new.is_empty());
            prop_assert_eq!(!held.below(&sums, &family).is_empty(), !plan.revoked.is_empty());
            prop_assert!(plan.revoked.iter().all(|(_, _, by)| *by == last.id));
            make(&mut awards, plan);
            check(&awards, &badges, events, &family);
        }
        let today = events.last().map_or(day("2026-03-20"), |it| calendar.day_of(it.occurred_at));
        let family = Family { settings: &settings, calendar: &calendar, today, changed_at: None };
        let counting = counting(&events);
        for NewAward { award, .. } in planned(&events, &badges, &[], &family).new {
            if award.metric != Metric::DaysWithoutPenalty {
                let by = naive_event(&award, &counting, &family).unwrap();
                prop_assert_eq!((award.event_id, award.earned_at), (Some(by.id.clone()), by.occurred_at));
            }
        }
    }
}

/// The awards that are not revoked are those whose values are reached.
fn check(awards: &[Award], badges: &[Badge], events: &[TrackingEvent], family: &Family<'_>) {
    let counting = counting(events);
    for badge in badges {
        let periods: Vec<_> = match badge.period {
            Some(kind) => kind.open(family.settings, family.today).map(Some).collect(),
            None => vec![None],
        };
        for (period, (grade, threshold)) in
            periods.into_iter().flat_map(|it| badge.thresholds.iter().map(move |grade| (it, grade)))
        {
            let span = period.map(|period| (period.span().first, period.span().last));
            let has = naive_value(&badge.metric, span, &counting, family) >= threshold;
            let award = awards.iter().find(|it| {
                (&it.key.badge_id, it.key.grade, it.key.period) == (&badge.id, grade, period)
            });
            let live = award.filter(|it| it.revoked_at.is_none());
            assert_eq!(live.is_some(), has, "{} {grade:?} {period:?}", badge.id);
        }
    }
}
