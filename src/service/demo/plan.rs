//! Who does what on which day of the demo family's history. Everything here is pure.
//!
//! A day of the history is named by the number of days before the last one, because the history ends today.

mod days;
mod today;

#[cfg(test)]
mod tests;

use super::dice::Dice;
use super::family::{Adult, Kid, cost_of, points_of};
use crate::domain::calendar::{Day, Weekday};

/// On the day that is so many days before today, the family creates its records. The history starts on the next day.
pub(super) const FIRST: u16 = 730;

/// The holidays of the family: the first and the last day. The last holiday is in the future.
pub(super) const PAUSES: [(i32, i32); 5] =
    [(640, 627), (545, 532), (368, 358), (180, 164), (-24, -33)];

/// The numbers of all runs come from it.
const SEED: u64 = 2;

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// An adult activates a task or a penalty, perhaps with a note.
    Record(Adult, &'static str, Option<&'static str>),
    /// The child asks for the points of a task.
    AskForTask(&'static str, Option<&'static str>),
    Approve(Adult, &'static str),
    /// An adult rejects the request for a task, with the reason.
    RejectTask(Adult, &'static str, &'static str),
    /// The child asks for a reward.
    AskForReward(&'static str, Option<&'static str>),
    Redeem(Adult, &'static str),
    /// An adult rejects the request for a reward, with the reason.
    RejectReward(Adult, &'static str, &'static str),
    /// The child withdraws its request for a reward.
    Withdraw(&'static str),
    /// An adult changes the points, with the reason.
    Adjust(Adult, i64, &'static str),
    /// An adult reverses the child's last event, with the reason.
    Undo(Adult, &'static str),
    /// An adult skips the occurrence of a task on that day, with the reason.
    Skip(Adult, &'static str, &'static str),
}

/// A deed at a time of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Act {
    /// In seconds since the start of the day.
    pub(super) second: u32,
    pub(super) kid: Kid,
    pub(super) deed: Deed,
}

/// What happens on a day, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DayPlan {
    pub(super) day: Day,
    pub(super) acts: Vec<Act>,
}

/// What the family does from its first day on, until `second` of today.
pub(super) fn history(today: Day, second: u32) -> Vec<DayPlan> {
    let mut planner = Planner {
        dice: Dice::new(SEED),
        first: today.plus(-i32::from(FIRST)),
        moods: [0; 2],
        points: [0; 2],
        acts: Vec::new(),
    };
    let last = planner.acts_of_today(today, second);
    let past = (1..FIRST).rev().map(|ago| {
        let day = today.plus(-i32::from(ago));
        DayPlan { day, acts: planner.acts_of(day, ago.into(), &last) }
    });
    let mut plans: Vec<_> = past.collect();
    plans.push(DayPlan { day: today, acts: last });
    plans
}

struct Planner {
    dice: Dice,
    /// The first day of the schedules.
    first: Day,
    /// How many of a hundred chores each child does in this week.
    moods: [u32; 2],
    /// The points of each child after the acts so far.
    points: [i64; 2],
    /// Those of the day that is being planned.
    acts: Vec<Act>,
}

impl Planner {
    /// The child whose turn is in that week.
    fn turn(&self, day: Day) -> Kid {
        let weeks = self.first.week(Weekday::Monday).days_until(day.week(Weekday::Monday)) / 7;
        if weeks % 2 == 0 { Kid::Mia } else { Kid::Noah }
    }

    fn add(&mut self, second: u32, kid: Kid, deed: Deed) {
        self.acts.push(Act { second, kid, deed });
    }
}

/// How a sequence of one child's acts changes its points.
fn points_after(mut points: i64, acts: &[Act], kid: Kid) -> i64 {
    let mut last = 0;
    for act in acts.iter().filter(|act| act.kid == kid) {
        let delta = match act.deed {
            Deed::Record(_, task, _) | Deed::Approve(_, task) => points_of(task).max(-points),
            Deed::Redeem(_, reward) => -cost_of(reward),
            Deed::Adjust(_, delta, _) => delta,
            Deed::Undo(..) => -last,
            _ => 0,
        };
        points += delta;
        last = delta;
    }
    points
}
