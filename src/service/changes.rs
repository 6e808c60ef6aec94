//! How many changes an account, and a client's address, may ask for.

use std::net::IpAddr;
use std::time::Duration;

use parking_lot::Mutex;

use super::rates::{Counter, both, network, whole_seconds};
use super::{Caller, Service, ServiceError};
use crate::clock::Clock;
use crate::domain::UserId;

/// How many changes may be asked for.
#[derive(Clone, Copy, Debug)]
pub struct ChangeLimits {
    /// How many an account may ask for within the window; 0 for any number.
    pub per_account: u32,
    /// How many a client's address may ask for within the window; 0 for any number. An IPv6 address
    /// counts by its /64.
    pub per_address: u32,
    /// The window, until all of them have come back.
    pub window: Duration,
}

/// Counts the changes that are asked for, and refuses those beyond the limits.
pub(super) struct ChangeRates {
    clock: Clock,
    /// One lock for both, so that a change counts for both or for neither.
    counters: Mutex<Counters>,
}

struct Counters {
    by_address: Counter,
    by_account: Counter,
}

impl ChangeRates {
    pub(super) fn new(clock: Clock, limits: ChangeLimits) -> Self {
        let counters = Counters {
            by_address: Counter::new(limits.per_address, limits.window),
            by_account: Counter::new(limits.per_account, limits.window),
        };
        Self { clock, counters: Mutex::new(counters) }
    }
}

impl Service {
    /// Counts a change that the caller asks for from that address, whatever becomes of it.
    ///
    /// Refuses with [`ServiceError::TooManyChanges`]; what is refused doesn't count.
    pub fn count_change(&self, caller: &Caller, address: IpAddr) -> Result<(), ServiceError> {
        let ChangeRates { clock, counters } = &self.change_rates;
        let counted = counters.lock().one_more(clock.elapsed(), address, &caller.user().id);
        counted.map_err(|wait| ServiceError::TooManyChanges { retry_after: whole_seconds(wait) })
    }
}

impl Counters {
    /// The error is how long it takes until a change is taken.
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
}
