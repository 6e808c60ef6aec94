//! Sums over the contributions of a day, or of a longer period.

use super::contribution::{Contribution, ContributionKind};

/// Sums over contributions. Points are not negative; they are saturated at the bounds of their type.
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
    /// The figures of one contribution.
    pub fn of(contribution: &Contribution) -> Self {
        let delta = contribution.delta;
        let gained = delta.max(0);
        let (lost, nominal) = (loss(delta), loss(contribution.nominal));
        let nominally_lost = nominal.max(lost);
        let none = Self::default();
        match contribution.subject.kind {
            ContributionKind::Task => Self { tasks: 1, earned: gained, ..none },
            ContributionKind::Penalty => Self { penalties: 1, lost, nominally_lost, ..none },
            ContributionKind::Reward => Self { rewards: 1, spent: lost, ..none },
            ContributionKind::Adjustment => Self { earned: gained, lost, nominally_lost, ..none },
        }
    }

    /// Adds the figures of a contribution or of another period.
    pub fn add(&mut self, other: &Self) {
        self.combine(other, u32::saturating_add, i64::saturating_add);
    }

    /// Removes the figures of a contribution that was added before.
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

    /// What the contributions have changed: the points earned minus those lost and spent.
    pub fn net(&self) -> i64 {
        self.earned.saturating_sub(self.lost).saturating_sub(self.spent)
    }
}

/// The points that a change takes.
fn loss(delta: i64) -> i64 {
    delta.min(0).saturating_neg()
}
