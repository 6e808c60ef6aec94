//! The order of a family's children.

use std::cmp::Ordering;

use super::figures::Figures;

/// The figure by which children are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RankedBy {
    #[default]
    PointsEarned,
    TasksDone,
    /// Children without tasks and penalties come last.
    GoodRatio,
}

impl RankedBy {
    pub const ALL: [Self; 3] = [Self::PointsEarned, Self::TasksDone, Self::GoodRatio];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::PointsEarned => "points_earned",
            Self::TasksDone => "tasks_done",
            Self::GoodRatio => "good_ratio",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|by| by.as_str() == name)
    }

    /// Compares figures. The larger one is better.
    fn compare(self, one: &Figures, other: &Figures) -> Ordering {
        match self {
            Self::PointsEarned => one.earned.cmp(&other.earned),
            Self::TasksDone => one.tasks.cmp(&other.tasks),
            Self::GoodRatio => {
                let ratio = |figures: &Figures| figures.good_ratio().unwrap_or(-1.0);
                ratio(one).total_cmp(&ratio(other))
            }
        }
    }
}

/// Sorts children, the best first, and returns each with its place, from 1. Children with equal values have
/// the same place, and keep their order.
pub fn places<T>(mut children: Vec<(T, Figures)>, by: RankedBy) -> Vec<(usize, T, Figures)> {
    children.sort_by(|(_, one), (_, other)| by.compare(other, one));
    let mut placed: Vec<(usize, T, Figures)> = Vec::with_capacity(children.len());
    for (child, figures) in children {
        let same = placed.last().filter(|(_, _, last)| by.compare(last, &figures).is_eq());
        let place = same.map_or(placed.len() + 1, |(place, _, _)| *place);
        placed.push((place, child, figures));
    }
    placed
}
