//! A reader that hears a family's events up to a last one. It takes streams apart by hand: at
//! thousands of events a second, an optimized server must not wait for its tests.

use std::time::Instant;

use serde_json::Value;

use crate::harness::{Family, TestServer, text};
use crate::person::Session;
use crate::wire::Wire;

/// An event that ends what a reader listens to: that of a child to which nothing else happens.
pub(crate) struct Last {
    child: String,
}

/// What was heard, and when.
pub(crate) struct Heard {
    pub(crate) id: String,
    pub(crate) at: Instant,
}

/// A stream of a session's, from now on.
pub(crate) async fn listen(server: &TestServer, session: &Session) -> Wire {
    let mut wire = Wire::connect(server).await;
    wire.send(session.head("GET", "/events", &[])).await;
    assert_eq!(wire.head().await.status, 200);
    // What every stream begins with.
    wire.chunk_with("retry: ").await;
    wire
}

impl Last {
    pub(crate) async fn of(family: &Family) -> Self {
        Self { child: family.parent.child("Last", 0).await }
    }

    /// Makes the event.
    pub(crate) async fn happen(&self, family: &Family) {
        family.parent.activate(&self.child, &family.task).await.expect(200);
    }

    /// All that comes before it.
    pub(crate) async fn hear(&self, stream: &mut Wire) -> Vec<Heard> {
        let mut heard = Vec::new();
        loop {
            let chunk = stream.chunk().await.expect("the stream has ended");
            let at = Instant::now();
            let data = chunk.lines().filter_map(|line| line.strip_prefix("data: "));
            for data in data {
                let data: Value = serde_json::from_str(data).unwrap();
                let event = &data["payload"];
                if event["child_id"] == *self.child {
                    return heard;
                }
                heard.push(Heard { id: text(&event["tracking_event_id"]), at });
            }
        }
    }
}
