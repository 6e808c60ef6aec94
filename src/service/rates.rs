//! How often something may be done: so often within a window, after which all of it has come back.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// What counts as one client: whoever has one IPv6 address has a /64 of them.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Rounded up, and at least 1: whoever waits so long doesn't come too early.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    let started = u64::from(wait.subsec_nanos() > 0);
    (wait.as_secs() + started).max(1)
}

/// What two counts become where neither limit refuses. Of two refusals the one with the longer wait:
/// after the shorter one, the other limit would refuse.
pub(super) fn both<E>(
    one: Result<u64, E>,
    other: Result<u64, E>,
    wait: impl Fn(&E) -> Duration,
) -> Result<(u64, u64), E> {
    match (one, other) {
        (Ok(one), Ok(other)) => Ok((one, other)),
        (Err(one), Err(other)) => Err(if wait(&one) > wait(&other) { one } else { other }),
        (Err(only), Ok(_)) | (Ok(_), Err(only)) => Err(only),
    }
}

/// How many counts a [`Counter`] has: 8 MiB, of which the system gives the pages that are used.
const COUNTS: usize = 1 << 20;

/// One limit, with a count for each key: the generic cell rate algorithm, as ITU-T I.371 has it.
///
/// A count is the moment at which all of the key's attempts will have come back, in nanoseconds
/// by the steady clock. Each attempt moves it on by an equal part of the window; it may lie a whole
/// window ahead.
///
/// A key's hash chooses its count, so that no flood of made-up keys takes more memory. Once in a
/// million times, two keys share one; nobody can aim at that, since the hash is seeded at random.
pub(super) struct Counter {
    /// What an attempt costs; zero where there is no limit.
    interval: u64,
    window: u64,
    counts: Vec<u64>,
    hasher: RandomState,
}

impl Counter {
    /// So many within the window; 0 for any number.
    pub(super) fn new(limit: u32, window: Duration) -> Self {
        let interval = nanos(window).checked_div(u64::from(limit)).unwrap_or(0);
        let counts = if limit == 0 { Vec::new() } else { vec![0; COUNTS] };
        Self { interval, window: interval * u64::from(limit), counts, hasher: RandomState::new() }
    }

    /// The place of a key's count.
    pub(super) fn count_of(&self, key: &impl Hash) -> usize {
        // The remainder is below `COUNTS`.
        usize::try_from(self.hasher.hash_one(key) % COUNTS as u64).unwrap_or_default()
    }

    /// What the count becomes by an attempt; the error is how long it takes until one comes back.
    pub(super) fn after_one_more(&self, count: usize, now: Duration) -> Result<u64, Duration> {
        let now = nanos(now);
        let after = self.counts.get(count).map_or(0, |count| now.max(*count) + self.interval);
        match after.checked_sub(now + self.window) {
            None | Some(0) => Ok(after),
            Some(wait) => Err(Duration::from_nanos(wait)),
        }
    }

    /// Notes what [`Self::after_one_more`] gave.
    pub(super) fn set(&mut self, count: usize, after: u64) {
        if let Some(count) = self.counts.get_mut(count) {
            *count = after;
        }
    }
}

/// Enough for 500 years.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
