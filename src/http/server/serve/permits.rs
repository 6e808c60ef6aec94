//! Limits the number of open connections.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::http::server::address_limit::AddressPermit;
use crate::http::server::app::App;
use crate::http::settings::Limits;
use crate::metrics::{self, Gauge};

pub(super) struct Permits {
    ordinary: Arc<Semaphore>,
    health: Arc<Semaphore>,
    metrics: metrics::Http,
}

/// A permit for an open connection, returned on drop.
pub(super) struct ConnectionPermit {
    _permit: OwnedSemaphorePermit,
    _address: Option<AddressPermit>,
    /// Counts the open connections; `None` for a connection that is reserved for health checks.
    gauge: Option<Gauge>,
}

impl ConnectionPermit {
    /// Whether the connection is reserved for health checks.
    pub(super) fn is_reserved(&self) -> bool {
        self.gauge.is_none()
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        if let Some(gauge) = &self.gauge {
            gauge.dec();
        }
    }
}

impl Permits {
    pub(super) fn new(limits: &Limits, metrics: &metrics::Http) -> Self {
        let semaphore =
            |permits: usize| Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS)));
        Self {
            ordinary: semaphore(limits.max_connections),
            health: semaphore(limits.health_connections),
            metrics: metrics.clone(),
        }
    }

    /// A permit for a connection from `address`. If there is none, a client on this machine gets one of
    /// those reserved for health checks.
    pub(super) fn connection(&self, app: &App, address: IpAddr) -> Option<ConnectionPermit> {
        self.ordinary(app, address).or_else(|| {
            let is_local = address.to_canonical().is_loopback();
            let permit = is_local.then(|| acquire(&self.health)).flatten()?;
            Some(ConnectionPermit { _permit: permit, _address: None, gauge: None })
        })
    }

    fn ordinary(&self, app: &App, address: IpAddr) -> Option<ConnectionPermit> {
        let address = app.acquire(address).ok()?;
        let permit = acquire(&self.ordinary)?;
        let gauge = self.metrics.connections.clone();
        gauge.inc();
        Some(ConnectionPermit { _permit: permit, _address: address, gauge: Some(gauge) })
    }
}

fn acquire(semaphore: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(semaphore).try_acquire_owned().ok()
}
