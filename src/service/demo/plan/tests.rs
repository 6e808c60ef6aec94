use std::collections::HashSet;

use super::super::family::{BED, CHORES, DOG, HOMEWORK, When};
use super::*;

const NOON: u32 = 43_200;

fn today() -> Day {
    Day::parse("2026-11-30").unwrap()
}

/// Histories that end on every day of the week and in every part of a year.
fn histories() -> Vec<Vec<DayPlan>> {
    (0..8).map(|number| history(today().plus(number * 43), NOON)).collect()
}

fn ago(plans: &[DayPlan], day: Day) -> i32 {
    day.days_until(plans.last().unwrap().day)
}

#[test]
fn the_same_day_has_the_same_history() {
    assert_eq!(history(today(), NOON), history(today(), NOON));
    // The time of the day changes only the last one.
    let (mut early, mut late) = (history(today(), 90), history(today(), NOON));
    assert_ne!(early.pop(), late.pop());
    assert_eq!(early, late);
}

#[test]
fn days_and_their_acts_are_in_order() {
    for plans in histories() {
        assert_eq!(plans.len(), usize::from(FIRST));
        assert!(plans.windows(2).all(|pair| pair[0].day.next() == pair[1].day));
        for plan in &plans {
            assert!(plan.acts.is_sorted_by_key(|act| act.second), "{plan:?}");
            assert!(plan.acts.iter().all(|act| act.second < 86_400), "{plan:?}");
        }
    }
}

#[test]
fn the_acts_of_today_are_in_the_past_and_on_the_same_day() {
    for second in [0, 5, 3_600, NOON, 86_399] {
        let plans = history(today(), second);
        let last = plans.last().unwrap();
        assert!(last.acts.iter().all(|act| act.second <= second), "{last:?}");
    }
}

#[test]
fn a_typical_day_has_four_to_six_events() {
    for plans in histories() {
        let mut counts: Vec<_> = plans.iter().map(|plan| plan.acts.len()).collect();
        let total: usize = counts.iter().sum();
        assert!((2_800..4_300).contains(&total), "{total}");
        counts.sort_unstable();
        assert!((4..=6).contains(&counts[counts.len() / 2]), "{counts:?}");
    }
}

#[test]
fn everything_happens() {
    let name = |deed: &Deed| {
        let text = format!("{deed:?}");
        text.split(['(', ',']).next().unwrap_or_default().to_owned()
    };
    for plans in histories() {
        let acts = plans.iter().flat_map(|plan| &plan.acts);
        let names: HashSet<String> = acts.map(|act| name(&act.deed)).collect();
        assert_eq!(names.len(), 11, "{names:?}");
    }
}

#[test]
fn children_ask_only_for_what_they_can_pay_and_end_with_their_final_points() {
    for plans in histories() {
        for kid in Kid::ALL {
            let (mut points, mut waiting) = (0, HashSet::new());
            for act in plans.iter().flat_map(|plan| &plan.acts).filter(|act| act.kid == kid) {
                match act.deed {
                    Deed::AskForTask(name, _) | Deed::AskForReward(name, _) => {
                        assert!(cost_of(name) <= points, "{act:?}");
                        assert!(waiting.insert(name), "{act:?}");
                    }
                    Deed::Approve(_, name)
                    | Deed::RejectTask(_, name, _)
                    | Deed::RejectReward(_, name, _)
                    | Deed::Withdraw(name) => assert!(waiting.remove(name), "{act:?}"),
                    Deed::Redeem(_, name) => {
                        waiting.remove(name);
                        assert!(cost_of(name) <= points, "{act:?}");
                    }
                    _ => {}
                }
                if !matches!(act.deed, Deed::Undo(..)) {
                    points = points_after(points, std::slice::from_ref(act), kid);
                }
                assert!(points >= 0, "{act:?}");
            }
            assert!(!waiting.is_empty(), "{kid:?}");
        }
    }
}

#[test]
fn the_final_points_are_those_of_the_family() {
    for plans in histories() {
        for kid in Kid::ALL {
            let acts: Vec<Act> = plans.iter().flat_map(|plan| plan.acts.clone()).collect();
            assert_eq!(points_after(0, &acts, kid), kid.final_points(), "{kid:?}");
        }
    }
}

#[test]
fn a_task_with_a_schedule_is_done_once_a_day_at_most() {
    for plan in histories().iter().flatten() {
        let mut seen = HashSet::new();
        for act in &plan.acts {
            if let Deed::Record(_, task, _) | Deed::AskForTask(task, _) = act.deed {
                let chore = CHORES.iter().find(|chore| chore.name == task).unwrap();
                let is_free = matches!(chore.when, When::Anytime);
                assert!(is_free || seen.insert((act.kid, task)), "{plan:?}");
            }
        }
    }
}

#[test]
fn holidays_are_free_and_the_last_weeks_have_streaks() {
    for plans in histories() {
        for plan in &plans {
            let ago = ago(&plans, plan.day);
            let is_pause = PAUSES.iter().any(|(from, to)| (*to..=*from).contains(&ago));
            assert!(!is_pause || plan.acts.is_empty(), "{plan:?}");
            let has_done = |kid| {
                let done = |act: &&Act| matches!(act.deed, Deed::Record(_, task, _) if points_of(task) > 0);
                plan.acts.iter().filter(|act| act.kid == kid).any(|act| done(&act))
            };
            assert!(ago > 23 || has_done(Kid::Mia), "{plan:?}");
            assert!(ago > 6 || has_done(Kid::Noah), "{plan:?}");
            assert!(ago != 24 || !has_done(Kid::Mia), "{plan:?}");
            assert!(ago != 7 || !has_done(Kid::Noah), "{plan:?}");
        }
    }
}

#[test]
fn chores_that_anyone_tries_first_are_still_open_today() {
    for plans in histories() {
        for act in &plans.last().unwrap().acts {
            let (Deed::Record(_, task, _) | Deed::AskForTask(task, _)) = act.deed else { continue };
            assert!(![BED, DOG, HOMEWORK].contains(&task), "{act:?}");
        }
    }
}
