//! Clients of the event stream whose connections break at random, even within an event, during
//! load: with the id of the last event that they have, they receive the rest, once and in order.

use std::cell::Cell;

use eventsource_stream::Eventsource;
use futures_util::future::join_all;
use futures_util::{Stream, StreamExt};
use reqwest::Method;
use serde_json::Value;

use crate::budget::{Rounds, Run};
use crate::harness::{Client, Family, Settings, TestServer, text, within};
use crate::random::Random;

const ROUNDS: Rounds = Rounds { short: 1, long: 10 };
const FAMILIES: usize = 2;
/// How often the connection of each client breaks in a round.
const BREAKS: usize = 5;
/// The maximum number of bytes before a connection breaks: about two hundred events.
const LONGEST: usize = 100_000;
/// The number of a family's clients that send mutations.
const CLIENTS: usize = 4;

/// The id of a frame, and the id of its event.
type Received = (String, String);

/// A client that loses its connection again and again.
struct Reader {
    client: Client,
    /// The only child whose events it receives; `None` for a parent.
    child: Option<String>,
    random: Random,
    last: String,
    received: Vec<Received>,
    /// The number of connections that broke within a frame.
    torn: usize,
}

impl Reader {
    /// Reads this many bytes of the stream, and drops the connection.
    async fn read(&mut self, bytes: usize) {
        let left = Cell::new(bytes);
        let is_torn = Cell::new(false);
        let stream = open(&self.client, &self.last).await;
        let cut = stream.scan((), |(), mut piece| {
            piece.truncate(left.get());
            left.set(left.get() - piece.len());
            is_torn.set(!piece.ends_with(b"\n\n"));
            std::future::ready((!piece.is_empty()).then_some(piece))
        });
        let mut frames = Box::pin(cut.map(Ok::<_, ()>).eventsource());
        // An end within a character is an error of the parser, and ends the stream in any case.
        while let Some(Ok(frame)) = within("the next frame", frames.next()).await {
            if frame.event != "tracking_event_created" {
                continue;
            }
            let data: Value = serde_json::from_str(&frame.data).unwrap();
            let event = text(&data["payload"]["tracking_event_id"]);
            self.last.clone_from(&frame.id);
            self.received.push((frame.id, event));
        }
        drop(frames);
        self.torn += usize::from(is_torn.get());
    }

    /// Loses its connection for each of the planned times.
    async fn suffer(&mut self) {
        for _ in 0..BREAKS {
            let bytes = 1 + self.random.below(LONGEST);
            self.read(bytes).await;
        }
    }

    /// Reconnects a last time, and checks that it has then received exactly these rows.
    async fn check(&mut self, rows: &[(u64, Value)]) {
        let concerns = |row: &Value| self.child.as_ref().is_none_or(|it| row["child_id"] == **it);
        let own = rows.iter().filter(|(_, row)| concerns(row));
        let own: Vec<Received> = own.map(|(n, row)| (n.to_string(), text(&row["id"]))).collect();
        let missed = own.len().checked_sub(self.received.len()).expect("more events than rows");
        let mut stream = self.client.events_after(&self.last).await;
        for _ in 0..missed {
            let frame = stream.next_event().await;
            self.received.push((frame.id.clone(), frame.event_id().to_owned()));
        }
        assert_eq!(self.received, own);
    }
}

/// The bytes of a stream that continues after a row.
async fn open(client: &Client, last: &str) -> impl Stream<Item = Vec<u8>> + use<> {
    let request = client.request(Method::GET, "/events").header("Last-Event-ID", last);
    let request = request.timeout(std::time::Duration::MAX);
    let response = within("the stream's head", request.send()).await.unwrap();
    assert_eq!(response.status(), 200);
    response.bytes_stream().map(|piece| piece.unwrap().to_vec())
}

/// A family, its other child, and the clients of the stream.
struct Home {
    family: Family,
    sibling: String,
    readers: Vec<Reader>,
}

impl Home {
    async fn new(server: &TestServer, random: &mut Random) -> Self {
        let family = server.family().await;
        let sibling = family.parent.child("Aarav", 0).await;
        let kid = family.parent.hand_over(server.nobody(), &family.child).await.0;
        let parent: &Client = &family.parent;
        let mut readers = Vec::new();
        for (client, child) in [(parent, None), (&kid, Some(family.child.clone()))] {
            let (client, last) = (client.clone(), "0".to_owned());
            let (random, received) = (random.fork(), Vec::new());
            readers.push(Reader { client, child, random, last, received, torn: 0 });
        }
        Self { family, sibling, readers }
    }
}

async fn mutate(family: &Family, sibling: &str, is_over: &Cell<bool>) {
    join_all((0..CLIENTS).map(async |_| {
        while !is_over.get() {
            family.event().await;
            family.parent.activate(sibling, &family.task).await.expect(200);
        }
    }))
    .await;
}

/// A round; returns the number of events, and of connections that broke within a frame.
async fn round(random: &mut Random) -> (usize, usize) {
    let server = TestServer::with(Settings { binary: true, ..Settings::default() }).await;
    let mut homes = Vec::new();
    for _ in 0..FAMILIES {
        homes.push(Home::new(&server, random).await);
    }
    let is_over = Cell::new(false);
    let (mut load, mut all) = (Vec::new(), Vec::new());
    for Home { family, sibling, readers } in &mut homes {
        load.push(mutate(family, sibling, &is_over));
        all.extend(readers.iter_mut().map(Reader::suffer));
    }
    let suffering = async {
        join_all(all).await;
        is_over.set(true);
    };
    tokio::join!(join_all(load), suffering);
    let rows = server.folders.rows("tracking_events.json");
    let mut torn = 0;
    for home in &mut homes {
        let is_own = |row: &&(u64, Value)| row.1["user_id"] == *home.family.parent.id;
        let own: Vec<_> = rows.iter().filter(is_own).cloned().collect();
        for reader in &mut home.readers {
            reader.check(&own).await;
            torn += reader.torn;
        }
    }
    (rows.len(), torn)
}

#[tokio::test]
async fn clients_that_reconnect_receive_everything_once_and_in_order() {
    let mut run = Run::of("reconnects", &ROUNDS);
    let (mut breaks, mut torn, mut events) = (0, 0, 0);
    while let Some(mut random) = run.next() {
        let (happened, within_a_frame) = round(&mut random).await;
        breaks += FAMILIES * 2 * BREAKS;
        events += happened;
        torn += within_a_frame;
    }
    run.report(&format!(
        "{breaks} connections broken, {torn} of them within an event; {events} events: each told \
         once and in order"
    ));
}
