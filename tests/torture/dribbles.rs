//! Thousands of clients that send their requests byte by byte: each is disconnected in time, and
//! others are served as before.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{interval, sleep};

use crate::budget::{Rounds, Run};
use crate::harness::person::Session;
use crate::harness::{Family, Scrape, Settings, TestServer, eventually, within};
use crate::measures::{millis, p99};

const ROUNDS: Rounds = Rounds { short: 1, long: 1 };
/// The number of other clients, and of the requests that each sends per second.
const OTHERS: u32 = 10;
const RATE: u32 = 20;
/// How much longer than its time limit a request may take.
const GRACE: Duration = Duration::from_secs(5);
/// How much the machine alone may add to the time of a request.
const NOISE: Duration = Duration::from_millis(5);

struct Size {
    connections: u32,
    /// The time limit of a head and of a body, in seconds.
    patience: u64,
    /// The time between two bytes.
    pace: Duration,
    /// How long the others are measured alone.
    alone: Duration,
}

const SHORT: Size = Size {
    connections: 100,
    patience: 2,
    pace: Duration::from_millis(100),
    alone: Duration::from_secs(1),
};
const LONG: Size = Size {
    connections: 2000,
    patience: 30,
    pace: Duration::from_secs(1),
    alone: Duration::from_secs(30),
};

/// What a client sends at once, and what it then sends byte by byte.
struct Dribble {
    begin: String,
    rest: &'static [u8],
}

/// The kinds of clients, in turn.
fn dribble(number: u32, session: &Session) -> Dribble {
    let json = "Content-Type: application/json";
    let (begin, rest): (_, &[u8]) = match number % 4 {
        0 => ("GET /health HTTP/1.1\r\nHost: localhost\r\nX-Endless: ".to_owned(), b"a"),
        1 => ("GET /".to_owned(), b"a"),
        2 => (session.head("POST", "/children", &[json, "Content-Length: 60000"]), b" "),
        _ => {
            let lines = [json, "Transfer-Encoding: chunked"];
            (session.head("POST", "/children", &lines), b"1\r\n \r\n")
        }
    };
    Dribble { begin, rest }
}

/// A server and its users.
struct Home {
    server: TestServer,
    family: Family,
    session: Session,
    size: Size,
}

impl Home {
    async fn new(size: Size) -> Self {
        let flags = ["head", "body"].map(|part| format!("--{part}-timeout={}", size.patience));
        let settings = Settings { binary: true, flags: flags.into(), ..Settings::default() };
        let server = TestServer::with(settings).await;
        let family = server.family().await;
        let session = Session::of(&server, &family.parent).await;
        Self { server, family, session, size }
    }

    /// How long it takes until the server closes this client's connection.
    async fn dribble(&self, number: u32) -> Duration {
        let Dribble { begin, rest } = dribble(number, &self.session);
        let started = Instant::now();
        let mut stream = TcpStream::connect(self.server.socket_address()).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let (mut reader, mut writer) = stream.split();
        let write = async {
            writer.write_all(begin.as_bytes()).await.unwrap();
            let mut pace = interval(self.size.pace);
            for byte in rest.iter().cycle() {
                pace.tick().await;
                // The connection may be closed by now, which the reader notices.
                if writer.write_all(&[*byte]).await.is_err() {
                    break;
                }
            }
            std::future::pending::<()>().await;
        };
        let mut answer = Vec::new();
        let read = within("the end of the server's patience", async {
            tokio::select! {
                // A reset is an end, too: a byte may have arrived at a closed connection.
                read = reader.read_to_end(&mut answer) => drop(read),
                () = write => unreachable!("it waits"),
            }
        });
        read.await;
        let took = started.elapsed();
        let text = answer.escape_ascii();
        assert!(answer.starts_with(b"HTTP/1.1 408 "), "{number}: {text} after {took:?}");
        took
    }

    /// Starts all slow clients within a second; returns the longest time.
    async fn dribble_all(&self) -> Duration {
        let connections = self.size.connections;
        let all = (0..connections).map(async |number| {
            let after = Duration::from_secs(1) * number / connections;
            sleep(after).await;
            self.dribble(number).await
        });
        join_all(all).await.into_iter().max().unwrap()
    }

    /// Waits until all slow clients are connected.
    async fn crowd(&self) {
        eventually("all connections", async || {
            let open = Scrape::of(&self.server).await.get("connections");
            (open >= self.size.connections.into()).then_some(())
        })
        .await;
    }

    /// The 99th percentile of the others' response times while `meanwhile` runs.
    async fn serve_others<T>(&self, meanwhile: impl Future<Output = T>) -> (Duration, T) {
        let (times, is_over) = (RefCell::new(Vec::new()), Cell::new(false));
        let others = join_all((0..OTHERS).map(async |number| {
            let mut pace = interval(Duration::from_secs(1) / RATE);
            while !is_over.get() {
                pace.tick().await;
                let started = Instant::now();
                if number % 2 == 0 {
                    self.family.event().await;
                } else {
                    self.family.parent.get("/children").await.expect(200);
                }
                times.borrow_mut().push(started.elapsed());
            }
        }));
        let all = async {
            let output = meanwhile.await;
            is_over.set(true);
            output
        };
        let (_, output) = tokio::join!(others, all);
        (p99(&mut times.into_inner()), output)
    }
}

#[tokio::test]
async fn slow_clients_are_disconnected_and_others_are_served_as_before() {
    let mut run = Run::of("dribbles", &ROUNDS);
    let mut report = String::new();
    while run.next().is_some() {
        let home = Home::new(if run.is_short { SHORT } else { LONG }).await;
        let Size { connections, patience, alone, .. } = home.size;
        // Measures the load for a fixed time.
        let (before, ()) = home.serve_others(sleep(alone)).await;
        let dribbling = async { tokio::join!(home.dribble_all(), home.crowd()).0 };
        let (beside, longest) = home.serve_others(dribbling).await;
        let (after, ()) = home.serve_others(sleep(alone)).await;
        // The machine may be busier at one time than at another.
        let usual = before.max(after);
        assert!(longest < Duration::from_secs(patience) + GRACE, "closed after {longest:?}");
        let is_noticed = beside > 2 * usual.max(NOISE);
        assert!(run.is_short || !is_noticed, "{beside:?} beside them, {usual:?} without");
        report = format!(
            "{connections} connections that dribble, each closed within {}; 99 of 100 requests of \
             others are answered within {} before, {} beside them and {} after",
            millis(longest),
            millis(before),
            millis(beside),
            millis(after)
        );
    }
    run.report(&report);
}
