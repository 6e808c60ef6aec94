//! Limits the number of password attempts and sign-ups.
//!
//! An attempt is counted for the client's address and for the account, whether or not the account
//! exists, before any password is hashed.

use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;

use super::ServiceError;
use super::rates::{RateCounter, both, network, whole_seconds};
use crate::clock::Clock;
use crate::domain::{Email, TokenHash};
use crate::metrics::{self, LoginRefusal};
use crate::store::{Allowance, AnyStore, Store, UsedUp};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LoginLimits {
    /// The number of attempts for an account within the window; 0 for no limit.
    pub per_account: u32,
    /// The number of password attempts and sign-ups from an address within the window; 0 for no limit.
    /// IPv6 addresses are counted per /64, which one household has.
    pub per_address: u32,
    /// The time after which the whole allowance is available again.
    pub window: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SignupLimits {
    /// The number of sign-ups from an address within the window; 0 for no limit. IPv6 addresses are
    /// counted per /64.
    pub per_address: u32,
    /// The time after which the whole allowance is available again.
    pub window: Duration,
}

/// Counts the attempts.
pub(super) struct Attempts {
    clock: Clock,
    /// The attempts on a store that does not count them for several servers. One lock for all, so that
    /// an attempt counts for each limit or for none.
    counters: Mutex<Counters>,
    metrics: metrics::Logins,
}

/// An attempt beyond a limit.
struct TooMany {
    limit: LoginRefusal,
    /// The time until the next attempt is allowed.
    wait: Duration,
}

struct Counters {
    limits: LoginLimits,
    signups: SignupLimits,
    by_address: RateCounter,
    by_account: RateCounter,
    sign_ups: RateCounter,
    polls: RateCounter,
}

/// The number of requests of a device for its session within the window. The window is shorter than three intervals, because
/// a request that is delayed arrives shortly before the next one.
const POLLS: u32 = 3;
const POLL_WINDOW: Duration = Duration::from_secs(12);

impl Attempts {
    pub(super) fn new(
        clock: Clock,
        limits: LoginLimits,
        signups: SignupLimits,
        metrics: metrics::Logins,
    ) -> Self {
        Self { clock, counters: Mutex::new(Counters::new(limits, signups)), metrics }
    }

    /// Counts from zero if the limits have changed.
    pub(super) fn set_limits(&self, limits: LoginLimits, signups: SignupLimits) {
        let mut counters = self.counters.lock();
        if (counters.limits, counters.signups) != (limits, signups) {
            *counters = Counters::new(limits, signups);
        }
    }

    /// Counts an attempt at the password of the account with that email address. Must be called before
    /// the password is hashed, whether or not the account exists.
    ///
    /// Fails with [`ServiceError::TooManyAttempts`] beyond a limit, and then does not count the attempt.
    pub(super) async fn at_password(
        &self,
        store: &AnyStore,
        address: IpAddr,
        email: &Email,
    ) -> Result<(), ServiceError> {
        self.at_guessable(store, address, format!("account {}", email.folded())).await
    }

    /// Counts an attempt at something that can be guessed, which `key` names. It has the limit of an account's password.
    ///
    /// Fails with [`ServiceError::TooManyAttempts`] beyond a limit, and then does not count the attempt.
    pub(super) async fn at_guessable(
        &self,
        store: &AnyStore,
        address: IpAddr,
        key: String,
    ) -> Result<(), ServiceError> {
        let LoginLimits { per_account: limit, window, .. } = self.counters.lock().limits;
        let account = Allowance { key: key.clone(), limit, window };
        let allowances = [self.of_address(address), (LoginRefusal::AccountLimit, account)];
        let decided = match take(store, allowances).await? {
            Some(decided) => decided,
            None => self.counters.lock().at_guessable(self.clock.elapsed(), address, &key),
        };
        decided.map_err(|too_many| self.refuse(&too_many))
    }

    /// Counts a request of a device for its session.
    ///
    /// Fails with [`ServiceError::SlowDown`] if the device asks too often, and then does not count it.
    pub(super) async fn at_poll(
        &self,
        store: &AnyStore,
        device_code: &TokenHash,
    ) -> Result<(), ServiceError> {
        let key = format!("poll {}", device_code.0);
        let polls = Allowance { key, limit: POLLS, window: POLL_WINDOW };
        let decided = match take(store, [(LoginRefusal::AddressLimit, polls)]).await? {
            Some(decided) => decided.map_err(|too_many| too_many.wait),
            None => self.counters.lock().at_poll(self.clock.elapsed(), device_code),
        };
        decided.map_err(|wait| ServiceError::SlowDown { retry_after: whole_seconds(wait) })
    }

    /// Counts a sign-up, which hashes a password, too.
    ///
    /// Fails with [`ServiceError::TooManyAttempts`] beyond a limit, and then does not count it.
    pub(super) async fn at_sign_up(
        &self,
        store: &AnyStore,
        address: IpAddr,
    ) -> Result<(), ServiceError> {
        let key = format!("sign-up {}", network(address));
        let SignupLimits { per_address: limit, window } = self.counters.lock().signups;
        let sign_ups = Allowance { key, limit, window };
        let allowances = [self.of_address(address), (LoginRefusal::AddressLimit, sign_ups)];
        let decided = match take(store, allowances).await? {
            Some(decided) => decided,
            None => self.counters.lock().at_sign_up(self.clock.elapsed(), address),
        };
        decided.map_err(|too_many| self.refuse(&too_many))
    }

    /// Counts an attempt at a secret that belongs to no known account.
    ///
    /// Fails with [`ServiceError::TooManyAttempts`] beyond the limit, and then does not count it.
    pub(super) async fn at_secret(
        &self,
        store: &AnyStore,
        address: IpAddr,
    ) -> Result<(), ServiceError> {
        let decided = match take(store, [self.of_address(address)]).await? {
            Some(decided) => decided,
            None => self.counters.lock().at_secret(self.clock.elapsed(), address),
        };
        decided.map_err(|too_many| self.refuse(&too_many))
    }

    fn of_address(&self, address: IpAddr) -> (LoginRefusal, Allowance) {
        let key = format!("address {}", network(address));
        let LoginLimits { per_address: limit, window, .. } = self.counters.lock().limits;
        (LoginRefusal::AddressLimit, Allowance { key, limit, window })
    }

    fn refuse(&self, too_many: &TooMany) -> ServiceError {
        self.metrics.refused(too_many.limit);
        ServiceError::TooManyAttempts { retry_after: whole_seconds(too_many.wait) }
    }
}

/// Takes an attempt from the allowances that several servers share, except those without a limit;
/// `None` if this server counts by itself.
async fn take<const COUNT: usize>(
    store: &AnyStore,
    allowances: [(LoginRefusal, Allowance); COUNT],
) -> Result<Option<Result<(), TooMany>>, ServiceError> {
    let limited = allowances.into_iter().filter(|(_, allowance)| allowance.limit > 0);
    let (limits, allowances): (Vec<_>, Vec<_>) = limited.unzip();
    let taken = store.take(allowances).await?;
    let too_many = |UsedUp { place, wait }| TooMany { limit: limits[place], wait };
    Ok(taken.map(|taken| taken.map_err(too_many)))
}

impl Counters {
    fn new(limits: LoginLimits, signups: SignupLimits) -> Self {
        Self {
            limits,
            signups,
            by_address: RateCounter::new(limits.per_address, limits.window),
            by_account: RateCounter::new(limits.per_account, limits.window),
            sign_ups: RateCounter::new(signups.per_address, signups.window),
            polls: RateCounter::new(POLLS, POLL_WINDOW),
        }
    }

    fn at_guessable(&mut self, now: Duration, address: IpAddr, key: &str) -> Result<(), TooMany> {
        let by_address = self.by_address.count_of(&network(address));
        let by_account = self.by_account.count_of(&key);
        let after_address = self.by_address.after_one_more(by_address, now);
        let after_address = after_address.map_err(beyond(LoginRefusal::AddressLimit));
        let after_account = self.by_account.after_one_more(by_account, now);
        let after_account = after_account.map_err(beyond(LoginRefusal::AccountLimit));
        let (after_address, after_account) =
            both(after_address, after_account, |too_many| too_many.wait)?;
        self.by_address.set(by_address, after_address);
        self.by_account.set(by_account, after_account);
        Ok(())
    }

    fn at_poll(&mut self, now: Duration, device_code: &TokenHash) -> Result<(), Duration> {
        let polls = self.polls.count_of(device_code);
        let after = self.polls.after_one_more(polls, now)?;
        self.polls.set(polls, after);
        Ok(())
    }

    fn at_secret(&mut self, now: Duration, address: IpAddr) -> Result<(), TooMany> {
        let attempts = self.by_address.count_of(&network(address));
        let after = self.by_address.after_one_more(attempts, now);
        let after = after.map_err(beyond(LoginRefusal::AddressLimit))?;
        self.by_address.set(attempts, after);
        Ok(())
    }

    fn at_sign_up(&mut self, now: Duration, address: IpAddr) -> Result<(), TooMany> {
        let network = network(address);
        let attempts = self.by_address.count_of(&network);
        let sign_ups = self.sign_ups.count_of(&network);
        let after_attempts = self.by_address.after_one_more(attempts, now);
        let after_sign_ups = self.sign_ups.after_one_more(sign_ups, now);
        let (after_attempts, after_sign_ups) = both(after_attempts, after_sign_ups, |wait| *wait)
            .map_err(beyond(LoginRefusal::AddressLimit))?;
        self.by_address.set(attempts, after_attempts);
        self.sign_ups.set(sign_ups, after_sign_ups);
        Ok(())
    }
}

fn beyond(limit: LoginRefusal) -> impl FnOnce(Duration) -> TooMany {
    move |wait| TooMany { limit, wait }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: [u8; 4] = [192, 0, 2, 1];

    /// The limits, and the time since the start.
    struct Attempts(Counters, Duration);

    fn attempts(per_account: u32, per_address: u32) -> Attempts {
        let window = Duration::from_mins(10);
        let limits = LoginLimits { per_account, per_address, window };
        Attempts(Counters::new(limits, SignupLimits { per_address: 0, window }), Duration::ZERO)
    }

    fn pass(attempts: &mut Attempts, seconds: u64) {
        attempts.1 += Duration::from_secs(seconds);
    }

    /// Returns the seconds to wait; 0 if the attempt is allowed.
    fn try_password(attempts: &mut Attempts, address: &str, email: &str) -> u64 {
        let Attempts(counters, now) = attempts;
        let email = Email::from_stored(email);
        wait(counters.at_guessable(*now, address.parse().unwrap(), email.folded()))
    }

    fn sign_up(attempts: &mut Attempts, address: impl Into<IpAddr>) -> u64 {
        wait(attempts.0.at_sign_up(attempts.1, address.into()))
    }

    fn wait(decided: Result<(), TooMany>) -> u64 {
        decided.map_or_else(|too_many| whole_seconds(too_many.wait), |()| 0)
    }

    #[test]
    fn attempts_become_available_one_by_one() {
        let mut attempts = attempts(0, 20);
        for _ in 0..20 {
            assert_eq!(sign_up(&mut attempts, HOME), 0);
        }
        assert_eq!(sign_up(&mut attempts, HOME), 30, "the twentieth part of ten minutes");
        pass(&mut attempts, 29);
        assert_eq!(sign_up(&mut attempts, HOME), 1);
        pass(&mut attempts, 1);
        assert_eq!(sign_up(&mut attempts, HOME), 0);
        assert_eq!(sign_up(&mut attempts, HOME), 30);
        pass(&mut attempts, 600);
        let allowed = (0..50).take_while(|_| sign_up(&mut attempts, HOME) == 0);
        assert_eq!(allowed.count(), 20, "and never more than that");
    }

    #[test]
    fn an_attempt_beyond_one_limit_does_not_count_for_the_other() {
        let mut attempts = attempts(2, 3);
        for wait in [0, 0, 300, 300, 300, 300] {
            assert_eq!(try_password(&mut attempts, "192.0.2.1", "a@example.org"), wait);
        }
        // The address has one left, and the account of another address too.
        assert_eq!(try_password(&mut attempts, "192.0.2.1", "b@example.org"), 0);
        for wait in [200, 200, 200] {
            assert_eq!(try_password(&mut attempts, "192.0.2.1", "b@example.org"), wait);
        }
        assert_eq!(try_password(&mut attempts, "192.0.2.2", "b@example.org"), 0);
        assert_eq!(try_password(&mut attempts, "192.0.2.2", "b@example.org"), 300);
    }

    #[test]
    fn the_longer_wait_of_both_limits_is_returned() {
        let mut attempts = attempts(1, 2);
        assert_eq!(try_password(&mut attempts, "192.0.2.1", "a@example.org"), 0);
        assert_eq!(try_password(&mut attempts, "192.0.2.1", "b@example.org"), 0);
        assert_eq!(try_password(&mut attempts, "192.0.2.1", "c@example.org"), 300);
        assert_eq!(try_password(&mut attempts, "192.0.2.1", "a@example.org"), 600);
        pass(&mut attempts, 600);
        assert_eq!(try_password(&mut attempts, "192.0.2.1", "a@example.org"), 0);
    }

    #[test]
    fn email_addresses_are_counted_in_lower_case() {
        let mut attempts = attempts(1, 0);
        assert_eq!(try_password(&mut attempts, "192.0.2.1", "Zoe@Example.org"), 0);
        assert_eq!(try_password(&mut attempts, "192.0.2.2", " zoe@example.ORG "), 600);
        let long = "x".repeat(1 << 20);
        assert_eq!(try_password(&mut attempts, "192.0.2.2", &long), 0);
        assert_eq!(try_password(&mut attempts, "192.0.2.2", &long), 600);
    }

    #[test]
    fn ipv6_addresses_are_counted_per_network() {
        let mut attempts = attempts(0, 1);
        let mut from = |address: &str| sign_up(&mut attempts, address.parse::<IpAddr>().unwrap());
        assert_eq!(from("2001:db8:0:1::1"), 0);
        assert_eq!(from("2001:db8:0:1:ffff::2"), 600);
        assert_eq!(from("2001:db8:0:2::1"), 0);
        assert_eq!(from("192.0.2.1"), 0);
        assert_eq!(from("::ffff:192.0.2.1"), 600);
        assert_eq!(from("192.0.2.2"), 0);
    }

    #[test]
    fn zero_is_no_limit() {
        let mut attempts = attempts(0, 0);
        for _ in 0..10_000 {
            assert_eq!(try_password(&mut attempts, "192.0.2.1", "a@example.org"), 0);
        }
    }

    #[test]
    fn attempts_at_many_accounts_do_not_affect_another() {
        let mut attempts = attempts(20, 0);
        for n in 0..200_000 {
            assert_eq!(try_password(&mut attempts, "192.0.2.1", &format!("{n}@example.org")), 0);
        }
        assert_eq!(try_password(&mut attempts, "192.0.2.1", "zoe@example.org"), 0);
    }

    #[test]
    fn a_wait_is_rounded_up_to_whole_seconds() {
        for (millis, seconds) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (59_999, 60)] {
            assert_eq!(whole_seconds(Duration::from_millis(millis)), seconds, "{millis}");
        }
    }
}
