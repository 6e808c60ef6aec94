//! Clients that read a family's event stream up to a last event.

use std::time::Instant;

use crate::harness::{Client, Events, Family};

/// The event that ends the reading: the only event of its child.
pub(crate) struct Last {
    child: String,
}

/// An event that was received, and when.
pub(crate) struct Received {
    pub(crate) id: String,
    pub(crate) at: Instant,
}

/// A client that reconnects, like a browser, when its stream ends.
pub(crate) struct Listener {
    client: Client,
    stream: Events,
    /// The id of the last frame.
    last: String,
    /// How often it has reconnected.
    pub(crate) returns: usize,
}

impl Last {
    pub(crate) async fn of(family: &Family) -> Self {
        Self { child: family.parent.child("Last", 0).await }
    }

    /// Creates the event.
    pub(crate) async fn happen(&self, family: &Family) {
        family.parent.activate(&self.child, &family.task).await.expect(200);
    }
}

impl Listener {
    /// That many clients of a family, which have received one event.
    pub(crate) async fn open(family: &Family, count: usize) -> Vec<Self> {
        let client: &Client = &family.parent;
        let mut streams = Vec::new();
        for _ in 0..count {
            streams.push(client.events("/events").await);
        }
        family.event().await;
        let mut listeners = Vec::new();
        for mut stream in streams {
            let last = stream.next_event().await.id;
            listeners.push(Self { client: client.clone(), stream, last, returns: 0 });
        }
        listeners
    }

    /// All events before the last one.
    pub(crate) async fn receive(&mut self, end: &Last) -> Vec<Received> {
        let mut received = Vec::new();
        loop {
            let Some(frame) = self.stream.next_event_or_end().await else {
                self.returns += 1;
                self.stream = self.client.events_after(&self.last).await;
                continue;
            };
            let at = Instant::now();
            if frame.data["payload"]["child_id"] == *end.child {
                return received;
            }
            received.push(Received { id: frame.event_id().to_owned(), at });
            self.last = frame.id;
        }
    }
}
