//! How many connections there are.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::metrics::{self, Gauge, HeadRefusal};

/// How many refusals may be under way at once, beyond the open connections: each takes a socket and a
/// task for some seconds.
pub const MAX_REFUSALS: usize = 32;

/// The connections of a server, counted in its metrics.
#[derive(Debug, Default)]
pub struct Connections {
    metrics: metrics::Http,
    /// The refusals under way.
    refusals: Gauge,
    /// The connections that are open beyond all others, for a health check.
    reserved: Gauge,
}

impl Connections {
    /// Counts in `metrics` those that are open, the ones that are being refused left out, those that
    /// were refused, and the heads of requests that were not taken.
    pub fn new(metrics: &metrics::Http) -> Self {
        Self { metrics: metrics.clone(), refusals: Gauge::default(), reserved: Gauge::default() }
    }

    /// Counts one more open connection, until the result is dropped; none where `max` are open.
    pub(super) fn open_one(self: &Arc<Self>, max: usize) -> Option<Counted> {
        Counted::within(self, |connections| &connections.metrics.connections, max)
    }

    /// Counts one more connection for a health check, until the result is dropped; none where `max` are
    /// open.
    pub(super) fn reserve_one(self: &Arc<Self>, max: usize) -> Option<Counted> {
        Counted::within(self, |connections| &connections.reserved, max)
    }

    /// Counts one more refusal, which is under way until the result is dropped; none where too many
    /// are.
    pub(super) fn refuse_one(self: &Arc<Self>) -> Option<Counted> {
        self.metrics.connections_refused.inc();
        Counted::within(self, |connections| &connections.refusals, MAX_REFUSALS)
    }

    /// Counts a request's head that was not taken.
    pub(super) fn head_refused(&self, why: HeadRefusal) {
        self.metrics.head_refused(why);
    }
}

/// Something that is counted while it lasts.
pub(super) struct Counted {
    connections: Arc<Connections>,
    count: fn(&Connections) -> &Gauge,
}

impl Counted {
    fn within(
        connections: &Arc<Connections>,
        count: fn(&Connections) -> &Gauge,
        max: usize,
    ) -> Option<Self> {
        let max = i64::try_from(max).unwrap_or(i64::MAX);
        // One step, so that two at once can't both be the last one.
        let one_more = |now: i64| (now < max).then_some(now + 1);
        let (set, fetched) = (Ordering::Relaxed, Ordering::Relaxed);
        count(connections).inner().fetch_update(set, fetched, one_more).ok()?;
        Some(Self { connections: Arc::clone(connections), count })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.count)(&self.connections).dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_counts_while_it_lasts() {
        let connections = Arc::new(Connections::default());
        let first = connections.open_one(2).unwrap();
        let second = connections.open_one(2);
        assert!(second.is_some() && connections.open_one(2).is_none());
        drop(first);
        assert_eq!(connections.metrics.connections.get(), 1);
        assert!(connections.open_one(2).is_some());
    }

    #[test]
    fn refusals_are_bounded_and_all_of_them_counted() {
        let connections = Arc::new(Connections::default());
        let begun: Vec<_> = (0..=MAX_REFUSALS).map(|_| connections.refuse_one()).collect();
        assert_eq!(begun.iter().flatten().count(), MAX_REFUSALS);
        assert_eq!(connections.metrics.connections_refused.get(), MAX_REFUSALS as u64 + 1);
    }
}
