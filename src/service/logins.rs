//! How often passwords may be tried.
//!
//! An attempt is counted for the client's address and for the account, be there one or not, before
//! any password is hashed. Each of them may make so many attempts at once, and gets them back
//! evenly over the window (the generic cell rate algorithm).

use std::hash::{BuildHasher, Hash, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::StateStore;
use governor::{Quota, RateLimiter};
use parking_lot::Mutex;

use super::ServiceError;
use crate::domain::Email;

/// How often passwords may be tried.
#[derive(Clone, Copy, Debug)]
pub struct LoginLimits {
    /// How often an account's password may be tried within the window; 0 for any number.
    pub per_account: u32,
    /// How often a client's address may try passwords, and make accounts, within the window; 0 for
    /// any number. An IPv6 address counts by its /64: a household has that many.
    pub per_address: u32,
    /// The window, until all of the attempts have come back.
    pub window: Duration,
}

/// Counts the attempts, and refuses those beyond the limits.
pub(super) struct Attempts<C: Clock = MonotonicClock> {
    by_address: Option<Counter<C>>,
    by_account: Option<Counter<C>>,
    /// Held while an attempt is decided, so that it counts for both or for neither.
    turn: Mutex<()>,
}

impl Attempts {
    pub(super) fn new(limits: LoginLimits) -> Self {
        Self::timed_by(&MonotonicClock, limits)
    }
}

impl<C: Clock + Clone> Attempts<C> {
    fn timed_by(clock: &C, limits: LoginLimits) -> Self {
        let counter = |limit| Counter::new(limit, limits.window, clock.clone());
        let (by_address, by_account) = (counter(limits.per_address), counter(limits.per_account));
        Self { by_address, by_account, turn: Mutex::new(()) }
    }

    /// Counts an attempt at the password of the account with that email address. To be called
    /// whether there is one or not, and before anything is hashed.
    ///
    /// Refuses with [`ServiceError::TooManyAttempts`]; what is refused doesn't count.
    pub(super) fn at_password(&self, address: IpAddr, email: &Email) -> Result<(), ServiceError> {
        let by_address = self.by_address.as_ref().map(|all| all.count_of(&network(address)));
        let by_account = self.by_account.as_ref().map(|all| all.count_of(email.folded()));
        self.decide(&[by_address, by_account])
    }

    /// Counts an attempt at a sign-up, which has no account yet but costs a hash as well.
    ///
    /// Refuses with [`ServiceError::TooManyAttempts`]; what is refused doesn't count.
    pub(super) fn at_sign_up(&self, address: IpAddr) -> Result<(), ServiceError> {
        let by_address = self.by_address.as_ref().map(|all| all.count_of(&network(address)));
        self.decide(&[by_address])
    }

    fn decide(&self, counts: &[Option<Count<'_, C>>]) -> Result<(), ServiceError> {
        let _turn = self.turn.lock();
        let counts = || counts.iter().flatten();
        // The longer of two waits: after the shorter one, the other limit would refuse.
        let wait = counts().filter_map(|count| count.step(Step::Look).err()).max();
        let decided = match wait {
            Some(wait) => Err(wait),
            None => counts().try_for_each(|count| count.step(Step::Take)),
        };
        decided.map_err(|wait| ServiceError::TooManyAttempts { retry_after: whole_seconds(wait) })
    }
}

/// What counts as one client: whoever has one IPv6 address has a /64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (!0 << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

/// Rounded up, and at least 1: whoever waits so long doesn't come too early.
fn whole_seconds(wait: Duration) -> u64 {
    let started = u64::from(wait.subsec_nanos() > 0);
    (wait.as_secs() + started).max(1)
}

/// How many counts a [`Counter`] has: 8 MiB, of which the system gives the pages that are used.
const SLOTS: usize = 1 << 20;

/// One limit, with a count for each key.
///
/// A key's hash chooses its count, so that no flood of made-up keys takes more memory. Once in a
/// million times, two keys share one; nobody can aim at that, since the hash is seeded at random.
struct Counter<C: Clock> {
    limiter: Limiter<C>,
    hasher: RandomState,
}

type Limiter<C> = RateLimiter<Probe, Slots, C, NoOpMiddleware<<C as Clock>::Instant>>;

impl<C: Clock> Counter<C> {
    /// None where there is no limit.
    fn new(limit: u32, window: Duration, clock: C) -> Option<Self> {
        let limit = NonZeroU32::new(limit)?;
        let quota = Quota::with_period(window / limit.get())?.allow_burst(limit);
        let limiter = RateLimiter::new(quota, Slots::new(), clock);
        Some(Self { limiter, hasher: RandomState::new() })
    }

    fn count_of(&self, key: &impl Hash) -> Count<'_, C> {
        let hash = self.hasher.hash_one(key);
        // The remainder is below `SLOTS`.
        let slot = usize::try_from(hash % SLOTS as u64).unwrap_or_default();
        Count { limiter: &self.limiter, slot }
    }
}

/// One key's count.
struct Count<'a, C: Clock> {
    limiter: &'a Limiter<C>,
    slot: usize,
}

impl<C: Clock> Count<'_, C> {
    /// The error is how long it takes until an attempt comes back.
    fn step(&self, step: Step) -> Result<(), Duration> {
        let checked = self.limiter.check_key(&Probe { slot: self.slot, step });
        checked.map_err(|refused| refused.wait_time_from(self.limiter.clock().now()))
    }
}

/// What is done with a count.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    /// Would an attempt be allowed?
    Look,
    /// Count an attempt, where it is allowed.
    Take,
}

#[derive(Clone, PartialEq, Eq, Hash)]
struct Probe {
    slot: usize,
    step: Step,
}

/// The counts, each as the time at which all attempts will have come back, in nanoseconds since the
/// start; 0 for an unused one.
struct Slots(Mutex<Vec<u64>>);

impl Slots {
    fn new() -> Self {
        Self(Mutex::new(vec![0; SLOTS]))
    }
}

impl StateStore for Slots {
    type Key = Probe;

    fn measure_and_replace<T, F, E>(&self, probe: &Probe, measure: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut slots = self.0.lock();
        let slot = &mut slots[probe.slot];
        let (outcome, next) = measure((*slot > 0).then(|| Nanos::new(*slot)))?;
        if probe.step == Step::Take {
            *slot = next.as_u64();
        }
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    const HOME: [u8; 4] = [192, 0, 2, 1];

    fn attempts(
        per_account: u32,
        per_address: u32,
    ) -> (Attempts<FakeRelativeClock>, FakeRelativeClock) {
        let clock = FakeRelativeClock::default();
        let limits = LoginLimits { per_account, per_address, window: Duration::from_mins(10) };
        (Attempts::timed_by(&clock, limits), clock)
    }

    fn pass(clock: &FakeRelativeClock, seconds: u64) {
        clock.advance(Duration::from_secs(seconds));
    }

    /// The seconds to wait; 0 where the attempt is allowed.
    fn try_password(attempts: &Attempts<FakeRelativeClock>, address: &str, email: &str) -> u64 {
        wait(attempts.at_password(address.parse().unwrap(), &Email::recorded(email)))
    }

    fn sign_up(attempts: &Attempts<FakeRelativeClock>, address: impl Into<IpAddr>) -> u64 {
        wait(attempts.at_sign_up(address.into()))
    }

    fn wait(decided: Result<(), ServiceError>) -> u64 {
        match decided {
            Ok(()) => 0,
            Err(ServiceError::TooManyAttempts { retry_after }) => retry_after,
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn attempts_come_back_one_by_one() {
        let (attempts, clock) = attempts(0, 20);
        for _ in 0..20 {
            assert_eq!(sign_up(&attempts, HOME), 0);
        }
        assert_eq!(sign_up(&attempts, HOME), 30, "the twentieth part of ten minutes");
        pass(&clock, 29);
        assert_eq!(sign_up(&attempts, HOME), 1);
        pass(&clock, 1);
        assert_eq!(sign_up(&attempts, HOME), 0);
        assert_eq!(sign_up(&attempts, HOME), 30);
        pass(&clock, 600);
        let allowed = (0..50).take_while(|_| sign_up(&attempts, HOME) == 0);
        assert_eq!(allowed.count(), 20, "and never more than that");
    }

    #[test]
    fn what_one_limit_refuses_does_not_count_for_the_other() {
        let (attempts, _) = attempts(2, 3);
        for wait in [0, 0, 300, 300, 300, 300] {
            assert_eq!(try_password(&attempts, "192.0.2.1", "a@example.org"), wait);
        }
        // The address has one left, and the account of another address too.
        assert_eq!(try_password(&attempts, "192.0.2.1", "b@example.org"), 0);
        for wait in [200, 200, 200] {
            assert_eq!(try_password(&attempts, "192.0.2.1", "b@example.org"), wait);
        }
        assert_eq!(try_password(&attempts, "192.0.2.2", "b@example.org"), 0);
        assert_eq!(try_password(&attempts, "192.0.2.2", "b@example.org"), 300);
    }

    #[test]
    fn the_wait_is_the_longer_one_of_both_limits() {
        let (attempts, clock) = attempts(1, 2);
        assert_eq!(try_password(&attempts, "192.0.2.1", "a@example.org"), 0);
        assert_eq!(try_password(&attempts, "192.0.2.1", "b@example.org"), 0);
        assert_eq!(try_password(&attempts, "192.0.2.1", "c@example.org"), 300);
        assert_eq!(try_password(&attempts, "192.0.2.1", "a@example.org"), 600);
        pass(&clock, 600);
        assert_eq!(try_password(&attempts, "192.0.2.1", "a@example.org"), 0);
    }

    #[test]
    fn an_email_address_counts_as_it_is_compared() {
        let (attempts, _) = attempts(1, 0);
        assert_eq!(try_password(&attempts, "192.0.2.1", "Zoe@Example.org"), 0);
        assert_eq!(try_password(&attempts, "192.0.2.2", " zoe@example.ORG "), 600);
        let long = "x".repeat(1 << 20);
        assert_eq!(try_password(&attempts, "192.0.2.2", &long), 0);
        assert_eq!(try_password(&attempts, "192.0.2.2", &long), 600);
    }

    #[test]
    fn a_household_has_one_address() {
        let (attempts, _) = attempts(0, 1);
        let from = |address: &str| sign_up(&attempts, address.parse::<IpAddr>().unwrap());
        assert_eq!(from("2001:db8:0:1::1"), 0);
        assert_eq!(from("2001:db8:0:1:ffff::2"), 600);
        assert_eq!(from("2001:db8:0:2::1"), 0);
        assert_eq!(from("192.0.2.1"), 0);
        assert_eq!(from("::ffff:192.0.2.1"), 600);
        assert_eq!(from("192.0.2.2"), 0);
    }

    #[test]
    fn zero_is_no_limit() {
        let (attempts, _) = attempts(0, 0);
        for _ in 0..10_000 {
            assert_eq!(try_password(&attempts, "192.0.2.1", "a@example.org"), 0);
        }
    }

    #[test]
    fn a_flood_of_accounts_hurts_no_other() {
        let (attempts, _) = attempts(20, 0);
        for n in 0..200_000 {
            assert_eq!(try_password(&attempts, "192.0.2.1", &format!("{n}@example.org")), 0);
        }
        assert_eq!(try_password(&attempts, "192.0.2.1", "zoe@example.org"), 0);
    }

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds() {
        for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (59_999, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds, "{millis}");
        }
    }
}
