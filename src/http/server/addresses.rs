//! How much of the server each client's address occupies: its connections, and its requests under way
//! that come through a trusted proxy, whose own connections don't count.

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

/// The places that addresses occupy. There is an address for each place at most, and so no more than
/// there are connections.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    occupied: Mutex<HashMap<IpAddr, usize>>,
}

/// One place of an address, until this is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    addresses: Arc<Addresses>,
    address: IpAddr,
}

impl Addresses {
    /// One more place of that address; none where it occupies `most`.
    pub(crate) fn occupy(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Place> {
        let address = network(address);
        let mut occupied = self.occupied.lock();
        let count = occupied.get(&address).copied().unwrap_or_default();
        if count >= most {
            return None;
        }
        occupied.insert(address, count + 1);
        Some(Place { addresses: Arc::clone(self), address })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut occupied = self.addresses.occupied.lock();
        if let Entry::Occupied(mut count) = occupied.entry(self.address) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
    }
}

/// An answer's body, which occupies a place until it ends.
pub(crate) struct Placed {
    body: Body,
    _place: Place,
}

impl Placed {
    pub(crate) fn new(body: Body, place: Place) -> Self {
        Self { body, _place: place }
    }
}

impl HttpBody for Placed {
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
    fn an_address_that_occupies_nothing_leaves_no_trace() {
        let addresses = Arc::new(Addresses::default());
        let occupy = |address: &str| addresses.occupy(address.parse().unwrap(), 2);
        let places = [occupy("192.0.2.1"), occupy("::ffff:192.0.2.1")];
        assert!(places.iter().all(Option::is_some) && occupy("192.0.2.1").is_none());
        let others = [occupy("2001:db8::1"), occupy("2001:db8::2")];
        assert!(others.iter().all(Option::is_some) && occupy("2001:db8::3").is_none());
        drop((places, others));
        assert!(addresses.occupied.lock().is_empty());
    }
}
