//! Rate limits: a number of attempts within a window, after which the whole allowance is available again.

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// The part of an address that is counted as one client: for IPv6 its /64, which one household has.
pub(crate) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Rounds up to at least 1, so that a client that waits that long does not come too early.
pub(super) fn whole_seconds(wait: Duration) -> u64 {
    let started = u64::from(wait.subsec_nanos() > 0);
    (wait.as_secs() + started).max(1)
}

/// Combines two limits. Fails if either is exceeded; if both are, with the longer wait, because the other
/// limit would still be exceeded after the shorter one.
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

/// The number of counts in a [`RateCounter`]. They take 8 MiB, of which only the used pages are in memory.
const COUNTS: usize = 1 << 20;

/// One limit with a count for each key: the generic cell rate algorithm (ITU-T I.371).
///
/// A count is the time at which the key's whole allowance is available again, in nanoseconds of the
/// monotonic clock. Each attempt adds an equal part of the window to it; it can be at most one window
/// ahead.
///
/// The hash of a key selects its count, so that a flood of invented keys takes no more memory. Two keys
/// share a count with a probability of one in a million. Nobody can provoke that, because the hash has a
/// random seed.
pub(super) struct RateCounter {
    /// The part of the window for one attempt; zero without a limit.
    interval: u64,
    window: u64,
    counts: Vec<u64>,
    hasher: RandomState,
}

impl RateCounter {
    /// Allows `limit` attempts within the window; 0 for no limit.
    pub(super) fn new(limit: u32, window: Duration) -> Self {
        let interval = nanos(window).checked_div(u64::from(limit)).unwrap_or(0);
        let counts = if limit == 0 { Vec::new() } else { vec![0; COUNTS] };
        Self { interval, window: interval * u64::from(limit), counts, hasher: RandomState::new() }
    }

    /// Returns the index of a key's count.
    pub(super) fn count_of(&self, key: &impl Hash) -> usize {
        // The remainder is below `COUNTS`.
        usize::try_from(self.hasher.hash_one(key) % COUNTS as u64).unwrap_or_default()
    }

    /// Returns the count after one more attempt. The error is the time until the next one is allowed.
    pub(super) fn after_one_more(&self, count: usize, now: Duration) -> Result<u64, Duration> {
        let now = nanos(now);
        let after = self.counts.get(count).map_or(0, |count| now.max(*count) + self.interval);
        match after.checked_sub(now + self.window) {
            None | Some(0) => Ok(after),
            Some(wait) => Err(Duration::from_nanos(wait)),
        }
    }

    /// Stores the result of [`Self::after_one_more`].
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
