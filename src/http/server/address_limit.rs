//! Limits what one client's address can use: its connections, and its requests in progress through a
//! trusted proxy, whose own connections do not count.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};
use parking_lot::Mutex;

use crate::service::network;

/// The number of permits of each address. An address without permits has no entry, so there are never
/// more entries than connections and requests.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    permits: Mutex<HashMap<IpAddr, usize>>,
}

/// One permit of an address, returned on drop.
#[derive(Debug)]
pub(crate) struct AddressPermit {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Addresses {
    /// Acquires a permit for an address. `None` if it has `most` already. IPv6 addresses of one /64
    /// count as one.
    pub(super) fn acquire(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<AddressPermit> {
        let address = network(address);
        let mut permits = self.permits.lock();
        let count = permits.get(&address).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        permits.insert(address, count + 1);
        Some(AddressPermit { addresses: Arc::clone(self), address })
    }
}

impl Drop for AddressPermit {
    fn drop(&mut self) {
        let mut permits = self.addresses.permits.lock();
        if let Entry::Occupied(mut count) = permits.entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// The body of a response, which keeps a permit until it ends.
pub(super) struct PermitBody {
    body: Body,
    _permit: AddressPermit,
}

impl PermitBody {
    pub(super) fn new(body: Body, permit: AddressPermit) -> Self {
        Self { body, _permit: permit }
    }
}

impl HttpBody for PermitBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_without_permits_has_no_entry() {
        let addresses = Arc::new(Addresses::default());
        let acquire = |address: &str| addresses.acquire(address.parse().unwrap(), 2);
        let permits = [acquire("192.0.2.1"), acquire("::ffff:192.0.2.1")];
        assert!(permits.iter().all(Option::is_some) && acquire("192.0.2.1").is_none());
        let others = [acquire("2001:db8::1"), acquire("2001:db8::2")];
        assert!(others.iter().all(Option::is_some) && acquire("2001:db8::3").is_none());
        drop((permits, others));
        assert!(addresses.permits.lock().is_empty());
    }
}
