//! Clients of the event stream that reconnect after each kill.

use serde_json::Value;

use super::load::id;
use crate::harness::{Client, Events, Parent};

/// The id of a frame, and the id of its event.
type Received = (String, String);

/// A client of a family's stream, through all restarts.
pub(super) struct Listener {
    last: String,
    /// The events since the last check.
    received: Vec<Received>,
    open: Option<Events>,
}

impl Listener {
    /// A client that has received everything up to that row.
    pub(super) fn after(row: usize) -> Self {
        Self { last: row.to_string(), received: Vec::new(), open: None }
    }

    /// Reads until the server is killed, if the stream is open.
    pub(super) async fn listen(&mut self) {
        let Some(mut stream) = self.open.take() else { return };
        while let Some(frame) = stream.next_or_end().await {
            self.received.push((frame.id.clone(), frame.event_id().to_owned()));
        }
    }

    /// Reconnects, and checks that it has then received exactly these rows of its family. The
    /// stream stays open.
    pub(super) async fn catch_up(&mut self, client: &Client, rows: &[(usize, &Value)]) {
        let last = self.received.last().map_or(&self.last, |(last, _)| last);
        let mut stream = client.events_after(last).await;
        let missed = rows.len().checked_sub(self.received.len());
        let missed = missed.expect("a stream told of more events than the file holds");
        for frame in stream.take(missed).await {
            self.received.push((frame.id.clone(), frame.event_id().to_owned()));
        }
        let expected = rows.iter().map(|(number, row)| (number.to_string(), id(row)));
        assert!(self.received.iter().cloned().eq(expected), "{:?} is not {rows:?}", self.received);
        if let Some((last, _)) = self.received.pop() {
            self.last = last;
        }
        self.received.clear();
        self.open = Some(stream);
    }

    /// Disconnects until the next check.
    pub(super) fn leave(&mut self) {
        self.open = None;
    }
}

/// One family's two readers.
pub(super) struct Listeners {
    /// Connected during the load, until the server is killed.
    pub(super) present: Listener,
    /// Disconnected during the load; receives everything by replay.
    away: Listener,
}

impl Listeners {
    pub(super) fn new() -> Self {
        Self { present: Listener::after(0), away: Listener::after(0) }
    }

    pub(super) async fn catch_up(&mut self, parent: &Parent, rows: &[(usize, &Value)]) {
        self.present.catch_up(parent, rows).await;
        self.away.catch_up(parent, rows).await;
        self.away.leave();
    }
}
