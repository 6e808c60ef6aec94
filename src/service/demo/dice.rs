//! Numbers that look random and are the same in each run.

/// The generator `SplitMix64`.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number of the range, without its end. The range must not be empty.
    pub(super) fn between(&mut self, range: std::ops::Range<u32>) -> u32 {
        let count = u64::from(range.end - range.start);
        let within = u32::try_from(self.roll() % count).unwrap_or_default();
        range.start + within
    }

    /// True in so many of a hundred cases.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.between(0..100) < percent
    }

    /// One of the items, of which there must be at least one.
    pub(super) fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        items[self.between(0..count) as usize]
    }
}
