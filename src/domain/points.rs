use std::fmt;

/// A child's points: a whole number no further from zero than [`Points::LIMIT`].
///
/// Zero is the usual floor, but older files may hold a child below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Points(i64);

impl Points {
    /// No points.
    pub const ZERO: Self = Self(0);
    /// 2⁵³ − 1, the largest whole number that every JSON reader keeps exactly.
    pub const LIMIT: i64 = 9_007_199_254_740_991;

    /// That many points; none beyond the limit.
    pub fn new(points: i64) -> Option<Self> {
        (-Self::LIMIT..=Self::LIMIT).contains(&points).then_some(Self(points))
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }

    /// The sum; none beyond the limit.
    pub fn checked_add(self, change: i64) -> Option<Self> {
        self.0.checked_add(change).and_then(Self::new)
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a task is worth, a penalty takes or a reward costs: 1 to 1,000,000 points.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    /// The largest amount that a family can set.
    pub const MAX: i64 = 1_000_000;

    /// That amount; none outside 1 to [`Self::MAX`].
    pub fn new(points: i64) -> Option<Self> {
        (1..=Self::MAX).contains(&points).then_some(Self(points))
    }

    /// An amount as an older file holds it, which may lie outside of the bounds for new ones.
    pub fn from_stored(points: i64) -> Option<Self> {
        Points::new(points).map(|points| Self(points.get()))
    }

    /// The number.
    pub fn get(self) -> i64 {
        self.0
    }
}
