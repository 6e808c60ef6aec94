//! How many connections there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// How many refusals may be under way at once: each takes a socket and a task for some seconds.
const MAX_REFUSALS: usize = 128;

/// The connections of a server, counted. The server counts; anyone may read.
#[derive(Debug, Default)]
pub struct Connections {
    open: AtomicUsize,
    refusals: AtomicUsize,
    refused: AtomicU64,
}

impl Connections {
    /// How many are open, those that are being refused left out.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// How many have been refused since the start, because too many were open.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Counts one more open connection, until the result is dropped; none where `max` are open.
    pub(super) fn open_one(self: &Arc<Self>, max: usize) -> Option<Counted> {
        Counted::within(self, |connections| &connections.open, max)
    }

    /// Counts one more refusal, which is under way until the result is dropped; none where too many
    /// are.
    pub(super) fn refuse_one(self: &Arc<Self>) -> Option<Counted> {
        self.refused.fetch_add(1, Ordering::Relaxed);
        Counted::within(self, |connections| &connections.refusals, MAX_REFUSALS)
    }
}

/// Something that is counted while it lasts.
pub(super) struct Counted {
    connections: Arc<Connections>,
    count: fn(&Connections) -> &AtomicUsize,
}

impl Counted {
    fn within(
        connections: &Arc<Connections>,
        count: fn(&Connections) -> &AtomicUsize,
        max: usize,
    ) -> Option<Self> {
        let one_more = |now: usize| (now < max).then_some(now + 1);
        let (set, fetched) = (Ordering::Relaxed, Ordering::Relaxed);
        count(connections).fetch_update(set, fetched, one_more).ok()?;
        Some(Self { connections: Arc::clone(connections), count })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        (self.count)(&self.connections).fetch_sub(1, Ordering::Relaxed);
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
        assert_eq!(connections.open(), 1);
        assert!(connections.open_one(2).is_some());
    }

    #[test]
    fn refusals_are_bounded_and_all_of_them_counted() {
        let connections = Arc::new(Connections::default());
        let begun: Vec<_> = (0..=MAX_REFUSALS).map(|_| connections.refuse_one()).collect();
        assert_eq!(begun.iter().flatten().count(), MAX_REFUSALS);
        assert_eq!(connections.refused(), MAX_REFUSALS as u64 + 1);
    }
}
