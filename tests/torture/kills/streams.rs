//! Readers of the event stream that come back after each kill.

use serde_json::Value;

use super::load::id;
use crate::harness::{Client, Events, Parent};

/// A frame's id, and its event's.
type Heard = (String, String);

/// One who reads a family's stream, over all restarts.
pub(super) struct Listener {
    last: String,
    /// What was heard since the last look.
    heard: Vec<Heard>,
    open: Option<Events>,
}

impl Listener {
    /// One who has heard everything up to that row.
    pub(super) fn after(row: usize) -> Self {
        Self { last: row.to_string(), heard: Vec::new(), open: None }
    }

    /// Listens until the server is gone, where the stream is open.
    pub(super) async fn listen(&mut self) {
        let Some(mut stream) = self.open.take() else { return };
        while let Some(frame) = stream.next_or_end().await {
            self.heard.push((frame.id.clone(), frame.event_id().to_owned()));
        }
    }

    /// Comes back, and checks that it has heard exactly these rows of its family by now. The stream
    /// stays open.
    pub(super) async fn catch_up(&mut self, client: &Client, rows: &[(usize, &Value)]) {
        let last = self.heard.last().map_or(&self.last, |(last, _)| last);
        let mut stream = client.events_after(last).await;
        let missed = rows.len().checked_sub(self.heard.len());
        let missed = missed.expect("a stream told of more events than the file holds");
        for frame in stream.take(missed).await {
            self.heard.push((frame.id.clone(), frame.event_id().to_owned()));
        }
        let expected = rows.iter().map(|(number, row)| (number.to_string(), id(row)));
        assert!(self.heard.iter().cloned().eq(expected), "{:?} is not {rows:?}", self.heard);
        if let Some((last, _)) = self.heard.pop() {
            self.last = last;
        }
        self.heard.clear();
        self.open = Some(stream);
    }

    /// Goes away until the next look.
    pub(super) fn leave(&mut self) {
        self.open = None;
    }
}

/// One family's two readers.
pub(super) struct Listeners {
    /// Hears what happens while it happens, until the server is gone.
    pub(super) present: Listener,
    /// Is away while something happens, and hears all of it by replay.
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
