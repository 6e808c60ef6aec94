//! Limits the number of changes per account and per client address.

use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;

use super::ServiceError;
use super::rates::{RateCounter, both, network, whole_seconds};
use crate::clock::Clock;
use crate::domain::{TokenHash, UserId};

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChangeLimits {
    /// The number of changes of an account, and of each API token, within the window; 0 for no limit.
    pub per_account: u32,
    /// The number of changes from an address within the window; 0 for no limit. IPv6 addresses are
    /// counted per /64.
    pub per_address: u32,
    /// The time after which the whole allowance is available again.
    pub window: Duration,
}

/// Counts the requests for changes.
pub(super) struct ChangeRates {
    clock: Clock,
    /// One lock for both, so that a request counts for both or for neither.
    counters: Mutex<Counters>,
}

struct Counters {
    limits: ChangeLimits,
    by_address: RateCounter,
    by_account: RateCounter,
}

impl ChangeRates {
    pub(super) fn new(clock: Clock, limits: ChangeLimits) -> Self {
        Self { clock, counters: Mutex::new(Counters::new(limits)) }
    }

    /// Counts from zero if the limits have changed.
    pub(super) fn set_limits(&self, limits: ChangeLimits) {
        let mut counters = self.counters.lock();
        if counters.limits != limits {
            *counters = Counters::new(limits);
        }
    }

    /// Counts a request of an account from an address.
    ///
    /// Fails with [`ServiceError::TooManyChanges`] beyond a limit, and then does not count the request.
    pub(super) fn count(&self, account: &UserId, address: IpAddr) -> Result<(), ServiceError> {
        let counted = self.counters.lock().one_more(self.clock.elapsed(), address, account);
        counted.map_err(|wait| ServiceError::TooManyChanges { retry_after: whole_seconds(wait) })
    }

    /// Counts a request with an API token: as if the token were an account, and for no address. A program that repeats
    /// itself uses up nothing of the family's allowance.
    pub(super) fn count_token(&self, token: &TokenHash) -> Result<(), ServiceError> {
        let counted = self.counters.lock().one_more_of_token(self.clock.elapsed(), token);
        counted.map_err(|wait| ServiceError::TooManyChanges { retry_after: whole_seconds(wait) })
    }
}

impl Counters {
    fn new(limits: ChangeLimits) -> Self {
        Self {
            limits,
            by_address: RateCounter::new(limits.per_address, limits.window),
            by_account: RateCounter::new(limits.per_account, limits.window),
        }
    }

    /// The error is the time until the next change is allowed.
    fn one_more(
        &mut self,
        now: Duration,
        address: IpAddr,
        account: &UserId,
    ) -> Result<(), Duration> {
        let by_address = self.by_address.count_of(&network(address));
        let by_account = self.by_account.count_of(&account.as_str());
        let after_address = self.by_address.after_one_more(by_address, now);
        let after_account = self.by_account.after_one_more(by_account, now);
        let (after_address, after_account) = both(after_address, after_account, |wait| *wait)?;
        self.by_address.set(by_address, after_address);
        self.by_account.set(by_account, after_account);
        Ok(())
    }

    /// The error is the time until the next change is allowed.
    fn one_more_of_token(&mut self, now: Duration, token: &TokenHash) -> Result<(), Duration> {
        let count = self.by_account.count_of(&token.0);
        let after = self.by_account.after_one_more(count, now)?;
        self.by_account.set(count, after);
        Ok(())
    }
}
