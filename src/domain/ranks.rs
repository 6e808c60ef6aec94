//! Ranks: the points that a child has earned in its lifetime lead from one to the next.

use std::sync::Arc;

use crate::domain::{Invalid, Name, Points};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rank {
    pub name: Name,
    /// The number of points at which the rank begins.
    pub threshold: i64,
}

/// The ranks of a family, in their order. The first begins at 0 points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ranks(Arc<[Rank]>);

/// The rank of a child.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// From 1.
    pub number: usize,
    pub rank: Rank,
    /// The next rank; `None` in the last one.
    pub next: Option<Rank>,
    /// The number of points until the next rank; 0 in the last one.
    pub missing: i64,
}

impl Ranks {
    pub const MAX: usize = 30;

    const DEFAULTS: [(&str, i64); 10] = [
        ("Newcomer", 0),
        ("Helper", 50),
        ("Assistant", 150),
        ("Apprentice", 300),
        ("Expert", 600),
        ("Specialist", 1_000),
        ("Master", 2_000),
        ("Champion", 4_000),
        ("Hero", 7_000),
        ("Legend", 10_000),
    ];

    /// Checks the ranks of a request.
    pub fn new(field: &'static str, ranks: Vec<Rank>) -> Result<Self, Invalid> {
        if ranks.is_empty() || ranks.len() > Self::MAX {
            let rule = format!("must have between 1 and {} entries", Self::MAX);
            return Err(Invalid::new(field, rule));
        }
        if ranks[0].threshold != 0 {
            return Err(Invalid::new(field, "must begin with a rank at 0 points"));
        }
        if ranks.windows(2).any(|pair| pair[0].threshold >= pair[1].threshold) {
            return Err(Invalid::new(field, "must have rising thresholds"));
        }
        if ranks.iter().any(|rank| rank.threshold > Points::LIMIT) {
            let rule = format!("must have thresholds of at most {}", Points::LIMIT);
            return Err(Invalid::new(field, rule));
        }
        Ok(Self(ranks.into()))
    }

    pub fn iter(&self) -> impl Iterator<Item = &Rank> {
        self.0.iter()
    }

    /// The rank of a child that has earned so many points.
    pub fn standing(&self, earned: i64) -> Standing {
        let reached = self.0.partition_point(|rank| rank.threshold <= earned).max(1);
        let next = self.0.get(reached).cloned();
        let missing = next.as_ref().map_or(0, |next| next.threshold - earned);
        Standing { number: reached, rank: self.0[reached - 1].clone(), next, missing }
    }
}

impl Default for Ranks {
    fn default() -> Self {
        let rank = |(name, threshold)| Rank { name: Name::from_stored(name), threshold };
        Self(Self::DEFAULTS.into_iter().map(rank).collect())
    }
}
