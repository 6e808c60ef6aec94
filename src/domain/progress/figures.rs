//! Sums over the deeds of a day, or of a longer period.

use super::deed::{Deed, DeedKind};

/// Sums over deeds. Points are not negative; they are saturated at the bounds of their type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// The number of tasks that were done.
    pub tasks: u32,
    /// The number of penalties.
    pub penalties: u32,
    /// The number of rewards that were redeemed.
    pub rewards: u32,
    /// Points for tasks and for adjustments upwards.
    pub earned: i64,
    /// Points of penalties and of adjustments downwards, without the floor.
    pub nominally_lost: i64,
    /// The points that these have really taken.
    pub lost: i64,
    /// Points for rewards.
    pub spent: i64,
}

impl Figures {
    /// The figures of one deed.
    pub fn of(deed: &Deed) -> Self {
        let (taken, nominal) = (loss(deed.delta), loss(deed.nominal));
        let mut figures = Self::default();
        match deed.subject.kind {
            DeedKind::Task => (figures.tasks, figures.earned) = (1, deed.delta.max(0)),
            DeedKind::Penalty => {
                (figures.penalties, figures.lost) = (1, taken);
                figures.nominally_lost = nominal.max(taken);
            }
            DeedKind::Reward => (figures.rewards, figures.spent) = (1, taken),
            DeedKind::Adjustment => {
                figures.earned = deed.delta.max(0);
                (figures.lost, figures.nominally_lost) = (taken, nominal.max(taken));
            }
        }
        figures
    }

    /// Adds the figures of a deed or of another period.
    pub fn add(&mut self, other: &Self) {
        self.combine(other, u32::saturating_add, i64::saturating_add);
    }

    /// Removes the figures of a deed that was added before.
    pub fn remove(&mut self, other: &Self) {
        self.combine(other, u32::saturating_sub, |sum, part| sum.saturating_sub(part).max(0));
    }

    fn combine(&mut self, other: &Self, count: fn(u32, u32) -> u32, points: fn(i64, i64) -> i64) {
        self.tasks = count(self.tasks, other.tasks);
        self.penalties = count(self.penalties, other.penalties);
        self.rewards = count(self.rewards, other.rewards);
        self.earned = points(self.earned, other.earned);
        self.nominally_lost = points(self.nominally_lost, other.nominally_lost);
        self.lost = points(self.lost, other.lost);
        self.spent = points(self.spent, other.spent);
    }

    /// The share of the tasks in the tasks and penalties, from 0 to 1; `None` if there are none.
    pub fn good_ratio(&self) -> Option<f64> {
        let all = self.tasks.saturating_add(self.penalties);
        (all > 0).then(|| f64::from(self.tasks) / f64::from(all))
    }

    /// What the deeds have changed: the points earned minus those lost and spent.
    pub fn net(&self) -> i64 {
        self.earned.saturating_sub(self.lost).saturating_sub(self.spent)
    }
}

/// The points that a change takes.
fn loss(delta: i64) -> i64 {
    delta.min(0).saturating_neg()
}
