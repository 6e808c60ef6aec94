use std::fmt;

/// A child's points: a whole number no further from zero than [`Points::LIMIT`].
///
/// Zero is the usual floor, but older files may contain a child below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Points(i64);

impl Points {
    pub const ZERO: Self = Self(0);
    /// 2⁵³ − 1, the largest integer that every JSON reader represents exactly.
    pub const LIMIT: i64 = 9_007_199_254_740_991;

    /// `None` if `points` is further from zero than the limit.
    pub fn new(points: i64) -> Option<Self> {
        (-Self::LIMIT..=Self::LIMIT).contains(&points).then_some(Self(points))
    }

    pub fn get(self) -> i64 {
        self.0
    }

    /// The sum; `None` if it is further from zero than the limit.
    pub fn checked_add(self, change: i64) -> Option<Self> {
        self.0.checked_add(change).and_then(Self::new)
    }
}

impl fmt::Display for Points {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The points of a task or penalty, or the cost of a reward: 1 to 1,000,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(i64);

impl Amount {
    pub const MAX: i64 = 1_000_000;

    /// `None` if `points` is not within 1 to [`Self::MAX`].
    pub fn new(points: i64) -> Option<Self> {
        (1..=Self::MAX).contains(&points).then_some(Self(points))
    }

    /// An amount from a file, which may be outside of the bounds for new amounts.
    pub fn from_stored(points: i64) -> Option<Self> {
        Points::new(points).map(|points| Self(points.get()))
    }

    pub fn get(self) -> i64 {
        self.0
    }
}
