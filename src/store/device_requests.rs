//! The requests of devices that no parent has confirmed yet. They belong to no family, and end after ten minutes.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use super::{BoxFuture, CommitError, ReadError};
use crate::domain::{Name, Timestamp, TokenHash};

/// A request of a device for a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceRequest {
    /// The hash of the code that the device shows.
    pub user_code: TokenHash,
    /// The hash of the code that only the device knows.
    pub device_code: TokenHash,
    pub device_name: Name,
    /// The client that made the request, by which requests are limited.
    pub network: Arc<str>,
    pub expires_at: Timestamp,
}

/// The number of requests that can be open.
#[derive(Clone, Copy, Debug)]
pub struct OpenLimits {
    pub in_total: usize,
    pub per_network: usize,
}

/// Why a request cannot be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotOpened {
    /// Another request has the same user code.
    SameCode,
    /// There are too many; one of them ends at this time.
    Full(Timestamp),
}

/// The open requests of devices. Expired ones are not found.
pub trait DeviceRequests: Send + Sync {
    /// Adds a request. Requests at the same time may exceed the limits by their number.
    fn open(
        &self,
        request: DeviceRequest,
        limits: OpenLimits,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Result<(), NotOpened>, CommitError>>;

    /// Returns the request with a user code, unless it is claimed.
    fn find(
        &self,
        user_code: TokenHash,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<DeviceRequest>, ReadError>>;

    /// Claims the request with a user code, and returns it. It stays open, but nobody else can claim it; the same claimant
    /// can repeat it.
    fn claim(
        &self,
        user_code: TokenHash,
        claimant: TokenHash,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<DeviceRequest>, CommitError>>;

    /// Whether the request with a device code is open.
    fn is_open(
        &self,
        device_code: TokenHash,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, ReadError>>;

    /// Removes the request with a device code.
    fn close(&self, device_code: TokenHash) -> BoxFuture<'static, Result<(), CommitError>>;
}

/// The requests of a store that one process alone uses. A restart ends them: the device asks for another code.
#[derive(Default)]
pub(super) struct RequestsInMemory(Mutex<HashMap<Arc<str>, Open>>);

/// An open request, and who has claimed it.
type Open = (DeviceRequest, Option<TokenHash>);

impl RequestsInMemory {
    fn add(
        &self,
        request: DeviceRequest,
        limits: OpenLimits,
        now: Timestamp,
    ) -> Result<(), NotOpened> {
        let mut open = self.0.lock();
        open.retain(|_, (request, _)| now < request.expires_at);
        let ends = |network: Option<&str>| {
            let found = open.values().map(|(open, _)| open);
            let found =
                found.filter(|open| network.is_none_or(|network| *open.network == *network));
            found.map(|open| open.expires_at).collect::<Vec<_>>()
        };
        let kinds = [(Some(&*request.network), limits.per_network), (None, limits.in_total)];
        for (ends, most) in kinds.map(|(network, most)| (ends(network), most)) {
            if ends.len() >= most {
                return Err(NotOpened::Full(ends.into_iter().min().unwrap_or(now)));
            }
        }
        let key = Arc::clone(&request.user_code.0);
        if open.contains_key(&key) {
            return Err(NotOpened::SameCode);
        }
        open.insert(key, (request, None));
        Ok(())
    }

    fn claimed_by(
        &self,
        user_code: &TokenHash,
        claimant: TokenHash,
        now: Timestamp,
    ) -> Option<DeviceRequest> {
        let mut open = self.0.lock();
        let (request, claim) = open.get_mut(&user_code.0)?;
        let is_free = claim.as_ref().is_none_or(|other| *other == claimant);
        if !is_free || request.expires_at <= now {
            return None;
        }
        *claim = Some(claimant);
        Some(request.clone())
    }
}

fn ready<T: Send + 'static, E: Send + 'static>(value: T) -> BoxFuture<'static, Result<T, E>> {
    Box::pin(std::future::ready(Ok(value)))
}

impl DeviceRequests for RequestsInMemory {
    fn open(
        &self,
        request: DeviceRequest,
        limits: OpenLimits,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Result<(), NotOpened>, CommitError>> {
        ready(self.add(request, limits, now))
    }

    fn find(
        &self,
        user_code: TokenHash,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<DeviceRequest>, ReadError>> {
        let open = self.0.lock();
        let found = open
            .get(&user_code.0)
            .filter(|(request, claim)| claim.is_none() && now < request.expires_at);
        ready(found.map(|(request, _)| request.clone()))
    }

    fn claim(
        &self,
        user_code: TokenHash,
        claimant: TokenHash,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<Option<DeviceRequest>, CommitError>> {
        ready(self.claimed_by(&user_code, claimant, now))
    }

    fn is_open(
        &self,
        device_code: TokenHash,
        now: Timestamp,
    ) -> BoxFuture<'static, Result<bool, ReadError>> {
        let open = self.0.lock();
        let mut requests = open.values().map(|(request, _)| request);
        let found = requests.any(|it| it.device_code == device_code && now < it.expires_at);
        ready(found)
    }

    fn close(&self, device_code: TokenHash) -> BoxFuture<'static, Result<(), CommitError>> {
        self.0.lock().retain(|_, (request, _)| request.device_code != device_code);
        ready(())
    }
}
