//! Clients of the event stream that reconnect after each kill.

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::load::id;
use crate::harness::{Client, Events, Parent};

/// The id of a frame, and the id of its event.
type Received = (String, String);

/// A client of a family's stream, through all restarts.
pub(crate) struct Listener {
    last: String,
    /// The events since the last check.
    received: Vec<Received>,
    open: Option<Events>,
}

impl Listener {
    /// A client that has received everything up to that row.
    pub(crate) fn after(row: usize) -> Self {
        Self { last: row.to_string(), received: Vec::new(), open: None }
    }

    /// Reads until the server is killed or the load is over, if the stream is open.
    pub(crate) async fn listen(&mut self, is_over: &CancellationToken) {
        let Some(stream) = &mut self.open else { return };
        while let Some(next) = is_over.run_until_cancelled(stream.next_event_or_end()).await {
            let Some(frame) = next else {
                self.open = None;
                return;
            };
            self.received.push((frame.id.clone(), frame.event_id().to_owned()));
        }
    }

    /// Reconnects if the stream has ended, and checks that it has then received exactly these rows of
    /// its family. The stream stays open.
    pub(crate) async fn catch_up(&mut self, client: &Client, rows: &[(usize, &Value)]) {
        assert!(self.received.len() <= rows.len(), "a stream has events that do not exist");
        loop {
            let Some(stream) = &mut self.open else {
                let last = self.received.last().map_or(&self.last, |(last, _)| last);
                self.open = Some(client.events_after(last).await);
                continue;
            };
            if self.received.len() == rows.len() {
                break;
            }
            match stream.next_event_or_end().await {
                Some(frame) => {
                    self.received.push((frame.id.clone(), frame.event_id().to_owned()));
                }
                None => self.open = None,
            }
        }
        let expected = rows.iter().map(|(number, row)| (number.to_string(), id(row)));
        assert!(self.received.iter().cloned().eq(expected), "{:?} is not {rows:?}", self.received);
        if let Some((last, _)) = self.received.pop() {
            self.last = last;
        }
        self.received.clear();
    }

    /// Disconnects until the next check.
    pub(crate) fn leave(&mut self) {
        self.open = None;
    }
}

/// One family's two readers.
pub(crate) struct Listeners {
    /// Connected during the load, until the server is killed.
    pub(crate) present: Listener,
    /// Disconnected during the load; receives everything by replay.
    away: Listener,
}

impl Listeners {
    pub(crate) fn new() -> Self {
        Self { present: Listener::after(0), away: Listener::after(0) }
    }

    /// The clients use the first and the last of the servers.
    pub(crate) async fn catch_up(
        &mut self,
        parent: &Parent,
        gates: &[Client],
        rows: &[(usize, &Value)],
    ) {
        self.present.catch_up(&parent.beside(&gates[0]), rows).await;
        self.away.catch_up(&parent.beside(&gates[gates.len() - 1]), rows).await;
        self.away.leave();
    }
}
